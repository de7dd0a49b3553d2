"""The dashboard: how it stands, what happens next, what to do."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from portal import causes
from portal.charts import activity_chart
from portal.pages import schedules as schedule_pages
from portal.people.access import PortalRequest, company_page
from portal.states import look_of
from syncapp.models import ConnectionStatus, Integration, Mapping, MappingMode, RunKind
from syncapp.services import companies, dashboard, runs
from syncapp.services.errors import Refused

PERIOD_WORDS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}
TILES = ("in_sync", "syncing", "waiting", "needs_attention", "conflict", "changed")
LOOKS = {"changed": "changed_qbo"}
SOONEST = 6
"""So many schedules are shown; the rest stand on their own page."""
WORDS = {"changed": "Changed on one side"}


@company_page("dashboard.view")
@require_GET
def page(request: PortalRequest) -> HttpResponse:
    """The whole page; htmx asks for what moves."""
    period = request.GET.get("period", "24h")
    period = period if period in PERIOD_WORDS else "24h"
    summary = dashboard.summary(request.company, period=period)
    all_schedules = sorted(schedule_pages.rows(request), key=_soonest_first)
    context = {
        "summary": summary,
        "pairs": [_pair(one, summary, paused=request.company.paused) for one in summary.integrations],
        "tiles": _tiles(summary.counts, len(summary.causes)),
        "chart": activity_chart(summary.bars, ZoneInfo(request.company.zone), daily=period != "24h"),
        "period": period,
        "periods": PERIOD_WORDS,
        "causes": [
            {"group": one, "words": causes.words(one), "url": causes.address(one)} for one in summary.causes
        ],
        "schedules": all_schedules[:SOONEST],
        "schedules_in_all": len(all_schedules),
        "left_out": summary.counts["all"] - summary.counts["kept"],
        "running": any(one.switched_on_at for one in summary.integrations),
        "may_add_schedule": bool(summary.by_object),
    }
    return render(request, "dashboard/live.html" if request.htmx else "dashboard/page.html", context)


def _soonest_first(row: dict[str, Any]) -> tuple[bool, datetime | None]:
    """Those that are due soonest first, those that are paused or over last."""
    return (not row["next"], row["next"][0] if row["next"] else None)


def _pair(integration: Integration, summary: dashboard.Dashboard, *, paused: bool) -> dict[str, Any]:
    """One pair of connections and the line between them."""
    sides = (integration.salesforce, integration.quickbooks)
    lost = any(side is not None and side.status != ConnectionStatus.LIVE for side in sides)
    broken = lost or (integration.switched_on_at is not None and not all(sides))
    if broken:
        key = "needs_attention"
    elif paused or integration.state == "paused":
        key = "paused"
    elif integration.switched_on_at is None:
        key = "not_synced"
    elif summary.open_run is not None:
        key = "syncing"
    elif summary.counts["needs_attention"] or summary.counts["conflict"]:
        key = "in_sync_warning"
    else:
        key = "in_sync"
    return {
        "integration": integration,
        "salesforce": sides[0],
        "quickbooks": sides[1],
        "state": key,
        "broken": broken,
    }


def _tiles(counts: dict[str, int], causes: int) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "word": WORDS.get(key, look_of(LOOKS.get(key, key)).word),
            "icon": look_of(LOOKS.get(key, key)).icon,
            "tone": look_of(LOOKS.get(key, key)).tone,
            "n": counts[key],
            "note": _note(key, counts, causes),
        }
        for key in TILES
    ]


def _note(key: str, counts: dict[str, int], causes: int) -> str:
    if key == "in_sync":
        return f"{_share(counts)} of those to keep in step"
    if key == "syncing":
        return f"{counts['queued']:,} more queued"
    if key == "needs_attention" and counts[key]:
        return f"{causes} cause{'' if causes == 1 else 's'}"
    plain = {"waiting": "for a parent", "conflict": "wait for your choice", "changed": "left as they are"}
    return plain.get(key, "") if counts[key] else "none"


def _share(counts: dict[str, int]) -> str:
    if not counts["kept"]:
        return "0%"
    share = 100 * counts["in_sync"] / counts["kept"]
    return "100%" if counts["in_sync"] == counts["kept"] else f"{min(share, 99.9):.1f}%"


@company_page("company.pause")
@require_POST
def pause(request: PortalRequest) -> HttpResponseBase:
    """Pause all syncing of the company, or let it go on."""
    (companies.resume if request.company.paused else companies.pause)(request.company, request.user)
    return redirect("portal:dashboard")


@company_page("runs.start")
@require_POST
def sync_now(request: PortalRequest) -> HttpResponseBase:
    """Read both sides of every mapping that is on, and sync what changed."""
    wanted = Mapping.objects.exclude(mode=MappingMode.OFF).filter(
        published_number__gt=0, integration__switched_on_at__isnull=False
    )
    started = [
        runs.request_mapping(one, person=request.user, cause="Sync now", kind=RunKind.SCHEDULE)
        for one in wanted
    ]
    if not started:
        raise Refused("schedule.nothing_to_run")
    if len(started) == 1:
        return redirect("portal:run", pk=started[0].pk)
    messages.success(request, f"{len(started)} runs are started.")
    return redirect("portal:runs")


urls: list[URLPattern] = [
    path("", page, name="dashboard"),
    path("dashboard/pause/", pause, name="dashboard-pause"),
    path("dashboard/sync/", sync_now, name="dashboard-sync"),
]
