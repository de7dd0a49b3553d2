"""Work of stopped runs is put aside, not thrown away: it waits until its run is resumed or its record changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q

from syncapp.models import LinkWork, Run
from syncapp.store.clock import SqlNow

PARKED = datetime(2999, 1, 1, tzinfo=UTC)
"""Due time of work whose run was stopped: anything that happens to the record makes it due earlier again."""


def park(run: Run) -> int:
    """Put the work of a stopped run aside, except what a worker holds now; returns how many links."""
    return LinkWork.objects.filter(_free(), run=run).update(due_at=PARKED)


def park_stopped(run_ids: Iterable[UUID]) -> int:
    """Put aside what is left of these runs where a person stopped them while a worker held their links."""
    return LinkWork.objects.filter(_free(), run__in=list(run_ids), run__stop_requested=True).update(
        due_at=PARKED
    )


def _free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=SqlNow())


def unpark(run: Run) -> int:
    """Make the work of a stopped run due again; returns how many links."""
    return LinkWork.objects.filter(run=run, due_at=PARKED).update(due_at=SqlNow())
