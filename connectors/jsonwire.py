"""JSON as both vendors' wires need it: exact decimals in, exact and reproducible bytes out.

Neither library gets this right: simple-salesforce cannot write a Decimal at all, python-quickbooks writes it as a
string (reference salesforce.md 9.3 row 9, quickbooks.md 9.3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any


def decode(data: bytes | str) -> Any:
    """Parse JSON: integral numbers become `int`, all others `Decimal`, never float. Raises ValueError."""
    return json.loads(data, parse_float=Decimal)


def encode(value: Any) -> bytes:
    """Write `value` as canonical JSON: sorted keys, no blanks, ASCII escapes, decimals as they are (`10.10`).

    The same value gives the same bytes in every process, and `encode(decode(encode(v))) == encode(v)`, which lets a
    stored intent be sent again byte for byte (sync-semantics W3, W5). Raises TypeError for floats, dates and anything
    else that has no one exact form.
    """
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode("ascii")


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(encode_basestring_ascii(value))
    elif isinstance(value, Mapping):
        _write_object(value, parts)
    elif isinstance(value, (list, tuple)):
        _write_array(value, parts)
    else:
        parts.append(_scalar(value))


def _write_object(value: Mapping[str, Any], parts: list[str]) -> None:
    lead = "{"
    for key in sorted(value):
        parts.append(f"{lead}{encode_basestring_ascii(key)}:")
        _write(value[key], parts)
        lead = ","
    parts.append("{}" if lead == "{" else "}")


def _write_array(value: list[Any] | tuple[Any, ...], parts: list[str]) -> None:
    lead = "["
    for item in value:
        parts.append(lead)
        _write(item, parts)
        lead = ","
    parts.append("[]" if lead == "[" else "]")


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no exact form in JSON")
