"""What is done with a plan: apply, discard, preview again what moved; undo a run; the plan as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from portal import csv_files
from portal.people.access import PortalRequest, company_page
from syncapp.models import Run
from syncapp.services import apply, modes, runs, scope, shown_plan, undo

COLUMNS = ("Kind", "Record", "Object", "Salesforce id", "QuickBooks id", "Side", "Field", "Old", "New", "Why")
NAMES = {"sf": "Salesforce", "qbo": "QuickBooks"}


@company_page("runs.start")
@require_POST
def apply_(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Carry the plan out."""
    plan = _run(pk)
    if scope.of(plan) == scope.UNDO:
        run = undo.request(plan, request.user, pause=request.POST.get("pause") == "on")
    else:
        run = apply.request(plan, request.user)
    return redirect("portal:run", pk=run.pk)


@company_page("runs.start")
@require_POST
def drop(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Throw the plan away."""
    apply.drop(_run(pk), request.user)
    messages.success(request, "The plan was discarded. Nothing was written.")
    return redirect("portal:runs")


@company_page("runs.start")
@require_POST
def again(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Preview what moved, or the same plan once more."""
    run = _run(pk)
    return redirect("portal:run", pk=runs.preview_again(run, request.user).pk)


@company_page("runs.start")
@require_POST
def undo_(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Show what undoing this run would do; nothing is undone by that."""
    return redirect("portal:run", pk=undo.request_preview(_run(pk), request.user).pk)


@company_page("runs.start")
@require_POST
def go_on(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Let the mappings that an undo paused run as they did before."""
    modes.resume(_run(pk), request.user)
    messages.success(request, "The mapping runs as it did before.")
    return redirect("portal:run", pk=pk)


@company_page("runs.view")
@require_GET
def as_csv(request: PortalRequest, pk: UUID) -> StreamingHttpResponse:
    """The plan, a line per field."""
    del request
    run = get_object_or_404(Run.objects.select_related("mapping"), pk=pk, kind="preview")
    return csv_files.download(_rows(run), f"plan-{run.pk}.csv")


def _rows(run: Run) -> Iterator[Sequence[Any]]:
    yield COLUMNS
    for item in shown_plan.every(run):
        about = [item.kind, item.name, item.mapping, item.sf_id, item.qbo_id]
        why = "; ".join(words.title for words in item.reasons)
        for change in item.changes:
            yield [*about, NAMES[change.side], change.label, change.before, change.after, why]
        if not item.changes:
            yield [*about, "", "", "", "", why]


def _run(pk: UUID) -> Run:
    return get_object_or_404(Run.objects.select_related("mapping", "integration"), pk=pk)


urls: list[URLPattern] = [
    path("runs/<uuid:pk>/apply/", apply_, name="run-apply"),
    path("runs/<uuid:pk>/discard/", drop, name="run-discard"),
    path("runs/<uuid:pk>/again/", again, name="run-again"),
    path("runs/<uuid:pk>/undo/", undo_, name="run-undo"),
    path("runs/<uuid:pk>/go-on/", go_on, name="run-go-on"),
    path("runs/<uuid:pk>/plan.csv", as_csv, name="run-plan"),
]
