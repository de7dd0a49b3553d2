"""Why a record is where it is: every rule that its decision met, in order, with the value seen (sync-semantics 20).

Pure. The order is that of `engine.decide`: the mapping's switch, what exists on each side, the filter, match and
create, then every unit. A rule that stopped the record ends the list, as it ended the decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.contracts import Condition, RemoteRecord, Side
from syncapp.engine import reasons
from syncapp.engine.criteria_text import in_words
from syncapp.engine.decide import label_of
from syncapp.engine.decision import Decision, DecisionKind, Reason, Situation
from syncapp.engine.existence import state_of
from syncapp.engine.filters import meets
from syncapp.engine.mapping import Criterion
from syncapp.engine.paths import read

PASSED, STOPPED, TOLD = "passed", "stopped", "told"
"""A rule that lets the record through, one that stops it, and what came of a field."""

MODE = "why.mode"
EXISTS = "why.exists"
FITS = "why.fits"
NO_FILTER = "why.no_filter"
MAY_CREATE = "why.may_create"
SCANNED = "why.scanned"
NO_MATCH = "why.no_match"
PARENTS = "why.parents"
OWN: tuple[str, ...] = (MODE, EXISTS, FITS, NO_FILTER, MAY_CREATE, SCANNED, NO_MATCH, PARENTS)


@dataclass(frozen=True, slots=True)
class Step:
    """One rule: its code for the words registry, the values seen, and whether the record came past it."""

    code: str
    verdict: str = PASSED
    values: dict[str, Any] = field(default_factory=dict)


def trace(situation: Situation, decision: Decision) -> tuple[Step, ...]:
    """The rules that this decision met, in order; the last one that stopped it last."""
    return tuple(_until_stopped(situation, decision))


_AT_SWITCH = frozenset({reasons.MAPPING_OFF, reasons.BUTTON_ONLY, reasons.UNLINKED})
_AT_FILTER = frozenset(
    {
        reasons.FILTERED,
        reasons.FIELD_EMPTY,
        reasons.NO_CRITERIA,
        reasons.FILTER_LEFT,
        reasons.CRITERIA_LEFT,
    }
)


def _until_stopped(situation: Situation, decision: Decision) -> Iterator[Step]:
    first = decision.reasons[0] if decision.reasons else None
    code = first.code if first is not None else ""
    if code in _AT_SWITCH and first is not None:
        yield _stopped(first)
        return
    yield Step(MODE, values={"mode": situation.spec.mode.value})
    yield from _existence(situation)
    pair = bool(situation.link.sf_id and situation.link.qbo_id)
    if code in _AT_EXISTENCE and first is not None:
        yield _stopped(first)
        return
    yield from _filter(situation)
    if code in _AT_FILTER and first is not None:
        yield _stopped(first)
        return
    if not pair:
        yield from _creation(situation, decision, first)
    else:
        yield from _units(decision)


_AT_EXISTENCE = frozenset(
    {
        reasons.SF_DELETED,
        reasons.SF_MISSING,
        reasons.SF_MERGED,
        reasons.QBO_DELETED,
        reasons.QBO_INACTIVE,
        reasons.QBO_VOIDED,
        reasons.QBO_MISSING,
        reasons.QBO_MERGED,
        reasons.GONE_BOTH,
        reasons.DEACTIVATED,
        reasons.REACTIVATED,
        reasons.REVIVE_ASK,
        reasons.NOTHING_THERE,
        reasons.NEVER_LIVED,
        reasons.INACTIVE_ALONE,
        reasons.SF_INACTIVE,
    }
)


def _stopped(reason: Reason) -> Step:
    return Step(reason.code, STOPPED, dict(reason.values))


def _existence(situation: Situation) -> Iterator[Step]:
    link = situation.link
    states = {
        "sf": state_of(situation.sf, link.sf_id, link.sf_state).value,
        "qbo": state_of(situation.qbo, link.qbo_id, link.qbo_state).value,
    }
    yield Step(EXISTS, values=states)


def _filter(situation: Situation) -> Iterator[Step]:
    rules = 0
    for side, record in ((Side.SALESFORCE, situation.sf), (Side.QUICKBOOKS, situation.qbo)):
        if record is None or not record.body:
            continue
        for rule in situation.spec.filter_of(side):
            rules += 1
            if not meets(rule, record.body):
                return  # the decision names it, with its words
            yield Step(FITS, values=_rule(rule, record))
    if not rules:
        yield Step(NO_FILTER)


def _rule(rule: Criterion, record: RemoteRecord) -> dict[str, Any]:
    seen = read(record.body, rule.path) if isinstance(rule, Condition) else ""
    label = label_of(rule.path) if isinstance(rule, Condition) else ""
    return {"side": record.side.value, "rule": in_words(rule), "label": label, "value": seen}


def _creation(situation: Situation, decision: Decision, first: Reason | None) -> Iterator[Step]:
    """The way of a record that has no counterpart: allowed, both sides read, nothing alike, its parents there."""
    code = first.code if first is not None else ""
    target = Side.QUICKBOOKS if situation.link.sf_id else Side.SALESFORCE
    for stop, passed in (
        ({reasons.NO_RECREATE}, None),
        ({reasons.FIRST_SCAN}, SCANNED),
        ({reasons.CREATE_OFF}, MAY_CREATE),
    ):
        if code in stop and first is not None:
            yield _stopped(first)
            return
        if passed is not None:
            yield Step(passed, values={"side": target.value})
    if decision.kind is DecisionKind.LINK or decision.candidates:
        yield from (_stopped(reason) for reason in decision.reasons)
        return
    yield Step(NO_MATCH, values={"side": target.value})
    if decision.kind is not DecisionKind.WAIT and situation.parents:
        yield Step(PARENTS, values={"number": len(situation.parents)})
    verdict = PASSED if decision.kind is DecisionKind.CREATE else STOPPED
    for reason in decision.reasons:
        yield Step(reason.code, verdict, dict(reason.values))


def _units(decision: Decision) -> Iterator[Step]:
    """What came of the fields of two linked records, as the decision tells it."""
    held = {hold.unit for hold in decision.holds}
    stops = decision.kind in (DecisionKind.SKIP, DecisionKind.WAIT)
    for reason in decision.reasons:
        stopped = stops or reason.values.get("unit") in held or reason.code in _DATA
        yield Step(reason.code, STOPPED if stopped else TOLD, dict(reason.values))


_DATA = frozenset(
    {
        reasons.TOO_LONG,
        reasons.REQUIRED,
        reasons.BAD_VALUE,
        reasons.FORBIDDEN_CHARACTER,
        reasons.BAD_EMAIL,
    }
)
