"""Stage 1, capture: something may have changed over there (DESIGN section 4; sync-semantics sections 3, 8 and 16).

A page of records becomes observations, half-links, match keys and due work in ONE transaction with the move of its
cursor. Truth is the poll (Salesforce) and change data capture (QuickBooks); a hint only asks for an earlier poll.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.contracts import ChangePage, Page, Priority, RecordState, RemoteRecord, Side, Watch
from connectors.errors import ConnectorError
from syncapp.engine.lines import child_objects
from syncapp.engine.mapping import MappingSpec
from syncapp.models import Connection, Cursor, Mapping, MappingMode, MappingPass, Run
from syncapp.services import deletions, reference_lists, tagged
from syncapp.services.clients import AnyClient
from syncapp.services.feeding import feed
from syncapp.services.surroundings import around
from syncapp.services.watched import Watched, mappings_of, one_mapping, watched
from syncapp.store import (
    aliases,
    clock,
    cursors,
    leases,
    links,
    observations,
    passes,
    transactions,
)

CAPTURING = frozenset({"scan", "poll", "sweep"})
"""Sources that read whole objects, not chosen records."""
SEEN_MARGIN = timedelta(minutes=2)
"""How much later than a row's stamp its record must have been read to have brought it: clocks differ."""
CDC_OVERLAP = timedelta(minutes=5)
QUIET_AFTER = timedelta(hours=12)
"""A lane without news for so long is quiet."""
GRAIN = timedelta(seconds=5)
"""Lanes are rung for at fixed moments: one that was read a little after its own is due at the next all the same."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One rhythm of reading changes: how often, and how far each reading goes back over what was read before."""

    name: str
    every: timedelta
    overlap: timedelta
    when_quiet: timedelta | None = None
    """The rhythm while there was no news for long; None where reading costs nothing."""

    @property
    def rhythm(self) -> cursors.Rhythm:
        return cursors.Rhythm(self.every - GRAIN, (self.when_quiet or self.every) - GRAIN, QUIET_AFTER)


# Salesforce rows commit late and out of order: three lanes with growing overlap (sync-semantics section 16).
LANES = {
    Side.SALESFORCE: (
        Lane("fast", timedelta(seconds=60), timedelta(minutes=2)),
        Lane("trailing", timedelta(minutes=10), timedelta(minutes=15)),
        Lane("nightly", timedelta(hours=24), timedelta(hours=26)),
    ),
    Side.QUICKBOOKS: (Lane("cdc", timedelta(minutes=60), CDC_OVERLAP, timedelta(hours=4)),),
}


# --- the first full scan of a side ---------------------------------------------------------------------------------


def scan_page(mapping: Mapping, spec: MappingSpec, side: Side, client: AnyClient) -> bool:
    """Read and store the next page of the first full scan of one side; True when that side is scanned to its end.

    Resumes where an earlier scan stopped. Raises ConnectorError when the page cannot be read; nothing is lost then.
    """
    state, _ = MappingPass.objects.get_or_create(mapping=mapping, side=side.value)
    if state.scanned_at is not None:
        return True
    target = one_mapping(mapping, spec, side)
    page = client.scan(target.object, target.own_fields, state.position)
    transactions.run(lambda: _store_scanned(target, state.pk, page))
    return not page.next


def _store_scanned(target: Watched, pass_id: int, page: Page) -> None:
    state = MappingPass.objects.get(pk=pass_id)
    take_in(target, page.records, "scan", run=None, cause="First load")
    state.started_at = state.started_at or page.server_time
    state.position = page.next
    state.records += len(page.records)
    if not page.next:
        state.scanned_at = clock.now()
    state.save()
    if not page.next:
        _start_lanes(target, state.started_at)


def _start_lanes(target: Watched, started_at: datetime) -> None:
    """Live capture goes on where the scan began, so that nothing between the two is lost."""
    children = [child.sf_object for _, spec in target.mappings for child in child_objects(spec)]
    names = dict.fromkeys((target.object, *(children if target.side is Side.SALESFORCE else ())))
    for lane in LANES[target.side]:
        cursors.start(target.connection, list(names), lane.name, started_at, lane.every)


# --- live capture --------------------------------------------------------------------------------------------------


def read_changes(connection: Connection, lane_name: str, client: AnyClient, *, run: Run | None = None) -> int:
    """Read what changed on one connection since the lane's cursors and store it; returns how many records were news.

    One call covers all mapped objects. Each object's cursor moves with its own last page, in its transaction; those of
    objects without news move together at the end.
    """
    reading = _reading(connection, lane_name)
    watches = [
        Watch(name, _since(cursor, reading.lane), reading.targets[name].own_fields)
        for name, cursor in sorted(reading.cursors.items())
    ]
    return _store(reading, client.changes(watches), run) if watches else 0


def store_read(
    connection: Connection, lane_name: str, pages: Iterable[ChangePage], versions: dict[str, int]
) -> int:
    """Store what somebody has read of a lane already, as `read_changes` does; `versions` are those of the cursors (by
    object) that it was read from. Needs the company in context."""
    reading = _reading(connection, lane_name)
    for name, cursor in reading.cursors.items():
        cursor.version = versions.get(name, -1)
    return _store(reading, (page for page in pages if page.object in reading.cursors), None)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One lane of a connection: what is watched, and from where each object is read on."""

    connection: Connection
    lane: Lane
    targets: dict[str, Watched]
    cursors: dict[str, Cursor]


def lane_of(side: Side, name: str) -> Lane:
    """The lane of this name. Raises LookupError."""
    for lane in LANES[side]:
        if lane.name == name:
            return lane
    raise LookupError(name)


def _reading(connection: Connection, lane_name: str) -> _Reading:
    lane = lane_of(Side(connection.side), lane_name)
    targets = {target.object: target for target in watched(connection)}
    rows = Cursor.objects.filter(
        connection=connection, lane=lane_name, object__in=list(targets), watermark__isnull=False
    )
    return _Reading(connection, lane, targets, {cursor.object: cursor for cursor in rows})


def _store(reading: _Reading, pages: Iterable[ChangePage], run: Run | None) -> int:
    news, tally = 0, deletions.Tally(reading.connection)
    quiet: list[cursors.Move] = []
    try:
        for page in pages:
            target, cursor = reading.targets[page.object], reading.cursors[page.object]
            if page.records or page.gap:
                news += _store_whole_page(target, cursor, reading.lane, page, run, tally)
            elif page.last:
                quiet.append(_past(cursor, page, reading.lane))
    except ConnectorError:
        _move(quiet)  # what was read to its end stays read
        raise
    _move(quiet)
    passes.caught_up([reading.connection.id])
    return news


def _move(moves: Sequence[cursors.Move]) -> None:
    transactions.run(lambda: cursors.move(moves))


def _past(cursor: Cursor, page: ChangePage, lane: Lane, *, news: bool = False) -> cursors.Move:
    return cursors.Move(cursor.pk, cursor.version, page.server_time, lane.rhythm, news)


def _since(cursor: Cursor, lane: Lane) -> datetime:
    if cursor.watermark is None:
        raise LookupError("a lane starts where a scan began")
    return cursor.watermark - lane.overlap


def _store_whole_page(
    target: Watched,
    cursor: Cursor,
    lane: Lane,
    page: ChangePage,
    run: Run | None,
    tally: deletions.Tally,
) -> int:
    before = tally.copy()
    return transactions.run(
        lambda: _store_page(target, cursor, lane, page, run, tally), undo=lambda: tally.become(before)
    )


def _store_page(
    target: Watched,
    cursor: Cursor,
    lane: Lane,
    page: ChangePage,
    run: Run | None,
    tally: deletions.Tally,
) -> int:
    source = "cdc" if target.side is Side.QUICKBOOKS else "poll"
    news = take_in(target, page.records, source, run=run, cause="As it changes", tally=tally)
    if page.last and page.gap:
        from syncapp.services import checkup  # which reads with what is here

        checkup.after_gap(mapping for mapping, _ in target.mappings)
    if page.last:
        cursors.move([_past(cursor, page, lane, news=news > 0)])
    return news


# --- one page of records, whatever told us ---------------------------------------------------------------------------


def take_in(
    target: Watched,
    records: Sequence[RemoteRecord],
    source: str,
    *,
    run: Run | None,
    cause: str,
    tally: deletions.Tally | None = None,
) -> int:
    """Observations, half-links, match keys and due work for these records; returns how many were news.

    `tally` counts the deletions of a pass for the delete brake. `run` is the run that reads them: what is news for its
    own mapping becomes its work, whatever the mapping's mode.
    """
    if not records:
        return 0
    company_id, at = target.connection.company_id, clock.now()
    _tell_parents(target, records, source, at)
    if not target.mappings:
        return 0
    reference_lists.take_in(target.connection, target.side, target.object, records)
    stored = [replace(record, body=target.trim(record.body)) for record in records]
    news = _note(target, stored, source, at)
    # A scan is a mapping's first look: what other mappings of the object know already is new to it.
    fresh = stored if source == "scan" else [record for record in stored if record.id in news]
    aliases.note(company_id, target.connection.id, fresh)
    tagged.close_open_writes(target, records)
    for mapping, spec in target.mappings if fresh else ():
        with around(target.connection.company, at, mapping.integration.quickbooks_id):
            feed(target, mapping, spec, fresh, run, cause, tally, at)
    return len(fresh)


def _note(target: Watched, records: Sequence[RemoteRecord], source: str, at: datetime) -> set[str]:
    """Store what was seen; the ids that are news. Capture looks at records without their child rows, which would fill
    its pages: those that turn out to be needed are read whole, a thousand in a call."""
    connection = target.connection
    if not (target.has_children and source in CAPTURING):
        return observations.note(connection.company_id, connection.id, records, source, at)
    bare = [replace(record, body={}) for record in records]
    news = observations.note(connection.company_id, connection.id, bare, source, at)
    live = [record.id for record in records if record.id in news and record.state is RecordState.LIVE]
    observations.hint(connection.company_id, connection.id, target.object, live, source, at)
    return news


def _tell_parents(target: Watched, records: Sequence[RemoteRecord], source: str, at: datetime) -> None:
    """Rows that belong to other records are news of those: they are read again, whatever their own stamp says. Not what
    was read after its row had changed: lines usually come along with their record."""
    if not target.parents:
        return
    connection = target.connection
    bare = [replace(record, body={}) for record in records]
    news = observations.note(connection.company_id, connection.id, bare, source, at)
    for parent in target.parents:
        changed: dict[str, datetime] = {}
        for record in records:
            id_ = str(record.body.get(parent.field) or "")
            if id_ and record.id in news:
                changed[id_] = max(changed.get(id_, record.token.modified), record.token.modified)
        known = observations.seen_after(
            connection.id, parent.object, {id_: when + SEEN_MARGIN for id_, when in changed.items()}
        )
        ids = sorted(changed.keys() - known)
        if ids:
            observations.hint(connection.company_id, connection.id, parent.object, ids, source, at)
            _make_parents_due(target, parent.object, ids)


def _make_parents_due(target: Watched, name: str, ids: Sequence[str]) -> None:
    for mapping, _ in mappings_of(target.connection, name):
        if mapping.mode == MappingMode.CHANGES and mapping.integration.switched_on_at is not None:
            known = links.linked_ids(
                mapping.integration_id, mapping.sf_object, mapping.qbo_entity, target.side, ids
            )
            due = [row[0] for row in known.values()]
            leases.make_due(mapping.company_id, due, Priority.NORMAL, cause="Its lines changed")
