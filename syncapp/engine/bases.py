"""What moves the bases: after an adoption, and after each side's answer to a write (sync-semantics sections 2.4, 4).

Bases move per unit and per side, only with the answer in hand. `after_adoption` and `after_write` say the whole rule
for one link; staging and settling apply it across the time between a write and its answer, with the source side's
values kept in the intent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.contracts import Side
from syncapp.engine.compiled import CompiledSpec, CompiledUnit, compile_spec
from syncapp.engine.decision import Decision, LinkView, Projection, UnitHold
from syncapp.engine.mapping import FieldSpec, MappingSpec, OnDrift
from syncapp.engine.merge import unit_values
from syncapp.engine.projection import compose_create, project
from syncapp.engine.records import values_to_json


@dataclass(frozen=True, slots=True)
class Bases:
    """The bases of a link: None where no unit was ever agreed; `unknown` are the units without an agreement."""

    sf: Projection | None
    qbo: Projection | None
    unknown: frozenset[str] = field(default_factory=frozenset)

    def of(self, side: Side) -> Projection | None:
        return self.sf if side is Side.SALESFORCE else self.qbo


def bases_of(link: LinkView) -> Bases:
    """The bases that a link view carries."""
    return Bases(link.sf_base, link.qbo_base, link.unknown_units)


def after_adoption(spec: MappingSpec, bases: Bases, decision: Decision) -> Bases:
    """The bases once the decision itself is stored: adopted units take what both sides hold now, without a write."""
    return moved(spec, bases, decision.adopt, decision.sf_now, decision.qbo_now)


def after_write(
    spec: MappingSpec, bases: Bases, decision: Decision, target: Side, answer: Projection | None = None
) -> Bases:
    """The bases once `target` has applied the decision's write (update or create).

    `answer` is the projection of what the server returned: servers change what they store, so its values are the
    target's new base (section 2.4). Without one (Salesforce in bulk) the values sent stand in until the next read.
    """
    sent = _sent(decision, target)
    landed = landed_values(spec, target, sent) if answer is None else answer
    source = decision.sf_now if target is Side.QUICKBOOKS else decision.qbo_now
    sf, qbo = (source, landed) if target is Side.QUICKBOOKS else (landed, source)
    return _with_echoes(
        spec, moved(spec, bases, moved_units(spec, decision, target), sf, qbo), target, tuple(sent), landed
    )


def _sent(decision: Decision, target: Side) -> Projection:
    if decision.create_on is target:
        return decision.create_values
    return {
        key: value
        for change in decision.changes
        if change.target is target
        for key, value in change.values.items()
    }


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


def _with_echoes(
    spec: MappingSpec, bases: Bases, target: Side, keys: tuple[str, ...], landed: Projection
) -> Bases:
    compiled = compile_spec(spec)
    base = dict(bases.of(target) or {})
    for key in echoed_keys(spec, target, keys):
        if compiled.by_key[key].spec.unit in bases.unknown:
            continue
        base.pop(key, None)
        if landed.get(key) is not None:
            base[key] = landed[key]
    return replace(bases, sf=base) if target is Side.SALESFORCE else replace(bases, qbo=base)


def moved(spec: MappingSpec, bases: Bases, units: Iterable[str], sf: Projection, qbo: Projection) -> Bases:
    """The bases with these units taken from the two projections; every other unit stays as it was."""
    compiled = compile_spec(spec)
    moving = [compiled.by_unit[name] for name in units]
    if not moving:
        return bases
    return Bases(
        sf=_replaced(bases.sf, moving, sf),
        qbo=_replaced(bases.qbo, moving, qbo),
        unknown=_unknown(compiled, bases) - {unit.name for unit in moving},
    )


def _replaced(base: Projection | None, units: list[CompiledUnit], values: Projection) -> Projection:
    made = dict(base or {})
    for unit in units:
        for key in unit.keys:
            made.pop(key, None)
        made |= unit_values(unit, values)
    return made


def _unknown(compiled: CompiledSpec, bases: Bases) -> frozenset[str]:
    if bases.sf is None or bases.qbo is None:
        return frozenset(compiled.by_unit)
    return bases.unknown


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
