"""What becomes of a link whose write was refused or did not leave: again at once, again later, or a person's to see."""

from __future__ import annotations

import random
from datetime import timedelta

from connectors.contracts import WriteResult, WriteStatus
from connectors.errors import Failure, FailureKind
from syncapp.engine import reasons
from syncapp.engine.compiled import EXTERNAL_ID
from syncapp.engine.retry import Next, after_failure
from syncapp.models import Outcome
from syncapp.services import audit_rows, partly
from syncapp.services.closing import Closing, Place, Settled, attempt_row, failure_values, intent_row
from syncapp.store.intents import Intent
from syncapp.store.links import LinkRow
from syncapp.store.problems import LinkProblem


def take(
    place: Place, intent: Intent, result: WriteResult, link: LinkRow, closing: Closing, settled: Settled
) -> None:
    failure = result.failure or Failure(FailureKind.BUG, "engine.no_failure")
    after = after_failure(failure, link.attempts, link.attempts, random.random(), place.timing)  # noqa: S311  jitter
    link.attempts = after.attempts
    state = "superseded" if result.status is WriteStatus.NOT_SENT else "refused"
    closing.intents.append(intent_row(intent, state, closing.at, result))
    closing.audit += audit_rows.of(
        place, intent, result, closing.at
    )  # child rows that were taken all the same
    if partly.move_bases(place, intent, result, link) and intent.remote_id:
        closing.moved.add(intent.remote_id)  # what was read of it before the write is no ground any more
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


def _moved(place: Place, intent: Intent, failure: Failure, closing: Closing) -> None:
    """The record is not what the plan saw: nothing is written, and a person sees it in the run."""
    closing.moved.add(intent.remote_id)
    row = attempt_row(place, intent, Outcome.MOVED, closing.at, None, failure)
    moved = {"code": reasons.MOVED, "values": {"side": intent.side.value}}
    closing.attempts.append({**row, "reasons": [moved], "changes": []})
    closing.outcomes.append((intent.link_id, intent.run_id, Outcome.MOVED.value))


def _look_again(
    place: Place, intent: Intent, failure: Failure, link: LinkRow, closing: Closing, settled: Settled
) -> None:
    """The record moved or vanished: read it and decide afresh, a limited number of rounds (CAS_MAX)."""
    link.attempts += 1
    if link.attempts > place.timing.cas_max:
        _fail(place, intent, failure, link, closing, settled)
        return
    if intent.remote_id:
        closing.moved.add(intent.remote_id)
    settled.again[link.id] = closing.at


def _fail(
    place: Place, intent: Intent, failure: Failure, link: LinkRow, closing: Closing, settled: Settled
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
    closing.attempts.append(attempt_row(place, intent, Outcome.FAILED, closing.at, None, failure))
    closing.outcomes.append((link.id, intent.run_id, Outcome.FAILED.value))
    settled.stopped.append(link.id)
