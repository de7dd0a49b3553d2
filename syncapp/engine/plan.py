"""Decisions as they are stored with a preview, and made again from there (sync-semantics section 20).

A stored decision is bound to the versions it saw; a reference to a record that is only planned is a symbol, which
becomes that record's id when the decision is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from connectors.contracts import RecordState, Side, Token
from syncapp.engine.compiled import compile_spec
from syncapp.engine.decision import (
    Candidate,
    Decision,
    DecisionKind,
    ParentNeed,
    Projection,
    Reason,
    StateChange,
    UnitChange,
    UnitHold,
)
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.projection import from_json
from syncapp.engine.records import value_to_json, values_to_json

SYMBOL = "@"
"""What a symbolic reference begins with; no id of either side does."""
AGREED = frozenset({DecisionKind.NOTHING, DecisionKind.SKIP})
"""Decisions that change nothing at all: their items are shown, and nothing of them is carried out."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# --- symbolic references ---------------------------------------------------------------------------------------------


def symbol(link_id: object) -> str:
    """Stands for the id that this link's missing record will have."""
    return f"{SYMBOL}{link_id}"


def symbols(decision: Decision) -> frozenset[str]:
    """The link ids that this decision's values refer to and that have no record yet."""
    values = [decision.create_values, *(change.values for change in decision.changes)]
    return frozenset(
        value.removeprefix(SYMBOL)
        for held in values
        for value in held.values()
        if isinstance(value, str) and value.startswith(SYMBOL)
    )


def with_ids(spec: MappingSpec, decision: Decision, ids: Mapping[str, str]) -> Decision:
    """The decision with each symbol replaced by the record's id (link id -> id)."""
    references = {row.key for row in compile_spec(spec).references}

    def filled(values: Projection) -> dict[str, Any]:
        return {key: _filled(value, ids) if key in references else value for key, value in values.items()}

    return replace(
        decision,
        create_values=filled(decision.create_values),
        changes=tuple(replace(change, values=filled(change.values)) for change in decision.changes),
    )


def _filled(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, str) and value.startswith(SYMBOL):
        return ids.get(value.removeprefix(SYMBOL), value)
    return value


# --- the versions a decision was made from ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeenSide:
    """What a plan saw of one side: the record's id (empty: there was none), its version and state."""

    id: str = ""
    version: str = ""
    modified: str = ""
    """When that version was made, as the side says (ISO, UTC)."""
    state: str = RecordState.NONE.value
    settled: bool = True
    body: Mapping[str, Any] | None = None
    """Members that a write replaces as a whole, as they were: the rest of an address."""


def has_moved(planned: SeenSide, now: SeenSide) -> bool:
    """Whether a side is not what the plan saw any more, as far as anybody has told us. A plan may have looked at a
    version that nobody has told of yet: what is known is then merely older."""
    if planned.id != now.id:
        return True
    if not now.id or not now.version or now.modified < planned.modified:
        return False
    return planned.version != now.version or (now.state != planned.state and now.state != "")


def moment(when: datetime | None) -> str:
    """A time as it is compared here."""
    return "" if when is None else when.astimezone(UTC).isoformat(timespec="microseconds")


# --- JSON ------------------------------------------------------------------------------------------------------------


def to_json(decision: Decision) -> dict[str, Any]:
    """A decision as JSON: all that showing it needs, and all that carrying it out needs."""
    stored: dict[str, Any] = {
        "reasons": [reason_json(reason) for reason in decision.reasons],
        "create_on": decision.create_on.value if decision.create_on else "",
        "values": values_to_json(decision.create_values),
        "link_to": candidate_json(decision.link_to) if decision.link_to else None,
        "candidates": [candidate_json(each) for each in decision.candidates],
        "changes": [_change_json(change) for change in decision.changes],
        "holds": [_hold_json(hold) for hold in decision.holds],
        "waits": [_wait_json(need) for need in decision.waits],
        "attention": decision.attention,
    }
    if decision.kind in AGREED:
        return stored
    return stored | {
        "adopt": list(decision.adopt),
        "released": list(decision.released),
        "lifecycle": decision.lifecycle,
        "sf_now": values_to_json(decision.sf_now),
        "qbo_now": values_to_json(decision.qbo_now),
        "sf_token": _token_json(decision.sf_token),
        "qbo_token": _token_json(decision.qbo_token),
        "set_state": _state_json(decision.set_state),
    }


def reason_json(reason: Reason) -> dict[str, Any]:
    """A reason as JSON holds it."""
    return {"code": reason.code, "values": values_to_json(reason.values)}


def restored(spec: MappingSpec, kind: str, stored: Mapping[str, Any]) -> Decision:
    """The decision that `to_json` stored."""
    return Decision(
        kind=DecisionKind(kind),
        reasons=tuple(Reason(one["code"], one["values"]) for one in stored.get("reasons", ())),
        create_on=Side(stored["create_on"]) if stored.get("create_on") else None,
        create_values=_values(spec, stored.get("values")),
        link_to=candidate_from_json(stored["link_to"]) if stored.get("link_to") else None,
        candidates=tuple(candidate_from_json(each) for each in stored.get("candidates", ())),
        changes=tuple(_change(spec, one) for one in stored.get("changes", ())),
        adopt=tuple(stored.get("adopt", ())),
        holds=tuple(_hold(spec, one) for one in stored.get("holds", ())),
        released=tuple(stored.get("released", ())),
        waits=tuple(_wait(one) for one in stored.get("waits", ())),
        attention=stored.get("attention", "none"),
        lifecycle=stored.get("lifecycle", ""),
        sf_token=_token(stored.get("sf_token")),
        qbo_token=_token(stored.get("qbo_token")),
        sf_now=_values(spec, stored.get("sf_now")),
        qbo_now=_values(spec, stored.get("qbo_now")),
        set_state=_state(stored.get("set_state")),
    )


def _values(spec: MappingSpec, stored: Mapping[str, Any] | None) -> Projection:
    """Values as the engine holds them; a stored null stays: it clears a field."""
    data = stored or {}
    filled = from_json(spec, data) or {}
    return {key: filled.get(key) for key in data}


def candidate_json(candidate: Candidate) -> dict[str, Any]:
    """A candidate as it is stored with a link or a plan."""
    return {
        "side": candidate.side.value,
        "object": candidate.object,
        "id": candidate.id,
        "name": candidate.name,
        "rank": candidate.rank,
        "score": candidate.score,
        "reasons": list(candidate.reasons),
        "state": candidate.state.value,
        "holder": candidate.holder,
        "let_go": candidate.let_go,
        "details": dict(candidate.details),
    }


def candidate_from_json(stored: Mapping[str, Any]) -> Candidate:
    """The candidate that `candidate_json` stored."""
    return Candidate(
        side=Side(stored["side"]),
        object=stored["object"],
        id=stored["id"],
        name=stored["name"],
        rank=stored["rank"],
        score=stored["score"],
        reasons=tuple(stored.get("reasons", ())),
        state=RecordState(stored.get("state", RecordState.LIVE)),
        holder=stored.get("holder", ""),
        let_go=stored.get("let_go", False),
        details=stored.get("details", {}),
    )


def _change_json(change: UnitChange) -> dict[str, Any]:
    return {
        "unit": change.unit,
        "target": change.target.value,
        "values": {key: value_to_json(value) for key, value in change.values.items()},
        "before": values_to_json(change.before),
        "reason": change.reason,
    }


def _change(spec: MappingSpec, stored: Mapping[str, Any]) -> UnitChange:
    return UnitChange(
        stored["unit"],
        Side(stored["target"]),
        _values(spec, stored["values"]),
        _values(spec, stored["before"]),
        stored.get("reason", ""),
    )


def _hold_json(hold: UnitHold) -> dict[str, Any]:
    return {
        "unit": hold.unit,
        "why": hold.why,
        "sf": values_to_json(hold.sf),
        "qbo": values_to_json(hold.qbo),
        "base_sf": values_to_json(hold.base_sf),
        "base_qbo": values_to_json(hold.base_qbo),
        "code": hold.code,
        "details": values_to_json(hold.details),
        "offers": list(hold.offers),
    }


def _hold(spec: MappingSpec, stored: Mapping[str, Any]) -> UnitHold:
    return UnitHold(
        unit=stored["unit"],
        why=stored["why"],
        sf=_values(spec, stored.get("sf")),
        qbo=_values(spec, stored.get("qbo")),
        base_sf=_values(spec, stored.get("base_sf")),
        base_qbo=_values(spec, stored.get("base_qbo")),
        code=stored.get("code", ""),
        details=stored.get("details", {}),
        offers=tuple(stored.get("offers", ())),
    )


def _wait_json(need: ParentNeed) -> dict[str, Any]:
    return {
        "key": need.key,
        "mapping": need.mapping,
        "side": need.side.value,
        "remote_id": need.remote_id,
        "state": need.state,
    }


def _wait(stored: Mapping[str, Any]) -> ParentNeed:
    return ParentNeed(
        stored["key"], stored["mapping"], Side(stored["side"]), stored["remote_id"], stored["state"]
    )


def _token_json(token: Token | None) -> list[Any] | None:
    return None if token is None else [token.version, token.modified.isoformat(), token.settled]


def _token(stored: Iterable[Any] | None) -> Token | None:
    if not stored:
        return None
    version, modified, settled = stored
    return Token(version, datetime.fromisoformat(modified), settled)


def _state_json(change: StateChange | None) -> dict[str, str] | None:
    return None if change is None else {"target": change.target.value, "state": change.state.value}


def _state(stored: Mapping[str, str] | None) -> StateChange | None:
    return StateChange(Side(stored["target"]), RecordState(stored["state"])) if stored else None


# --- what it costs ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cost:
    """Calls that carrying a plan out takes; QuickBooks writes are not metered, reads are."""

    qbo_calls: int = 0
    sf_calls: int = 0
    metered_reads: int = 0
    seconds: int = 0


def cost(to_qbo: int, to_sf: int, *, guarded: int = 0, batch: int = 30, composite: int = 1000) -> Cost:
    """The cost of so many writes to each side: batches of 30 at 38 a minute, composites of 1,000, and one look at the
    stamps of each 2,000 records in Salesforce that people edit as well (`guarded`)."""
    batches, composites, stamps = -(-to_qbo // batch), -(-to_sf // composite), -(-guarded // 2000)
    seconds = -(-int(batches * 60) // 38) + composites + stamps
    return Cost(batches, composites + stamps, 0, seconds)
