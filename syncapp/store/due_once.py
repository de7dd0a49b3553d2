"""Things that happen once per period, whoever asks first: one row in the cache, compare-and-set by its expiry."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.cache import cache


def due(name: str, seconds: float) -> bool:
    """Whether this is the first call for `name` within the period. Losing the cache means once more, never never."""
    return bool(cache.add(f"due:{name}", 1, timeout=max(0.2, seconds)))


def which(periods: Mapping[str, float]) -> set[str]:
    """Those of these names that are due; one question while nothing is."""
    running = cache.get_many([f"due:{name}" for name in periods])
    return {name for name, seconds in periods.items() if f"due:{name}" not in running and due(name, seconds)}
