"""What an object over there is like, beyond its fields: the part of an entity that a mapping cannot say as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from connectors.contracts import Body, Environment, RecordState, Side
from syncapp.engine.entities.locks import LockFinder, unlocked

Finish = Callable[[dict[str, Any]], None]


def _as_composed(_body: dict[str, Any]) -> None:
    """Most objects need nothing more than their rows."""


def _live(_body: Body) -> RecordState:
    return RecordState.LIVE


class RawLine(NamedTuple):
    """One line of a document: its kind (item, text, discount, shipping, group), its id, the body that the rows of a
    line read, and what none of them writes."""

    kind: str
    id: str
    body: Body
    more: Mapping[str, Any]


Written = tuple[tuple[str, ...], Any, bool]
"""(members of the path, value, whether it is a reference)."""


@dataclass(frozen=True, slots=True)
class LinesTraits:
    """How an entity holds its lines. `read` gives the lines of a body, in the order in which they are written; it is
    told which members the mapping's rows write. `write` makes one line of the array from a canonical one. `sold` lines
    have products, prices and tax codes; those of a payment are amounts that it was applied to."""

    read: Callable[[Body, frozenset[tuple[str, ...]]], Iterator[RawLine]]
    write: Callable[[Mapping[str, Any], Iterable[Written]], dict[str, Any]]
    sold: bool = False


@dataclass(frozen=True, slots=True)
class NameProbe:
    """How to find out, by its unique name, whether a create whose answer was lost happened: look for `value` at `path`
    in each of `objects`, inactive ones included (sync-semantics section 13)."""

    objects: tuple[str, ...]
    path: str
    value: str


def lines_total(body: Body) -> Decimal | None:
    """What the plain lines of a document come to: the same before the send and in the server's answer, which adds tax,
    discounts and subtotals. None where a line names no amount."""
    lines = [line for line in body.get("Line") or () if line.get("DetailType") not in _ADDED_LINES]
    if not lines or any(line.get("Amount") is None for line in lines):
        return None
    return sum((Decimal(str(line["Amount"])) for line in lines), Decimal(0))


_ADDED_LINES = frozenset({"SubTotalLineDetail", "DiscountLineDetail", "TaxLineDetail"})


def payment_total(body: Body) -> Decimal | None:
    """The amount of a payment: it is sent as such."""
    amount = body.get("TotalAmt")
    return None if amount is None else Decimal(str(amount))


@dataclass(frozen=True, slots=True)
class DocumentProbe:
    """How to find out whether the create of a document whose answer was lost happened: read what was made for its
    customer since, then compare tag, number and total (sync-semantics section 13). Names are members of the body."""

    party: str = "CustomerRef"
    number: str = "DocNumber"
    tag: str = "PrivateNote"
    total: Callable[[Body], Decimal | None] = lines_total


VOIDABLE = frozenset({"Invoice", "SalesReceipt", "Payment", "BillPayment"})
"""What the API can void (quickbooks.md 3.1.6)."""


@dataclass(frozen=True, slots=True)
class EntityTraits:
    """One object type of one side.

    `name_path` is where a person reads its name; `name_rivals` are the other objects that share its unique names;
    `list_entity` means that it is made inactive, never deleted; `system_fields` are read beside the mapped ones;
    `forbidden` maps a path to characters the vendor refuses there; `finish` completes a composed body; `locks` says
    what money forbids to change (`engine.entities.locks`); `date_path` is the date that closed books judge it by.
    """

    side: Side
    object: str
    label: str
    plural: str
    name_path: str = "Name"
    other_name_paths: tuple[str, ...] = ()
    unique_name: bool = False
    name_rivals: tuple[str, ...] = ()
    list_entity: bool = False
    active_path: str = ""
    searchable: tuple[str, ...] = ()
    system_fields: tuple[str, ...] = ()
    read_only: frozenset[str] = frozenset()
    forbidden: Mapping[str, str] = field(default_factory=dict)
    finish: Finish = _as_composed
    state_of: Callable[[Body], RecordState] = _live
    document: DocumentProbe | None = None
    """Set for documents and payments: no unique name tells whether one was made."""
    locks: LockFinder = unlocked
    date_path: str = ""
    named: bool = True
    """Whether a record must have its name: a document may get its number over there."""
    match_name: bool = True
    """Whether records are recognised by their name; a document's number says nothing without its customer."""
    computed: Mapping[str, Callable[[Body], Any]] = field(default_factory=dict)
    """Values that a mapping may read but the vendor has no member for, such as a document's status."""
    lines: LinesTraits | None = None
    """How a document holds its lines; None for what has none."""
    lists: frozenset[str] = frozenset()
    """QuickBooks lists that its decisions rest on whatever the rows are."""
    web_path: str = ""
    """Path of the record's page, `{id}` for the id."""

    @property
    def removal(self) -> RecordState:
        """What becomes of a record that a person takes back: lists are made inactive, what QuickBooks can void is
        voided (it keeps its number), everything else is deleted (quickbooks.md 3.1.4 to 3.1.6)."""
        if self.list_entity:
            return RecordState.INACTIVE
        return RecordState.VOIDED if self.voidable else RecordState.DELETED

    @property
    def voidable(self) -> bool:
        """Whether it can be voided: the record keeps its number and loses its amounts."""
        return self.side is Side.QUICKBOOKS and self.object in VOIDABLE

    @property
    def lockable(self) -> bool:
        """Whether money may lock it: then its newest body is looked at before anything is written to it."""
        return self.locks is not unlocked

    def deactivate_body(self) -> dict[str, Any]:
        """The update that makes a list record inactive. Empty where the object has no such thing."""
        return {self.active_path: False} if self.list_entity and self.active_path else {}

    def reactivate_body(self, name: str) -> dict[str, Any]:
        """The update that brings an inactive list record back, with its clean name: the vendor has put a suffix on it
        (quickbooks.md 3.1.5)."""
        return {self.active_path: True, self.name_path: name} if self.deactivate_body() else {}

    def probe(self, body: Body) -> NameProbe | None:
        """How to find a create of this body that may have happened; None where no unique name tells."""
        name = body.get(self.name_path)
        if not self.unique_name or not name:
            return None
        return NameProbe((self.object, *self.name_rivals), self.name_path, str(name))

    def web_url(self, environment: Environment, base_url: str, id: str) -> str:
        """The address of a record's page for a person; empty where none is known. `base_url` is the connection's."""
        if not self.web_path or not id:
            return ""
        return f"{_web_host(self.side, environment, base_url)}{self.web_path.format(id=id)}"


_QUICKBOOKS_HOSTS = {
    Environment.PRODUCTION: "https://app.qbo.intuit.com",
    Environment.SANDBOX: "https://app.sandbox.qbo.intuit.com",
}


def _web_host(side: Side, environment: Environment, base_url: str) -> str:
    if side is Side.QUICKBOOKS and environment in _QUICKBOOKS_HOSTS:
        return _QUICKBOOKS_HOSTS[environment]
    return base_url.rstrip("/")
