"""The retry budget: of a connection's calls at most a tenth repeat failed ones; what is over it waits longer
(sync-semantics section 14). Without it, records that fail now and then would cost a busy connection as much as work.

What a person waits for is exempt. The count is the limiter's, shared by all processes; a stand-in without limits has
no budget either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from connectors.contracts import Priority
from syncapp.models import Connection
from syncapp.services.limiters import limiter_for
from syncapp.services.slice_context import SliceContext
from syncapp.store import leases
from syncapp.store.links import LinkRow


def over_budget(connection: Connection, priority: Priority, calls: int = 1) -> float:
    """Count so many repeated calls; 0 when they may go now, else the seconds that they have to wait."""
    if priority is Priority.INTERACTIVE:
        return 0.0
    return limiter_for(connection).retry(calls)


def hold_back(context: SliceContext, rows: Mapping[UUID, LinkRow]) -> dict[UUID, LinkRow]:
    """The links of a slice that may be tried now. Those that failed before and are over the budget of either connection
    are given back, all due at one time, so that they share their calls then."""
    failed = [row.id for row in rows.values() if is_retry(row)]
    if not failed:
        return dict(rows)
    calls = math.ceil(len(failed) / context.timing.qbo_batch)
    for connection in context.connections.values():
        seconds = over_budget(connection, context.piece.priority, calls)
        if seconds:
            due = context.now + timedelta(seconds=seconds)
            leases.postpone(context.piece, dict.fromkeys(failed, due))
            return {row.id: row for row in rows.values() if not is_retry(row)}
    return dict(rows)


def is_retry(row: LinkRow) -> bool:
    """Whether the link is due because its last try failed for a passing reason; one that a person was asked about is
    due because something changed."""
    return row.attempts > 0 and row.attention == "none"
