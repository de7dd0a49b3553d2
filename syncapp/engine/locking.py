"""Financial locks for the units of a mapping: which may not be written, and whether a person may say otherwise
(sync-semantics section 5). What locks an object lies in its traits (`engine.entities.locks`)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.contracts import Body, Side
from syncapp.engine.compiled import CompiledSpec, CompiledUnit
from syncapp.engine.decision import Projection
from syncapp.engine.entities.locks import Books, Lock, total_with_tax
from syncapp.engine.projection import compose

LEAVE_ONLY = ("leave",)
SEND_OR_LEAVE = ("sf", "leave")


def unit_locks(compiled: CompiledSpec, body: Body, books: Books) -> Mapping[str, Lock]:
    """The units that QuickBooks must not be asked to change now, each with the first lock that names a member of it."""
    entity = compiled.qbo_traits
    if not body or not entity.lockable:
        return {}
    locks = entity.locks(body, books)
    return {
        unit.name: lock
        for unit in compiled.units
        if (lock := next((one for one in locks if one.members & _members(unit)), None)) is not None
    }


def _members(unit: CompiledUnit) -> set[str]:
    return {row.qbo_members[0] for row in unit.rows if row.qbo_members}


def new_total(compiled: CompiledSpec, values: Projection, body: Body) -> Decimal | None:
    """What the document would come to with these values of its lines; None where they carry no lines."""
    made = compose(Side.QUICKBOOKS, compiled.spec, values)
    return total_with_tax(body, made) if "Line" in made else None


def offers(lock: Lock, total: Decimal | None) -> tuple[str, ...]:
    """What a person may answer: send it nonetheless where the new total covers what was paid, or leave it."""
    enough = lock.least_total is not None and total is not None and total >= lock.least_total
    return SEND_OR_LEAVE if enough else LEAVE_ONLY


def details(lock: Lock, total: Decimal | None) -> dict[str, Any]:
    """What the words of a lock name: both totals, what was paid, until when the books are closed."""
    return {**lock.values, "new_total": "" if total is None else str(total)}
