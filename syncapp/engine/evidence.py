"""What a record tells of a write whose answer was lost: was it carried out? (sync-semantics section 13). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from connectors.contracts import Body, Operation, RecordState, RemoteRecord, Side
from syncapp.engine import tags
from syncapp.engine.compiled import compile_spec
from syncapp.engine.entities.traits import DocumentProbe
from syncapp.engine.lines import ID, SAME
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.projection import from_json, project

CREATED_SLACK = timedelta(minutes=2)
"""How much earlier than our first send a record may claim to be created and still be ours: clocks differ."""
STATE = "state"
"""Name of what a deactivation, voiding or reactivation changes, beside the mapping's own units."""


class Evidence(StrEnum):
    APPLIED = "applied"
    """It holds what we sent."""
    CHANGED_SINCE = "changed_since"
    """It holds some of what we sent: it was carried out, and somebody has edited it since."""
    NOT_APPLIED = "not_applied"


def of_change(
    spec: MappingSpec,
    side: Side,
    operation: Operation,
    changes: Sequence[Mapping[str, Any]],
    record: RemoteRecord,
) -> Evidence:
    """Whether the update, deactivation, voiding or deletion of this record was carried out."""
    if operation in _STATES:
        return Evidence.APPLIED if record.state in _STATES[operation] else Evidence.NOT_APPLIED
    if not record.body or record.state in (RecordState.DELETED, RecordState.MISSING):
        return Evidence.NOT_APPLIED
    if [change["key"] for change in changes] == [STATE]:
        live = record.state is RecordState.LIVE
        return Evidence.APPLIED if live is bool(changes[0]["after"]) else Evidence.NOT_APPLIED
    holding = _holding(spec, side, changes, record)
    if len(holding) == len(_known(spec, changes)):
        return Evidence.APPLIED
    return Evidence.CHANGED_SINCE if holding & _moving(spec, changes) else Evidence.NOT_APPLIED


def of_lines(
    spec: MappingSpec, changes: Sequence[Mapping[str, Any]], record: RemoteRecord
) -> dict[str, Evidence]:
    """The same of each line, by its id in Salesforce, that a write was to change: lines are records of their own, and a
    call may be carried out for some of them only. `changed_since`: it holds neither what it held nor what was sent."""
    by_key = compile_spec(spec).by_key
    before, after = _values(spec, changes, "before"), _values(spec, changes, "after")
    now, found = project(Side.SALESFORCE, record, spec), dict[str, Evidence]()
    for key in _known(spec, changes):
        child = by_key[key].child
        if child is not None:
            held, there = _by_id(before.get(key)), _by_id(now.get(key))
            sent = {id_: line for id_, line in _by_id(after.get(key)).items() if id_ in held and id_ in there}
            found |= {id_: _of_row(child.by_key, held[id_], sent[id_], there[id_]) for id_ in sent}
    return found


def of_own_fields(
    spec: MappingSpec, side: Side, changes: Sequence[Mapping[str, Any]], record: RemoteRecord
) -> Evidence:
    """The same of the record's own fields, whatever became of its child rows."""
    rows = {key: row for key, row in compile_spec(spec).by_key.items() if not (row.child or row.picked)}
    before, after = _values(spec, changes, "before"), _values(spec, changes, "after")
    return _of_row(rows, before, after, project(side, record, spec))


def _of_row(
    rows: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Any]
) -> Evidence:
    names = {name for name in {*before, *after} if name in rows}
    moving = {name for name in names if not rows[name].same(before.get(name), after.get(name))}
    if any(rows[name].same(after.get(name), now.get(name)) for name in moving):
        return Evidence.APPLIED
    if moving and all(rows[name].same(before.get(name), now.get(name)) for name in moving):
        return Evidence.NOT_APPLIED
    return Evidence.CHANGED_SINCE


def _by_id(lines: Any) -> dict[str, Mapping[str, Any]]:
    return {str(line[ID]): line for line in lines or () if line.get(ID) and not line.get(SAME)}


_STATES = {
    Operation.DEACTIVATE: {RecordState.INACTIVE, RecordState.DELETED},
    Operation.VOID: {RecordState.VOIDED, RecordState.DELETED},
    Operation.DELETE: {RecordState.DELETED},
}


def _holding(
    spec: MappingSpec, side: Side, changes: Sequence[Mapping[str, Any]], record: RemoteRecord
) -> set[str]:
    """Keys of which the record holds what was sent."""
    by_key = compile_spec(spec).by_key
    now, sent = project(side, record, spec), _values(spec, changes, "after")
    return {key for key in _known(spec, changes) if by_key[key].same(sent.get(key), now.get(key))}


def _moving(spec: MappingSpec, changes: Sequence[Mapping[str, Any]]) -> set[str]:
    """Keys that the write was to change. A group is sent whole: what it already held tells nothing."""
    by_key = compile_spec(spec).by_key
    before, after = _values(spec, changes, "before"), _values(spec, changes, "after")
    return {key for key in _known(spec, changes) if not by_key[key].same(before.get(key), after.get(key))}


def _values(spec: MappingSpec, changes: Sequence[Mapping[str, Any]], which: str) -> Mapping[str, Any]:
    return from_json(spec, {change["key"]: change[which] for change in changes}) or {}


def _known(spec: MappingSpec, changes: Sequence[Mapping[str, Any]]) -> list[str]:
    by_key = compile_spec(spec).by_key
    return [change["key"] for change in changes if change["key"] in by_key]


def is_recent(created: Any, first_sent_at: datetime | None) -> bool:
    """Whether a record of this time of creation (ISO text) may have been made by a write first sent then."""
    if not isinstance(created, str) or first_sent_at is None:
        return False
    return datetime.fromisoformat(created) >= first_sent_at - CREATED_SLACK


def documents_of(
    probe: DocumentProbe, key: str, sent: Body, first_sent_at: datetime | None, found: Iterable[RemoteRecord]
) -> list[RemoteRecord]:
    """The records that a write of this document may have made: those that bear its tag, else those with its number,
    else (where neither is sent) those made since; always for the same customer, with the same total."""
    alike = [record for record in found if _alike(probe, sent, first_sent_at, record)]
    tagged = [record for record in alike if tags.found(record.body.get(probe.tag)) == key]
    if tagged or tags.found(sent.get(probe.tag)):
        return tagged
    number = sent.get(probe.number)
    return [record for record in alike if record.body.get(probe.number) == number] if number else alike


def _alike(probe: DocumentProbe, sent: Body, first_sent_at: datetime | None, record: RemoteRecord) -> bool:
    created = (record.body.get("MetaData") or {}).get("CreateTime")
    total = probe.total(sent)
    return (
        is_recent(created, first_sent_at)
        and record.state is not RecordState.DELETED
        and _reference(sent, probe.party) == _reference(record.body, probe.party)
        and (total is None or total == probe.total(record.body))
    )


def _reference(body: Body, member: str) -> str:
    return str((body.get(member) or {}).get("value") or "")


def holds(stored: Any, sent: Any) -> bool:
    """Whether what is stored contains what was sent; text as the server trims it, other members may be more."""
    if isinstance(sent, Mapping):
        return isinstance(stored, Mapping) and all(
            holds(stored.get(key), value) for key, value in sent.items()
        )
    if isinstance(sent, str):
        return sent.strip() == str(stored or "").strip()
    return bool(sent == stored)


def comparable(body: Body) -> dict[str, Any]:
    """What was sent, without countries: QuickBooks answers them as codes whatever was sent (sync-semantics 2.3)."""
    return {
        name: {key: value for key, value in member.items() if key != "Country"}
        if isinstance(member, Mapping)
        else member
        for name, member in body.items()
    }
