"""A company's own settings, adding a company, and pausing everything."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_http_methods, require_POST

from portal.notify import planning
from portal.pages.company_forms import CompanyForm, SettingsForm
from portal.people.access import PortalRequest, company_page, may, signed_in_page
from portal.people.companies import found
from portal.people.models import User
from syncapp.models import AppCredentials, VendorSide
from syncapp.services import companies, connect, notices


@company_page("company.view")
def company(request: PortalRequest) -> HttpResponse:
    """Name, zone, currency; the addresses to enter at the vendors."""
    form = SettingsForm(initial=_values(request))
    if not may(request.membership.role, "company.edit"):
        for field in form.fields.values():
            field.disabled = True
    return _settings_page(request, form)


@company_page("company.edit")
@require_POST
def company_save(request: PortalRequest) -> HttpResponseBase:
    """Change name, zone, currency or quiet hours."""
    form = SettingsForm(request.POST)
    if not form.is_valid():
        return _settings_page(request, form, status=422)
    data = form.cleaned_data
    companies.set_quiet_hours(request.company, request.user, data.pop("quiet_from"), data.pop("quiet_to"))
    companies.update(request.company, request.user, **data)
    planning.plan_anew(request.company)
    messages.success(request, "Saved.")
    return redirect("portal:company")


def _values(request: PortalRequest) -> dict[str, Any]:
    company = request.company
    names = ("name", "zone", "currency", "quiet_from", "quiet_to")
    return {name: getattr(company, name) for name in names}


def _settings_page(request: PortalRequest, form: SettingsForm, status: int = 200) -> HttpResponse:
    own_apps = AppCredentials.objects.filter(company=request.company, side=VendorSide.QUICKBOOKS)
    context = {
        "form": form,
        "callbacks": [(side.value, side.label, connect.redirect_uri(side.value)) for side in VendorSide],
        "webhooks": [(app, notices.address_of(app)) for app in own_apps],
    }
    return render(request, "company/settings.html", context, status=status)


@company_page("company.pause")
@require_POST
def pause(request: PortalRequest) -> HttpResponseBase:
    """Stop all syncing of the company; what is due waits."""
    companies.pause(request.company, request.user)
    messages.success(request, "All syncing is paused. What changes meanwhile is kept and waits.")
    return redirect("portal:company")


@company_page("company.pause")
@require_POST
def resume(request: PortalRequest) -> HttpResponseBase:
    """Let syncing go on."""
    companies.resume(request.company, request.user)
    messages.success(request, "Syncing goes on.")
    return redirect("portal:company")


@signed_in_page
@require_http_methods(["GET", "POST"])
def company_new(request: HttpRequest) -> HttpResponseBase:
    """Make a further company (the first one is made by setup) and go on with its setup."""
    form = CompanyForm(request.POST or None, initial={"zone": "America/New_York", "currency": "USD"})
    if request.method == "POST" and form.is_valid():
        assert isinstance(request.user, User)  # noqa: S101  the only user model
        found(request, request.user, **form.cleaned_data)
        return redirect("portal:setup")
    return render(request, "company/new.html", {"form": form}, status=422 if form.errors else 200)


urls: list[URLPattern] = [
    path("company/", company, name="company"),
    path("company/save/", company_save, name="company-save"),
    path("company/pause/", pause, name="company-pause"),
    path("company/resume/", resume, name="company-resume"),
    path("company/new/", company_new, name="company-new"),
]
