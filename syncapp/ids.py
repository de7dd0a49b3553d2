"""Time-ordered identifiers, so that large tables grow at one end."""

from __future__ import annotations

import secrets
import time
import uuid

MILLISECOND = 1_000_000
"""Nanoseconds."""


def uuid7() -> uuid.UUID:
    """A version 7 UUID (RFC 9562): 48 bits of milliseconds, 12 bits of their fraction (section 6.2, method 3), then
    random bits: what one process makes sorts as it was made, down to a quarter of a microsecond."""
    milliseconds, rest = divmod(time.time_ns(), MILLISECOND)
    fraction = rest * 4096 // MILLISECOND
    value = (milliseconds << 80) | (0x7000 | fraction) << 64 | (0b10 << 62) | secrets.randbits(62)
    return uuid.UUID(int=value)
