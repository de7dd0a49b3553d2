"""What an applied write changes on its link: ids, states, bases, and what a person still has to see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from connectors import jsonwire
from connectors.contracts import Operation, RecordState, RemoteRecord, Side, Token, WriteResult
from syncapp.engine.bases import echoed_keys, landed_values
from syncapp.engine.compiled import EXTERNAL_ID, compile_spec
from syncapp.engine.creation import NAME
from syncapp.engine.documents import CLOSED_BOOKS
from syncapp.engine.evidence import STATE
from syncapp.engine.projection import from_json, project
from syncapp.engine.projection import to_json as base_json
from syncapp.engine.reasons import MONEY_DIFFERS
from syncapp.engine.undo import CLOSED, UNDONE
from syncapp.models import Outcome
from syncapp.services import audit_rows, follow_ups, money_check
from syncapp.services.closing import Closing, Place, Settled, attempt_row, intent_row
from syncapp.services.staging import take_token
from syncapp.store.intents import Intent
from syncapp.store.links import LinkRow
from syncapp.store.problems import LinkProblem

ANSWERED = frozenset({NAME, CLOSED_BOOKS})
"""What a person said of a record that was still to be made."""
STATES_AFTER = {
    Operation.DEACTIVATE: RecordState.INACTIVE,
    Operation.VOID: RecordState.VOIDED,
    Operation.DELETE: RecordState.DELETED,
}


def take(
    place: Place, intent: Intent, result: WriteResult, link: LinkRow, closing: Closing, settled: Settled
) -> None:
    created = intent.operation in (Operation.CREATE, Operation.UPSERT)
    state = STATES_AFTER.get(intent.operation, RecordState.LIVE).value
    if intent.side is Side.SALESFORCE:
        link.sf_id, link.sf_state = link.sf_id or result.id, state
    else:
        link.qbo_id, link.qbo_state = link.qbo_id or result.id, state
    if link.sf_id and link.qbo_id and link.lifecycle != "unlinked":
        link.lifecycle = _lifecycle(link)
    stored = _stored(place, intent, result.record)
    _move_bases(place, intent, stored, link)
    link.attempts = 0
    link.held = {unit: entry for unit, entry in link.held.items() if not (created and unit in ANSWERED)}
    _rest(place, intent, link)
    closing.changed[link.id] = link
    closing.columns[link.id] = _fine_columns(link, intent, closing.at)
    _compare_money(place, intent, result, link, closing)
    if result.record is not None:
        take_token(link, intent.side, result.record)
        mirrored = not created and _mirrored(place, intent, stored, link)
        if mirrored:
            settled.answered[link.id] = result.record
            closing.more.add(result.record.id)
        if mirrored or not closing.shared:
            closing.tokens.append(result.record)
        # Else it is news: other mappings read it too.
        if created:
            closing.records.append(result.record)
            closing.follow_ups += follow_ups.wanted(place, intent, result.record, closing.at)
    closing.intents.append(intent_row(intent, "applied", closing.at, result))
    closing.audit += audit_rows.of(place, intent, result, closing.at)
    settled.applied.append(link.id)
    if intent.units != [EXTERNAL_ID]:  # our own id in Salesforce is no news to a person
        outcome = Outcome.CREATED if created else Outcome.UPDATED
        closing.attempts.append(attempt_row(place, intent, outcome, closing.at, result))
        closing.outcomes.append((link.id, intent.run_id, outcome.value))
    elif link.held:  # nothing else was written, because a person has to choose first
        asked = attempt_row(place, intent, Outcome.ASKED, closing.at, result)
        closing.attempts.append({**asked, "changes": []})
        closing.outcomes.append((link.id, intent.run_id, Outcome.ASKED.value))
    else:
        closing.outcomes.append((link.id, intent.run_id, Outcome.NOTHING.value))
    if created:
        settled.created[link.id] = result.record or _as_sent(intent, result)


def _lifecycle(link: LinkRow) -> str:
    """Linked, or gone on both sides once what was left of a deleted record was made inactive or voided."""
    gone = [state not in (RecordState.LIVE, RecordState.NONE) for state in (link.sf_state, link.qbo_state)]
    return "gone" if all(gone) else "linked"


def _rest(place: Place, intent: Intent, link: LinkRow) -> None:
    """What was undone stays so: its units move again when their source does, a closed link never by itself."""
    if intent.rests == CLOSED:
        link.lifecycle, link.no_recreate, link.held = "unlinked", True, {}
    elif intent.rests == UNDONE:
        by_unit = compile_spec(place.spec).by_unit
        link.held = {
            **link.held,
            **{unit: _undone(by_unit[unit].keys, link) for unit in intent.units if unit in by_unit},
        }


def _undone(keys: Sequence[str], link: LinkRow) -> dict[str, Any]:
    sf, qbo = ({key: (base or {}).get(key) for key in keys} for base in (link.sf_base, link.qbo_base))
    return {
        "why": UNDONE,
        "sf": sf,
        "qbo": qbo,
        "base_sf": sf,
        "base_qbo": qbo,
        "sf_token": link.sf_token,
        "qbo_token": link.qbo_token,
    }


def _compare_money(
    place: Place, intent: Intent, result: WriteResult, link: LinkRow, closing: Closing
) -> None:
    """Lines, discount and net total as QuickBooks stored them against what was sent (G6). What differs is held for a
    person, with by how much."""
    found = money_check.disagreement(place, intent, result.record)
    if found is None:
        return
    unit, details = found
    link.held = {**link.held, unit: money_check.hold(link, details)}
    link.attention = "data_error"
    values = {**details, "name": link.name}
    closing.columns[link.id] = {
        "last_ok_at": None,
        "last_cause": intent.cause,
        "attention_code": MONEY_DIFFERS,
        "attention_values": values,
        "last_error_at": closing.at,
    }
    closing.problems.append(LinkProblem(link.id, place.mapping.pk, "data_error", MONEY_DIFFERS, values))


def _fine_columns(link: LinkRow, intent: Intent, at: datetime) -> dict[str, Any]:
    """A held unit keeps its attention, and so does a record that is voided or deleted over there; otherwise the record
    is in step."""
    if link.attention != "gone" and all(entry.get("why") == UNDONE for entry in link.held.values()):
        link.attention = "none"
    return {"last_ok_at": at, "last_cause": intent.cause}


def _stored(place: Place, intent: Intent, record: RemoteRecord | None) -> dict[str, Any] | None:
    """What the server says it stored, as a base holds it; None where it gave no body back."""
    if record is None or not record.body:
        return None
    return base_json(place.spec, project(intent.side, record, place.spec))


def _move_bases(place: Place, intent: Intent, answered: dict[str, Any] | None, link: LinkRow) -> None:
    """Per unit and per side, only with the answer in hand: the source side's base is what was read there, the written
    side's base is what the server says it stored; what was sent where it says nothing (sync-semantics 2.4, 4)."""
    if intent.units == [STATE]:
        return
    written = {change["key"]: change["after"] for change in intent.changes}
    target = dict(link.base(intent.side) or {})
    echoed = [key for key in echoed_keys(place.spec, intent.side, written) if key in target]
    stored, whole = answered, intent.operation in (Operation.CREATE, Operation.UPSERT)
    if stored is None:
        sent = from_json(place.spec, written) or {}
        stored, whole = base_json(place.spec, landed_values(place.spec, intent.side, sent)), False
    target |= stored if whole else {key: stored.get(key) for key in (*intent.source_base, *echoed)}
    source = {**(link.base(intent.side.other) or {}), **intent.source_base}
    if intent.side is Side.SALESFORCE:
        link.sf_base, link.qbo_base = target, source
    else:
        link.qbo_base, link.sf_base = target, source


def _mirrored(place: Place, intent: Intent, now: dict[str, Any] | None, link: LinkRow) -> bool:
    """Whether the answer to an update differs, in what flows to the other side, from what was agreed last."""
    if now is None:
        return False
    base = link.base(intent.side) or {}
    return any(
        now.get(key) != base.get(key)
        for unit in compile_spec(place.spec).units
        if unit.name not in intent.units and unit.allows(intent.side.other)
        for key in unit.keys
    )


def _as_sent(intent: Intent, result: WriteResult) -> RemoteRecord:
    """The record as far as we know it where the server gives none back (Salesforce in bulk): what was sent."""
    body = {**jsonwire.decode(intent.body), "Id": result.id}
    if intent.external_field:
        body[intent.external_field] = intent.external_value
    token = Token("", datetime.min.replace(tzinfo=UTC), settled=False)
    return RemoteRecord(intent.side, intent.object, result.id, token, RecordState.LIVE, body)
