"""The shape of a message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A text with gaps: `{name}` is filled from the values of the failure.

    `button` names the one action that helps (`portal` knows how to draw it), "" when only outside work helps.
    """

    title: str
    what: str = ""
    todo: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class Refinement:
    """A better message for a code whose vendor text matches `pattern` (a regular expression, case ignored)."""

    pattern: str
    message: Message


@dataclass(frozen=True, slots=True)
class Words:
    """A message filled in, ready for a person."""

    code: str
    title: str
    what: str
    todo: str
    button: str = ""
