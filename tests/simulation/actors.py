"""Workers, readers and people as coroutines on threads: only one runs at a time, and where it stops is chosen.

An actor stops where a process may be overtaken by another or die: around every HTTP call, before every statement and
transaction, after every commit. It never stops inside a transaction, so no actor waits for another's rows.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

PATIENCE_S = 60.0
WHOLE = 2_000
"""More steps than any actor has: let it come to its end. Who is still under way then goes round in circles."""
_here = threading.local()


class Killed(BaseException):
    """The process ends here; nothing after this line runs."""


class InCircles(Exception):
    """An actor's work begets itself for ever: there is no end to look at."""


class Stuck(RuntimeError):
    """An actor did not come to its next step: it waits for something that nobody will do."""


def current() -> Actor | None:
    """The actor whose code is running; None outside of any (the plan, the oracle)."""
    return getattr(_here, "actor", None)


def step(what: str) -> None:
    """A place where the running actor may be stopped or killed; not with a transaction open, which would hold rows."""
    actor = current()
    if actor is not None and not any(one.in_atomic_block for one in connections.all(initialized_only=True)):
        actor.step(what)


@dataclass
class Actor:
    """One process at work, as far as it has come."""

    name: str
    work: Callable[[], Any]
    state: str = "ready"
    """ready, paused, done or dead."""
    where: str = ""
    frozen: bool = False
    """Stopped as a whole (SIGSTOP): its leases are not renewed."""
    dies_at_commit: bool = False
    error: str = ""
    slices: list[tuple[Any, Any]] = field(default_factory=list)
    """What it holds leases on: (slice, timing)."""
    in_call: bool = False
    _left: int = 0
    _killed: bool = False
    _go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _back: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def alive(self) -> bool:
        return self.state in ("ready", "paused")

    @property
    def killed(self) -> bool:
        return self._killed

    # --- the plan's side ---

    def run(self, steps: int, hands: Hands) -> None:
        """Let it run that many steps, or to its end."""
        self._left = steps
        if self.state == "ready":
            hands.give(self)
        else:
            self._go.release()
        if not self._back.acquire(timeout=PATIENCE_S):
            raise Stuck(f"{self.name} after {self.where}")

    def kill(self, hands: Hands) -> None:
        """End it where it stands: what it had in mind is gone, what it had not committed is rolled back."""
        if self.state == "ready":
            self.state = "dead"
        if not self.alive:
            return
        self._killed = True
        self.run(1, hands)

    # --- the actor's side ---

    def step(self, what: str) -> None:
        if self._killed:
            raise Killed(what)
        self.where = what
        self._left -= 1
        if self._left < 0:
            self.state = "paused"
            self._back.release()
            self._go.acquire()
            if self._killed:
                raise Killed(what)

    def die(self) -> None:
        """End now, from inside."""
        self._killed = True
        raise Killed(self.where)

    def perform(self, on_end: Callable[[], None]) -> None:
        """Its whole life, on a hand's thread."""
        _here.actor = self
        try:
            self.work()
            self.state = "done"
        except Killed:
            self.state = "dead"
        except Exception:  # noqa: BLE001 - what escapes from a task is for the oracle
            self.state, self.error = "done", traceback.format_exc()
        finally:
            _here.actor = None
            self.slices.clear()
            if self._killed:
                self.state = "dead"
                _drop_connections()
            on_end()
            self._back.release()


def _drop_connections() -> None:
    """A dead process's connections are closed by the kernel; the server rolls back."""
    for connection in connections.all(initialized_only=True):
        with suppress(Exception):
            connection.close()
        connection.connection = None
        connection.in_atomic_block = False
        connection.savepoint_ids = []
        connection.atomic_blocks = []
        connection.needs_rollback = False
        connection.closed_in_transaction = False
        connection.run_on_commit = []


class Hands:
    """Threads that actors run on; each has its own database connections, which later actors take over."""

    def __init__(self) -> None:
        self._idle: list[_Hand] = []
        self._all: list[_Hand] = []

    def give(self, actor: Actor) -> None:
        hand = self._idle.pop() if self._idle else self._new()
        hand.take(actor)

    def _new(self) -> _Hand:
        hand = _Hand(self._idle)
        self._all.append(hand)
        return hand

    def close(self) -> None:
        for hand in self._all:
            hand.end()


class _Hand:
    def __init__(self, idle: list[_Hand]) -> None:
        self._idle = idle
        self._job: Actor | None = None
        self._bell = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._live, name="hand", daemon=True)
        self._thread.start()

    def take(self, actor: Actor) -> None:
        self._job = actor
        self._bell.release()

    def end(self) -> None:
        self._job = None
        self._bell.release()
        self._thread.join(10)

    def _live(self) -> None:
        while True:
            self._bell.acquire()
            if self._job is None:
                connections.close_all()
                return
            for alias in connections:  # opening one takes statements, which are no steps of any actor
                connections[alias].ensure_connection()
            self._job.perform(on_end=lambda: self._idle.append(self))


@contextmanager
def renewing(piece: Any, timing: Any) -> Iterator[None]:
    """Stands for the thread that renews a slice's leases: the plan renews them when time passes (`World.wait`)."""
    actor = current()
    if actor is None:
        yield
        return
    actor.slices.append((piece, timing))
    try:
        yield
    finally:
        with suppress(ValueError):
            actor.slices.remove((piece, timing))
