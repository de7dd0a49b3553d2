"""What moves the bases: after an adoption, and after each side's answer to a write (sync-semantics sections 2.4, 4).

Bases move per unit and per side, only with the answer in hand: staging and settling do it across the time between a
write and its answer, with the source side's values kept in the intent. The whole rule for one link stands in
tests/engine/agreed.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from connectors.contracts import Side
from syncapp.engine.compiled import CompiledUnit, compile_spec
from syncapp.engine.decision import Decision, LinkView, Projection, UnitHold
from syncapp.engine.mapping import FieldSpec, MappingSpec, OnDrift
from syncapp.engine.projection import compose_create, project
from syncapp.engine.records import values_to_json


def landed_values(spec: MappingSpec, target: Side, sent: Projection) -> Projection:
    """What a record on `target` holds after these values were written to it, as far as anyone can say without asking:
    also the rows that read a field which another row has written."""
    written = {key: value for key, value in sent.items() if value is not None}
    return {**project(target, compose_create(target, spec, written), spec), **sent}


def written_units(spec: MappingSpec, decision: Decision, target: Side) -> tuple[str, ...]:
    """The units that the decision's write to `target` carries: its changes, or for a create all that may flow there."""
    if decision.create_on is target:
        return tuple(
            unit.name
            for unit in compile_spec(spec).units
            if unit.allows(target) and not needs_record(unit, target)
        )
    return tuple(change.unit for change in decision.changes if change.target is target)


def moved_units(spec: MappingSpec, decision: Decision, target: Side) -> tuple[str, ...]:
    """The units that are agreed once `target` has applied the decision's write.

    A create agrees on every unit: the new record was made from the other one, and nobody has typed anything into it.
    Only what merely mirrors the new record (its id, a balance: rows that are overwritten when they drift) still has to
    be written back.
    """
    if decision.create_on is not target:
        return written_units(spec, decision, target)
    return tuple(
        unit.name
        for unit in compile_spec(spec).units
        if not needs_record(unit, target)
        and (unit.allows(target) or not (unit.rows[0].external or unit.policy.on_drift is OnDrift.OVERWRITE))
    )


def needs_record(unit: CompiledUnit, target: Side) -> bool:
    """Child rows are written to Salesforce once the record that they belong to is there."""
    return target is Side.SALESFORCE and any(row.child or row.picked for row in unit.rows)


def echoed_keys(spec: MappingSpec, target: Side, keys: Iterable[str]) -> tuple[str, ...]:
    """Rows of other units that read, on `target`, a field which the rows `keys` write there (an account's name feeds
    two QuickBooks names). Their base on that side moves with the write: our own write is nobody's edit (G3)."""
    compiled = compile_spec(spec)
    written = set(keys)
    members = {compiled.by_key[key].members(target) for key in written if key in compiled.by_key}
    return tuple(
        row.key for row in compiled.rows if row.key not in written and row.members(target) in members
    )


def changed_units(old: MappingSpec, new: MappingSpec) -> frozenset[str]:
    """Units whose base is unknown under the new version because a row of them is new or reads differently
    (section 2.7). Policies and labels may change freely."""
    before = {row.key: _reading(row, old) for row in old.fields}
    return frozenset(row.part or row.unit for row in new.fields if before.get(row.key) != _reading(row, new))


def _reading(row: FieldSpec, spec: MappingSpec) -> tuple[Any, ...]:
    return (
        row.formula,
        next((value_map for value_map in spec.value_maps if value_map.name == row.value_map), None),
        row.sf_path,
        row.qbo_path,
        row.type,
        row.transform,
        row.places,
        row.constant,
        row.group,
        row.refers_to,
        row.lookup,
        row.part,
    )


def held_after(link: LinkView, decision: Decision, now: datetime | None = None) -> dict[str, Any]:
    """The `held` column once the decision is stored, as JSON: new holds with both values, bases, tokens and the time
    they began (`now`); a hold that stands keeps a person's unanswered fields; released ones are gone."""
    released = set(decision.released) | {change.unit for change in decision.changes} | set(decision.adopt)
    kept = {unit: dict(entry) for unit, entry in link.held.items() if unit not in released}
    for hold in decision.holds:
        kept[hold.unit] = _entry(hold, decision, link.held.get(hold.unit))
        if now is not None:
            kept[hold.unit].setdefault("since", now.isoformat())
    return kept


def _entry(hold: UnitHold, decision: Decision, before: Mapping[str, Any] | None) -> dict[str, Any]:
    entry = {
        "why": hold.why,
        "sf": values_to_json(hold.sf),
        "qbo": values_to_json(hold.qbo),
        "base_sf": values_to_json(hold.base_sf),
        "base_qbo": values_to_json(hold.base_qbo),
        "sf_token": decision.sf_token.version if decision.sf_token else "",
        "qbo_token": decision.qbo_token.version if decision.qbo_token else "",
        "sf_at": decision.sf_token.modified.isoformat() if decision.sf_token else "",
        "qbo_at": decision.qbo_token.modified.isoformat() if decision.qbo_token else "",
        "sf_by": _saved_by(decision, before),
        "code": hold.code,
        "details": dict(hold.details),
        "offers": list(hold.offers),
    }
    same = before is not None and all(before.get(name) == entry[name] for name in ("why", "sf", "qbo"))
    extra = {key: value for key, value in (before or {}).items() if key not in entry and key != "answer"}
    return {**extra, **entry} if same else entry


def _saved_by(decision: Decision, before: Mapping[str, Any] | None) -> str:
    """Who saved the Salesforce record; a version that was not read again keeps the name that was known of it."""
    version = decision.sf_token.version if decision.sf_token else ""
    if decision.sf_by or before is None or before.get("sf_token") != version:
        return decision.sf_by
    return str(before.get("sf_by", ""))
