"""The audit trail of what people decided, and of the writes beside the merge: answers to requests, files, letters, the
records of a test sync. Rows of a merge's writes are written where their intents close (`audit_rows`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone

from connectors.contracts import Side
from syncapp.ids import uuid7
from syncapp.models import AuditEvent, RecordLink
from syncapp.store import bulk
from syncapp.tenancy import current_company_id

OURSELVES = "Ledgerbridge"
"""The actor where no person decided: a schedule, the first load, a change that was noticed."""


def decided(
    action: str,
    person: Any | None,
    *,
    link: RecordLink | None = None,
    cause: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    side: str = "",
    object: str = "",
    remote_id: str = "",
) -> AuditEvent:
    """Write one row for a decision that changes what is written: who, what, and what it was before.

    `person` is a user of the portal, or None where nobody pressed anything. Needs a company in context.
    """
    return AuditEvent.objects.create(
        action=action,
        link=link,
        side=side,
        object=object,
        remote_id=remote_id,
        actor=name_of(person),
        cause=cause[:120],
        before=dict(before or {}),
        after=dict(after or {}),
        at=timezone.now(),
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """One of many decisions of the same kind."""

    link_id: UUID
    cause: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def decided_many(action: str, person: Any | None, rows: Sequence[Decided]) -> None:
    """`decided` for many records at once. Needs a company in context."""
    at, actor, company_id = timezone.now(), name_of(person), current_company_id()
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(
                company_id=company_id,
                action=action,
                link_id=row.link_id,
                actor=actor,
                cause=row.cause[:120],
                before=dict(row.before),
                after=dict(row.after),
                at=at,
            )
            for row in rows
        ],
        batch_size=500,
    )


@dataclass(frozen=True, slots=True)
class Wrote:
    """One remote record that was written without an intent, for what `cause` says. `action` is one of `WRITES`."""

    action: str
    object: str
    remote_id: str
    cause: str
    after: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    link_id: UUID | None = None
    request_id: str = ""


def wrote(side: Side, rows: Sequence[Wrote], person: Any | None = None) -> None:
    """One row for each, in one statement, in the transaction that records what came of the writes. Needs a company in
    context."""
    at, actor, company_id = timezone.now(), name_of(person), current_company_id()
    bulk.insert(
        AuditEvent,
        [
            {
                "id": uuid7(),
                "company_id": company_id,
                "intent_id": None,
                "part": 0,
                "link_id": row.link_id,
                "action": row.action,
                "side": side.value,
                "object": row.object,
                "remote_id": row.remote_id,
                "actor": actor,
                "cause": row.cause[:120],
                "before": row.before,
                "after": row.after,
                "guard": "",
                "request_id": row.request_id,
                "at": at,
                "chain": "",
            }
            for row in rows
        ],
    )


def name_of(person: Any | None) -> str:
    """How the trail calls this person: by e-mail address, which is unique."""
    return str(getattr(person, "email", "") or OURSELVES)
