"""A record that has no counterpart yet: match it, or make it over there (sync-semantics section 8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.contracts import Side
from syncapp.engine import documents, payments, reasons
from syncapp.engine.bases import needs_record
from syncapp.engine.checks import check_compiled, check_date, check_lines, check_required
from syncapp.engine.compiled import CompiledSpec, name_suffix
from syncapp.engine.decision import (
    Candidate,
    Decision,
    DecisionKind,
    LinkView,
    ParentNeed,
    Projection,
    Reason,
    Situation,
    Twin,
)
from syncapp.engine.match import Choice, choose
from syncapp.engine.merge import MergeContext, Sides, missing_parents, translate

PARENT_REASONS = {
    "skipped": reasons.PARENT_SKIPPED,
    "problem": reasons.PARENT_PROBLEM,
    "gone": reasons.PARENT_GONE,
    "loop": reasons.CYCLE,
}
"""Parents in these states do not come by themselves: their children need a person too (section 9)."""


def create_or_match(
    situation: Situation, compiled: CompiledSpec, target: Side, source: Projection, context: MergeContext
) -> Decision:
    """Match before create, in the order of section 8; `source` is the projection of the record that exists."""
    refusal = _refusal(situation, compiled, target)
    if refusal is not None:
        return refusal
    entity = situation.spec.qbo_entity if target is Side.QUICKBOOKS else situation.spec.sf_object
    candidates = tuple(each for each in situation.candidates if says_enough(situation, each.reasons))
    policies = situation.spec.policies
    choice = choose(candidates, entity, automatic=policies.match_auto, by_name=policies.name_clash == "link")
    if choice.link_to is not None:
        return _link(choice.link_to, choice)
    suffix = _suffix_for(situation, choice, compiled, target)
    if choice.asks and not suffix:
        return Decision(
            DecisionKind.HOLD,
            reasons=_only(choice.reason),
            candidates=candidates,
            attention="candidate",
            lifecycle="candidate",
        )
    if situation.twin is not None and not candidates and says_enough(situation, situation.twin.kinds):
        return _after(situation.twin)
    return _create(situation, compiled, target, source, context, suffix)


def _only(reason: Reason | None) -> tuple[Reason, ...]:
    return (reason,) if reason is not None else ()


def _refusal(situation: Situation, compiled: CompiledSpec, target: Side) -> Decision | None:
    policies = situation.spec.policies
    wanted = policies.create_in_qbo if target is Side.QUICKBOOKS else policies.create_in_sf
    if situation.link.no_recreate:
        return skip(reasons.NO_RECREATE)
    if not situation.barrier_open:
        return skip(reasons.FIRST_SCAN)
    if not wanted or not compiled.flows_to(target):
        return None if situation.candidates else skip(reasons.CREATE_OFF, side=target.value)
    return None


def skip(code: str, attention: str = "skipped", **values: Any) -> Decision:
    """Nothing is done, for a named reason."""
    return Decision(DecisionKind.SKIP, reasons=(reasons.because(code, **values),), attention=attention)


def _link(candidate: Candidate, choice: Choice) -> Decision:
    return Decision(
        DecisionKind.LINK,
        reasons=_only(choice.reason),
        link_to=candidate,
        candidates=(candidate,),
        lifecycle="linked",
    )


def says_enough(situation: Situation, kinds: Iterable[str]) -> bool:
    """Whether sharing these kinds of keys is a reason to ask. Branches and jobs share their parent's e-mail address and
    are told apart by their names (what is unique for them is the full name, section 8)."""
    inside = any(need.mapping == situation.spec.key for need in situation.parents)
    return not inside or not ({"email", "phone", "postal"} >= set(kinds))


def _after(twin: Twin) -> Decision:
    """Of records that look alike among themselves one is made; about the others a person is asked."""
    reason = reasons.because(reasons.MATCH_TWIN, name=twin.name, id=twin.remote_id)
    if twin.planned:
        return Decision(DecisionKind.HOLD, (reason,), attention="candidate", lifecycle="candidate")
    need = ParentNeed("", twin.mapping, twin.side, twin.remote_id)
    return Decision(DecisionKind.WAIT, (reason,), waits=(need,), attention="waiting")


def _suffix_for(situation: Situation, choice: Choice, compiled: CompiledSpec, target: Side) -> str:
    """What goes behind a name that a vendor or an employee has already: as a person said for this record, or as the
    mapping's rule says."""
    if target is Side.SALESFORCE:
        return ""
    taken = choice.reason is not None and choice.reason.code == reasons.MATCH_OTHER_TYPE
    return chosen_suffix(situation.link) or (name_suffix(compiled.spec) if taken else "")


NAME = "@name"
"""The key in `held` of what a person said about the name of a record that is still to be made."""


def chosen_suffix(link: LinkView) -> str:
    """What a person wants behind this record's name in QuickBooks; empty where nobody said so."""
    return str((link.held.get(NAME, {}).get("answer") or {}).get("text", ""))


def _create(
    situation: Situation,
    compiled: CompiledSpec,
    target: Side,
    source: Projection,
    context: MergeContext,
    suffix: str,
) -> Decision:
    stopped = _stopped(situation, compiled, target, source, context)
    if stopped is not None:
        return stopped
    values = create_values(compiled, target, source, context, suffix)
    rules = [reasons.because(reasons.CREATED, side=target.value)]
    if target is Side.QUICKBOOKS:
        policy = documents.closed_policy(compiled, situation.link.held)
        values = payments.completed(compiled, documents.reachable(compiled, values), source)
        values, moved = documents.on_an_open_day(compiled, values, situation.books, policy)
        rules += moved
    refused = _refused(situation, compiled, target, values, source)
    if refused is not None:
        return refused
    if suffix:
        rules.append(reasons.because(reasons.NAME_SUFFIX, suffix=suffix))
    if target is Side.QUICKBOOKS:
        rules += documents.warnings(situation, compiled, values)
    return Decision(
        DecisionKind.CREATE,
        reasons=tuple(rules),
        create_on=target,
        create_values=values,
        lifecycle="creating",
    )


def _stopped(
    situation: Situation, compiled: CompiledSpec, target: Side, source: Projection, context: MergeContext
) -> Decision | None:
    """What keeps this record from being made at all, before its values are looked at."""
    policies = situation.spec.policies
    if not (policies.create_in_qbo if target is Side.QUICKBOOKS else policies.create_in_sf):
        return skip(reasons.CREATE_OFF, side=target.value)
    early = documents.before_go_live(compiled, source)
    if early is not None and situation.link.forced is None:
        return skip(early.code, **early.values)
    waits = _needs(compiled, target, source, context)
    unknown = next((need for need in waits if need.key == "item"), None)
    if unknown is not None and situation.spec.options.get("unknown_product") == "stop":
        reason = reasons.because(reasons.UNKNOWN_PRODUCT, id=unknown.remote_id)
        return Decision(DecisionKind.HOLD, reasons=(reason,), attention="data_error")
    return wait_for(waits) if waits else None


def _refused(
    situation: Situation, compiled: CompiledSpec, target: Side, values: Projection, source: Projection
) -> Decision | None:
    """What must not be sent as it is. A document that only waits for the books to be opened is no problem."""
    problems = (*check_required(target, situation.spec, values), *check_compiled(target, compiled, values))
    closed: tuple[Reason, ...] = ()
    if target is Side.QUICKBOOKS:
        problems += documents.refusals(situation, compiled, values)
        problems += check_lines(compiled, values, situation.books)
        problems += payments.refusals(situation, compiled, values, Sides(source, {}))
        closed = check_date(compiled, values, situation.books)
    if documents.closed_policy(compiled, situation.link.held) == documents.WAIT and closed and not problems:
        return _until_open(closed[0])
    told = (*problems, *closed)
    return Decision(DecisionKind.HOLD, reasons=told, attention="data_error") if told else None


def _until_open(closed: Reason) -> Decision:
    """Nothing is asked and nothing is wrong: it goes on when the books are open, or with another date."""
    reason = reasons.because(reasons.CLOSED_WAITS, **closed.values)
    return Decision(DecisionKind.WAIT, (reason,), attention="waiting")


def wait_for(waits: tuple[ParentNeed, ...]) -> Decision:
    """Blocked until these are linked; where one of them will not be by itself, because of that one."""
    stuck = next((need for need in waits if need.state in PARENT_REASONS), None)
    code = PARENT_REASONS[stuck.state] if stuck is not None else reasons.WAITING_PARENT
    need = stuck or waits[0]
    reason = reasons.because(
        code, key=need.key, mapping=need.mapping, side=need.side.value, id=need.remote_id
    )
    attention = "blocked" if stuck is not None else "waiting"
    return Decision(DecisionKind.WAIT, reasons=(reason,), waits=waits, attention=attention)


def _needs(
    compiled: CompiledSpec, target: Side, source: Projection, context: MergeContext
) -> tuple[ParentNeed, ...]:
    return tuple(
        need
        for unit in compiled.units
        if unit.allows(target)
        for need in missing_parents(unit, target.other, source, context)
    )


def create_values(
    compiled: CompiledSpec, target: Side, source: Projection, context: MergeContext, suffix: str = ""
) -> dict[str, Any]:
    """The canonical values of the record to be made on `target`: all rows that may flow there, empty ones left out."""
    name_path = compiled.traits(target).name_path
    values: dict[str, Any] = {}
    for unit in compiled.units:
        if not unit.allows(target) or (unit.rows[0].external and not context.external_prefix):
            continue
        if needs_record(unit, target):
            continue
        for row in unit.rows:
            value = translate(row, target, source.get(row.key), context)
            if value is not None:
                values[row.key] = value
                if suffix and ".".join(row.members(target)) == name_path:
                    values[row.key] = f"{value}{suffix}"
    return values
