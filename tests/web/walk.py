"""Every address of the portal with what guards it, from the address table itself: new pages join by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver

OUTSIDE = (
    "accounts/",
    "operators/",
    "healthz",
    "theme/",
    "join/",
    "dev/mails/",
    "unsubscribe/",
    "hooks/",
    "api/",
    "metrics",
)
"""Doors with guards of their own, each with tests of its own."""

TOOLS = {"jsi18n"}
"""Addresses that hold no company's data."""


@dataclass(frozen=True, slots=True)
class Door:
    """One address: its route, the action that guards it (None: none found), the model page behind it, if any."""

    route: str
    name: str
    action: str | None
    model_admin: Any
    also: bool

    @property
    def converters(self) -> list[str]:
        """The kinds of its parameters, in order."""
        return re.findall(r"<(?:(\w+):)?\w+>", self.route)

    def path(self, value_of: Callable[[str, str], str]) -> str:
        """The address with every parameter filled in by `value_of(kind, name)`."""
        filled = re.sub(
            r"<(?:(\w+):)?(\w+)>", lambda match: value_of(match[1] or "str", match[2]), self.route
        )
        return "/" + filled


def doors() -> list[Door]:
    """All addresses inside the company's site."""
    found = list(_walk(get_resolver().url_patterns, ""))
    return [door for door in found if not door.route.startswith(OUTSIDE) and door.name not in TOOLS]


def _walk(patterns: list[Any], before: str) -> Iterator[Door]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            view = pattern.callback
            yield Door(
                route=route,
                name=pattern.name or "",
                action=getattr(view, "action", None),
                model_admin=getattr(view, "model_admin", None),
                also=getattr(view, "also", None) is not None,
            )


def fill(kind: str, _name: str, *, uuid: UUID | str, number: int | str, side: str = "salesforce") -> str:
    """A value for a parameter of this kind."""
    return {"uuid": str(uuid), "int": str(number), "side": side}.get(kind, str(number))
