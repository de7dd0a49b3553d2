"""Stage 1, capture: something may have changed over there (DESIGN section 4; sync-semantics sections 3, 8 and 16).

A page of records becomes observations, half-links, match keys and due work in ONE transaction with the move of its
cursor. Truth is the poll (Salesforce) and change data capture (QuickBooks); a hint only asks for an earlier poll.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Value, When

from connectors.contracts import ChangePage, Page, Priority, RecordState, RemoteRecord, Side, Watch
from syncapp.engine.display import display_name
from syncapp.engine.filters import first_unmet
from syncapp.engine.lines import child_objects
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.match import keys_of
from syncapp.models import Connection, Cursor, Mapping, MappingMode, MappingPass, Run
from syncapp.services import deletions, reference_lists, tagged
from syncapp.services.clients import AnyClient
from syncapp.services.surroundings import around
from syncapp.services.watched import Watched, one_mapping, watched
from syncapp.store import aliases, clock, leases, links, match_index, observations, passes, transactions

GONE = frozenset({RecordState.DELETED, RecordState.MERGED, RecordState.MISSING})
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
    for name in (target.object, *(children if target.side is Side.SALESFORCE else ())):
        _start_lanes_of(target, name, started_at)


def _start_lanes_of(target: Watched, name: str, started_at: datetime) -> None:
    for lane in LANES[target.side]:
        cursor, _ = Cursor.objects.get_or_create(
            connection=target.connection,
            object=name,
            lane=lane.name,
            defaults={"watermark": started_at},
        )
        cursor.watermark = min(cursor.watermark or started_at, started_at)
        cursor.next_at = clock.now() + (lane.every if cursor.last_full_at else timedelta(0))
        cursor.save()


# --- live capture --------------------------------------------------------------------------------------------------


def read_changes(connection: Connection, lane_name: str, client: AnyClient, *, run: Run | None = None) -> int:
    """Read what changed on one connection since the lane's cursors and store it; returns how many records were news.

    One call covers all mapped objects. Each object's cursor moves with its own last page, in its transaction.
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
    for page in pages:
        target, cursor = reading.targets[page.object], reading.cursors[page.object]
        news += _store_whole_page(target, cursor, reading.lane, page, run, tally)
    passes.caught_up([reading.connection.id])
    return news


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
        moved: dict[str, Any] = {
            "watermark": page.server_time,
            "version": cursor.version + 1,
            "next_at": _next_reading(cursor, lane, news > 0),
            "last_full_at": clock.now(),
        }
        if news:
            moved["last_news_at"] = clock.now()
        # Compare-and-set: another process that read the same lane meanwhile keeps its newer position.
        Cursor.objects.filter(pk=cursor.pk, version=cursor.version).update(**moved)
    return news


def _next_reading(cursor: Cursor, lane: Lane, news: bool) -> Any:
    """When this lane is read again: less often while nothing happens, sooner where a notice came during the reading."""
    now = clock.now()
    busy = news or (cursor.last_news_at is not None and now - cursor.last_news_at < QUIET_AFTER)
    every = lane.every if busy or lane.when_quiet is None else lane.when_quiet
    return Case(When(hinted_at=None, then=Value(now + every - GRAIN)), default=F("next_at"))


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
    company_id = target.connection.company_id
    _tell_parents(target, records, source)
    if not target.mappings:
        return 0
    reference_lists.take_in(target.connection, target.side, target.object, records)
    stored = [replace(record, body=target.trim(record.body)) for record in records]
    news = _note(target, stored, source)
    # A scan is a mapping's first look: what other mappings of the object know already is new to it.
    fresh = stored if source == "scan" else [record for record in stored if record.id in news]
    aliases.note(company_id, target.connection.id, fresh)
    tagged.close_open_writes(target, records)
    for mapping, spec in target.mappings:
        with around(target.connection.company, clock.now(), mapping.integration.quickbooks_id):
            _feed(target, mapping, spec, fresh, run, cause, tally)
    return len(fresh)


def _note(target: Watched, records: Sequence[RemoteRecord], source: str) -> set[str]:
    """Store what was seen; the ids that are news. Capture looks at records without their child rows, which would fill
    its pages: those that turn out to be needed are read whole, a thousand in a call."""
    connection, at = target.connection, clock.now()
    if not (target.has_children and source in CAPTURING):
        return observations.note(connection.company_id, connection.id, records, source, at)
    bare = [replace(record, body={}) for record in records]
    news = observations.note(connection.company_id, connection.id, bare, source, at)
    live = [record.id for record in records if record.id in news and record.state is RecordState.LIVE]
    observations.hint(connection.company_id, connection.id, target.object, live, source, at)
    return news


def _tell_parents(target: Watched, records: Sequence[RemoteRecord], source: str) -> None:
    """Rows that belong to other records are news of those: they are read again, whatever their own stamp says. Not what
    was read after its row had changed: lines usually come along with their record."""
    connection, at = target.connection, clock.now()
    bare = [replace(record, body={}) for record in records]
    news = observations.note(connection.company_id, connection.id, bare, source, at) if target.parents else ()
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
    for mapping, _ in next((one.mappings for one in watched(target.connection) if one.object == name), ()):
        if mapping.mode == MappingMode.CHANGES and mapping.integration.switched_on_at is not None:
            known = links.linked_ids(
                mapping.integration_id, mapping.sf_object, mapping.qbo_entity, target.side, ids
            )
            due = [row[0] for row in known.values()]
            leases.make_due(mapping.company_id, due, Priority.NORMAL, cause="Its lines changed")


def _feed(
    target: Watched,
    mapping: Mapping,
    spec: MappingSpec,
    records: Sequence[RemoteRecord],
    run: Run | None,
    cause: str,
    tally: deletions.Tally | None,
) -> None:
    """What these records mean for one mapping: new half-links for those its filter lets in, due work for the known."""
    rules = spec.filter_of(target.side)
    held = links.linked_ids(
        mapping.integration_id,
        mapping.sf_object,
        mapping.qbo_entity,
        target.side,
        [item.id for item in records],
    )
    if tally is not None:
        tally.count(mapping, spec, [record for record in records if record.id in held])
    let_go = links.let_go_ids(
        mapping.integration_id,
        mapping.sf_object,
        mapping.qbo_entity,
        target.side,
        [item.id for item in records if item.id not in held],
    )
    born = [
        (record, display_name(target.side, record, spec))
        for record in records
        if record.id not in held
        and record.id not in let_go
        and record.state not in GONE
        and first_unmet(rules, record.body) is None
    ]
    ids = links.ensure_half_links(
        company_id=target.connection.company_id,
        integration_id=mapping.integration_id,
        mapping_id=mapping.pk,
        sf_object=mapping.sf_object,
        qbo_entity=mapping.qbo_entity,
        side=target.side,
        records=born,
        at=clock.now(),
    )
    ids |= {remote_id: row[0] for remote_id, row in held.items()}
    realm = mapping.integration.quickbooks.remote_id if mapping.integration.quickbooks else ""
    present = [record for record in records if record.id in ids]
    match_index.put_keys(
        target.connection,
        target.object,
        [
            (record.id, keys_of(target.side, record, spec, realm))
            for record in present
            if record.state not in GONE
        ],
    )
    switched_on = mapping.integration.switched_on_at is not None
    run_id = run.pk if run is not None and run.mapping_id == mapping.pk else None
    if switched_on and (mapping.mode == MappingMode.CHANGES or run_id is not None):
        due = [ids[record.id] for record in present]
        leases.make_due(mapping.company_id, due, Priority.NORMAL, cause=cause, run_id=run_id)
