"""Decisions as values, and the situation they are made from.

A decision can be shown (preview), stored, applied, explained and undone; it is made by `engine.decide.decide` from a
`Situation` alone: no database, no network, no clock but the `now` it is given (sync-semantics sections 4 to 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from syncapp.engine.books import OPEN_BOOKS, Books
from syncapp.engine.lists import Lists
from syncapp.engine.mapping import MappingSpec

Projection = Mapping[str, Any]
"""Canonical key -> canonical value. Absent and None are the same value (section 2.3)."""


class DecisionKind(StrEnum):
    NOTHING = "nothing"
    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    LINK = "link"
    SKIP = "skip"
    WAIT = "wait"
    CONFLICT = "conflict"
    HOLD = "hold"
    UNLINK = "unlink"
    """Only of an undo: the two records are not kept in step any more."""
    REFUSED = "refused"
    """Only of an undo: this cannot be taken back, for the reason given."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that was met: a stable code for the words registry, and the values seen."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnitChange:
    """One merge unit to be written to `target`: canonical key -> new value; `before` is what the target holds."""

    unit: str
    target: Side
    values: Projection
    before: Projection
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UnitHold:
    """One merge unit that stays as it is until a person (or the source) moves. `why`: conflict, drift, locked,
    oscillation, undone, initial, data. `code` and `details` are the rule and what its words name; `offers` are the
    answers that a person may give (sf, qbo, leave)."""

    unit: str
    why: str
    sf: Projection
    qbo: Projection
    base_sf: Projection
    base_qbo: Projection
    code: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    offers: tuple[str, ...] = ("sf", "qbo", "leave")


@dataclass(frozen=True, slots=True)
class StateChange:
    """A record to be made inactive or live again on `target`; the entity's traits know the body."""

    target: Side
    state: RecordState


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record on the other side that may be the same thing. `rank` is the ladder class of section 8 (1 best … 5).

    `holder` is the link id that already holds it, if any. `name_type` says what it is when it is not the mapped entity
    (a Vendor that has the name). `state` may be inactive. `let_go`: a person unlinked it from another record.
    """

    side: Side
    object: str
    id: str
    name: str
    rank: int
    score: int
    reasons: tuple[str, ...]
    state: RecordState = RecordState.LIVE
    holder: str = ""
    let_go: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
    unique_backwards: bool = True
    """No other record of our side has the same keys, so that the match is unique in both directions."""


@dataclass(frozen=True, slots=True)
class ParentNeed:
    """A reference that must be linked first: canonical key, the mapping key it goes through, the side's own id."""

    key: str
    mapping: str
    side: Side
    remote_id: str
    state: str = "unlinked"
    """unlinked | linked | skipped | problem | gone"""
    other_id: str = ""
    """The counterpart's id when linked."""
    open_amount: Decimal | None = None
    """What was open on a document when QuickBooks was last read; only looked up for what a payment is applied to."""
    email: str = ""
    """The e-mail address of a customer when QuickBooks was last read; only looked up for a document's customer."""
    currency: str = ""
    """What a customer is kept in, in a company with several currencies; empty where nobody knows."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A record of the same side that this one looks like and that has no counterpart either: it goes first."""

    link_id: str
    mapping: str
    side: Side
    remote_id: str
    name: str
    kinds: tuple[str, ...] = ()
    """The kinds of keys that both have."""
    planned: bool = False
    """A plan makes its counterpart: the question that follows can be foreseen."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """What the store knows of a link. Bases are None where unknown (never agreed, relinked, mapping changed);
    `unknown_units` are units whose base is unknown though others are known."""

    id: str
    sf_id: str = ""
    qbo_id: str = ""
    lifecycle: str = "creating"
    sf_base: Projection | None = None
    qbo_base: Projection | None = None
    unknown_units: frozenset[str] = frozenset()
    held: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """unit -> {why, sf, qbo, base_sf, base_qbo, sf_token, qbo_token, sf_at, qbo_at, sf_by, since, answer?} as stored
    (`bases.held_after`). `answer` is {side: sf | qbo | leave, …}."""
    sf_state: RecordState = RecordState.NONE
    qbo_state: RecordState = RecordState.NONE
    no_recreate: bool = False
    writes: tuple[tuple[str, str, str], ...] = ()
    """For the oscillation stop, the last writes of the past 24 h of units that were written often enough: (unit, target
    side, digest of value), oldest first of each unit."""
    forced: Side | None = None
    """The target of a person's press: Send to QuickBooks (QUICKBOOKS) or Sync from QuickBooks (SALESFORCE)."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a decision rests on, for one link."""

    spec: MappingSpec
    link: LinkView
    sf: RemoteRecord | None
    qbo: RemoteRecord | None
    now: datetime
    known: Mapping[Side, Projection] = field(default_factory=dict)
    """Sides that are known to be unchanged since their base and were not read again: take this projection instead of
    projecting the record's body, which is then empty."""
    read: Mapping[Side, Projection] = field(default_factory=dict)
    """What the caller has projected of the records' bodies already; the other sides are projected here."""
    candidates: tuple[Candidate, ...] = ()
    """Only filled where one side is missing and a create is possible."""
    twin: Twin | None = None
    parents: tuple[ParentNeed, ...] = ()
    barrier_open: bool = True
    """Both sides were scanned to the end (creation barrier, section 8)."""
    writes_enabled: bool = True
    realm: str = ""
    braked: frozenset[Side] = frozenset()
    """Sides whose deletions wait for a person: too many came at once (section 3)."""
    books: Books = OPEN_BOOKS
    """What the financial locks must know of the QuickBooks company (section 5)."""
    lists: Lists = field(default_factory=dict)
    """The QuickBooks lists that the mapping looks names up in."""
    siblings: tuple[str, ...] = ()
    """Kinds of documents that were made of the same Salesforce record already and leave no room for another."""
    needed: bool = False
    """Another record waits for this one: triggers do not hold it back, filters do (section 9)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall happen to one link, with its reasons.

    `create_on` names the side a new record is made on; `link_to` the candidate an existing one is linked to. `changes`
    are units to write, `adopt` units whose bases move to the current values without a write, `holds` units that wait.
    `attention` is the state a person sees (none, conflict, data_error, blocked, oscillation …).
    """

    kind: DecisionKind
    reasons: tuple[Reason, ...] = ()
    create_on: Side | None = None
    create_values: Projection = field(default_factory=dict)
    link_to: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()
    changes: tuple[UnitChange, ...] = ()
    adopt: tuple[str, ...] = ()
    holds: tuple[UnitHold, ...] = ()
    released: tuple[str, ...] = ()
    """Units whose stored hold is over."""
    waits: tuple[ParentNeed, ...] = ()
    attention: str = "none"
    lifecycle: str = ""
    sf_token: Token | None = None
    qbo_token: Token | None = None
    """The versions of both sides this was decided from."""
    sf_by: str = ""
    """Who saved the Salesforce record last, where it was read; QuickBooks does not say."""
    sf_now: Projection = field(default_factory=dict)
    qbo_now: Projection = field(default_factory=dict)
    set_state: StateChange | None = None
    """A record to deactivate or reactivate, beside or instead of field changes."""
