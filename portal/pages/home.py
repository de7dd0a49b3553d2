"""The way in, the choice of company, the theme."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from portal.people.access import PortalRequest, company_page, enter, signed_in_page
from portal.people.models import Membership
from portal.refusals import way_back
from portal.templatetags.portal import THEME_COOKIE, THEMES
from syncapp.models import Integration

YEAR = 365 * 24 * 3600


@company_page("site.enter")
def index(_request: PortalRequest) -> HttpResponse:
    """Where a person begins: setup until something is switched on, then the dashboard."""
    running = Integration.objects.filter(switched_on_at__isnull=False).exists()
    return redirect("portal:dashboard" if running else "portal:setup")


@signed_in_page
@require_POST
def switch(request: HttpRequest) -> HttpResponseBase:
    """Act for another company of one's own from now on."""
    mine = Membership.all_companies.filter(user=request.user)  # type: ignore[misc]
    number = request.POST.get("company", "")
    membership = get_object_or_404(mine, company_id=int(number) if number.isdecimal() else 0)
    enter(request, membership.company_id)
    return redirect("portal:index")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the system's theme on this device."""
    response = redirect(way_back(request))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(THEME_COOKIE, chosen, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


urls: list[URLPattern] = [
    path("home/", index, name="index"),
    path("company/switch/", switch, name="company-switch"),
]
