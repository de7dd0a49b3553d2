"""Record ids: 15 characters where case matters, 18 with the checksum that survives lost case (reference 2.7)."""

from __future__ import annotations

import re

_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
#: Characters that say which instance an id was born on.
INSTANCE = "Sm"


def checksum(fifteen: str) -> str:
    """The three characters that make an 18-character id of a 15-character one."""
    out = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place in range(5) if "A" <= fifteen[start + place] <= "Z")
        out += _CHECKSUM[bits]
    return out


def to_18(text: str) -> str | None:
    """The 18-character form of a 15- or 18-character id, its case restored; None when it is not an id at all."""
    if not _FORM.fullmatch(text):
        return None
    if len(text) == 15:
        return text + checksum(text)
    return text if text[15:] == checksum(text[:15]) else _restored(text)


def _restored(text: str) -> str | None:
    """The id whose case got lost (or whose checksum is written in lower case); None for a wrong checksum."""
    wanted = text[15:].upper()
    if any(letter not in _CHECKSUM for letter in wanted):
        return None
    out = ""
    for index, char in enumerate(text[:15]):
        bit = _CHECKSUM.index(wanted[index // 5]) >> (index % 5) & 1
        out += char.upper() if bit else char.lower()
    return out + wanted if checksum(out) == wanted else None


def make(prefix: str, org_number: int, number: int) -> str:
    """The id of the `number`th record of its kind in the `org_number`th org."""
    body = prefix + INSTANCE + _base62(org_number, 2) + "0" + _base62(number, 7)
    return body + checksum(body)


def _base62(number: int, width: int) -> str:
    out = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        out = _DIGITS[digit] + out
    return out
