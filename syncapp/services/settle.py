"""Stage 6, settle: one HTTP answer, one transaction: intents, bases, attempts, audit, problems, children made due.

An answer is applied to every intent that it closes, whatever became of the sender's lease: knowledge of a remote id is
never thrown away (W7). While an intent is open its link cannot be claimed, so nobody else has decided meanwhile.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from connectors import jsonwire
from connectors.contracts import (
    BatchAnswer,
    Operation,
    Priority,
    RecordState,
    RemoteRecord,
    Side,
    Token,
    WriteResult,
    WriteStatus,
)
from connectors.errors import Failure, FailureKind
from syncapp.engine import reasons
from syncapp.engine.bases import echoed_keys, landed_values
from syncapp.engine.compiled import EXTERNAL_ID, compile_spec
from syncapp.engine.creation import NAME
from syncapp.engine.evidence import STATE
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.match import keys_of
from syncapp.engine.projection import from_json, project
from syncapp.engine.projection import to_json as base_json
from syncapp.engine.reasons import MONEY_DIFFERS
from syncapp.engine.retry import Next, after_failure
from syncapp.engine.timing import Timing
from syncapp.engine.undo import CLOSED, UNDONE
from syncapp.ids import uuid7
from syncapp.models import Attempt, AuditEvent, Connection, Mapping, Outcome
from syncapp.services import joining, money_check, reference_lists, waiting
from syncapp.services.audit import OURSELVES
from syncapp.services.staging import take_token
from syncapp.store import (
    bulk,
    clock,
    intents,
    leases,
    links,
    match_index,
    observations,
    problems,
    runs,
    transactions,
)
from syncapp.store.intents import Batch, Intent
from syncapp.store.links import LinkRow
from syncapp.store.problems import LinkProblem


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch belongs: what settling needs to know besides the batch and its answer."""

    company_id: int
    mapping: Mapping
    spec: MappingSpec
    connections: dict[Side, Connection]
    timing: Timing
    priority: Priority
    exact: bool = False
    """A plan is carried out: what moved is named, not read and decided anew."""

    @property
    def realm(self) -> str:
        return self.connections[Side.QUICKBOOKS].remote_id


@dataclass(slots=True)
class Settled:
    """What an answer came to: links that are done, links to look at again and when, names that exist over there."""

    applied: list[UUID] = field(default_factory=list)
    created: dict[UUID, RemoteRecord] = field(default_factory=dict)
    answered: dict[UUID, RemoteRecord] = field(default_factory=dict)
    """Updated records whose answer holds more than was sent, for the other side to be told."""
    again: dict[UUID, datetime] = field(default_factory=dict)
    stopped: list[UUID] = field(default_factory=list)
    name_taken: list[tuple[UUID, Failure]] = field(default_factory=list)
    unknown: list[UUID] = field(default_factory=list)


@dataclass(slots=True)
class _Closing:
    """Rows that one answer brings forth, written together at the end."""

    at: datetime
    shared: bool = False
    """Whether other mappings read what is written here."""
    intents: list[dict[str, Any]] = field(default_factory=list)
    audit: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[tuple[UUID, UUID | None, str]] = field(default_factory=list)
    problems: list[LinkProblem] = field(default_factory=list)
    changed: dict[UUID, LinkRow] = field(default_factory=dict)
    columns: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    records: list[RemoteRecord] = field(default_factory=list)
    tokens: list[RemoteRecord] = field(default_factory=list)
    more: set[str] = field(default_factory=set)
    """Records whose answers hold more than what was agreed: what else changed there is still to be carried over."""
    news: list[RemoteRecord] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    """Records found changed since our write: what is known of them is no ground for what is decided next."""


def settle(place: Place, batch: Batch, answer: BatchAnswer, *, read: frozenset[str] = frozenset()) -> Settled:
    """Record what came of each write of a batch, in one transaction. The answer's results are in the batch's order.

    `read` are the writes (by their place in the batch) whose outcome was found by reading: what their records hold
    beside our values may be somebody's edit, and is news.
    """
    return transactions.run(lambda: _settle(place, batch, answer, read))


def _settle(place: Place, batch: Batch, answer: BatchAnswer, read: frozenset[str]) -> Settled:
    still_open = _lock_open(batch)
    rows = links.load(
        place.company_id, [intent.link_id for intent in batch.intents if intent.id in still_open]
    )
    closing, settled = _Closing(clock.now(), shared=_is_shared(place, batch)), Settled()
    for intent, result in zip(batch.intents, answer.results, strict=True):
        if intent.id in still_open:
            _one(place, intent, result, rows[intent.link_id], closing, settled)
    found = _found(batch, answer, read)
    closing.news = [record for record in closing.tokens if record.id in found | closing.more]
    closing.unread = found - {record.id for record in closing.tokens}
    _write(place, batch, closing, settled)
    if settled.unknown:
        intents.mark_unknown(batch, _unknown_wait(place, batch))
    else:
        intents.close_batch(batch.id, "applied" if settled.applied else "refused")
    return settled


def _found(batch: Batch, answer: BatchAnswer, read: frozenset[str]) -> set[str]:
    return {
        result.id
        for intent, result in zip(batch.intents, answer.results, strict=True)
        if intent.bid in read and result.status is WriteStatus.APPLIED
    }


def _is_shared(place: Place, batch: Batch) -> bool:
    sf = batch.side is Side.SALESFORCE
    name = place.spec.sf_object if sf else place.spec.qbo_entity
    rows = Mapping.objects.filter(
        **{
            "integration__salesforce" if sf else "integration__quickbooks": batch.connection_id,
            "sf_object" if sf else "qbo_entity": name,
        },
        published_number__gt=0,
    )
    return rows.exclude(pk=place.mapping.pk).exclude(mode="off").exists()


def _lock_open(batch: Batch) -> set[UUID]:
    rows = bulk.fetch(
        "select id from syncapp_writeintent where batch_id = %s and state in ('planned', 'sending', 'unknown', 'ask')"
        " order by id for update",
        [batch.id],
    )
    return {row[0] for row in rows}


def _unknown_wait(place: Place, batch: Batch) -> float:
    return place.timing.unknown_wait_batch if len(batch.intents) > 1 else place.timing.unknown_wait


def _one(
    place: Place, intent: Intent, result: WriteResult, link: LinkRow, closing: _Closing, settled: Settled
) -> None:
    if result.status is WriteStatus.UNKNOWN:
        settled.unknown.append(link.id)
    elif result.status is WriteStatus.APPLIED:
        _applied(place, intent, result, link, closing, settled)
    else:
        _refused(place, intent, result, link, closing, settled)


STATES_AFTER = {
    Operation.DEACTIVATE: RecordState.INACTIVE,
    Operation.VOID: RecordState.VOIDED,
    Operation.DELETE: RecordState.DELETED,
}

# --- applied -----------------------------------------------------------------------------------------------------


def _applied(
    place: Place, intent: Intent, result: WriteResult, link: LinkRow, closing: _Closing, settled: Settled
) -> None:
    created = intent.operation in (Operation.CREATE, Operation.UPSERT)
    state = STATES_AFTER.get(intent.operation, RecordState.LIVE).value
    if intent.side is Side.SALESFORCE:
        link.sf_id, link.sf_state = link.sf_id or result.id, state
    else:
        link.qbo_id, link.qbo_state = link.qbo_id or result.id, state
    if link.sf_id and link.qbo_id and link.lifecycle != "unlinked":
        link.lifecycle = _lifecycle(link)
    _move_bases(place, intent, result, link)
    link.attempts = 0
    link.held = {unit: entry for unit, entry in link.held.items() if not (created and unit == NAME)}
    _rest(place, intent, link)
    closing.changed[link.id] = link
    closing.columns[link.id] = _fine_columns(link, intent, closing.at)
    _compare_money(place, intent, result, link, closing)
    if result.record is not None:
        take_token(link, intent.side, result.record)
        mirrored = not created and _mirrored(place, intent, result.record, link)
        if mirrored:
            settled.answered[link.id] = result.record
            closing.more.add(result.record.id)
        if mirrored or not closing.shared:
            closing.tokens.append(result.record)
        # Else it is news: other mappings read it too.
        if created:
            closing.records.append(result.record)
    closing.intents.append(_intent_row(intent, "applied", closing.at, result))
    closing.audit.append(_audit_row(place, intent, result, closing.at))
    settled.applied.append(link.id)
    if intent.units != [EXTERNAL_ID]:  # our own id in Salesforce is no news to a person
        outcome = Outcome.CREATED if created else Outcome.UPDATED
        closing.attempts.append(_attempt_row(place, intent, outcome, closing.at, result))
        closing.outcomes.append((link.id, intent.run_id, outcome.value))
    elif link.held:  # nothing else was written, because a person has to choose first
        asked = _attempt_row(place, intent, Outcome.ASKED, closing.at, result)
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
    place: Place, intent: Intent, result: WriteResult, link: LinkRow, closing: _Closing
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


def _move_bases(place: Place, intent: Intent, result: WriteResult, link: LinkRow) -> None:
    """Per unit and per side, only with the answer in hand: the source side's base is what was read there, the written
    side's base is what the server says it stored; what was sent where it says nothing (sync-semantics 2.4, 4)."""
    if intent.units == [STATE]:
        return
    written = {change["key"]: change["after"] for change in intent.changes}
    target = dict(link.base(intent.side) or {})
    echoed = [key for key in echoed_keys(place.spec, intent.side, written) if key in target]
    if result.record is not None and result.record.body:
        stored = base_json(place.spec, project(intent.side, result.record, place.spec))
        whole = intent.operation in (Operation.CREATE, Operation.UPSERT)
    else:
        sent = from_json(place.spec, written) or {}
        stored = base_json(place.spec, landed_values(place.spec, intent.side, sent))
        whole = False
    target |= stored if whole else {key: stored.get(key) for key in (*intent.source_base, *echoed)}
    source = {**(link.base(intent.side.other) or {}), **intent.source_base}
    if intent.side is Side.SALESFORCE:
        link.sf_base, link.qbo_base = target, source
    else:
        link.qbo_base, link.sf_base = target, source


def _mirrored(place: Place, intent: Intent, record: RemoteRecord, link: LinkRow) -> bool:
    """Whether the answer to an update differs, in what flows to the other side, from what was agreed last."""
    if not record.body:
        return False
    now = base_json(place.spec, project(intent.side, record, place.spec))
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


def _audit_row(place: Place, intent: Intent, result: WriteResult, at: datetime) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "company_id": place.company_id,
        "intent_id": intent.id,
        "link_id": intent.link_id,
        "action": intent.operation.value,
        "side": intent.side.value,
        "object": intent.object,
        "remote_id": result.id or intent.remote_id,
        "actor": OURSELVES,
        "cause": intent.cause,
        "before": {
            change["label"]: change["before"] for change in intent.changes if change["before"] is not None
        },
        "after": {change["label"]: change["after"] for change in intent.changes},
        "guard": intent.guard,
        "request_id": result.request_id,
        "at": at,
        "chain": "",
    }


# --- refused -----------------------------------------------------------------------------------------------------


def _refused(
    place: Place, intent: Intent, result: WriteResult, link: LinkRow, closing: _Closing, settled: Settled
) -> None:
    failure = result.failure or Failure(FailureKind.BUG, "engine.no_failure")
    after = after_failure(failure, link.attempts, link.attempts, random.random(), place.timing)  # noqa: S311  jitter
    link.attempts = after.attempts
    state = "superseded" if result.status is WriteStatus.NOT_SENT else "refused"
    closing.intents.append(_intent_row(intent, state, closing.at, result))
    closing.changed[link.id] = link
    closing.columns[link.id] = {"last_ok_at": None, "last_cause": intent.cause}
    if failure.kind is FailureKind.EXISTS:
        settled.name_taken.append((link.id, failure))
        _fail(place, intent, failure, link, closing, settled)
    elif after.next is Next.DUE_NOW and place.exact and intent.units != [EXTERNAL_ID]:
        _moved(place, intent, failure, closing)
    elif after.next is Next.DUE_NOW:
        _look_again(place, intent, failure, link, closing, settled)
    elif after.next is Next.WITH_CONNECTION:
        wait = place.timing.throttle_pause if failure.retry_after is None else failure.retry_after
        settled.again[link.id] = closing.at + timedelta(seconds=wait)
    elif after.next is Next.DUE_LATER and after.attention == "none":
        settled.again[link.id] = closing.at + timedelta(seconds=after.after)
    else:
        _fail(place, intent, failure, link, closing, settled)


def _moved(place: Place, intent: Intent, failure: Failure, closing: _Closing) -> None:
    """The record is not what the plan saw: nothing is written, and a person sees it in the run."""
    connection = place.connections[intent.side]
    observations.hint(place.company_id, connection.id, intent.object, [intent.remote_id], "write", closing.at)
    row = _attempt_row(place, intent, Outcome.MOVED, closing.at, None, failure)
    moved = {"code": reasons.MOVED, "values": {"side": intent.side.value}}
    closing.attempts.append({**row, "reasons": [moved], "changes": []})
    closing.outcomes.append((intent.link_id, intent.run_id, Outcome.MOVED.value))


def _look_again(
    place: Place, intent: Intent, failure: Failure, link: LinkRow, closing: _Closing, settled: Settled
) -> None:
    """The record moved or vanished: read it and decide afresh, a limited number of rounds (CAS_MAX)."""
    link.attempts += 1
    if link.attempts > place.timing.cas_max:
        _fail(place, intent, failure, link, closing, settled)
        return
    connection = place.connections[intent.side]
    known = [intent.remote_id] if intent.remote_id else []
    observations.hint(place.company_id, connection.id, intent.object, known, "write", closing.at)
    settled.again[link.id] = closing.at


def _fail(
    place: Place, intent: Intent, failure: Failure, link: LinkRow, closing: _Closing, settled: Settled
) -> None:
    """A person has to see it: the record, its history and the problem list say what happened and what to do."""
    values = failure_values(failure, link.name)
    link.attention = "blocked" if failure.kind is FailureKind.WAITING else "data_error"
    closing.columns[link.id] = {
        "last_ok_at": None,
        "last_cause": intent.cause,
        "attention_code": failure.code,
        "attention_values": values,
        "last_error_at": closing.at,
    }
    closing.problems.append(LinkProblem(link.id, place.mapping.pk, failure.kind.value, failure.code, values))
    closing.attempts.append(_attempt_row(place, intent, Outcome.FAILED, closing.at, None, failure))
    closing.outcomes.append((link.id, intent.run_id, Outcome.FAILED.value))
    settled.stopped.append(link.id)


def failure_values(failure: Failure, name: str) -> dict[str, Any]:
    """What the words of a failure may name, and the vendor's own text under Advanced."""
    return {
        "name": name,
        "fields": list(failure.fields),
        "message": failure.message,
        "detail": failure.detail,
        "request_id": failure.request_id,
        "http_status": failure.http_status,
    }


# --- rows --------------------------------------------------------------------------------------------------------


def _intent_row(intent: Intent, state: str, at: datetime, result: WriteResult) -> dict[str, Any]:
    return {
        "id": intent.id,
        "state": state,
        "closed_at": at,
        "result_id": result.id,
        "result_token": result.record.token.version if result.record else "",
        "result_code": result.failure.code if result.failure else "",
        "request_id": result.request_id,
    }


def _attempt_row(
    place: Place,
    intent: Intent,
    outcome: Outcome,
    at: datetime,
    result: WriteResult | None,
    failure: Failure | None = None,
) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "company_id": place.company_id,
        "link_id": intent.link_id,
        "run_id": intent.run_id,
        "cause": intent.cause,
        "decision": "create" if intent.operation in (Operation.CREATE, Operation.UPSERT) else "update",
        "direction": "to_qbo" if intent.side is Side.QUICKBOOKS else "to_sf",
        "reasons": [],
        "changes": [{**change, "side": intent.side.value} for change in intent.changes],
        "outcome": outcome.value,
        "failure_kind": failure.kind.value if failure else "",
        "failure_code": failure.code if failure else "",
        "failure_values": failure_values(failure, "") if failure else {},
        "request_id": (result.request_id if result else "") or (failure.request_id if failure else ""),
        "started_at": intent.first_sent_at or at,
        "finished_at": at,
    }


def _write(place: Place, batch: Batch, closing: _Closing, settled: Settled) -> None:
    intents.close(closing.intents)
    bulk.insert(AuditEvent, closing.audit)
    bulk.insert(Attempt, closing.attempts)
    made = {closing.changed[link_id].remote_id(batch.side): link_id for link_id in settled.created}
    joining.absorb_seen(place.mapping, batch.side, made)
    _save_links(place, closing)
    runs.count(closing.outcomes)
    problems.open_for_links(place.company_id, closing.problems, closing.at)
    fine = [link_id for link_id in settled.applied if closing.changed[link_id].attention == "none"]
    problems.close_for_links(place.company_id, fine, "Synced")
    _know(place, batch, closing)
    reference_lists.take_in(place.connections[batch.side], batch.side, place.spec.qbo_entity, closing.records)
    match_index.put_keys(
        place.connections[batch.side],
        place.spec.qbo_entity if batch.side is Side.QUICKBOOKS else place.spec.sf_object,
        [
            (record.id, keys_of(batch.side, record, place.spec, place.realm))
            for record in settled.created.values()
        ],
    )
    parents = [link_id for link_id in settled.created if closing.changed[link_id].lifecycle == "linked"]
    _close_behind(closing)
    waiting.wake(place.company_id, [*parents, *settled.stopped], place.priority)


def _close_behind(closing: _Closing) -> None:
    """A link that was closed is looked at once more: our id has to leave Salesforce."""
    closed = [
        link.id for link in closing.changed.values() if link.lifecycle == "unlinked" and link.no_recreate
    ]
    bulk.execute(
        "update syncapp_linkwork set again = true where link_id = any(%s) and run_id in"
        " (select id from syncapp_run where kind = 'undo')",
        [closed],
    )


def _know(place: Place, batch: Batch, closing: _Closing) -> None:
    """The versions that we wrote are no news. What an answer holds beyond what was agreed is: it is decided anew, with
    the body in hand (C8: the other side was still to be written, or its write came to nothing meanwhile)."""
    connection = place.connections[batch.side]
    told = {record.id for record in closing.news}
    done = [record for record in closing.tokens if record.id not in told]
    observations.know(place.company_id, connection.id, done, closing.at)
    observations.note(place.company_id, connection.id, closing.news, "read", closing.at)
    if closing.unread:
        object_ = batch.intents[0].object
        observations.hint(place.company_id, connection.id, object_, closing.unread, "read", closing.at)
    due = [link.id for link in closing.changed.values() if link.remote_id(batch.side) in told]
    leases.make_due(place.company_id, due, place.priority, cause="More had changed there")


def _save_links(place: Place, closing: _Closing) -> None:
    """Two groups: links that are fine, and links that failed and say why."""
    failed = {link_id for link_id, columns in closing.columns.items() if "attention_code" in columns}
    waiting = {
        link_id for link_id, columns in closing.columns.items() if columns["last_ok_at"] is None
    } - failed
    for chosen in (set(closing.changed) - failed - waiting, failed, waiting):
        extra = {
            link_id: {name: value for name, value in closing.columns[link_id].items() if value is not None}
            for link_id in chosen
        }
        links.save(place.company_id, [closing.changed[link_id] for link_id in chosen], extra)
