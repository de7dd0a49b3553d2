"""The timing rules of this installation: the constants, divided where a test run says so (TIMING_DIVISOR)."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from syncapp.engine.timing import Timing


@lru_cache(maxsize=4)
def _divided(by: float) -> Timing:
    return Timing() if by == 1 else Timing().divided(by)


def current_timing() -> Timing:
    """Sync-semantics section 19, as this installation runs it."""
    return _divided(float(getattr(settings, "TIMING_DIVISOR", 1)))
