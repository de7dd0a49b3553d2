"""The audit trail of what people decided. Rows of applied remote writes are written where their intents close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone

from syncapp.models import AuditEvent, RecordLink
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


def name_of(person: Any | None) -> str:
    """How the trail calls this person: by e-mail address, which is unique."""
    return str(getattr(person, "email", "") or OURSELVES)
