"""Things that happen once per period, whoever asks first: one row in the cache, compare-and-set by its expiry."""

from __future__ import annotations

from django.core.cache import cache


def due(name: str, seconds: float) -> bool:
    """Whether this is the first call for `name` within the period. Losing the cache means once more, never never."""
    return bool(cache.add(f"due:{name}", 1, timeout=max(0.2, seconds)))
