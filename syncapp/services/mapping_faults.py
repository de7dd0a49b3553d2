"""What can be said about a draft, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a draft cannot be published, or (not `serious`) what a person should know before. `position` is the row's
    place from 1 among the rows that are on, None for the mapping as a whole; `code` and `values` name the words in
    `syncapp.messages`."""

    code: str
    position: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    serious: bool = True
