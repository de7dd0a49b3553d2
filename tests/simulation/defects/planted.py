"""The defects, each a change of one function of the product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Defect:
    """One mistake: what it is, and how it is planted."""

    name: str
    what: str
    _plant: Callable[[Patch], None]
    theme: str = ""
    """The theme whose plans are likeliest to show it: those are tried first."""

    def plant(self) -> AbstractContextManager[None]:
        """The product with this mistake while the block lasts."""
        return _planted(self._plant)


@contextmanager
def _planted(plant: Callable[[Patch], None]) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    try:
        plant(patch)
        yield
    finally:
        patch.undo()


def _cursor_first(patch: Patch) -> None:
    from syncapp.models import Cursor
    from syncapp.services import capture
    from syncapp.store import clock

    real = capture._store_whole_page

    def moved_first(target: Any, cursor: Any, lane: Any, page: Any, *rest: Any) -> int:
        if page.last:
            Cursor.objects.filter(pk=cursor.pk).update(
                watermark=page.server_time, next_at=clock.now() + lane.every, last_full_at=clock.now()
            )
        return real(target, cursor, lane, replace(page, last=False), *rest)

    patch.setattr(capture, "_store_whole_page", moved_first)


def _single_base(patch: Patch) -> None:
    from syncapp.services import applied

    real = applied._move_bases

    def one(place: Any, intent: Any, result: Any, link: Any) -> None:
        real(place, intent, result, link)
        link.sf_base = link.qbo_base = {**(link.qbo_base or {}), **(link.sf_base or {})}

    patch.setattr(applied, "_move_bases", one)


def _author_filter(patch: Patch) -> None:
    from syncapp.services import capture

    real = capture.take_in

    def others(target: Any, records: Any, source: str, **kwargs: Any) -> int:
        kept = [one for one in records if not (source == "poll" and one.modified_by.startswith("005"))]
        return real(target, kept, source, **kwargs)

    patch.setattr(capture, "take_in", others)


def _strictly_newer(patch: Patch) -> None:
    from syncapp.store import observations

    later = "coalesce(syncapp_observation.modified, '-infinity') < excluded.modified"
    narrow = observations.UPSERT.replace(observations.NOT_OLDER, later)
    patch.setattr(observations, "UPSERT", narrow)


def _new_request_id(patch: Patch) -> None:
    from syncapp.ids import uuid7
    from syncapp.store import intents

    real = intents.mark_sending

    def numbered(batches: Any, lease_seconds: float) -> Any:
        for batch in batches:
            batch.request_id = uuid7().hex
        return real(batches, lease_seconds)

    patch.setattr(intents, "mark_sending", numbered)


def _no_fence(patch: Patch) -> None:
    from syncapp.store import bulk, leases

    def held(piece: Any, link_ids: Any) -> set[Any]:
        return set(link_ids)

    def release(piece: Any, link_ids: Any) -> None:
        bulk.execute("delete from syncapp_linkwork where link_id = any(%s)", [list(link_ids)])

    patch.setattr(leases, "held", held)
    patch.setattr(leases, "held_and_watched", held)
    patch.setattr(leases, "release", release)


def _token_inside(patch: Patch) -> None:
    """The vault works on the caller's connection, in a transaction that the caller holds open around the refresh."""
    from types import SimpleNamespace

    from django.db import transaction

    from syncapp.services import tokens

    real = tokens.TokenVault.renew

    def inside(self: Any, stale: Any) -> Any:
        with transaction.atomic():
            return real(self, stale)

    patch.setattr(tokens, "VAULT", "default")
    patch.setattr(tokens, "transaction", SimpleNamespace(atomic=lambda **_: transaction.atomic()))
    patch.setattr(tokens.TokenVault, "renew", inside)


def _old_token_kept(patch: Patch) -> None:
    """Of a refreshed pair only the access token is stored: the refresh token that was used is taken for good."""
    from syncapp.services import tokens

    kept = [name for name in tokens._STORED if not name.startswith(("refresh_token", "previous_refresh"))]
    patch.setattr(tokens, "_STORED", tuple(kept))


def _missing_is_deleted(patch: Patch) -> None:
    """What a page of changes does not bring is taken for gone."""
    from connectors.contracts import RecordState
    from syncapp.engine import existence

    patch.setattr(
        existence,
        "state_of",
        lambda record, remote_id, stored: record.state if record else RecordState.DELETED,
    )
    from syncapp.engine import decide

    def state_of(record: Any, remote_id: str, stored: Any) -> Any:
        if record is None:
            return RecordState.DELETED if remote_id else RecordState.NONE
        return RecordState.DELETED if remote_id and not record.body else record.state

    patch.setattr(decide, "state_of", state_of)


def _lost_wakeup(patch: Patch) -> None:
    from syncapp.store import waits

    real = waits.release_children

    def released(parents: Any, but: Any = ()) -> dict[Any, Any]:
        real(parents, but)
        return {}

    patch.setattr(waits, "release_children", released)


def _equal_token(patch: Patch) -> None:
    from syncapp.store import observations

    narrow = observations.UPSERT.replace("or not syncapp_observation.settled", "")
    patch.setattr(observations, "UPSERT", narrow)


def _echo_window(patch: Patch) -> None:
    """What comes within two minutes of our own write is taken for its echo."""
    from syncapp.services import capture
    from syncapp.store import bulk

    real = capture.take_in

    def late(target: Any, records: Any, source: str, **kwargs: Any) -> int:
        ids = [one.id for one in records]
        ours = {
            row[0]
            for row in bulk.fetch(
                "select remote_id from syncapp_auditevent where intent_id is not null and remote_id = any(%s)"
                " and at > lb_now() - interval '2 minutes'",
                [ids],
            )
        }
        return real(target, [one for one in records if one.id not in ours], source, **kwargs)

    patch.setattr(capture, "take_in", late)


def _create_unmatched(patch: Patch) -> None:
    from syncapp.services import deciding

    patch.setattr(deciding, "_candidates", lambda context, links: {})


def _no_barrier(patch: Patch) -> None:
    from syncapp.store import passes

    patch.setattr(passes, "barrier_open", lambda mapping_id: True)


def _result_by_place(patch: Patch) -> None:
    """A batch's answers are taken in the order they come."""
    from connectors.quickbooks import batch

    def results(writes: Any, answer: Any, seen_at: Any, tid: str) -> Any:
        if len(writes) == 1:
            return (batch._applied(writes[0], answer, seen_at, tid),)
        items = list(reversed(answer["BatchItemResponse"]))
        return tuple(batch._item_result(w, i, seen_at, tid) for w, i in zip(writes, items, strict=False))

    patch.setattr(batch, "results", results)


def _unknown_is_refused(patch: Patch) -> None:
    """A write whose answer was lost is taken for not done and decided anew."""
    from syncapp.store import intents

    patch.setattr(intents, "mark_unknown", lambda batch, wait: intents.unsend(batch))


def _bases_from_what_was_sent(patch: Patch) -> None:
    """The base of the written side is taken to be everything its record holds, whether we wrote it or not."""
    from syncapp.services import applied

    real = applied._move_bases

    def whole(place: Any, intent: Any, answered: Any, link: Any) -> None:
        real(place, intent, answered, link)
        if answered and intent.side is applied.Side.SALESFORCE:
            link.sf_base = dict(answered)
        elif answered:
            link.qbo_base = dict(answered)

    patch.setattr(applied, "_move_bases", whole)


def _merge_ignored(patch: Patch) -> None:
    from syncapp.services import merging

    patch.setattr(merging, "follow_winners", lambda context, rows, sides: merging.Followed())


def _notice_for_data(patch: Patch) -> None:
    """A notice is taken for what happened: the reading that it asks for begins at the notice, and not where the last
    one ended."""
    from connectors.contracts import Side
    from syncapp.models import Cursor
    from syncapp.services import capture, deliveries
    from syncapp.store import clock

    real, overlap = deliveries.take_due, capture.lane_of(Side.QUICKBOOKS, "cdc").overlap

    def from_here(connection_id: Any) -> bool:
        due = real(connection_id)
        if due:
            Cursor.objects.filter(connection_id=connection_id, lane="cdc").update(
                watermark=clock.now() + overlap
            )
        return due

    patch.setattr(deliveries, "take_due", from_here)


def _unlink_keeps_id(patch: Patch) -> None:
    from syncapp.services import matching

    patch.setattr(matching, "_take_our_id_back", lambda row: None)


def _ignored_goes_on(patch: Patch) -> None:
    from syncapp.store import leases

    patch.setattr(leases, "MAKE_DUE", leases.MAKE_DUE.replace("and not l.paused", ""))
    patch.setattr(leases, "held_and_watched", leases.held)


def _closed_pair_back(patch: Patch) -> None:
    """Capture takes a record whose pair a person unlinked for a new one."""
    from syncapp.store import links

    patch.setattr(links, "let_go_ids", lambda *identity: set())


def _parents_unseen(patch: Patch) -> None:
    """Nobody looks whether a parent is linked: its children wait for it and are woken by it for ever."""
    from syncapp.services import deciding, references

    real = references.resolve

    def ready(context: Any, projections: Any, planned: Any) -> Any:
        return replace(real(context, projections, planned), needs={})

    patch.setattr(deciding, "resolve", ready)


def _start_unclaimed(patch: Patch) -> None:
    """A tick starts what it has found due, whether another has started it meanwhile or not."""
    from syncapp.models import Schedule
    from syncapp.services import schedules

    def start(schedule_id: Any, now: Any) -> bool:
        schedule = Schedule.objects.select_related("company", "integration__company").get(pk=schedule_id)
        schedule.next_at = schedules._next(schedule, now)
        runs = schedules._start(schedule, None, "Schedule")
        schedule.last_at = now if runs else schedule.last_at
        schedule.save(update_fields=["next_at", "last_at"])
        return bool(runs)

    patch.setattr(schedules, "_start_claimed", start)


def _missed_made_up(patch: Patch) -> None:
    from syncapp.services import schedules

    real = schedules._next
    patch.setattr(schedules, "_next", lambda schedule, now: real(schedule, schedule.next_at or now))


def _runs_pile_up(patch: Patch) -> None:
    from syncapp.services import schedules

    patch.setattr(schedules, "OPEN_RUNS", ())


def _sent_before_parents(patch: Patch) -> None:
    """A reference to a record that is not linked yet is left out, and its record goes without it."""
    from syncapp.engine import merge

    real = merge._linked

    def linked(row: Any, target: Any, value: Any, context: Any) -> Any:
        found = real(row, target, value, context)
        return None if found is merge.UNTRANSLATED else found

    patch.setattr(merge, "_linked", linked)


def _no_catching_up(patch: Patch) -> None:
    from syncapp.services import modes

    patch.setattr(modes, "catch_up", lambda mapping, person, cause: None)


_ALL = (
    Defect(
        "no catching up",
        "nobody looks at what came while a mapping was switched off",
        _no_catching_up,
        "switches",
    ),
    Defect(
        "sent before parents", "a document goes before its parent is linked", _sent_before_parents, "sales"
    ),
    Defect("start unclaimed", "a tick starts what another has started", _start_unclaimed, "schedules"),
    Defect("missed made up", "a late tick makes up for every missed time", _missed_made_up, "schedules"),
    Defect("runs pile up", "a schedule starts beside its open run", _runs_pile_up, "schedules"),
    Defect("parents unseen", "nobody looks whether a parent is linked", _parents_unseen, "sales"),
    Defect("merge ignored", "a link does not follow its merged record", _merge_ignored, "merges"),
    Defect("notice for data", "changes are read from the notice on", _notice_for_data, "told late"),
    Defect("unlink keeps id", "an unlinked record keeps our id in Salesforce", _unlink_keeps_id, "pairs"),
    Defect("closed pair back", "a record of an unlinked pair is taken in anew", _closed_pair_back, "pairs"),
    Defect("ignored goes on", "an ignored record is carried like any other", _ignored_goes_on, "pairs"),
    Defect(
        "cursor first",
        "the cursor is stored before the rows that it stands for",
        _cursor_first,
        "deaths at reading",
    ),
    Defect("single base", "one base for both sides", _single_base),
    Defect("author filter", "what our user wrote last is taken for our echo", _author_filter),
    Defect(
        "strictly newer",
        "> for >=: a second edit within one second is dropped",
        _strictly_newer,
        "one second",
    ),
    Defect(
        "new request id", "each try of a batch has a request id of its own", _new_request_id, "lost answers"
    ),
    Defect("no fence", "a worker writes and releases although its lease is another's", _no_fence),
    Defect("token inside", "a refreshed pair is stored in the caller's transaction", _token_inside, "days"),
    Defect("old token kept", "of a refreshed pair only the access token is stored", _old_token_kept, "days"),
    Defect("missing is deleted", "what was not read is taken for deleted", _missing_is_deleted),
    Defect("lost wake-up", "a linked parent wakes nobody", _lost_wakeup, "family"),
    Defect("equal token", "an equal token means no change, settled or not", _equal_token, "one second"),
    Defect("echo window", "news within two minutes of our write is its echo", _echo_window),
    Defect(
        "create unmatched", "records are created without looking for their like", _create_unmatched, "twins"
    ),
    Defect("no barrier", "records are created before both sides were read to the end", _no_barrier, "haste"),
    Defect("result by place", "a batch's answers are taken by place, not by their ids", _result_by_place),
    Defect(
        "unknown is refused", "a write without an answer is decided anew", _unknown_is_refused, "lost answers"
    ),
    Defect(
        "whole base",
        "the base takes in what somebody else wrote meanwhile",
        _bases_from_what_was_sent,
    ),
)
DEFECTS = {defect.name: defect for defect in _ALL}
