"""The data check: what in both sides' records will make trouble, before the first load and any time after it."""

from __future__ import annotations

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from portal import csv_files
from portal.people.access import PortalRequest, company_page
from syncapp.models import Integration
from syncapp.services import data_check
from syncapp.services.data_questions import Question


@company_page("integrations.view")
@require_GET
def page(request: PortalRequest, pk: int) -> HttpResponse:
    """Every question with its count; what has nothing to see to is folded away."""
    integration = _integration(pk)
    report = data_check.report(integration)
    context = {
        "integration": integration,
        "report": report,
        "to_see_to": [one for one in report.findings if one.count],
        "fine": [one for one in report.findings if not one.count],
    }
    return render(request, "data_check/page.html", context)


@company_page("integrations.view")
@require_GET
def list_(request: PortalRequest, pk: int, mapping: int, key: str, side: str) -> HttpResponse:
    """The records of one question."""
    integration = _integration(pk)
    question = _question(integration, mapping, key, side)
    context = {
        "integration": integration,
        "finding": data_check.answered(question),
        "rows": list(data_check.listed(question)),
    }
    return render(request, "data_check/list.html", context)


@company_page("reconcile.export")
@require_GET
def export(request: PortalRequest, pk: int, mapping: int, key: str, side: str) -> StreamingHttpResponse:
    """All of them as a file for a spreadsheet."""
    del request
    question = _question(_integration(pk), mapping, key, side)
    return csv_files.download(data_check.csv_rows(question), f"data-check-{key}-{side}.csv")


def _integration(pk: int) -> Integration:
    return get_object_or_404(Integration.objects.select_related("salesforce", "quickbooks"), pk=pk)


def _question(integration: Integration, mapping: int, key: str, side: str) -> Question:
    question = data_check.find(integration, mapping, key, side)
    if question is None:
        raise Http404
    return question


ONE = "integrations/<int:pk>/data-check/<int:mapping>/<slug:key>/<slug:side>"

urls: list[URLPattern] = [
    path("integrations/<int:pk>/data-check/", page, name="data-check"),
    path(f"{ONE}/", list_, name="data-check-list"),
    path(f"{ONE}.csv", export, name="data-check-export"),
]
