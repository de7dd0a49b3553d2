"""One transaction, run again when the database broke it off for another one's sake.

Workers of one company change the same few tables in slices; two of them may wait for each other's rows. PostgreSQL then
undoes one of both (40P01, or 40001): nothing of it is kept, so that the same work is simply done once more. Without
that, an answer of a vendor that we already hold would count as never received.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import DatabaseError, connection, transaction

T = TypeVar("T")
log = structlog.get_logger()
TRIES = 6
PAUSE_S = 0.05
BROKEN_OFF = frozenset({"40P01", "40001"})
"""deadlock_detected, serialization_failure (PostgreSQL, appendix A)."""
RACES = frozenset({"one_live_link_per_salesforce_record", "one_live_link_per_quickbooks_record"})
"""Unique indexes that capture may fill between our look and our write: it saw the record that we have just made. Done
again, the work finds that row and takes it in."""


def run(work: Callable[[], T], *, undo: Callable[[], None] | None = None) -> T:
    """What `work` returns, done in one transaction of its own, up to six times.

    `undo` puts back what a broken-off try changed in memory. Inside another transaction the work is done once: whoever
    opened that one has to run it again. Raises the database's error when every try was broken off, and any other error
    of the work at once.
    """
    if connection.in_atomic_block:
        return _once(work)
    for left in range(TRIES - 1, 0, -1):
        try:
            return _once(work)
        except DatabaseError as error:
            if not was_broken_off(error):
                raise
            log.warning("transaction_broken_off", work=getattr(work, "__qualname__", ""), tries_left=left)
            if undo is not None:
                undo()
            time.sleep(random.uniform(0, PAUSE_S * (TRIES - left)))  # noqa: S311  so that both do not meet again
    return _once(work)


def is_open() -> bool:
    """Whether a transaction of the caller's is open, which an error has spoiled."""
    return connection.in_atomic_block


def _once(work: Callable[[], T]) -> T:
    with transaction.atomic():
        return work()


def was_broken_off(error: DatabaseError) -> bool:
    """Whether PostgreSQL undid the transaction only because of another one."""
    return getattr(error.__cause__, "sqlstate", "") in BROKEN_OFF or broken_rule(error) in RACES


def broken_rule(error: DatabaseError) -> str:
    """The name of the constraint or unique index that was hurt; empty where it is something else."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
