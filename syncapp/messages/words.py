"""The shape of a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BUTTONS: dict[str, str] = {
    "retry": "Try again",
    "send": "Send to QuickBooks",
    "fetch": "Sync from QuickBooks",
    "create_new": "Create a new record",
    "suffix": "Create it with this behind the name",
    "ignore": "Ignore this record",
    "reactivate": "Make it active again",
    "void": "Void it in QuickBooks",
    "leave_gone": "Leave it as it is",
    "deletions": "See the deletions",
    "follow_deletions": "These deletions are right: go on",
    "ignore_deletions": "Ignore them",
    "next_open": "Send it with the next open day",
    "when_open": "Send it when the books are open",
    "leave_closed": "Leave it",
    "exists": "It exists: link it",
    "does_not": "It does not: send it",
    "unlink": "Unlink",
    "reconnect": "Go to connections",
    "connections": "Go to connections",
    "mapping": "Open the mapping",
    "notifications": "Open notifications",
}
"""The actions that a message may name, as their buttons read."""


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
    """A better message for a code: where the vendor's text matches `pattern` (a regular expression, case ignored; empty
    fits any) and the values seen are those of `when`."""

    pattern: str
    message: Message
    when: Mapping[str, str] = field(default_factory=dict)

    def fits(self, told: str, values: Mapping[str, Any]) -> bool:
        """Whether this message is the closer one for what was told and seen."""
        seen = all(str(values.get(name, "")) == value for name, value in self.when.items())
        return seen and re.search(self.pattern, told, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Words:
    """A message filled in, ready for a person."""

    code: str
    title: str
    what: str
    todo: str
    button: str = ""
