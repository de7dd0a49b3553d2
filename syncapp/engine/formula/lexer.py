"""The words of a formula's text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from syncapp.engine.formula.errors import FormulaError
from syncapp.engine.formula.limits import MOST_CHARACTERS, MOST_TOKENS

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n\u00a0]+|/\*(?:[^*]|\*(?!/))*\*/)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<braced>\{[^{}]*\})
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
    |(?P<operator>&&|\|\||==|!=|<>|<=|>=|[-+*/^&=<>!])
    |(?P<mark>[(),])
    """,
    re.VERBOSE | re.DOTALL,
)
_SAME = {"==": "=", "!=": "<>"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `kind` is number, text, name, braced, operator, mark or end."""

    kind: str
    text: str
    start: int
    end: int


def words(text: str) -> list[Token]:
    """The words of a formula, `end` last. Raises FormulaError at what is none."""
    if len(text) > MOST_CHARACTERS:
        raise FormulaError(
            f"The formula is too long: {len(text):,} characters, at most {MOST_CHARACTERS:,} are possible.",
            MOST_CHARACTERS,
            len(text),
        )
    found: list[Token] = []
    place = 0
    while place < len(text):
        token = _next(text, place)
        place = token.end
        if token.kind != "space":
            found.append(token)
        if len(found) > MOST_TOKENS:
            raise FormulaError(
                f"The formula has too many parts: at most {MOST_TOKENS:,} are possible.", token.start
            )
    return [*found, Token("end", "", len(text), len(text))]


def _next(text: str, place: int) -> Token:
    match = _TOKEN.match(text, place)
    if match is None:
        raise _stranger(text, place)
    kind = str(match.lastgroup)
    word = match.group()
    return Token(kind, _SAME.get(word, word) if kind == "operator" else word, place, match.end())


def _stranger(text: str, place: int) -> FormulaError:
    character = text[place]
    if character in "\"'":
        return FormulaError("This text has no closing quotation mark.", place, len(text))
    if character == "{":
        return FormulaError("This field name has no closing brace.", place, len(text))
    if text.startswith("/*", place):
        return FormulaError("This comment has no end: write */ behind it.", place, len(text))
    if character in "“”„‘’":
        return FormulaError('Use straight quotation marks: "text".', place)
    if character == "|":
        return FormulaError("Write || for OR.", place)
    return FormulaError(f"“{character}” has no meaning in a formula.", place)


def text_of(word: str) -> str:
    """What a quoted text says: `\\n` and `\\t` are a new line and a tab, another character behind `\\` is itself."""
    return re.sub(
        r"\\(.)", lambda match: _ESCAPES.get(match.group(1), match.group(1)), word[1:-1], flags=re.DOTALL
    )


def quoted(text: str) -> str:
    """A text as it is written in a formula."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + escaped.replace("\r", "\\r") + '"'


PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
"""A field path that needs no braces."""

CONSTANTS: dict[str, bool | None] = {"TRUE": True, "FALSE": False, "NULL": None}
"""Words that are values, in any case."""
