"""JSON text in and out with exact decimals.

The vendors print money as number literals (`100.00`). Floats would lose cents, and the standard encoder cannot
write a `Decimal` as a number, so decimals leave as marked strings whose marks are then cut away.
"""

from __future__ import annotations

import json
import secrets
import zlib
from decimal import Decimal, InvalidOperation
from typing import Any

# Unguessable, so that no text a client sends can be taken for a marked decimal.
_MARK = secrets.token_hex(12)
_OPEN = f'"{_MARK}<'
_CLOSE = f'>{_MARK}"'


class _ExactEncoder(json.JSONEncoder):
    marked = False

    def default(self, o: Any) -> Any:
        if isinstance(o, Decimal):
            self.marked = True
            return f"{_MARK}<{o:f}>{_MARK}"
        return super().default(o)


def dumps(value: Any, *, indent: int | None = None) -> str:
    """The JSON text of `value`; `Decimal` members are written as number literals, digits kept as they are."""
    separators = (",", ":") if indent is None else None
    encoder = _ExactEncoder(ensure_ascii=False, separators=separators, indent=indent)
    text = encoder.encode(value)
    if encoder.marked:
        text = text.replace(_OPEN, "").replace(_CLOSE, "")
    return text


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:  # e.g. an exponent of a billion digits
        raise ValueError(f"number out of range: {text[:40]}") from error


def loads(text: str | bytes) -> Any:
    """The value of a JSON text, fractions as `Decimal`. Raises `ValueError` for anything that is not JSON."""
    try:
        return json.loads(text, parse_float=_exact, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def packed(text: str) -> bytes:
    """A text small enough to keep 100,000 of: a first load must not fill the memory with its log and its events."""
    return zlib.compress(text.encode(), 1)


def unpacked(kept: bytes) -> str:
    """The text that `packed` was given."""
    return zlib.decompress(kept).decode()
