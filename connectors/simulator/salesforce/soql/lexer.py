"""SOQL text to tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from .errors import malformed


class Kind(StrEnum):
    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    MOMENT = "moment"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    at: int
    #: Names only: upper case, for keywords.
    upper: str = ""


_PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|z|[+-]\d\d:?\d\d)?)
  | (?P<day>\d{4}-\d\d-\d\d(?![\dT]))
  | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z][A-Za-z0-9_]*)
  | (?P<sign><=|>=|!=|<>|[=<>(),.:])
    """,
    re.VERBOSE,
)
_ESCAPES = {
    "n": "\n", "N": "\n", "r": "\r", "R": "\r", "t": "\t", "T": "\t", "b": "\b", "B": "\b",
    "f": "\f", "F": "\f", '"': '"', "'": "'", "\\": "\\", "_": "_", "%": "%",
}  # fmt: skip


def tokens(text: str) -> list[Token]:
    """All tokens with an END at the end. Raises SoqlError for a character SOQL does not know."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] == "'":
            end = _closing_quote(text, at)
            found.append(Token(Kind.TEXT, text[at + 1 : end], at))
            at = end + 1
            continue
        match = _PATTERN.match(text, at)
        if match is None:
            raise malformed(
                text,
                at,
                f"line {text.count(chr(10), 0, at) + 1}:{at} no viable alternative at character '{text[at]}'",
            )
        kind, matched = match.lastgroup, match.group()
        if kind != "space":
            found.append(Token(Kind(kind or ""), matched, at, matched.upper() if kind == "name" else ""))
        at = match.end()
    found.append(Token(Kind.END, "", len(text)))
    return found


def _closing_quote(text: str, start: int) -> int:
    at = start + 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == "'":
            return at
        else:
            at += 1
    raise malformed(
        text,
        start,
        "line breaks not allowed in string literals"
        if "\n" in text[start:]
        else "mismatched character '<EOF>' expecting '''",
    )


def unescaped(raw: str, text: str, at: int) -> str:
    """The value of a quoted literal. A backslash before anything not in the list is an error."""
    if "\\" not in raw:
        return raw
    out: list[str] = []
    index = 0
    while index < len(raw):
        char = raw[index]
        if char != "\\":
            out.append(char)
            index += 1
            continue
        following = raw[index + 1 : index + 2]
        if following == "u" and re.fullmatch(r"[0-9A-Fa-f]{4}", raw[index + 2 : index + 6]):
            out.append(chr(int(raw[index + 2 : index + 6], 16)))
            index += 6
        elif following in _ESCAPES and following:
            out.append(_ESCAPES[following])
            index += 2
        else:
            raise malformed(text, at + index + 1, f"Illegal escape character in string: \\{following}")
    return "".join(out)


def like_pattern(raw: str, text: str, at: int) -> str:
    """The literal of a LIKE as a pattern whose literal `%`, `_` and `\\` are escaped by a backslash."""
    pieces = re.split(r"(\\[%_\\])", raw)
    done = [
        piece
        if len(piece) == 2 and piece[0] == "\\" and piece[1] in "%_\\"
        else unescaped(piece, text, at).replace("\\", "\\\\")
        for piece in pieces
    ]
    return "".join(done)
