"""Reconciliation: do both sides come to the same money, and is every record accounted for?"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from portal import csv_files
from portal.people.access import PortalRequest, company_page
from syncapp.models import Mapping
from syncapp.services import accounted, reconcile


@company_page("reconcile.view")
@require_GET
def page(request: PortalRequest) -> HttpResponse:
    """Totals of one kind of document, and where every record stands."""
    kinds = reconcile.documents_of()
    chosen = _chosen(request, kinds) if kinds else None
    month, differing = request.GET.get("month", ""), request.GET.get("show") == "differing"
    context: dict[str, Any] = {
        "kinds": kinds,
        "documents_kind": chosen,
        "month": month,
        "differing": differing,
    }
    if chosen is not None:
        context |= {
            "summary": reconcile.summary(chosen, month, only_differing=differing),
            "reading": reconcile.reading(chosen) if chosen.integration.switched_on_at else None,
        }
    sides = accounted.accounts()
    context |= {"sides": sides, "unexplained": [_listed(one) for one in sides if one.counts[accounted.REST]]}
    return render(request, "reconcile/page.html", context)


def _listed(side: accounted.Account) -> dict[str, Any]:
    return {"side": side, "ids": accounted.rest(side.mapping.pk, side.side)}


def _chosen(request: PortalRequest, kinds: list[Mapping]) -> Mapping:
    wanted = request.POST.get("mapping", "") or request.GET.get("mapping", "")
    if not wanted:
        return kinds[0]
    found = next((kind for kind in kinds if str(kind.pk) == wanted), None)
    if found is None:
        raise Http404
    return found


@company_page("runs.start")
@require_POST
def read_again(request: PortalRequest) -> HttpResponseBase:
    """Read both sides of one kind of document whole, and show the run that does it."""
    kinds = reconcile.documents_of()
    if not kinds:
        raise Http404
    run = reconcile.read_again(_chosen(request, kinds), request.user)
    return redirect("portal:run", pk=run.pk)


@company_page("reconcile.export")
@require_GET
def export(request: PortalRequest) -> StreamingHttpResponse:
    """Every document of the totals as a file for a spreadsheet."""
    kinds = reconcile.documents_of()
    rows = reconcile.csv_rows(_chosen(request, kinds), request.GET.get("month", "")) if kinds else iter(())
    return csv_files.download(rows, "reconciliation.csv")


urls: list[URLPattern] = [
    path("reconciliation/", page, name="reconcile"),
    path("reconciliation/read/", read_again, name="reconcile-read"),
    path("reconciliation/documents.csv", export, name="reconcile-export"),
]
