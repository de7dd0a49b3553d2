"""Instants as Salesforce writes and reads them (reference/salesforce.md 2.6). Stored as the text of the wire."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|z|[+-]\d\d:?\d\d)?"
)


def wire(instant: datetime) -> str:
    """`2026-11-21T09:30:00.000+0000`: whole seconds, UTC, no colon in the offset."""
    return _wire(instant.replace(microsecond=0))


@lru_cache(maxsize=64)
def _wire(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def from_wire(text: str) -> datetime:
    """The instant of a stored text."""
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)


def parse_date(text: str) -> str | None:
    """A valid calendar date as `yyyy-MM-dd`, else None."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
    except ValueError:
        return None
    return text


def parse_moment(text: str) -> datetime | None:
    """An instant written with or without seconds, fraction and offset (none means UTC); None when it is not one."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    day, minutes, seconds, fraction, zone = match.groups()
    offset = "+00:00" if zone in (None, "Z", "z") else f"{zone[:3]}:{zone[-2:]}"
    micro = ((fraction or "") + "000000")[:6]
    try:
        return datetime.fromisoformat(f"{day}T{minutes}:{seconds or '00'}.{micro}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def http_date(instant: datetime) -> str:
    """RFC 1123, for Last-Modified."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def from_http_date(text: str) -> datetime | None:
    """The instant of a conditional header, or None when it is not a date."""
    try:
        parsed = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
