"""The audit trail: every remote write and every decision of a person, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from portal import cadence
from portal.people.access import PortalRequest, company_page
from portal.templatetags.working import plain
from syncapp.models import AuditEvent, Schedule
from syncapp.models.audit import WRITES
from syncapp.services import sealing

PAGE = 50
SHOWN = 20
"""Lines of one document that its row unfolds into; that there are more is said."""
ACTIONS = {
    "create": "Created",
    "update": "Updated",
    "upsert": "Created or updated",
    "deactivate": "Made inactive",
    "void": "Voided",
    "delete": "Deleted",
    "send": "E-mailed",
    "mapping.published": "Published a mapping",
    "mapping.mode": "Switched a mapping",
    "mapping.draft_discarded": "Discarded a draft",
    "schedule.added": "Added a schedule",
    "schedule.changed": "Changed a schedule",
    "schedule.paused": "Paused a schedule",
    "schedule.resumed": "Resumed a schedule",
    "schedule.removed": "Removed a schedule",
    "conflict.answered": "Decided a conflict",
    "outcome.exists": "Said that a write was carried out",
    "outcome.does_not": "Said that a write was not carried out",
    "gone.reactivate": "Had a record made active again",
    "gone.void": "Had a document voided",
    "closed.answered": "Decided about a document in closed books",
    "name.suffix": "Had a record made under a longer name",
    "gone.leave": "Left a record as it is",
    "deletions.followed": "Let deletions be followed",
    "deletions.ignored": "Had deletions ignored",
    "link.followed_merge": "Followed a merge",
    "run.stopped": "Paused a run",
    "run.cancelled": "Cancelled a run",
    "run.resumed": "Resumed a run",
    "notifications.chosen": "Chose what reaches a member",
    "notifications.hours": "Changed when the digest comes",
    "channel.added": "Added a channel",
    "channel.changed": "Changed a channel",
    "channel.on": "Switched a channel on",
    "channel.off": "Switched a channel off",
    "channel.removed": "Removed a channel",
    "integration.renamed": "Renamed an integration",
}
"""Titles of what is common; anything else reads as its code, made into words."""


@company_page("audit.view")
@require_GET
def list_(request: PortalRequest) -> HttpResponse:
    """One page of the trail: all of it, writes alone, or decisions alone. A write that came to several records (a
    document with its lines) is one row, with the others folded into it."""
    show = request.GET.get("show", "")
    rows = AuditEvent.objects.filter(part=0).select_related("link__mapping", "intent__run__person")
    rows = rows.order_by("-id").defer("intent__body")
    if show == "writes":
        rows = rows.filter(action__in=WRITES)
    elif show == "decisions":
        rows = rows.exclude(action__in=WRITES)
    before = _uuid(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    more = _further([row for row in found[:PAGE] if row.intent_id])
    context = {
        "rows": [_row(row, more.get(row.intent_id, ()), request.company.zone) for row in found[:PAGE]],
        "older": str(found[PAGE - 1].pk) if len(found) > PAGE else "",
        "show": show,
        "later": before is not None,
        "seal": sealing.seal_now(),
    }
    return render(request, "audit/list.html", context)


def _further(events: Sequence[AuditEvent]) -> dict[UUID | None, list[AuditEvent]]:
    """What else these writes came to, by intent: the first lines of each, in their order."""
    found: dict[UUID | None, list[AuditEvent]] = {}
    ids = [event.intent_id for event in events]
    for row in AuditEvent.objects.filter(intent__in=ids, part__range=(1, SHOWN + 1)).order_by(
        "intent", "part"
    ):
        found.setdefault(row.intent_id, []).append(row)
    return found


def _row(event: AuditEvent, more: Sequence[AuditEvent], zone: str) -> dict[str, Any]:
    """One row of the page. Where only child rows were written, it is about their record, and they are folded in."""
    children = list(more)
    intent = event.intent
    of_child = intent is not None and event.object != intent.object
    if of_child:
        children = [event, *children]
    return {
        "event": event,
        "object": intent.object if intent is not None and of_child else event.object,
        "remote_id": intent.remote_id if intent is not None and of_child else event.remote_id,
        "title": ACTIONS["update"] if of_child else _title(event),
        "changes": [] if of_child else _changes(event, zone),
        "children": [
            {"event": child, "title": _title(child), "changes": _changes(child, zone)}
            for child in children[:SHOWN]
        ],
        "several": len(children) > SHOWN,
    }


def _title(event: AuditEvent) -> str:
    return ACTIONS.get(event.action, event.action.replace(".", ": ").replace("_", " ").capitalize())


def _changes(event: AuditEvent, zone: str) -> list[dict[str, Any]]:
    before, after = event.before, event.after
    if event.action.startswith("schedule."):
        before, after = _of_schedule(before, zone), _of_schedule(after, zone)
    keys = list(dict.fromkeys([*before, *after]))
    return [
        {"label": key.replace("_", " "), "before": before.get(key), "after": after.get(key)}
        for key in keys
        if _shown(before.get(key)) != _shown(after.get(key))
    ]


def _of_schedule(facts: dict[str, Any], zone: str) -> dict[str, Any]:
    """A schedule as people know it: what runs, when, and whether it is paused."""
    if not facts:
        return {}
    once = facts.get("once_at")
    schedule = Schedule(
        cadence=facts.get("cadence", ""),
        minutes=facts.get("minutes") or 0,
        at_minute=facts.get("at_minute") or 0,
        at_time=time.fromisoformat(facts["at_time"]) if facts.get("at_time") else None,
        weekdays=facts.get("weekdays", ""),
        month_day=facts.get("month_day") or 1,
        once_at=datetime.fromisoformat(once) if once else None,
        cron=facts.get("cron", ""),
    )
    return {
        "runs": plain(facts.get("mapping") or "Everything"),
        "when": cadence.words(schedule, zone),
        "paused": "yes" if facts.get("paused") else "no",
    }


def _shown(value: Any) -> Any:
    """No value and an empty one read the same on the page."""
    return None if value == "" else value


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


urls: list[URLPattern] = [path("audit/", list_, name="audit")]
