"""What there is to say of a day or a week: new causes, failed runs, choices that wait, differences. In a company."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from syncapp.models import (
    Attempt,
    Attention,
    Connection,
    ConnectionStatus,
    Integration,
    Lifecycle,
    Outcome,
    RecordLink,
    Run,
    RunState,
)
from syncapp.services import notifications, problems, records
from syncapp.services.problems import ProblemGroup

MOST_RUNS = 5
SOON = timedelta(days=30)
DIFFERENT = ("conflict", "changed")
WRITTEN = (Outcome.CREATED, Outcome.UPDATED)


@dataclass(frozen=True, slots=True)
class Day:
    """What is new since a moment."""

    causes: Sequence[ProblemGroup]
    failed_runs: Sequence[Run]
    asked: int
    """Records that began to wait for a person's choice."""
    written: int

    def __bool__(self) -> bool:
        """Whether there is anything to say: what was merely done is no news."""
        return bool(self.causes or self.failed_runs or self.asked)


@dataclass(frozen=True, slots=True)
class Ending:
    """A connection whose sign-in ends soon, or has ended (`ends_at` None)."""

    connection: Connection
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Week:
    """How the company stands."""

    causes: Sequence[ProblemGroup]
    differences: int
    ending: Sequence[Ending]
    products: int
    written: int


def since(moment: datetime) -> Day:
    """What is new since then. Five queries."""
    failed = Run.objects.filter(state=RunState.FAILED, finished_at__gt=moment).select_related("mapping")
    return Day(
        causes=problems.open_groups(since=moment),
        failed_runs=list(failed.order_by("-id")[:MOST_RUNS]),
        asked=_asked(moment),
        written=_written(moment),
    )


def _asked(moment: datetime) -> int:
    """Distinct records, and only those that still wait."""
    waiting = Attempt.objects.filter(
        finished_at__gt=moment,
        outcome=Outcome.ASKED,
        link__attention__in=("conflict", "drift", "oscillation"),
    )
    return waiting.order_by().values("link_id").distinct().count()


def _written(moment: datetime) -> int:
    return Attempt.objects.filter(finished_at__gt=moment, outcome__in=WRITTEN).count()


def week(now: datetime) -> Week:
    """How it stands now. About eight queries."""
    counts = records.counts()
    return Week(
        causes=problems.open_groups(),
        differences=sum(counts[name] for name in DIFFERENT),
        ending=_ending(now),
        products=_lonely_products(),
        written=_written(now - timedelta(days=7)),
    )


def _ending(now: datetime) -> list[Ending]:
    used = Integration.objects.filter(switched_on_at__isnull=False)
    ids = {pk for pair in used.values_list("salesforce_id", "quickbooks_id") for pk in pair if pk}
    found = []
    for connection in Connection.objects.filter(pk__in=ids).order_by("side", "name"):
        ends = notifications.ends_at(connection)
        if connection.status == ConnectionStatus.NEEDS_REAUTH:
            found.append(Ending(connection, None))
        elif ends is not None and ends <= now + SOON:
            found.append(Ending(connection, ends))
    return found


def _lonely_products() -> int:
    """Products that stand on one side only and have not been left out by anybody."""
    one_sided = Q(sf_id__isnull=True) | Q(qbo_id__isnull=True)
    rows = RecordLink.objects.filter(
        one_sided, sf_object="Product2", lifecycle__in=(Lifecycle.CREATING, Lifecycle.CANDIDATE), paused=False
    )
    return rows.exclude(attention=Attention.SKIPPED).count()
