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


def judge(
    pair: Pair, link: LinkView, policies: MappingPolicies, *, list_entity: bool
) -> Verdict | Side | None:
    """The verdict; or the side on which a record is to be matched or created; or None: both live, compare them."""
    if pair.sf is RecordState.LIVE and pair.qbo is RecordState.LIVE:
        return None
    if RecordState.MERGED in (pair.sf, pair.qbo):
        return _merged(pair)
    if RecordState.NONE in (pair.sf, pair.qbo):
        return _one_sided(pair)
    if pair.sf is RecordState.LIVE:
        return _qbo_gone(pair.qbo, link, policies, list_entity=list_entity)
    if pair.qbo is RecordState.LIVE:
        return _sf_gone(pair.sf, policies, list_entity=list_entity)
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


def _qbo_gone(state: RecordState, link: LinkView, policies: MappingPolicies, *, list_entity: bool) -> Verdict:
    """Salesforce lives, QuickBooks does not: flag it; bring an inactive one back by rule or by a person's word."""
    if state is RecordState.INACTIVE and list_entity:
        undeleted = link.sf_state in (RecordState.DELETED, RecordState.MISSING)
        rule = policies.revive if undeleted else policies.qbo_gone
        if rule == "reactivate":
            change = StateChange(Side.QUICKBOOKS, RecordState.LIVE)
            return Verdict(DecisionKind.UPDATE, reasons.REACTIVATED, set_state=change)
        if undeleted:
            return Verdict(DecisionKind.HOLD, reasons.REVIVE_ASK, "gone")
    return Verdict(DecisionKind.SKIP, _QBO_REASONS[state], "gone")


def _sf_gone(state: RecordState, policies: MappingPolicies, *, list_entity: bool) -> Verdict:
    """Salesforce is gone, QuickBooks lives: leave it alone; made inactive only by rule and only for a real delete."""
    if state is RecordState.DELETED and policies.sf_gone == "inactivate" and list_entity:
        change = StateChange(Side.QUICKBOOKS, RecordState.INACTIVE)
        return Verdict(DecisionKind.UPDATE, reasons.DEACTIVATED, set_state=change)
    code = reasons.SF_DELETED if state is RecordState.DELETED else reasons.SF_MISSING
    return Verdict(DecisionKind.SKIP, code, "gone")


def delete_brake(policies: MappingPolicies, deletions: int, links: int) -> bool:
    """Whether one capture pass brings so many deletions that a person must look first (section 3)."""
    return deletions > max(policies.delete_brake_floor, links * policies.delete_brake_share)
