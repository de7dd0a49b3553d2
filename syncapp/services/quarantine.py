"""An exception in our own code must not stop a company: the slice is tried again in halves, a record that fails three
times is set aside with a trace id, and the rest goes on (sync-semantics section 13, poison)."""

from __future__ import annotations

import random
import traceback
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from syncapp.engine.retry import backoff
from syncapp.engine.timing import Timing
from syncapp.ids import uuid7
from syncapp.models import Attempt, Outcome
from syncapp.services import waiting
from syncapp.store import bulk, clock, leases, problems, runs, transactions
from syncapp.store.leases import Slice
from syncapp.store.problems import LinkProblem

log = structlog.get_logger()
CODE = "engine.our_defect"

COUNT = """
update syncapp_recordlink set attempts = least(attempts + 1, 1000) where id = any(%s) returning id, attempts, name
"""


def set_aside(piece: Slice, error: Exception, timing: Timing) -> None:
    """Count the failure on each link of the slice; a single link that keeps failing is quarantined.

    A slice of many links cannot tell which of them is the bad one: its links come back in two groups at different
    times, and so in smaller slices, down to one.
    """
    transactions.run(lambda: _set_aside(piece, error, timing))


def _set_aside(piece: Slice, error: Exception, timing: Timing) -> None:
    rows = bulk.fetch(COUNT, [piece.link_ids])
    now = clock.now()
    if len(rows) == 1 and rows[0][1] >= timing.attempts_bug:
        _quarantine(piece, rows[0][0], rows[0][2], error)
        return
    middle = len(rows) // 2
    failures = max((row[1] for row in rows), default=0)
    pause = timedelta(seconds=backoff(min(5, failures), random.random(), timing))  # noqa: S311  jitter
    first = dict.fromkeys([row[0] for row in rows[:middle]], now + pause)
    second = dict.fromkeys([row[0] for row in rows[middle:]], now + pause + timedelta(seconds=timing.settle))
    leases.postpone(piece, first | second)


def _quarantine(piece: Slice, link_id: UUID, name: str, error: Exception) -> None:
    trace, now = uuid4().hex[:12], clock.now()
    log.error("link_quarantined", link=str(link_id), trace=trace, where=_where(error))
    values = {"name": name, "trace": trace, "error": type(error).__name__}
    bulk.execute(
        "update syncapp_recordlink set attention = 'quarantined', attention_code = %s, attention_values = %s,"
        " last_error_at = lb_now() where id = %s",
        [CODE, bulk.dumps(values), link_id],
    )
    work = next(row for row in piece.rows if row.link_id == link_id)
    bulk.insert(
        Attempt,
        [
            {
                "id": uuid7(),
                "company_id": piece.company_id,
                "link_id": link_id,
                "run_id": work.run_id,
                "cause": work.cause,
                "decision": "hold",
                "direction": "",
                "reasons": [],
                "changes": [],
                "outcome": Outcome.FAILED.value,
                "failure_kind": "bug",
                "failure_code": CODE,
                "failure_values": values,
                "request_id": "",
                "started_at": now,
                "finished_at": now,
            }
        ],
    )
    problems.open_for_links(
        piece.company_id, [LinkProblem(link_id, piece.mapping_id, "bug", CODE, values)], now
    )
    runs.count([(link_id, work.run_id, Outcome.FAILED.value)])
    waiting.wake(piece.company_id, [link_id], piece.priority)
    leases.release(piece, [link_id])


def _where(error: Exception) -> str:
    """File and line only: a traceback with values could hold customers' data."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
