"""API keys of a company: make one, see what they are used for, end one. A key's text is shown once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from portal.api import keys
from portal.api.guard import CALLS_A_MINUTE
from portal.people.access import PortalRequest, company_page
from portal.people.models import ApiKey

MOST = 50
"""Live keys of one company: more are a sign that something makes keys by itself."""


class KeyForm(forms.Form):
    """What a key is for, and what it may do."""

    use_required_attribute = False

    name = forms.CharField(label="What it is for", max_length=80, strip=True)
    role = forms.ChoiceField(
        label="What it may do",
        choices=(
            ("viewer", "Read only"),
            ("operator", "Read, start syncs, try problems again"),
        ),
        widget=forms.RadioSelect,
        initial="viewer",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


@never_cache
@company_page("keys.view")
@require_GET
def api_keys(request: PortalRequest) -> HttpResponse:
    """The keys, and the form for a new one."""
    return _page(request, KeyForm())


@never_cache
@company_page("keys.edit")
@require_POST
def make(request: PortalRequest) -> HttpResponse:
    """Make a key; the answer is the only page that shows it."""
    form = KeyForm(request.POST)
    if form.is_valid() and ApiKey.objects.filter(revoked_at=None).count() >= MOST:
        form.add_error(None, f"There are {MOST} keys already. End one first.")
    if not form.is_valid():
        return _page(request, form, status=422)
    key, text = keys.make(request.user, form.cleaned_data["name"], form.cleaned_data["role"])
    return _page(request, KeyForm(), made=key, text=text)


@company_page("keys.edit")
@require_POST
def revoke(request: PortalRequest, pk: int) -> HttpResponseBase:
    """End a key at once."""
    key = get_object_or_404(ApiKey.objects, pk=pk)
    keys.revoke(key, request.user)
    messages.success(request, f"The key {key.name} is ended: calls with it are refused from now on.")
    return redirect("portal:api-keys")


def _page(request: PortalRequest, form: KeyForm, status: int = 200, **more: Any) -> HttpResponse:
    rows = ApiKey.objects.select_related("made_by")
    context = {
        "form": form,
        "live": list(rows.filter(revoked_at=None).order_by("-id")),
        "ended": list(rows.exclude(revoked_at=None).order_by("-revoked_at")[:20]),
        "base": f"{settings.BASE_URL}/api/v1/",
        "most": CALLS_A_MINUTE,
        **more,
    }
    return render(request, "company/api_keys.html", context, status=status)


urls: list[URLPattern] = [
    path("company/api-keys/", api_keys, name="api-keys"),
    path("company/api-keys/make/", make, name="api-keys-make"),
    path("company/api-keys/<int:pk>/end/", revoke, name="api-keys-end"),
]
