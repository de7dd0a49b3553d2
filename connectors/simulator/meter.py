"""The call meter: how many calls reached a stand-in, by method and endpoint, and how many of them a vendor meters."""

from __future__ import annotations

from typing import Any

from connectors.simulator.store import Store


class Meter:
    """Counts in memory; saved at most once a second and at the end, so counting costs a request nothing."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._key = f"{name}:meter"
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._dirty = False
        for method, endpoint, count, metered in store.value(self._key) or []:
            self._counts[method, endpoint] = [count, metered]

    def count(self, method: str, endpoint: str, metered: int) -> None:
        """One more call; `metered` is how many of the vendor's paid reads it was (a batch may hold several)."""
        entry = self._counts.setdefault((method, endpoint), [0, 0])
        entry[0] += 1
        entry[1] += metered
        self._dirty = True

    def report(self) -> dict[str, Any]:
        """`{"total", "metered", "calls": [{method, endpoint, count, metered}]}`, most called first."""
        calls = [
            {"method": method, "endpoint": endpoint, "count": count, "metered": metered}
            for (method, endpoint), (count, metered) in self._counts.items()
        ]
        calls.sort(key=lambda call: (-int(str(call["count"])), str(call["endpoint"])))
        return {
            "total": sum(count for count, _ in self._counts.values()),
            "metered": sum(metered for _, metered in self._counts.values()),
            "calls": calls,
        }

    def reset(self) -> None:
        """Start again from nothing."""
        self._counts.clear()
        self._dirty = True
        self.save()

    def save(self) -> None:
        """Store the counts if they moved."""
        if self._dirty:
            self._dirty = False
            rows = [[method, endpoint, *counts] for (method, endpoint), counts in self._counts.items()]
            self._store.set_value(self._key, rows)
