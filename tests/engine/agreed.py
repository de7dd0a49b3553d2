"""The whole rule of how bases move, for one link, as sync-semantics sections 2.4 and 4 state it.

Staging and settling apply it across the time between a write and its answer; the engine's property tests and the
replicas of a pair apply it at once, and so say what those must come to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from connectors.contracts import Side
from syncapp.engine.bases import echoed_keys, landed_values, moved_units
from syncapp.engine.compiled import CompiledSpec, CompiledUnit, compile_spec
from syncapp.engine.decision import Decision, LinkView, Projection
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.merge import unit_values


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
