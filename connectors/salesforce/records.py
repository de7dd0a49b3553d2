"""Rows of Salesforce answers as `RemoteRecord`s (reference salesforce.md 2.6, 5.1, 5.3; sync-semantics 7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from connectors.salesforce.ids import to_18

SETTLE_S = 2.0
"""Stamps have whole seconds: one younger than this may still be shared by a later write (sync-semantics 7.1)."""
ALWAYS = ("Id", "SystemModstamp", "LastModifiedById", "IsDeleted")
MERGEABLE = frozenset({"Account", "Contact", "Lead"})
UNDELETABLE = frozenset({"User", "Organization", "RecordType", "UserRole"})
"""Objects without IsDeleted: their records are switched off, never deleted."""
_NEVER = datetime.fromtimestamp(0, UTC)


def columns(object_: str, fields: Iterable[str]) -> list[str]:
    """The fields to ask for: the given ones and those that tell version, state and author; each once."""
    merged = ("MasterRecordId",) if object_ in MERGEABLE else ()
    chosen: dict[str, str] = {}
    for field in (*ALWAYS, *merged, *fields):
        chosen.setdefault(field.lower(), field)
    if object_ in UNDELETABLE:
        del chosen["isdeleted"]
    return list(chosen.values())


def record(object_: str, row: Mapping[str, Any], read_at: datetime | None) -> RemoteRecord:
    """One row as a record; `read_at` is the answer's Date header."""
    merged_into = to_18(row.get("MasterRecordId") or "")
    state = RecordState.LIVE
    if row.get("IsDeleted"):
        state = RecordState.MERGED if merged_into else RecordState.DELETED
    return RemoteRecord(
        Side.SALESFORCE,
        object_,
        to_18(row["Id"]),
        token(row.get("SystemModstamp"), read_at),
        state,
        row,
        merged_into=merged_into if state is RecordState.MERGED else "",
        modified_by=row.get("LastModifiedById") or "",
    )


def missing(object_: str, id_: str, read_at: datetime | None) -> RemoteRecord:
    """What stands for an id that Salesforce does not show us."""
    return RemoteRecord(
        Side.SALESFORCE, object_, id_, Token("", read_at or _NEVER, settled=False), RecordState.MISSING, {}
    )


def token(stamp: str | None, read_at: datetime | None) -> Token:
    """The version that a SystemModstamp names, and whether a later write could still share it."""
    if not stamp:
        return Token("", read_at or _NEVER, settled=False)
    when = instant(stamp)
    settled = read_at is not None and (read_at - when).total_seconds() >= SETTLE_S
    return Token(when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z", when, settled)


def instant(text: str) -> datetime:
    """A Salesforce time (`2026-11-21T09:30:00.000+0000`) in UTC. Raises ValueError."""
    return datetime.fromisoformat(text).astimezone(UTC)
