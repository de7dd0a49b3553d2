"""A mapping as a frozen value: the published version of a pair of objects, as the engine sees it.

Models and recipes are turned into these values once per slice; nothing here knows rows or pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from connectors.contracts import Side


class Direction(StrEnum):
    TO_QBO = "to_qbo"
    TO_SF = "to_sf"
    BOTH = "both"

    def allows(self, target: Side) -> bool:
        """Whether values may flow to `target`."""
        return self is Direction.BOTH or (self is Direction.TO_QBO) == (target is Side.QUICKBOOKS)


class OnConflict(StrEnum):
    SF = "sf"
    QBO = "qbo"
    NEWEST = "newest"
    ASK = "ask"


class OnDrift(StrEnum):
    LEAVE = "leave"
    OVERWRITE = "overwrite"
    ASK = "ask"


class Initial(StrEnum):
    """What to do with unequal values whose base is unknown (first link, relink, changed mapping)."""

    SF = "sf"
    QBO = "qbo"
    FILL_EMPTY = "fill_empty"
    ASK = "ask"


class ValueType(StrEnum):
    TEXT = "text"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    COUNTRY = "country"
    STATE = "state"
    """A state or province: a code on one side may be a name on the other."""
    DECIMAL = "decimal"
    DATE = "date"
    DATETIME = "datetime"
    BOOL = "bool"
    CHOICE = "choice"
    REFERENCE = "reference"
    LINES = "lines"


class Mode(StrEnum):
    """When a mapping runs; the person's switch on the mapping."""

    OFF = "off"
    BUTTON = "button"
    SCHEDULE = "schedule"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One row of a mapping. `key` is the canonical key; `group` makes rows merge as one unit (address, name parts).

    Paths are dotted vendor field paths (`BillingCity`, `BillAddr.City`). `constant` rows have no `sf_path`. `refers_to`
    names the mapping key that a reference goes through. `sf_length`/`qbo_length` are the vendors' limits in characters.
    """

    key: str
    label: str
    sf_path: str
    qbo_path: str
    type: ValueType = ValueType.TEXT
    direction: Direction = Direction.BOTH
    on_conflict: OnConflict = OnConflict.ASK
    on_drift: OnDrift = OnDrift.LEAVE
    initial: Initial = Initial.ASK
    group: str = ""
    transform: str = ""
    places: int = 2
    constant: Any = None
    default: Any = None
    refers_to: str = ""
    create_only: bool = False
    required: bool = False
    sf_length: int | None = None
    qbo_length: int | None = None

    @property
    def unit(self) -> str:
        """The merge unit this row belongs to: its group, or itself."""
        return self.group or self.key


@dataclass(frozen=True, slots=True)
class Condition:
    """One structured filter condition on a side's own field. Operators: eq ne lt le gt ge in contains starts blank."""

    path: str
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class MappingPolicies:
    """Policies of a mapping that are not per field. None of the defaults destroys data on the other side."""

    create_in_qbo: bool = True
    create_in_sf: bool = True
    qbo_gone: str = "flag"
    """flag | recreate_never … : QuickBooks side deleted/inactive while Salesforce lives (section 6)."""
    sf_gone: str = "leave"
    """leave | inactivate : Salesforce side deleted while QuickBooks lives (section 6)."""
    revive: str = "ask"
    name_clash: str = "ask"
    match_auto: bool = True
    delete_brake_floor: int = 20
    delete_brake_share: float = 0.05


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """A published mapping version. `entity` trait data lies in `engine/entities`, found by object names."""

    key: str
    label: str
    version: int
    sf_object: str
    qbo_entity: str
    fields: tuple[FieldSpec, ...]
    mode: Mode = Mode.CHANGES
    sf_filter: tuple[Condition, ...] = ()
    qbo_filter: tuple[Condition, ...] = ()
    policies: MappingPolicies = MappingPolicies()
    external_id_field: str = ""
    """Salesforce field that holds `<realm>:<entity>:<id>`; empty where the org has none."""
    options: Mapping[str, Any] = field(default_factory=dict)

    def units(self) -> dict[str, tuple[FieldSpec, ...]]:
        """Merge units in row order: unit key -> its rows."""
        units: dict[str, tuple[FieldSpec, ...]] = {}
        for row in self.fields:
            units[row.unit] = (*units.get(row.unit, ()), row)
        return units
