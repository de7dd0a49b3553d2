"""Words for people: one registry from codes to what happened, why, and what to do (DESIGN rule 7).

Code raises codes; the words are data, one module per area, found by themselves. A support colleague can improve a
sentence without touching logic.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from string import Formatter
from typing import Any

from syncapp.messages.words import Message, Words

__all__ = ["Message", "Words", "registry", "words_for"]

UNKNOWN = Message(
    "Something stopped this",
    "The reason has no explanation yet; its code is {code}.",
    "Tell whoever runs this installation the code, and try again later.",
)


@cache
def registry() -> Mapping[str, Message]:
    """All messages by code. Raises ValueError when two modules claim the same code."""
    found: dict[str, Message] = {}
    for module in pkgutil.iter_modules(__path__):
        messages: Mapping[str, Message] = getattr(import_module(f"{__name__}.{module.name}"), "MESSAGES", {})
        if twice := found.keys() & messages.keys():
            raise ValueError(f"Two messages for {sorted(twice)}.")
        found |= messages
    return found


def words_for(code: str, values: Mapping[str, Any] | None = None) -> Words:
    """The words for a code, filled with the values seen; a general text for a code that nobody has written for."""
    message = registry().get(code, UNKNOWN)
    filling = _Filling({"code": code, **(values or {})})
    return Words(
        code=code,
        title=_fill(message.title, filling),
        what=_fill(message.what, filling),
        todo=_fill(message.todo, filling),
        button=message.button,
    )


class _Filling(dict[str, Any]):
    """A value that was not seen reads as dots rather than breaking the page that explains a failure."""

    def __missing__(self, key: str) -> str:
        return "…"


def _fill(text: str, values: _Filling) -> str:
    return Formatter().vformat(text, (), values).strip()
