"""Runs: what was passed over many records, how far it is, what came of each; stop and resume."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from portal import history
from portal.people.access import PortalRequest, company_page
from syncapp.messages import words_for
from syncapp.models import Attempt, Outcome, PreviewItem, Run, RunState
from syncapp.services import runs

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
)
WORDS = {"nothing": "Nothing to do", "asked": "Ask a person"}
PREVIEW_GROUPS = {
    "linked": ("Already on both sides", "link", "good"),
    "alike": ("Look alike, you decide", "eye", "warn"),
    "new_qbo": ("New in QuickBooks", "plus", "drift"),
    "new_sf": ("New in Salesforce", "plus", "drift"),
    "skipped": ("Left out by rule", "skip", "mute"),
}


@company_page("runs.view")
@require_GET
def list_(request: PortalRequest) -> HttpResponse:
    """Runs, newest first."""
    rows = Run.objects.select_related("mapping", "schedule", "person", "integration").order_by("-id")
    before = _uuid(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    open_runs = any(run.state in runs.OPEN for run in found[:PAGE])
    context = {
        "runs": [_row(run) for run in found[:PAGE]],
        "older": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
        "later": before is not None,
        "live": open_runs and before is None,
    }
    return render(request, "runs/rows.html" if request.htmx else "runs/list.html", context)


def _row(run: Run) -> dict[str, Any]:
    seconds = (
        (run.finished_at - (run.started_at or run.created_at)).total_seconds() if run.finished_at else None
    )
    return {"run": run, "progress": runs.progress(run), "seconds": seconds, "open": run.state in runs.OPEN}


@company_page("runs.view")
@require_GET
def page(request: PortalRequest, pk: UUID) -> HttpResponse:
    """One run; htmx asks for its progress alone."""
    run = get_object_or_404(
        Run.objects.select_related("mapping", "schedule__mapping", "person", "integration"), pk=pk
    )
    context = _progress(run)
    if request.htmx:
        response = render(request, "runs/progress.html", context)
        if not context["open"]:
            response.headers["HX-Refresh"] = "true"
        return response
    context |= _previewed(run, request) if run.kind == "preview" else _tried(run, request)
    return render(request, "runs/page.html", context)


def _progress(run: Run) -> dict[str, Any]:
    return {
        "run": run,
        "open": run.state in runs.OPEN,
        "progress": runs.progress(run),
        "counts": [
            {
                "key": key,
                "word": WORDS.get(key, key.capitalize()),
                "icon": icon,
                "tone": tone,
                "n": getattr(run, column),
            }
            for key, column, icon, tone in COUNTS
        ],
        "failure": words_for(run.failure_code, run.failure_values) if run.failure_code else None,
        "stoppable": run.state in runs.OPEN and not run.stop_requested,
        "resumable": run.state == RunState.STOPPED,
    }


def _tried(run: Run, request: PortalRequest) -> dict[str, Any]:
    """The attempts of the run, newest first, of one outcome or all."""
    outcome = request.GET.get("outcome", "")
    tries = Attempt.objects.filter(run=run).select_related("link__mapping", "person").order_by("-id")
    if outcome in Outcome.values:
        tries = tries.filter(outcome=outcome)
    before = _uuid(request.GET.get("before", ""))
    if before is not None:
        tries = tries.filter(id__lt=before)
    found = list(tries[: PAGE + 1])
    return {
        "outcome": outcome,
        "items": [{"attempt": one, "line": history.line(one)} for one in found[:PAGE]],
        "older": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
    }


def _previewed(run: Run, request: PortalRequest) -> dict[str, Any]:
    """The planned decisions of a preview, by group."""
    group = request.GET.get("group", "")
    items = (
        PreviewItem.objects.filter(run=run, group__in=PREVIEW_GROUPS)
        .select_related("link__mapping")
        .order_by("id")
    )
    if group in PREVIEW_GROUPS:
        items = items.filter(group=group)
    after = request.GET.get("after", "")
    if after.isdecimal():
        items = items.filter(id__gt=int(after))
    found = list(items[: PAGE + 1])
    return {
        "preview": True,
        "group": group,
        "groups": [
            {"key": key, "word": word, "icon": icon, "tone": tone}
            for key, (word, icon, tone) in PREVIEW_GROUPS.items()
        ],
        "planned": [{"item": one, "look": PREVIEW_GROUPS.get(one.group)} for one in found[:PAGE]],
        "after": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
    }


@company_page("runs.control")
@require_POST
def control(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """Stop or resume."""
    run = get_object_or_404(Run.objects, pk=pk)
    (runs.resume if request.POST.get("do") == "resume" else runs.stop)(run, request.user)
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
