"""One save under way, who makes it, and how a record looks in the log."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectors.simulator.salesforce.values import Stored

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity

Row = dict[str, Stored]


BY_HAND, BY_PLATFORM = "by hand", "by the platform"
"""The request ids that the log shows of what people do in the pages and by the side door, and of what follows from a
write without being one: sums, and children that go with their parent."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes, and the headers of the call that bear on it."""

    user_id: str
    #: Sforce-Duplicate-Rule-Header: allowSave.
    allow_duplicates: bool = False
    request_id: str = ""
    #: What change events name as their origin; a person's change in the pages unless a call says otherwise.
    origin: str = "com/salesforce/api/soap/66.0;client=SfdcInternalAPI/"

    def as_platform(self) -> Actor:
        """The same one, for what the platform does because of their write."""
        return replace(self, request_id=BY_PLATFORM)


@dataclass(slots=True)
class Change:
    """One save under way: the stored record (None on create), the new values, and which fields were sent."""

    entity: Entity
    record_id: str
    old: Row | None
    new: Row
    sent: frozenset[str]
    actor: Actor

    @property
    def creating(self) -> bool:
        return self.old is None

    def value(self, name: str) -> Stored:
        """The value that the record will have."""
        if name in self.new:
            return self.new[name]
        return self.old.get(name) if self.old is not None else None

    def set(self, name: str, value: Stored) -> None:
        self.new[name] = value

    def default(self, name: str, value: Stored) -> None:
        """Set a value where a new record has none."""
        if self.creating and self.new.get(name) is None:
            self.new[name] = value

    def moved(self, name: str) -> bool:
        """Whether the save changes this field."""
        if name not in self.new:
            return False
        return self.old is None or self.new[name] != self.old.get(name)


def as_json(entity: Entity, row: Row) -> str:
    """A record as the log shows it: its fields that have a value."""
    flags = entity.flag_names
    shown = {
        name: bool(value) if name in flags else value for name, value in row.items() if value is not None
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
