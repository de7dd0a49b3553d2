"""Work in a queue: a bulk job or a deployment begins only when its time has come, so that it can still be aborted."""

from __future__ import annotations

from collections.abc import Callable


class Waiting:
    """What is to be done and from when on, in epoch seconds of the movable clock."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, Callable[[], None]]] = []

    def add(self, due: float, work: Callable[[], None]) -> None:
        self._queue.append((due, work))

    def settle(self, now: float) -> None:
        """Do what is due, in the order of its times. Called at the beginning of every call, in its transaction."""
        if not self._queue:
            return
        due = sorted((one for one in self._queue if one[0] <= now), key=lambda one: one[0])
        self._queue = [one for one in self._queue if one[0] > now]
        for _, work in due:
            work()

    def clear(self) -> None:
        self._queue.clear()
