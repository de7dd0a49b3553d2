"""Circuit breaker per connection: five transport or server failures in two minutes stop its work for a while
(sync-semantics section 17). Items stay due and spend no attempts; one probe goes through when the pause is over."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from connectors.errors import Failure, FailureKind
from syncapp.engine.timing import Timing
from syncapp.store import bulk

TROUBLE = frozenset({FailureKind.TRANSIENT, FailureKind.UNKNOWN_WRITE})

FAILED = """
update syncapp_connection set
  breaker_failures = case when breaker_window_at > lb_now() - %(window)s * interval '1 second'
                          then breaker_failures + 1 else 1 end,
  breaker_window_at = case when breaker_window_at > lb_now() - %(window)s * interval '1 second'
                           then breaker_window_at else lb_now() end
where id = %(id)s
returning breaker_failures, breaker_step
"""


def record(connection_id: UUID, failure: Failure | None, timing: Timing) -> None:
    """Count a call's outcome; opens the breaker at the fifth failure of a window, closes it on success."""
    if failure is None or failure.kind not in TROUBLE:
        well([connection_id])
        return
    failures, step = _count(connection_id, timing)
    if failures >= timing.breaker_failures or step:
        pause = min(timing.breaker_probe_last, timing.breaker_probe_first * 2**step)
        bulk.execute(
            "update syncapp_connection set breaker_open_until = lb_now() + %s * interval '1 second',"
            " breaker_step = least(breaker_step + 1, 10), breaker_failures = 0 where id = %s",
            [pause, connection_id],
        )


def well(connection_ids: Sequence[UUID]) -> None:
    """Calls to these connections were answered: what was counted against them is forgotten."""
    bulk.execute(
        "update syncapp_connection set breaker_failures = 0, breaker_step = 0, breaker_open_until = null"
        " where id = any(%s) and (breaker_failures > 0 or breaker_open_until is not null)",
        [list(connection_ids)],
    )


def _count(connection_id: UUID, timing: Timing) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(FAILED, {"window": timing.breaker_window, "id": connection_id})
        row = cursor.fetchone()
    return (row[0], row[1]) if row else (0, 0)
