"""Runs: what was passed over many records, how far it is, what came of each; pause, resume, cancel."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_POST

from portal import history
from portal.people.access import PortalRequest, company_page, may
from portal.states import look_of
from syncapp.messages import words_for
from syncapp.models import Attempt, Outcome, Run, RunKind, RunState
from syncapp.models.run import EXACT_KINDS
from syncapp.services import (
    addresses,
    apply,
    held_up,
    record_files,
    run_progress,
    runs,
    scope,
    shown_plan,
    undo,
)

PAGE = 50
COUNTS = (
    ("created", "created_count", "plus", "good"),
    ("updated", "updated_count", "delta", "drift"),
    ("linked", "linked_count", "link", "busy"),
    ("nothing", "unchanged_count", "check", "mute"),
    ("skipped", "skipped_count", "skip", "mute"),
    ("waiting", "waiting_count", "hourglass", "wait"),
    ("asked", "asked_count", "eye", "warn"),
    ("failed", "failed_count", "alert", "bad"),
    ("moved", "moved_count", "delta", "warn"),
)
IDLE = Q(kind=RunKind.SCHEDULE, person=None, state=RunState.DONE, total=0)
"""A run of the clock that found nothing to do: most are, several an hour for each mapping."""
WORDS = {"nothing": "Nothing to do", "asked": "Ask a person", "moved": "To look at"}


@company_page("runs.view")
@require_GET
def list_(request: PortalRequest) -> HttpResponse:
    """Runs, newest first; those of the clock that found nothing to do only when asked for."""
    everything = "all" in request.GET
    rows = Run.objects.select_related(
        "mapping",
        "schedule",
        "person",
        "integration__company",
        "integration__salesforce",
        "integration__quickbooks",
    ).order_by("-id")
    if not everything:
        rows = rows.exclude(IDLE)
    before = _uuid(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    open_runs = any(run.state in runs.OPEN for run in found[:PAGE])
    context = {
        "runs": [_row(run) for run in found[:PAGE]],
        "older": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
        "later": before is not None,
        "everything": everything,
        "live": open_runs and before is None,
    }
    return render(request, "runs/rows.html" if request.htmx else "runs/list.html", context)


def _row(run: Run) -> dict[str, Any]:
    is_open = run.state in runs.OPEN
    seconds = (
        (run.finished_at - (run.started_at or run.created_at)).total_seconds() if run.finished_at else None
    )
    return {
        "run": run,
        "progress": run_progress.progress(run),
        "seconds": seconds,
        "open": is_open,
        "held_up_by": [words_for(one.code, one.values) for one in held_up.by(run.integration)]
        if is_open
        else [],
    }


@company_page("runs.view")
@require_GET
def page(request: PortalRequest, pk: UUID) -> HttpResponse:
    """One run; htmx asks for its progress alone."""
    run = get_object_or_404(
        Run.objects.select_related(
            "mapping",
            "schedule__mapping",
            "person",
            "integration__company",
            "integration__salesforce",
            "integration__quickbooks",
            "origin",
        ),
        pk=pk,
    )
    context = _progress(run)
    if request.htmx:
        response = render(request, "runs/progress.html", context)
        if not context["open"]:
            response.headers["HX-Refresh"] = "true"
        return response
    context |= _of_file(run)
    context |= _previewed(run, request) if run.kind == "preview" else _tried(run, request)
    return render(request, "runs/page.html", context)


def _progress(run: Run) -> dict[str, Any]:
    return {
        "run": run,
        "open": run.state in runs.OPEN,
        "progress": run_progress.progress(run),
        "counts": [
            {
                "key": key,
                "word": WORDS.get(key, key.capitalize()),
                "icon": icon,
                "tone": tone,
                "n": getattr(run, column),
            }
            for key, column, icon, tone in COUNTS
            if key != "moved" or run.moved_count
        ],
        "failure": words_for(run.failure_code, run.failure_values) if run.failure_code else None,
        "waits": [words_for(wait.code, wait.values) for wait in run_progress.what_it_waits_for(run)],
        "stoppable": run.state in runs.OPEN and not run.stop_requested,
        "resumable": run.state == RunState.STOPPED,
        "cancellable": run.state in (*runs.OPEN, RunState.STOPPED),
    }


def _of_file(run: Run) -> dict[str, Any]:
    """The file that a plan was made from, with the lines that are not in it."""
    made = record_files.of_run(run)
    if made is None:
        return {}
    return {
        "file": made,
        "file_records": made.lines - len(made.unusable),
        "lines": [(one, words_for(one.code, one.values)) for one in made.unusable[:PAGE]],
        "more": max(0, len(made.unusable) - PAGE),
        "lines_url": reverse("portal:run-lines", kwargs={"pk": run.pk}),
    }


def _tried(run: Run, request: PortalRequest) -> dict[str, Any]:
    """The attempts of the run, newest first, of one outcome or all."""
    outcome = request.GET.get("outcome", "")
    tries = Attempt.objects.filter(run=run).select_related(
        "link__mapping__integration__salesforce", "link__mapping__integration__quickbooks", "person"
    )
    tries = tries.order_by("-id")
    if outcome in Outcome.values:
        tries = tries.filter(outcome=outcome)
    before = _uuid(request.GET.get("before", ""))
    if before is not None:
        tries = tries.filter(id__lt=before)
    found = list(tries[: PAGE + 1])
    return {
        "outcome": outcome,
        "moved": len(apply.moved_links(run)) if run.moved_count else 0,
        "undoable": undo.can_be_undone(run),
        "paused": bool(run.scope.get("paused")),
        "items": [_tried_item(one) for one in found[:PAGE]],
        "older": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
    }


def _tried_item(attempt: Attempt) -> dict[str, Any]:
    link = attempt.link
    connections = {"sf": link.mapping.integration.salesforce, "qbo": link.mapping.integration.quickbooks}
    urls_ = addresses.urls(connections, link.sf_object, link.sf_id, link.qbo_entity, link.qbo_id)
    return {"attempt": attempt, "line": history.line(attempt), "urls": urls_}


def _previewed(run: Run, request: PortalRequest) -> dict[str, Any]:
    """The planned decisions of a preview, by kind, with what applying them costs."""
    kind, after = request.GET.get("kind", ""), request.GET.get("after", "")
    totals = shown_plan.totals(run)
    page_ = shown_plan.page(run, kind=kind, after=int(after) if after.isdecimal() else 0)
    looks = [(key, look_of(f"plan.{key}"), number) for key, number in totals.kinds.items()]
    carried_out = Run.objects.filter(origin=run, kind__in=EXACT_KINDS).first()
    ready = run.state == RunState.DONE and carried_out is None
    return {
        "preview": True,
        "kind": kind if kind in shown_plan.KINDS else "",
        "kinds": [
            {"key": key, "word": look.word, "icon": look.icon, "tone": look.tone, "n": number}
            for key, look, number in looks
        ],
        "totals": totals,
        "planned": page_.items,
        "after": page_.after,
        "cost": shown_plan.cost(run),
        "undoing": scope.of(run) == scope.UNDO,
        "first_load": scope.of(run) == scope.ALL,
        "of_draft": scope.of(run) == scope.DRAFT,
        "carried_out": carried_out,
        "switched_on": run.integration.switched_on_at is not None,
        "applicable": ready
        and scope.of(run) != scope.DRAFT
        and totals.carried > 0
        and run.integration.switched_on_at is not None
        and may(request.membership.role, "runs.start"),
    }


@company_page("runs.control")
@require_POST
def control(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Pause, resume or cancel."""
    run = get_object_or_404(Run.objects, pk=pk)
    do = {"resume": runs.resume, "cancel": runs.cancel}.get(request.POST.get("do", ""), runs.stop)
    do(run, request.user)
    return redirect("portal:run", pk=run.pk)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


urls: list[URLPattern] = [
    path("runs/", list_, name="runs"),
    path("runs/<uuid:pk>/", page, name="run"),
    path("runs/<uuid:pk>/control/", control, name="run-control"),
]
