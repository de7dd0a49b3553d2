"""What a person types into a filter box, as conditions: `Name starts 'Blue' AND (Balance > 100 OR Id = '001…')`.

Quotes may be straight or curly; a value without blanks needs none. AND binds closer than OR. The result is a list of
alternatives, each a list of conditions that must all hold. A mistake is told with the character at which it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.contracts import Condition

Group = tuple[Condition, ...]
MOST_GROUPS = 20

_OPERATORS = {"=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_WORDS = {"contains": "contains", "starts": "starts"}
_QUOTES = {"'": "'", '"': '"', "‘": "’", "’": "’", "‚": "‘", "“": "”", "”": "”", "„": "“", "«": "»"}
"""Each opening quote with what closes it; any curly one of its kind does."""
_ALIKE = {"'": "'’‘", '"': '"”“', "’": "’‘'", "‘": "’‘'", "”": '”“"', "“": '”“"', "»": "»«"}
_WORD = re.compile(r"[^\s()=<>!,'\"‘’‚“”„«»]+")
_OPERATOR = re.compile(r"==|!=|<>|<=|>=|=|<|>")
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*")
_TELLING = re.compile(r"[=<>]|\b(?:in|like|is|contains|starts)\b", re.IGNORECASE)


class FilterError(ValueError):
    """A filter that cannot be understood: a code for the words registry, and the character at which it stands."""

    def __init__(self, code: str, position: int, **values: Any) -> None:
        super().__init__(f"{code} at {position}")
        self.code = code
        self.position = position
        self.values = {"position": position, **values}


def looks_like_conditions(text: str) -> bool:
    """Whether this is meant as conditions rather than as a name."""
    return _TELLING.search(text) is not None


def parse(text: str) -> tuple[Group, ...]:
    """The alternatives that a text means; none for an empty one. Raises FilterError."""
    if not text.strip():
        return ()
    reader = _Reader(list(_tokens(text)), len(text) + 1)
    groups = reader.either()
    if reader.left:
        raise FilterError("filter.rest", reader.next.at, text=reader.next.text)
    return groups


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """word, value (quoted), operator, or the bracket or comma itself."""
    text: str
    at: int

    def says(self, *words: str) -> bool:
        return self.kind == "word" and self.text.casefold() in words


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        letter = text[place]
        if letter.isspace():
            place += 1
        elif letter in "(),":
            yield _Token(letter, letter, place + 1)
            place += 1
        elif letter in _QUOTES:
            value, end = _quoted(text, place)
            yield _Token("value", value, place + 1)
            place = end
        elif found := _OPERATOR.match(text, place):
            yield _Token("operator", found.group(), place + 1)
            place = found.end()
        elif found := _WORD.match(text, place):
            yield _Token("word", found.group(), place + 1)
            place = found.end()
        else:
            raise FilterError("filter.letter", place + 1, text=letter)


def _quoted(text: str, start: int) -> tuple[str, int]:
    """The value behind an opening quote and the place behind its closing one; a backslash keeps a quote."""
    closing = _ALIKE[_QUOTES[text[start]]]
    value: list[str] = []
    place = start + 1
    while place < len(text):
        letter = text[place]
        if letter == "\\" and place + 1 < len(text):
            value.append(text[place + 1])
            place += 2
        elif letter in closing:
            return "".join(value), place + 1
        else:
            value.append(letter)
            place += 1
    raise FilterError("filter.open_quote", start + 1)


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._end = end
        self._place = 0

    @property
    def left(self) -> bool:
        return self._place < len(self._tokens)

    @property
    def next(self) -> _Token:
        return self._tokens[self._place] if self.left else _Token("end", "", self._end)

    def take(self) -> _Token:
        token = self.next
        self._place += 1
        return token

    def either(self) -> tuple[Group, ...]:
        groups = self.both()
        while self.next.says("or"):
            self.take()
            groups += self.both()
        return _few(groups, self.next.at)

    def both(self) -> tuple[Group, ...]:
        groups = self.one()
        while self.next.says("and"):
            self.take()
            more = self.one()
            groups = _few(tuple((*one, *other) for one in groups for other in more), self.next.at)
        return groups

    def one(self) -> tuple[Group, ...]:
        if self.next.kind != "(":
            return (self.condition(),)
        opened = self.take()
        groups = self.either()
        if self.take().kind != ")":
            raise FilterError("filter.open_bracket", opened.at)
        return groups

    def condition(self) -> Group:
        field = self.take()
        if field.kind != "word" or not _PATH.fullmatch(field.text):
            raise FilterError("filter.no_field", field.at, text=field.text)
        operator = self.take()
        if operator.kind == "operator":
            return (_compared(field.text, _OPERATORS[operator.text], self.value()),)
        return self.worded(field.text, operator)

    def worded(self, path: str, operator: _Token) -> Group:
        if operator.says("is"):
            return (Condition(path, "blank", not self._skip("not")),) if self._blank() else ()
        if operator.says("not") and self._skip("in"):
            return tuple(Condition(path, "ne", value) for value in self.values())
        if operator.says("in"):
            return (Condition(path, "in", self.values()),)
        if operator.says("like"):
            at = self.next.at
            return (_like(path, self.value(), at),)
        for word, name in _WORDS.items():
            if operator.says(word):
                self._skip("with")
                return (Condition(path, name, self.value()),)
        raise FilterError("filter.no_operator", operator.at, field=path)

    def _skip(self, word: str) -> bool:
        if self.next.says(word):
            self.take()
            return True
        return False

    def _blank(self) -> bool:
        """Look past NOT to the word that says empty; leaves NOT to be read."""
        place = self._place + (1 if self.next.says("not") else 0)
        token = self._tokens[place] if place < len(self._tokens) else _Token("end", "", self._end)
        if not token.says("null", "empty", "blank"):
            raise FilterError("filter.no_value", token.at)
        del self._tokens[place]
        return True

    def value(self) -> str | None:
        token = self.take()
        if token.kind == "value":
            return token.text
        if token.kind != "word":
            raise FilterError("filter.no_value", token.at)
        return None if token.says("null") else token.text

    def values(self) -> list[str]:
        opened = self.take()
        if opened.kind != "(":
            raise FilterError("filter.no_list", opened.at)
        found = []
        while True:
            found.append(self.value() or "")
            token = self.take()
            if token.kind == ")":
                return found
            if token.kind != ",":
                raise FilterError("filter.open_bracket", opened.at)


def _few(groups: tuple[Group, ...], at: int) -> tuple[Group, ...]:
    if len(groups) > MOST_GROUPS:
        raise FilterError("filter.too_wide", at, most=MOST_GROUPS)
    return groups


def _compared(path: str, operator: str, value: str | None) -> Condition:
    if value is None and operator in ("eq", "ne"):
        return Condition(path, "blank", operator == "eq")
    return Condition(path, operator, value)


def _like(path: str, pattern: str | None, at: int) -> Condition:
    text = pattern or ""
    inner = text.strip("%")
    if not inner or "%" in inner:
        raise FilterError("filter.like", at)
    if text.startswith("%"):
        return Condition(path, "contains", inner)
    return Condition(path, "starts" if text.endswith("%") else "eq", inner)
