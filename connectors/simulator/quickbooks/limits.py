"""Rate limits on demand (`--limits real`): per company, as quickbooks.md 7.1 has them."""

from __future__ import annotations

import time
from collections import deque

REQUESTS_PER_MINUTE = 500
BATCHES_PER_MINUTE = 40
AT_ONCE = 10


class Limits:
    """Sliding windows of one minute and a count of calls in the air, per company. Real time, not the moved clock."""

    def __init__(self) -> None:
        self._requests: dict[str, deque[float]] = {}
        self._batches: dict[str, deque[float]] = {}
        self._in_flight: dict[str, int] = {}

    def enter(self, realm: str, is_batch: bool) -> bool:
        """Whether the call may go on; one that may must `leave`."""
        now = time.monotonic()
        requests = self._window(self._requests, realm, now)
        batches = self._window(self._batches, realm, now)
        if len(requests) >= REQUESTS_PER_MINUTE or self._in_flight.get(realm, 0) >= AT_ONCE:
            return False
        if is_batch and len(batches) >= BATCHES_PER_MINUTE:
            return False
        requests.append(now)
        if is_batch:
            batches.append(now)
        self._in_flight[realm] = self._in_flight.get(realm, 0) + 1
        return True

    def leave(self, realm: str) -> None:
        """The call has been answered."""
        self._in_flight[realm] = max(0, self._in_flight.get(realm, 0) - 1)

    @staticmethod
    def _window(windows: dict[str, deque[float]], realm: str, now: float) -> deque[float]:
        window = windows.setdefault(realm, deque())
        while window and now - window[0] >= 60:
            window.popleft()
        return window
