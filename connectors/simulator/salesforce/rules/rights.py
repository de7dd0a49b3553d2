"""Permission sets: who is given one sees other fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change
    from connectors.simulator.salesforce.records import Records


def rights_after(records: Records, change: Change) -> None:
    """What the connected user may see has moved."""
    records.org.changed()
