"""The existence matrix: what a pair of records amounts to before any field is looked at (sync-semantics section 6).

Absent is not deleted: only the positive signs of section 3 count, and none of the defaults destroys data.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contracts import RecordState, RemoteRecord, Side
from syncapp.engine import reasons
from syncapp.engine.decision import DecisionKind, LinkView, StateChange
from syncapp.engine.mapping import MappingPolicies

DEAD = frozenset(
    {RecordState.DELETED, RecordState.INACTIVE, RecordState.VOIDED, RecordState.MERGED, RecordState.MISSING}
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the matrix says when it ends the decision: kind, rule, and what a person sees."""

    kind: DecisionKind
    reason: str
    attention: str = "none"
    lifecycle: str = ""
    set_state: StateChange | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """The states of both sides now."""

    sf: RecordState
    qbo: RecordState


def state_of(record: RemoteRecord | None, remote_id: str, stored: RecordState) -> RecordState:
    """A side's state: of the record read; what the store says where it was not read; none where there is no id."""
    if record is not None:
        return record.state
    if not remote_id:
        return RecordState.NONE
    return stored if stored in DEAD else RecordState.MISSING


RECORD = "@record"
"""Where a person's word about the record itself is kept among the held units."""
GONE = frozenset({RecordState.DELETED, RecordState.MERGED, RecordState.INACTIVE, RecordState.VOIDED})


@dataclass(frozen=True, slots=True)
class Rules:
    """What the matrix goes by beside the states: the mapping's policies, what QuickBooks can do with such a record,
    and sides whose deletions wait for a person (the delete brake)."""

    policies: MappingPolicies
    list_entity: bool
    voidable: bool = False
    braked: frozenset[Side] = frozenset()


def judge(pair: Pair, link: LinkView, rules: Rules) -> Verdict | Side | None:
    """The verdict; or the side on which a record is to be matched or created; or None: compare the two records."""
    if pair.sf is RecordState.LIVE and pair.qbo is RecordState.LIVE:
        return None
    if (pair.sf in GONE and Side.SALESFORCE in rules.braked) or (
        pair.qbo in GONE and Side.QUICKBOOKS in rules.braked
    ):
        return Verdict(DecisionKind.SKIP, reasons.DELETE_BRAKE, "gone")
    if RecordState.MERGED in (pair.sf, pair.qbo):
        return _merged(pair)
    if RecordState.NONE in (pair.sf, pair.qbo):
        return _one_sided(pair)
    if pair.sf is RecordState.LIVE:
        return _qbo_gone(pair.qbo, link, rules)
    if pair.qbo is RecordState.LIVE:
        return _sf_gone(pair.sf, link, rules)
    return Verdict(DecisionKind.SKIP, reasons.GONE_BOTH, "gone", "gone")


def _merged(pair: Pair) -> Verdict:
    # Which counterpart stays is a person's choice (section 10); nothing is merged on the other side by itself.
    code = reasons.SF_MERGED if pair.sf is RecordState.MERGED else reasons.QBO_MERGED
    return Verdict(DecisionKind.CONFLICT, code, "conflict")


def _one_sided(pair: Pair) -> Verdict | Side:
    if pair.sf is RecordState.LIVE:
        return Side.QUICKBOOKS
    if pair.qbo is RecordState.LIVE:
        return Side.SALESFORCE
    if pair.sf is pair.qbo:
        return Verdict(DecisionKind.SKIP, reasons.NOTHING_THERE, "skipped", "gone")
    inactive = RecordState.INACTIVE in (pair.sf, pair.qbo)
    return Verdict(DecisionKind.SKIP, reasons.INACTIVE_ALONE if inactive else reasons.NEVER_LIVED, "skipped")


_QBO_REASONS = {
    RecordState.DELETED: reasons.QBO_DELETED,
    RecordState.INACTIVE: reasons.QBO_INACTIVE,
    RecordState.VOIDED: reasons.QBO_VOIDED,
    RecordState.MISSING: reasons.QBO_MISSING,
}
_REACTIVATE = StateChange(Side.QUICKBOOKS, RecordState.LIVE)
_DEACTIVATE = StateChange(Side.QUICKBOOKS, RecordState.INACTIVE)
_VOID = StateChange(Side.QUICKBOOKS, RecordState.VOIDED)


def answered(link: LinkView) -> str:
    """What a person said shall become of a record whose other half is gone: reactivate, void, leave; else empty."""
    return str((link.held.get(RECORD, {}).get("answer") or {}).get("side", ""))


def _qbo_gone(state: RecordState, link: LinkView, rules: Rules) -> Verdict:
    """Salesforce lives, QuickBooks does not: flag it; bring an inactive one back by rule or by a person's word. What a
    voided document holds still flows to Salesforce (`decide`)."""
    if state is RecordState.INACTIVE and rules.list_entity:
        undeleted = link.sf_state in (RecordState.DELETED, RecordState.MISSING)
        rule = rules.policies.revive if undeleted else rules.policies.qbo_gone
        if "reactivate" in (answered(link), rule):
            return Verdict(DecisionKind.UPDATE, reasons.REACTIVATED, set_state=_REACTIVATE)
        if undeleted:
            return Verdict(DecisionKind.HOLD, reasons.REVIVE_ASK, "gone")
    return Verdict(DecisionKind.SKIP, _QBO_REASONS[state], "gone")


def _sf_gone(state: RecordState, link: LinkView, rules: Rules) -> Verdict:
    """Salesforce is gone, QuickBooks lives: leave it alone. Only by rule and only for a real delete, a list record is
    made inactive; a document is voided only by a person's word. Nothing is ever deleted."""
    if state is not RecordState.DELETED:
        return Verdict(DecisionKind.SKIP, reasons.SF_MISSING, "gone")
    said, rule = answered(link), rules.policies.sf_gone
    if rules.list_entity and rule == "inactivate" and said != "leave":
        return Verdict(DecisionKind.UPDATE, reasons.DEACTIVATED, set_state=_DEACTIVATE)
    if rules.voidable and said == "void":
        return Verdict(DecisionKind.UPDATE, reasons.VOIDED, set_state=_VOID)
    if not rules.list_entity and rule == "void" and said != "leave":
        # What nobody can void from outside is told as such: nothing is deleted, and nothing passes in silence.
        return Verdict(
            DecisionKind.HOLD, reasons.VOID_ASK if rules.voidable else reasons.VOID_BY_HAND, "gone"
        )
    return Verdict(DecisionKind.SKIP, reasons.SF_DELETED, "gone")


def delete_brake(policies: MappingPolicies, deletions: int, links: int) -> bool:
    """Whether one capture pass brings so many deletions that a person must look first (section 3)."""
    return deletions > max(policies.delete_brake_floor, links * policies.delete_brake_share)
