"""Steps and the clock at the database: where an actor's statements begin and its transactions commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic

from tests.simulation import actors

_clock: list[Callable[[], datetime]] = []
NOW = "select set_config('app.now', %s, false)"


@contextmanager
def observed(now: Callable[[], datetime]) -> Iterator[None]:
    """While this lasts, every statement is a step, and `lb_now()` shows the simulation's time to every actor."""
    enter, commit, get_new = Atomic.__enter__, BaseDatabaseWrapper._commit, BaseDatabaseWrapper.connect

    def entered(self: Atomic) -> None:
        connection = connections[self.using or "default"]
        if actors.current() is not None and not connection.in_atomic_block:
            actors.step("transaction")
            connection.ensure_connection()
            _set_clock(connection, now())
        enter(self)

    def committed(self: BaseDatabaseWrapper) -> Any:
        actor = actors.current()
        if actor is not None and actor.dies_at_commit:
            self._rollback()
            actor.die()
        commit(self)
        actors.step("committed")

    def connected(self: BaseDatabaseWrapper) -> None:
        get_new(self)
        self.execute_wrappers[:] = [_run]

    _clock[:] = [now]  # connections outlive a world
    Atomic.__enter__ = entered  # type: ignore[method-assign]
    BaseDatabaseWrapper._commit = committed
    BaseDatabaseWrapper.connect = connected  # type: ignore[method-assign]
    try:
        yield
    finally:
        Atomic.__enter__ = enter  # type: ignore[method-assign]
        BaseDatabaseWrapper._commit = commit
        BaseDatabaseWrapper.connect = get_new  # type: ignore[method-assign]


def _run(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
    connection, actor = context["connection"], actors.current()
    if actor is not None:
        if actor.killed:
            raise actors.Killed("statement")
        if not connection.in_atomic_block:
            actors.step("statement")
    if not connection.in_atomic_block:
        _set_clock(connection, _clock[0]())
    return execute(sql, params, many, context)


def _set_clock(connection: Any, moment: datetime) -> None:
    raw = connection.connection
    if getattr(raw, "shown_time", None) != moment:
        raw.execute(NOW, [moment.isoformat()])
        raw.shown_time = moment


def in_transaction() -> bool:
    """Whether the running thread has an open transaction on any connection."""
    return any(one.in_atomic_block for one in connections.all(initialized_only=True))
