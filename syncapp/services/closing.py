"""What settling an answer brings forth: the values that its parts hand on, and the rows that they write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from connectors.contracts import Operation, Priority, RemoteRecord, Side, WriteResult
from connectors.errors import Failure
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.timing import Timing
from syncapp.ids import uuid7
from syncapp.models import Connection, Mapping, Outcome
from syncapp.store.intents import Intent
from syncapp.store.links import LinkRow
from syncapp.store.problems import LinkProblem


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch belongs: what settling needs to know besides the batch and its answer."""

    company_id: int
    mapping: Mapping
    spec: MappingSpec
    connections: dict[Side, Connection]
    timing: Timing
    priority: Priority
    exact: bool = False
    """A plan is carried out: what moved is named, not read and decided anew."""

    _shared: dict[Side, bool] = field(default_factory=dict, repr=False, compare=False)

    @property
    def realm(self) -> str:
        return self.connections[Side.QUICKBOOKS].remote_id

    def object(self, side: Side) -> str:
        """The mapping's object on one side."""
        return self.spec.sf_object if side is Side.SALESFORCE else self.spec.qbo_entity

    def is_shared(self, side: Side) -> bool:
        """Whether other mappings read what is written to this side; asked once for all answers of a slice."""
        if side not in self._shared:
            ends = {
                Side.SALESFORCE: {
                    "integration__salesforce": self.connections[side],
                    "sf_object": self.object(side),
                },
                Side.QUICKBOOKS: {
                    "integration__quickbooks": self.connections[side],
                    "qbo_entity": self.object(side),
                },
            }
            others = Mapping.objects.filter(**ends[side], published_number__gt=0).exclude(pk=self.mapping.pk)
            self._shared[side] = others.exclude(mode="off").exists()
        return self._shared[side]


@dataclass(slots=True)
class Settled:
    """What an answer came to: links that are done, links to look at again and when, names that exist over there."""

    applied: list[UUID] = field(default_factory=list)
    created: dict[UUID, RemoteRecord] = field(default_factory=dict)
    answered: dict[UUID, RemoteRecord] = field(default_factory=dict)
    """Updated records whose answer holds more than was sent, for the other side to be told."""
    again: dict[UUID, datetime] = field(default_factory=dict)
    stopped: list[UUID] = field(default_factory=list)
    name_taken: list[tuple[UUID, Failure]] = field(default_factory=list)
    unknown: list[UUID] = field(default_factory=list)

    def add(self, other: Settled) -> None:
        """Take over what further answers came to."""
        self.applied += other.applied
        self.created |= other.created
        self.answered |= other.answered
        self.again |= other.again
        self.stopped += other.stopped
        self.name_taken += other.name_taken
        self.unknown += other.unknown


@dataclass(slots=True)
class Closing:
    """Rows that one answer brings forth, written together at the end."""

    at: datetime
    shared: bool = False
    """Whether other mappings read what is written here."""
    batches: dict[UUID, str] = field(default_factory=dict)
    """Batches that are closed, and as what."""
    intents: list[dict[str, Any]] = field(default_factory=list)
    audit: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[tuple[UUID, UUID | None, str]] = field(default_factory=list)
    problems: list[LinkProblem] = field(default_factory=list)
    changed: dict[UUID, LinkRow] = field(default_factory=dict)
    columns: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    records: list[RemoteRecord] = field(default_factory=list)
    tokens: list[RemoteRecord] = field(default_factory=list)
    more: set[str] = field(default_factory=set)
    """Records whose answers hold more than what was agreed: what else changed there is still to be carried over."""
    follow_ups: list[dict[str, Any]] = field(default_factory=list)
    """What is to be done once for documents that were made."""
    news: list[RemoteRecord] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)
    """Records whose write was refused because they had changed or vanished: they are read before the next decision."""
    unread: set[str] = field(default_factory=set)
    """Records found changed since our write: what is known of them is no ground for what is decided next."""


# --- rows -----------------------------------------------------------------------------------------------------------


def intent_row(intent: Intent, state: str, at: datetime, result: WriteResult) -> dict[str, Any]:
    return {
        "id": intent.id,
        "state": state,
        "closed_at": at,
        "result_id": result.id,
        "result_token": result.record.token.version if result.record else "",
        "result_code": result.failure.code if result.failure else "",
        "request_id": result.request_id,
    }


def attempt_row(
    place: Place,
    intent: Intent,
    outcome: Outcome,
    at: datetime,
    result: WriteResult | None,
    failure: Failure | None = None,
) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "company_id": place.company_id,
        "link_id": intent.link_id,
        "run_id": intent.run_id,
        "cause": intent.cause,
        "decision": "create" if intent.operation in (Operation.CREATE, Operation.UPSERT) else "update",
        "direction": "to_qbo" if intent.side is Side.QUICKBOOKS else "to_sf",
        "reasons": [],
        "changes": [{**change, "side": intent.side.value} for change in intent.changes],
        "outcome": outcome.value,
        "failure_kind": failure.kind.value if failure else "",
        "failure_code": failure.code if failure else "",
        "failure_values": failure_values(failure, "") if failure else {},
        "request_id": (result.request_id if result else "") or (failure.request_id if failure else ""),
        "started_at": intent.first_sent_at or at,
        "finished_at": at,
    }


def failure_values(failure: Failure, name: str) -> dict[str, Any]:
    """What the words of a failure may name, and the vendor's own text under Advanced."""
    return {
        "name": name,
        "fields": list(failure.fields),
        "message": failure.message,
        "detail": failure.detail,
        "request_id": failure.request_id,
        "http_status": failure.http_status,
    }
