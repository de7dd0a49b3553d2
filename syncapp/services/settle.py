"""Stage 6, settle: answers that are there, in one transaction: intents, bases, attempts, audit, problems, children made
due.

An answer is applied to every intent that it closes, whatever became of the sender's lease: knowledge of a remote id is
never thrown away (W7). While an intent is open its link cannot be claimed, so nobody else has decided meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from connectors.contracts import BatchAnswer, Side, WriteResult, WriteStatus
from syncapp.engine.match import keys_of
from syncapp.models import Attempt, AuditEvent
from syncapp.services import applied, follow_ups, joining, reference_lists, refused, waiting
from syncapp.services.closing import Closing, Place, Settled
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

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answered:
    """A batch and the answer to it, whose results are in the batch's order."""

    batch: Batch
    answer: BatchAnswer
    read: frozenset[str] = frozenset()
    """Writes (by their place in the batch) whose outcome was found by reading: what their records hold beside our
    values may be somebody's edit, and is news."""

    def results(self, still_open: Collection[UUID]) -> Iterator[tuple[Intent, WriteResult]]:
        """The writes that nobody has recorded an outcome of yet, with what came of them."""
        for intent, result in zip(self.batch.intents, self.answer.results, strict=True):
            if intent.id in still_open:
                yield intent, result

    def found(self) -> set[str]:
        """Records whose write was found applied by reading."""
        return {
            result.id
            for intent, result in zip(self.batch.intents, self.answer.results, strict=True)
            if intent.bid in self.read and result.status is WriteStatus.APPLIED
        }


def settle(place: Place, *answers: Answered) -> Settled:
    """Record what came of each write of these batches (all of one side), in one transaction.

    Give it every answer that has come by now, and never hold one back for the next: an answer that is not stored is
    unknown after a kill. Where one of several cannot be stored, the others still are; then its error is raised.
    """
    try:
        return transactions.run(lambda: _settle(place, answers))
    except Exception:
        if len(answers) < 2 or transactions.is_open():
            raise
    return _one_by_one(place, answers)


def _one_by_one(place: Place, answers: Sequence[Answered]) -> Settled:
    together, failed = Settled(), None
    for answered in answers:
        try:
            together.add(settle(place, answered))
        except Exception as error:
            log.exception("answer_not_stored", batch=str(answered.batch.id))
            failed = failed or error
    if failed is not None:
        raise failed
    return together


def _settle(place: Place, answers: Sequence[Answered]) -> Settled:
    side = answers[0].batch.side
    still_open, at = _lock_open([answered.batch.id for answered in answers])
    told = [pair for answered in answers for pair in answered.results(still_open)]
    made = [result.id for intent, result in told if result.status is WriteStatus.APPLIED and result.id]
    rows, seen = links.load_answered(
        place.company_id, [intent.link_id for intent, _ in told], place.mapping, side, made
    )
    closing, settled = Closing(at, shared=place.is_shared(side)), Settled()
    for intent, result in told:
        _one(place, intent, result, rows[intent.link_id], closing, settled)
    found = set[str]().union(*(answered.found() for answered in answers))
    closing.news = [record for record in closing.tokens if record.id in found | closing.more]
    closing.unread = found - {record.id for record in closing.tokens}
    _overtake(place, side, told, closing)
    closing.batches = _ended(answers, settled)
    if seen:
        new = {closing.changed[link_id].remote_id(side): link_id for link_id in settled.created}
        joining.absorb_seen(place.mapping, side, new)
    _write(place, side, closing, settled)
    for batch in (answered.batch for answered in answers if answered.batch.id not in closing.batches):
        intents.mark_unknown(batch, _unknown_wait(place, batch))
    return settled


def _overtake(place: Place, side: Side, told: Sequence[tuple[Intent, WriteResult]], closing: Closing) -> None:
    """What was read of a record before our write is no ground any more, whoever dies now: Salesforce gives no body back
    in bulk (decision 13), and the old one would look like somebody who takes our write back. Whatever else it held and
    was not carried yet is read again with the next decision; a link without a version is not taken for unchanged."""
    written = {
        intent.remote_id: intent.link_id
        for intent, result in told
        if result.status is WriteStatus.APPLIED and result.record is None and intent.remote_id
    }
    overtaken = observations.overtake(place.connections[side].id, place.object(side), written.keys())
    for remote_id in overtaken:
        closing.changed[written[remote_id]].forget_version(side)
    if closing.shared:
        closing.unread |= overtaken  # other mappings may not have decided from it yet


# Links before anything that refers to them is stored, and in one order: two workers then wait one after the other.
LOCK_OPEN = """
with still as (
  select id, link_id from syncapp_writeintent
  where batch_id = any(%s) and state in ('planned', 'sending', 'unknown', 'ask') order by id for update
), locked as (
  select id from syncapp_recordlink where id in (select link_id from still) order by id for no key update
)
select s.id, lb_now() from still s join locked l on l.id = s.link_id
"""


def _lock_open(batch_ids: Sequence[UUID]) -> tuple[set[UUID], datetime]:
    """The open intents of these batches and their links, locked, and the time."""
    rows = bulk.fetch(LOCK_OPEN, [list(batch_ids)])
    return {row[0] for row in rows}, rows[0][1] if rows else clock.now()


def _ended(answers: Sequence[Answered], settled: Settled) -> dict[UUID, str]:
    """The state of each batch of which nothing is unknown."""
    states: dict[UUID, str] = {}
    for batch in (answered.batch for answered in answers):
        ids = {intent.link_id for intent in batch.intents}
        if ids.isdisjoint(settled.unknown):
            states[batch.id] = "refused" if ids.isdisjoint(settled.applied) else "applied"
    return states


def _unknown_wait(place: Place, batch: Batch) -> float:
    return place.timing.unknown_wait_batch if len(batch.intents) > 1 else place.timing.unknown_wait


def _one(
    place: Place, intent: Intent, result: WriteResult, link: LinkRow, closing: Closing, settled: Settled
) -> None:
    if result.status is WriteStatus.UNKNOWN:
        settled.unknown.append(link.id)
    elif result.status is WriteStatus.APPLIED:
        applied.take(place, intent, result, link, closing, settled)
    else:
        refused.take(place, intent, result, link, closing, settled)


# --- rows --------------------------------------------------------------------------------------------------------


def _write(place: Place, side: Side, closing: Closing, settled: Settled) -> None:
    _save(place, side, closing, settled)
    follow_ups.store(closing.follow_ups)
    runs.count(closing.outcomes)
    _tell_news(place, side, closing)
    reference_lists.take_in(place.connections[side], side, place.spec.qbo_entity, closing.records)
    parents = [link_id for link_id in settled.created if closing.changed[link_id].lifecycle == "linked"]
    _close_behind(closing)
    waiting.wake(place.company_id, [*parents, *settled.stopped], place.priority)


def _close_behind(closing: Closing) -> None:
    """A link that was closed is looked at once more: our id has to leave Salesforce."""
    closed = [
        link.id for link in closing.changed.values() if link.lifecycle == "unlinked" and link.no_recreate
    ]
    if closed:
        bulk.execute(
            "update syncapp_linkwork set again = true where link_id = any(%s) and run_id in"
            " (select id from syncapp_run where kind = 'undo')",
            [closed],
        )


def _save(place: Place, side: Side, closing: Closing, settled: Settled) -> None:
    """What the answers say of the writes, their links and what we know of the records, in one statement."""
    told = {record.id for record in closing.news}
    fine = [link_id for link_id in settled.applied if closing.changed[link_id].attention == "none"]
    with bulk.together():
        intents.close(closing.intents)
        intents.close_batches(closing.batches)
        bulk.insert(AuditEvent, closing.audit)
        bulk.insert(Attempt, closing.attempts)
        _save_links(place, closing)
        problems.open_for_links(place.company_id, closing.problems, closing.at)
        problems.close_for_links(place.company_id, fine, "Synced")
        observations.know(
            place.company_id,
            place.connections[side].id,
            [record for record in closing.tokens if record.id not in told],
            closing.at,
        )
        match_index.put_keys(
            place.connections[side],
            place.object(side),
            [
                (record.id, keys_of(side, record, place.spec, place.realm))
                for record in settled.created.values()
            ],
        )


def _tell_news(place: Place, side: Side, closing: Closing) -> None:
    """The versions that we wrote are no news. What an answer holds beyond what was agreed is: it is decided anew, with
    the body in hand (C8: the other side was still to be written, or its write came to nothing meanwhile)."""
    connection = place.connections[side]
    observations.note(place.company_id, connection.id, closing.news, "read", closing.at)
    ids = closing.unread | closing.moved
    observations.hint(place.company_id, connection.id, place.object(side), ids, "write", closing.at)
    told = {record.id for record in closing.news}
    due = [link.id for link in closing.changed.values() if link.remote_id(side) in told]
    leases.make_due(place.company_id, due, place.priority, cause="More had changed there")


def _save_links(place: Place, closing: Closing) -> None:
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
