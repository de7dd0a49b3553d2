"""A refusal of a use case becomes a notice on the page the person was on."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from syncapp.crypto import SecretUnreadable
from syncapp.messages import words_for
from syncapp.services.errors import Refused


def in_words(stopped: Refused | SecretUnreadable) -> Refused:
    """A lost encryption key is no fault of the page: it is said like every other refusal."""
    return stopped if isinstance(stopped, Refused) else Refused("vault.unreadable")


def answer_refusal(request: HttpRequest, refusal: Refused) -> HttpResponseBase:
    """Show why something was refused: in place for htmx, on the previous page after a post, else as a page."""
    words = words_for(refusal.code, refusal.values)
    if getattr(request, "htmx", False):
        response = render(request, "components/refusal.html", {"words": words})
        response.headers["HX-Retarget"] = "#messages"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    if request.method == "POST":
        messages.error(request, f"{words.title}. {words.what} {words.todo}".strip(), extra_tags=refusal.code)
        return redirect(way_back(request))
    return render(request, "errors/refused.html", {"words": words, "code": refusal.code}, status=409)


def way_back(request: HttpRequest, default: str = "/") -> str:
    """Where the person came from, as far as it is ours: the form's `next`, the referring page, else `default`."""
    for address in (request.POST.get("next"), request.headers.get("Referer")):
        if address and url_has_allowed_host_and_scheme(
            address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        ):
            return address
    return default


def refused_page(request: HttpRequest, refusal: Refused, *, again: str, status: int = 400) -> HttpResponse:
    """A page of its own for a refusal with no page to go back to; `again` is the address of the way out."""
    words = words_for(refusal.code, refusal.values)
    context = {"words": words, "code": refusal.code, "again": again}
    return render(request, "errors/refused.html", context, status=status)
