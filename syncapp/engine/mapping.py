"""A mapping as a frozen value: the published version of a pair of objects, as the engine sees it.

Models and recipes are turned into these values once per slice; nothing here knows rows or pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from connectors.contracts import Condition, Group, Side


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


class WriteMode(StrEnum):
    """When a row writes its target, once it differs."""

    ALWAYS = "always"
    ON_CREATE = "on_create"
    """Only in a record that we make."""
    WHEN_EMPTY = "when_empty"
    """Only while the target holds nothing; what somebody entered there stays."""
    APPEND = "append"
    """Put behind the text that is there, unless that contains it already."""


class Mode(StrEnum):
    """When a mapping runs; the person's switch on the mapping."""

    OFF = "off"
    BUTTON = "button"
    SCHEDULE = "schedule"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One row of a mapping. `key` is the canonical key; `group` makes rows merge as one unit (address, name parts).

    Paths are dotted vendor field paths (`BillingCity`, `BillAddr.City`). A row that computes its value has no path on
    its source side: `constant`, or a `formula` over the source record (engine.formula); it flows one way only. A
    `value_map` names one of the mapping's value maps. `refers_to` names the mapping key that a reference goes through,
    `lookup` the QuickBooks list that its name or number is looked up in. `part` is the key of the lines row that this
    row belongs to: its paths are then those of one line. `sf_length`/`qbo_length` are the vendors' limits of length.
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
    formula: str = ""
    value_map: str = ""
    default: Any = None
    refers_to: str = ""
    lookup: str = ""
    part: str = ""
    write: WriteMode = WriteMode.ALWAYS
    required: bool = False
    sf_length: int | None = None
    qbo_length: int | None = None

    @property
    def source(self) -> Side | None:
        """The side that a one-way row reads; None for a row that flows both ways."""
        return {Direction.TO_QBO: Side.SALESFORCE, Direction.TO_SF: Side.QUICKBOOKS}.get(self.direction)

    @property
    def unit(self) -> str:
        """The merge unit this row belongs to: its group, or itself."""
        return self.group or self.key


@dataclass(frozen=True)
class ValueMap:
    """A translation of values, both ways: `entries` are pairs (Salesforce, QuickBooks). Where several values of one
    side mean the same on the other, the first one is taken on the way back. Capital and small letters do not count.

    `unknown` says what happens to a value without an entry: `keep` it as it is, `stop` with a problem that names it, or
    take the `default` of that direction.
    """

    name: str
    entries: tuple[tuple[str, str], ...]
    unknown: str = "stop"
    default_sf: str = ""
    default_qbo: str = ""

    @cached_property
    def forward(self) -> dict[str, str]:
        """Salesforce value, in small letters, to QuickBooks value."""
        return {sf.casefold(): qbo for sf, qbo in reversed(self.entries) if sf}

    @cached_property
    def backward(self) -> dict[str, str]:
        """QuickBooks value, in small letters, to Salesforce value."""
        return {qbo.casefold(): sf for sf, qbo in reversed(self.entries) if qbo}

    def towards(self, target: Side) -> tuple[dict[str, str], str]:
        """The table that leads to `target`, and what it holds for everything else."""
        if target is Side.QUICKBOOKS:
            return self.forward, self.default_qbo
        return self.backward, self.default_sf


@dataclass(frozen=True, slots=True)
class FormulaTest:
    """A formula over a side's record that has to be TRUE."""

    formula: str


Criterion = Condition | Group | FormulaTest


@dataclass(frozen=True, slots=True)
class Criteria:
    """Named criteria of one side: all of `members` must hold. Several criteria of a side are alternatives: a record
    that meets one of them belongs to the mapping. Only `enabled` ones count."""

    name: str
    side: Side
    members: tuple[Criterion, ...]
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class MappingPolicies:
    """Policies of a mapping that are not per field. None of the defaults destroys data on the other side."""

    create_in_qbo: bool = True
    create_in_sf: bool = True
    qbo_gone: str = "flag"
    """flag | reactivate: QuickBooks side inactive while Salesforce lives (section 6)."""
    sf_gone: str = "leave"
    """leave | inactivate (lists) | void (documents; a person is asked each time): Salesforce side deleted while
    QuickBooks lives (section 6)."""
    revive: str = "ask"
    """ask | reactivate: a deleted Salesforce record came back, its counterpart is inactive."""
    filter_left: str = "skip"
    """skip | ask: what becomes of a linked record that the filter no longer lets in."""
    name_clash: str = "ask"
    """ask | link (a record that is the only one of its name, on both sides, is taken without asking) | suffix (another
    kind of party has the name: ours is made with a suffix behind it)."""
    match_auto: bool = True
    match_on: tuple[str, ...] = ()
    """By what records are recognised, best first: `name`, `email`, `phone`, `postal`, a canonical key (`sku`), or keys
    that do so together (`number+customer`). Empty: the usual ones (`engine.match`)."""
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
    sf_filter: tuple[Criterion, ...] = ()
    qbo_filter: tuple[Criterion, ...] = ()
    criteria: tuple[Criteria, ...] = ()
    policies: MappingPolicies = MappingPolicies()
    external_id_field: str = ""
    """Salesforce field that holds `<realm>:<entity>:<id>`; empty where the org has none."""
    options: Mapping[str, Any] = field(default_factory=dict)
    value_maps: tuple[ValueMap, ...] = ()
    """The value maps that its rows and formulas name, as they were when it was published."""

    @property
    def header(self) -> tuple[FieldSpec, ...]:
        """The rows of the record itself, without those of its lines; the currency's as the mapping's rule has it."""
        rows = tuple(row for row in self.fields if not row.part)
        return in_one_currency(rows, code) if (code := one_currency(self.options)) else rows

    def lines_of(self, key: str) -> tuple[FieldSpec, ...]:
        """The rows of one line of the lines row `key`."""
        return tuple(row for row in self.fields if row.part == key)

    def filter_of(self, side: Side) -> tuple[Criterion, ...]:
        """All that a record of this side must meet: the filter, and one of the side's criteria where it has any."""
        rules = self.sf_filter if side is Side.SALESFORCE else self.qbo_filter
        named = tuple(one for one in self.criteria if one.enabled and one.side is side)
        if not named:
            return rules
        return (*rules, Group("any", tuple(Group("all", one.members, one.name) for one in named)))

    def units(self) -> dict[str, tuple[FieldSpec, ...]]:
        """Merge units in row order: unit key -> its rows."""
        units: dict[str, tuple[FieldSpec, ...]] = {}
        for row in self.header:
            units[row.unit] = (*units.get(row.unit, ()), row)
        return units


CURRENCY, CURRENCY_PATH = "currency", "CurrencyRef.value"


def one_currency(options: Mapping[str, Any]) -> str:
    """The currency that a mapping's rule gives every document; empty where each takes the record's own.

    Always the home currency, or a fixed one: either way `currency_code` holds it, for the home currency as the company
    had it when the mapping was published."""
    rules: Mapping[str, Any] = options.get("rules") or {}
    return str(rules.get("currency_code") or "").upper() if rules.get("currency") in ("home", "fixed") else ""


def in_one_currency(rows: tuple[FieldSpec, ...], code: str) -> tuple[FieldSpec, ...]:
    """These rows with a fixed currency in place of the record's own, given once: QuickBooks keeps a document's currency
    for good (quickbooks.md 3.19)."""
    fixed: dict[str, Any] = {
        "sf_path": "",
        "direction": Direction.TO_QBO,
        "constant": code,
        "write": WriteMode.ON_CREATE,
    }
    if not any(row.key == CURRENCY for row in rows):
        row = FieldSpec(
            key=CURRENCY,
            label="Currency",
            qbo_path=CURRENCY_PATH,
            type=ValueType.CHOICE,
            on_conflict=OnConflict.SF,
            initial=Initial.QBO,
            **fixed,
        )
        return (*rows, row)
    fixed |= {"formula": "", "value_map": "", "default": None}
    return tuple(replace(row, **fixed) if row.key == CURRENCY else row for row in rows)


def own_currency_path(spec: MappingSpec) -> str:
    """The field of a record's own currency, which has to be read although another one is sent; mostly none."""
    if not one_currency(spec.options):
        return ""
    return next((row.sf_path for row in spec.fields if row.key == CURRENCY and not row.part), "")
