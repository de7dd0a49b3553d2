"""The audit trail as a chain: one sealer per company numbers closed rows and binds each to the one before it, so that
nobody can change, add or take away a row unseen (sync-semantics section 21). Settling never reads the chain's head."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from syncapp.models import AuditEvent, AuditSeal
from syncapp.store import bulk, clock
from syncapp.tenancy import tenant

log = structlog.get_logger()
AT_ONCE = 2000
"""Rows that one company's sealer takes in one transaction."""
CHECKED_AT_ONCE = 2000
CHECK_EVERY = timedelta(hours=24)
COLUMNS = (
    "id", "intent_id", "action", "side", "object", "remote_id", "actor", "cause", "before", "after", "guard",
    "request_id", "at",
)  # fmt: skip
"""What a seal covers. The link may go, so it is left out: object and remote id say whose row it is."""
READ = (*COLUMNS, "part")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of one company's chain came to. `broken` is the number of the first row that is not as it was
    sealed, or is missing; `waiting` are rows that are not sealed yet."""

    company_id: int
    rows: int
    head: str
    broken: int | None = None
    waiting: int = 0


def seal_due() -> int:
    """Seal what waits, company by company; returns how many rows were sealed. System code: all companies."""
    rows = bulk.fetch("select distinct company_id from syncapp_auditevent where number is null")
    return sum(seal(row[0]) for row in rows)


def seal(company_id: int) -> int:
    """Number and chain the company's rows that wait, oldest first. Another sealer at work: nothing is done."""
    with tenant(company_id), transaction.atomic():
        AuditSeal.objects.bulk_create([AuditSeal(company_id=company_id)], ignore_conflicts=True)
        head = AuditSeal.objects.select_for_update(skip_locked=True).first()
        if head is None:
            return 0
        waiting = list(AuditEvent.objects.filter(number__isnull=True).order_by("id").values(*READ)[:AT_ONCE])
        if not waiting:
            return 0
        sealed = list(_chained(company_id, head.number, head.chain, waiting))
        bulk.update(AuditEvent, sealed, where="t.number is null")
        head.number, head.chain, head.sealed_at = sealed[-1]["number"], sealed[-1]["chain"], clock.now()
        head.save(update_fields=["number", "chain", "sealed_at"])
    return len(sealed)


def _chained(
    company_id: int, number: int, chain: str, rows: Sequence[dict[str, Any]]
) -> Iterable[dict[str, Any]]:
    for row in rows:
        number += 1
        chain = seal_of(company_id, number, chain, row)
        yield {"id": row["id"], "number": number, "chain": chain}


def seal_of(company_id: int, number: int, before: str, row: dict[str, Any]) -> str:
    """The seal of a row: a digest of its content, its number and the seal of the row before it."""
    content = {name: _text(row[name]) for name in COLUMNS}
    if row["part"]:  # rows from before there were parts have none, and their seals hold
        content["part"] = row["part"]
    text = json.dumps(
        [company_id, number, before, content], sort_keys=True, separators=(",", ":"), default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


# --- checking --------------------------------------------------------------------------------------------------------


def verify(company_id: int) -> Verified:
    """Check the company's whole chain from its first row."""
    number, chain = 0, ""
    with tenant(company_id):
        waiting = AuditEvent.objects.filter(number__isnull=True).count()
        while True:
            number, chain, broken = _check(company_id, number, chain)
            if broken is not None:
                return Verified(company_id, number, chain, broken, waiting)
            if not AuditEvent.objects.filter(number__gt=number).exists():
                break
        head = AuditSeal.objects.first()
    if head is not None and (head.number, head.chain) != (number, chain):
        return Verified(company_id, number, chain, number + 1, waiting)  # rows at the end are missing
    return Verified(company_id, number, chain, None, waiting)


def _check(company_id: int, number: int, chain: str) -> tuple[int, str, int | None]:
    """Check the next rows behind `number`; (last good number, its seal, number of the first bad row or None)."""
    rows = AuditEvent.objects.filter(number__gt=number).order_by("number")
    for row in rows.values("number", "chain", *READ)[:CHECKED_AT_ONCE]:
        expected = seal_of(company_id, number + 1, chain, row)
        if row["number"] != number + 1 or row["chain"] != expected:
            return number, chain, number + 1
        number, chain = row["number"], row["chain"]
    return number, chain, None


def check_on() -> int:
    """Check each company's chain once a day, a piece at a time; returns how many companies were looked at.

    What is found broken is logged and stays on the company's seal until it is looked into.
    """
    started = clock.now() - CHECK_EVERY
    rows = bulk.fetch(
        "select company_id from syncapp_auditseal where number > 0 and (verified_at is null or verified_at < %s)"
        " order by verified_at nulls first limit 20",
        [started],
    )
    for (company_id,) in rows:
        with tenant(company_id), transaction.atomic():
            _check_piece(company_id)
    return len(rows)


def _check_piece(company_id: int) -> None:
    head = AuditSeal.objects.select_for_update(skip_locked=True).first()
    if head is None:
        return
    number, chain, broken = _check(company_id, head.checked_number, head.checked_chain)
    head.checked_number, head.checked_chain = number, chain
    if broken is None and number >= head.number:
        broken = None if (number, chain) == (head.number, head.chain) else head.number
        log.info("audit_head", company=company_id, number=head.number, chain=head.chain)
        head.checked_number, head.checked_chain, head.verified_at = 0, "", clock.now()
    if broken is not None:
        log.error("audit_chain_broken", company=company_id, number=broken)
        head.checked_number, head.checked_chain, head.verified_at = 0, "", clock.now()
    head.broken_number = broken if broken is not None or head.checked_number == 0 else head.broken_number
    head.save()


def seal_now() -> AuditSeal | None:
    """How the trail of the company in context stands."""
    return AuditSeal.objects.first()
