"""What the doors refuse, in the log: the first at once, then one line a second at most that says how many there were.

Anybody may knock: a line for each would let strangers fill the disk, and cost more than turning them away does.
"""

from __future__ import annotations

import time
from typing import Any

import structlog

log = structlog.get_logger()

EVERY_S = 1.0


class Refusals:
    """Counts refusals between two lines of the log. `event` is the name of the line."""

    def __init__(self, event: str) -> None:
        self.event = event
        self._count = 0
        self._told = float("-inf")

    def note(self, **said: Any) -> None:
        """One more was refused; `said` is told of the last one only."""
        self._count += 1
        now = time.monotonic()
        if now - self._told >= EVERY_S:
            log.warning(self.event, count=self._count, **said)
            self._count, self._told = 0, now
