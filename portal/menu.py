"""The side menu as data: what there is, who may see it, and the two counts worth seeing everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from portal.people.access import may
from syncapp.models import Attention, Lifecycle, Problem, RecordLink, Run

COUNT_CAP = 999


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu. `under` are further addresses at which it counts as current."""

    label: str
    icon: str
    url_name: str
    action: str
    counts: Callable[[], int] | None = None
    tone: str = ""
    under: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as a page shows it."""

    label: str
    icon: str
    url: str
    current: bool
    count: int
    tone: str
    counted: bool


def _open_problems() -> int:
    return Problem.objects.filter(closed_at__isnull=True)[: COUNT_CAP + 1].count()


def _open_conflicts() -> int:
    """Records that wait for a choice; one whose answer is on its way does not."""
    waiting = RecordLink.objects.filter(
        attention__in=[Attention.CONFLICT, Attention.OSCILLATION],
        lifecycle__in=[Lifecycle.LINKED, Lifecycle.CREATING, Lifecycle.CANDIDATE],
        work__isnull=True,
    )
    return waiting[: COUNT_CAP + 1].count()


def _open_runs() -> int:
    return Run.objects.filter(state__in=["queued", "reading", "running"])[: COUNT_CAP + 1].count()


MENU: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("", (Entry("Dashboard", "home", "portal:dashboard", "dashboard.view"),)),
    (
        "Work",
        (
            Entry("Records", "list", "portal:records", "records.view"),
            Entry("Conflicts", "clash", "portal:conflicts", "conflicts.view", _open_conflicts, "clash"),
            Entry("Problems", "alert", "portal:problems", "problems.view", _open_problems, "bad"),
            Entry("Reconciliation", "scale", "portal:reconcile", "reconcile.view"),
            Entry("Runs", "play", "portal:runs", "runs.view", _open_runs, "warn"),
            Entry("Sync now", "sync", "portal:sync-now", "runs.start"),
            Entry("Why is it not there?", "info", "portal:why", "records.read"),
        ),
    ),
    (
        "Control",
        (
            Entry("Integrations", "both", "portal:integrations", "integrations.view"),
            Entry("Mappings", "map", "portal:mappings", "mappings.view", under=("/value-maps/",)),
            Entry("Schedules", "calendar", "portal:schedules", "schedules.view"),
            Entry("Connections", "plug", "portal:connections", "connections.view"),
            Entry("Lag", "hourglass", "portal:lag", "lag.view"),
        ),
    ),
    (
        "Company",
        (
            Entry("Members", "person", "portal:people_membership_changelist", "members.view"),
            Entry("Audit trail", "book", "portal:audit", "audit.view"),
            Entry("Notifications", "info", "portal:notifications", "notifications.view"),
            Entry("Settings", "gear", "portal:company", "company.view"),
        ),
    ),
)


def lines(path: str, role: str) -> list[tuple[str, list[Line]]]:
    """The menu for a role at an address; must run inside the company for the counts."""
    groups = []
    for title, entries in MENU:
        visible = [_line(entry, path) for entry in entries if may(role, entry.action)]
        if visible:
            groups.append((title, visible))
    return groups


def _line(entry: Entry, path: str) -> Line:
    url = reverse(entry.url_name)
    current = path == url if url == "/" else path.startswith((url, *entry.under))
    return Line(
        entry.label,
        entry.icon,
        url,
        current,
        entry.counts() if entry.counts else 0,
        entry.tone,
        entry.counts is not None,
    )
