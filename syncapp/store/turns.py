"""Whose turn it is to send many batches to one connection: a lock of the database's session, given back by hand or by
the end of the process that held it."""

from __future__ import annotations

import time
from uuid import UUID

from syncapp.store import bulk

POLL_S = 0.1
TAKE = "select pg_try_advisory_lock(hashtext('syncapp.turn'), hashtext(%s))"
GIVE = "select pg_advisory_unlock(hashtext('syncapp.turn'), hashtext(%s))"


class Turn:
    """The turn of one connection. Nothing is wrong without it: two that send at once only take longer each."""

    def __init__(self, connection_id: UUID, what: str = "") -> None:
        self._name = f"{what}{connection_id}"
        self._held = False

    def take(self, patience: float) -> bool:
        """Wait for it up to `patience` seconds; whether it was got."""
        until = time.monotonic() + patience
        while not self._held:
            self._held = bool(bulk.fetch(TAKE, [self._name])[0][0])
            if self._held or time.monotonic() > until:
                break
            time.sleep(POLL_S)
        return self._held

    def close(self) -> None:
        """Let the next one send; does nothing without the turn."""
        if self._held:
            self._held = False
            bulk.fetch(GIVE, [self._name])
