"""Objects of QuickBooks answers as `RemoteRecord`s (reference quickbooks.md 2.5, 2.7, 3.1, 5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from connectors.quickbooks.entities import Entity, EntityKind

_NEVER = datetime.fromtimestamp(0, UTC)
OWING = frozenset({"Customer", "Vendor"})
"""Their balance moves with every document, and no SyncToken with it (3.1.1): only LastUpdatedTime tells, in seconds."""
SETTLED_AFTER = timedelta(seconds=2)


def record(entity: Entity, row: Mapping[str, Any], seen_at: datetime | None = None) -> RemoteRecord:
    """One object as a record; `seen_at` stands in where the object names no time of its own."""
    meta: Mapping[str, Any] = row.get("MetaData") or {}
    stamp = meta.get("LastUpdatedTime")
    changed = instant(stamp) if stamp else seen_at or _NEVER
    return RemoteRecord(
        Side.QUICKBOOKS,
        entity.name,
        str(row["Id"]),
        Token(str(row.get("SyncToken") or ""), changed, _settled(entity, changed, seen_at)),
        _state(entity, row),
        row,
        modified_by=str((meta.get("LastModifiedByRef") or {}).get("value") or ""),
    )


def _settled(entity: Entity, changed: datetime, seen_at: datetime | None) -> bool:
    """Whether no later change can still bear this version."""
    return entity.name not in OWING or (seen_at is not None and seen_at - changed >= SETTLED_AFTER)


def absent(entity: Entity, id_: str, seen_at: datetime | None, *, refused: bool) -> RemoteRecord:
    """What stands for an id that QuickBooks does not show. `refused`: a direct read was answered 610, which for a
    transaction means that it was deleted; name lists know no deletion, so there it is missing (3.1.4, 3.1.5)."""
    gone = refused and entity.kind is EntityKind.TRANSACTION
    state = RecordState.DELETED if gone else RecordState.MISSING
    return RemoteRecord(
        Side.QUICKBOOKS, entity.name, id_, Token("", seen_at or _NEVER, settled=False), state, {}
    )


def _state(entity: Entity, row: Mapping[str, Any]) -> RecordState:
    if row.get("status") == "Deleted":
        return RecordState.DELETED
    if row.get("Active") is False:
        return RecordState.INACTIVE
    if entity.kind is EntityKind.TRANSACTION and _voided(row):
        return RecordState.VOIDED
    return RecordState.LIVE


def _voided(row: Mapping[str, Any]) -> bool:
    """Nothing says so directly: all amounts are 0 and the private note begins with "Voided" (3.1.6, 3.20)."""
    note = row.get("PrivateNote") or ""
    return str(note).startswith("Voided") and not row.get("TotalAmt") and not row.get("Balance")


def instant(text: str) -> datetime:
    """A QuickBooks time, with its offset, in UTC. Raises ValueError."""
    when = datetime.fromisoformat(text)
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def envelope_time(answer: Mapping[str, Any]) -> datetime | None:
    """When the server began with the call, by its own clock (2.5)."""
    text = answer.get("time")
    return instant(text) if isinstance(text, str) else None
