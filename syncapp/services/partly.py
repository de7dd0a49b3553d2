"""A write to Salesforce that was refused, but for some of its lines: these are agreed from now on.

Lines are one value (decision 18) and records of their own over there. Without this, lines of ours beside refused ones
would look like somebody's edit, and where lines go both ways the edit that was being carried would be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.contracts import Side, WriteResult, WriteStatus
from connectors.salesforce.writes import parts_of
from syncapp.engine.compiled import CompiledRow, compile_spec
from syncapp.engine.landing import landed_lines
from syncapp.engine.projection import project, to_json
from syncapp.services.closing import Place
from syncapp.store.intents import Intent
from syncapp.store.links import LinkRow


def move_bases(place: Place, intent: Intent, result: WriteResult, link: LinkRow) -> bool:
    """Move the bases of lines that go both ways by what landed of them; whether anything of the write landed."""
    if intent.side is not Side.SALESFORCE or not any(_landed(row) for row in result.rows):
        return False
    compiled = compile_spec(place.spec)
    record = result.record
    now = to_json(place.spec, project(intent.side, record, place.spec)) if record is not None else {}
    for change in intent.changes:
        row = compiled.by_key.get(change["key"])
        if row is not None and row.child is not None and row.spec.direction.allows(Side.QUICKBOOKS):
            _move(row, change, intent, result, link, now.get(row.key))
    return True


def _move(
    row: CompiledRow,
    change: Mapping[str, Any],
    intent: Intent,
    result: WriteResult,
    link: LinkRow,
    now: Any,
) -> None:
    sf, qbo, child = dict(link.sf_base or {}), dict(link.qbo_base or {}), row.child
    if child is None:
        return
    sf[row.key], qbo[row.key] = landed_lines(
        child,
        (sf.get(row.key), qbo.get(row.key)),
        change["after"] or (),
        intent.source_base.get(row.key) or (),
        _fates(intent, child.relation, result),
        now,
    )
    link.sf_base, link.qbo_base = sf, qbo


def _fates(intent: Intent, relation: str, result: WriteResult) -> list[str | None]:
    """The id of each line that was sent, in their order, where it landed."""
    write = intent.as_write()
    parts = parts_of(write)
    lists = {
        name: part["records"]
        for name, part in write.body.items()
        if isinstance(part, Mapping) and isinstance(part.get("records"), list)
    }
    place = len(parts) - sum(len(rows) for rows in lists.values())
    for name, rows in lists.items():
        if name == relation:
            mine = zip(parts[place : place + len(rows)], result.rows[place : place + len(rows)], strict=True)
            return [(part.id or one.id) if _landed(one) else None for part, one in mine]
        place += len(rows)
    return []


def _landed(one: WriteResult) -> bool:
    return one.status is WriteStatus.APPLIED
