"""How far behind both sides are."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from portal.people.access import PortalRequest, company_page
from syncapp.services import lag
from syncapp.tenancy import current_company_id

TOLD_BY = {"webhook": "Notice", "poll": "Regular look", "cdc": "Change reading"}


@company_page("lag.view")
@require_GET
def page(request: PortalRequest) -> HttpResponse:
    """What waits and since when, how late changes were noticed, and what no notice had named."""
    found = lag.of_company(current_company_id())
    delays = [(one, TOLD_BY[one.source]) for one in found.delays]
    return render(request, "lag/page.html", {"lag": found, "delays": delays, "bounds": lag.BOUNDS})


urls: list[URLPattern] = [path("lag/", page, name="lag")]
