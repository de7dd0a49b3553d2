"""The link in every mail that ends such mails: it works without signing in, and never by merely being opened."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.notify.people import choose, chosen_by, membership_of
from syncapp.tenancy import tenant


@csrf_exempt  # the token is what permits it; mail programs post it by themselves (RFC 8058)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask first; a POST ends all mails of this company to this person."""
    membership = membership_of(token)
    if membership is None:
        return render(request, "notifications/link_ended.html", status=410)
    context = {"membership": membership, "company": membership.company, "done": False}
    with tenant(membership.company_id):
        if request.method == "POST":
            choose(membership, [], membership.user)
            context["done"] = True
        elif not chosen_by(membership):
            context["done"] = True
    return render(request, "notifications/unsubscribe.html", context)
