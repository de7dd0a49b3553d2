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

from syncapp.messages.words import Message, Refinement, Words

__all__ = ["Message", "Words", "registry", "words_for"]

UNKNOWN = Message(
    "Something stopped this",
    "The reason has no explanation yet; its code is {code}.",
    "Tell whoever runs this installation the code, and try again later.",
)

FALLBACKS: dict[str, Message] = {
    "qbo": Message(
        "QuickBooks refused this",
        "It answered: {message} {detail} Its code is {vendor_code}. {request}",
        "Correct what it names, then try again. Intuit's support asks for the request id.",
        "retry",
    ),
    "sf": Message(
        "Salesforce refused this",
        "It answered: {message} {detail} {named} Its code is {vendor_code}. {request}",
        "Correct what it names, then try again.",
        "retry",
    ),
    "oauth": Message("The sign-in was refused", "The answer was: {message}", "Connect again.", "reconnect"),
    "net": Message(
        "The other side could not be reached", "{message}", "Nothing to do. It is tried again by itself."
    ),
    "limit": Message("Calls have to wait", "{message}", "Nothing to do. It goes on by itself."),
}
"""For codes that nobody has written words for, by the part before the dot: the vendor's own text."""


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


@cache
def _refinements() -> Mapping[str, tuple[Refinement, ...]]:
    found: dict[str, tuple[Refinement, ...]] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= getattr(import_module(f"{__name__}.{module.name}"), "REFINEMENTS", {})
    return found


def _message(code: str, values: Mapping[str, Any]) -> Message:
    told = f"{values.get('message') or ''} {values.get('detail') or ''}"
    for refinement in _refinements().get(code, ()):
        if refinement.fits(told, values):
            return refinement.message
    return registry().get(code) or FALLBACKS.get(code.partition(".")[0], UNKNOWN)


def words_for(code: str, values: Mapping[str, Any] | None = None) -> Words:
    """The words for a code, filled with the values seen. A vendor's text may choose a closer message; a code that
    nobody has written for gets the vendor's own words."""
    message = _message(code, values or {})
    filling = _Filling({"code": code, "vendor_code": code.partition(".")[2], **_told(values or {})})
    return Words(
        code=code,
        title=_fill(message.title, filling),
        what=_fill(message.what, filling),
        todo=_fill(message.todo, filling),
        button=message.button,
    )


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as texts; what a vendor did not tell is simply left out of the sentence."""
    fields = _shown(values.get("fields") or ())
    request = values.get("request_id")
    return {
        "message": "",
        "detail": "",
        **{name: _shown(value) for name, value in values.items()},
        "named": f"Fields: {fields}." if fields else "",
        "request": f"Request id {request}." if request else "",
    }


def _shown(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


class _Filling(dict[str, Any]):
    """A value that was not seen reads as dots rather than breaking the page that explains a failure."""

    def __missing__(self, key: str) -> str:
        return "…"


def _fill(text: str, values: _Filling) -> str:
    return " ".join(Formatter().vformat(text, (), values).split())
