"""Bodies of callers whom nobody knows yet: never more of them in memory than a notice may hold."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

MOST_BYTES = 2 * 1024 * 1024
"""Twice what Intuit says a delivery may hold, and far more than a hundred notifications of Salesforce."""


class TooLarge(Exception):
    """The body holds more than a notice may; what came of it was not kept."""


def check_length(request: HttpRequest) -> None:
    """Raise TooLarge where the caller itself says so, before anything is read or looked up."""
    text = request.headers.get("Content-Length", "")
    if text.isdecimal() and int(text) > MOST_BYTES:
        raise TooLarge


def read(request: HttpRequest) -> bytes:
    """The whole body. Raises TooLarge as soon as it is longer than allowed, also where no length was given."""
    raw = _stream(request).read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise TooLarge
    return bytes(raw)


def _stream(request: HttpRequest) -> Any:
    """Django takes a body without a length for an empty one; our web server marks the end of a chunked one."""
    chunked = request.headers.get("Transfer-Encoding", "").lower() == "chunked"
    if chunked and request.environ.get("wsgi.input_terminated"):  # type: ignore[attr-defined]
        return request.environ["wsgi.input"]  # type: ignore[attr-defined]
    return request
