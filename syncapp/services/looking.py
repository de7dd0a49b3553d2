"""Stage 1 where nothing happens: a look at many Salesforce orgs whose lanes are due, and at what they ask for.

Nearly every look finds nothing. So they are made together: what is to be asked of all of them is read at once, threads
make the calls, and the cursors of those that have nothing to tell move in one statement. What an org has to tell is
stored as ever (`capture.py`, `sync_requests.py`); whatever is not plain goes the way of a single connection.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog

from connectors import registry
from connectors.contracts import Access, ChangePage, ConnectionFacts, Limiter, Priority, Side, Watch
from connectors.errors import ConnectorError
from connectors.salesforce.changes import QUERIES_PER_CALL
from connectors.salesforce.client import SalesforceClient
from syncapp import queue
from syncapp.crypto import SecretUnreadable
from syncapp.models import Connection, ConnectionStatus
from syncapp.services import capture, sync_requests
from syncapp.services.clients import UsageMeter, add_usage
from syncapp.services.facts import facts_of
from syncapp.services.limiters import admitted
from syncapp.services.timing import current_timing
from syncapp.services.watched import own_fields_by_object
from syncapp.store import breaker, bulk, cursors, passes, transactions
from syncapp.store import sync_requests as requests_store
from syncapp.tenancy import tenant

log = structlog.get_logger()
LANES = frozenset({"fast", "trailing", requests_store.LANE})
"""What is looked at together. Nightly readings and QuickBooks' changes do more than look."""
AT_ONCE = 8
QUICK_S = 0.2
"""One thread that is through by then needs no help: threads that share one processor hinder each other."""
TOGETHER_S = 0.5
"""Answers that come within so little are stored together."""
BEGIN_S = 30.0
"""So long calls are begun; what was not asked by then is due again with the next ring."""
LOOK_S = 20.0
"""So long one look may take, all its calls together. An org that hangs holds a thread for no longer, which leaves time
to begin the others' calls; it is in trouble like one that cannot be reached, and due again with the next ring."""
MOST_IDLE = 1000
"""So many clients a process keeps for its next looks."""
MOST_HERE = 200
"""So many changed records of one look are stored here; more have a reading of their own."""
CURSORS = """
select connection_id, lane, object, id, version, watermark from syncapp_cursor
where connection_id = any(%s) and watermark is not null
"""


class NotPlain(Exception):
    """This look wants more than a look: a sign-in that has to be renewed, or an object that cannot be read."""


@dataclass(frozen=True, slots=True)
class _At:
    """Where the reading of one object stands."""

    cursor: int
    version: int
    watermark: datetime


@dataclass(slots=True)
class _Look:
    """One lane of one connection with what is asked there, and then what was answered."""

    connection: Connection
    lane: str
    watches: list[Watch]
    standing: dict[str, _At]
    requests: bool
    """Whether the same call asks for new requests."""
    access: Access
    meter: UsageMeter
    """Shared by the looks of one connection."""
    pages: list[ChangePage] = field(default_factory=list)
    asked_for: bool = False

    @property
    def plain(self) -> bool:
        """Whether the answer fits in what is stored here."""
        return all(page.last for page in self.pages) and self.records <= MOST_HERE

    @property
    def records(self) -> int:
        return sum(len(page.records) for page in self.pages)


def look(asked: Mapping[str, Sequence[str]]) -> int:
    """Look at these lanes (connection id -> lanes) and store what is found; returns how many records were news.

    Outside a company and outside a transaction. What goes wrong at one org is no matter to the others.
    """
    news = 0
    for answered in _answers(_looks(asked)):
        transactions.run(partial(_store_quiet, answered))
        news += sum(_go_on(one, error) for one, error in answered)
    return news


# --- what is to be asked ---------------------------------------------------------------------------------------------


def _looks(asked: Mapping[str, Sequence[str]]) -> list[_Look]:
    ids = [UUID(id_) for id_ in asked]
    rows = Connection.all_companies.filter(
        pk__in=ids, side=Side.SALESFORCE.value, status=ConnectionStatus.LIVE
    )
    connections = list(rows.order_by("pk"))
    fields = own_fields_by_object(connections)
    standing: dict[tuple[UUID, str], dict[str, _At]] = {}
    for connection_id, lane, name, *at in bulk.fetch(CURSORS, [ids]):
        standing.setdefault((connection_id, lane), {})[name] = _At(*at)
    asking = [id_ for id_ in ids if requests_store.LANE in asked[str(id_)]]
    waiting = requests_store.with_work(asking) if asking else set()
    looks: list[_Look] = []
    for one in connections:
        lanes = set(asked[str(one.pk)])
        if one.pk in waiting:
            lanes.discard(requests_store.LANE)
            queue.take_requests(one.pk)
        looks += _of_connection(one, lanes, fields.get(one.pk, {}), standing)
    return looks


def _of_connection(
    connection: Connection,
    lanes: set[str],
    fields: Mapping[str, tuple[str, ...]],
    standing: Mapping[tuple[UUID, str], dict[str, _At]],
) -> Iterator[_Look]:
    access, meter = _held(connection), UsageMeter()
    if access is None:
        _one_by_one(connection, lanes)
        return
    requests = requests_store.LANE in lanes
    for name in sorted(lanes - {requests_store.LANE}):
        lane = capture.lane_of(Side.SALESFORCE, name)
        at = {
            object_: at
            for object_, at in standing.get((connection.pk, name), {}).items()
            if object_ in fields
        }
        watches = [
            Watch(object_, at[object_].watermark - lane.overlap, fields[object_]) for object_ in sorted(at)
        ]
        if watches:
            yield _Look(connection, name, watches, at, requests, access, meter)
            requests = False
    if requests:
        yield _Look(connection, requests_store.LANE, [], {}, True, access, meter)


def _held(connection: Connection) -> Access | None:
    """The sign-in as it is stored; None where it cannot be read, or ends soon."""
    if connection.access_expires_at is not None:
        return None  # the vault renews it in time
    try:
        return Access(connection.access_token, connection.token_version, connection.base_url)
    except SecretUnreadable:
        return None


@dataclass(frozen=True, slots=True)
class _AsStored:
    """The access of a look: what the row holds. A look does not renew it, for it may run in a thread."""

    access: Access

    def current(self) -> Access:
        return self.access

    def renew(self, stale: Access) -> Access:
        raise NotPlain(stale.version)


# --- asking ----------------------------------------------------------------------------------------------------------

Error = ConnectorError | NotPlain
Answered = tuple[_Look, Error | None]


def _answers(looks: Sequence[_Look]) -> Iterator[Sequence[Answered]]:
    """The answers as they come, those that come close together as one. Threads only make the calls."""
    allowed = admitted([one.connection for one in looks])
    held_back = [
        (one, may) for one, may in zip(looks, allowed, strict=True) if isinstance(may, ConnectorError)
    ]
    if held_back:
        yield held_back
    go = [(one, may) for one, may in zip(looks, allowed, strict=True) if not isinstance(may, ConnectorError)]
    yield from _called(go)


def _called(go: Sequence[tuple[_Look, Limiter]]) -> Iterator[Sequence[Answered]]:
    if not go:
        return
    waiting, answered = deque(go), deque[Answered]()
    until = time.monotonic() + BEGIN_S
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(go)), thread_name_prefix="look") as pool:
        threads = {pool.submit(_ask_in_turn, waiting, answered)}
        wait(threads, QUICK_S)
        threads |= {
            pool.submit(_ask_in_turn, waiting, answered) for _ in range(min(AT_ONCE - 1, len(waiting)))
        }
        while threads:
            done, threads = wait(threads, TOGETHER_S)
            for one in done:
                one.result()
            if answered:
                yield [answered.popleft() for _ in range(len(answered))]
            if time.monotonic() > until:
                waiting.clear()


def _ask_in_turn(waiting: deque[tuple[_Look, Limiter]], answered: deque[Answered]) -> None:
    """Ask one after the other until none waits. Runs in a thread."""
    with suppress(IndexError):
        while True:
            one, limiter = waiting.popleft()
            answered.append((one, _ask(one, limiter)))


_idle: dict[ConnectionFacts, SalesforceClient] = {}
"""Clients that nobody uses now. Who looks takes one out, so that no two threads have it."""


def _ask(one: _Look, limiter: Limiter) -> Error | None:
    """One look's calls. Runs in a thread; touches no rows."""
    facts, access = facts_of(one.connection), _AsStored(one.access)
    client = _idle.pop(facts, None) or registry.salesforce_client(
        facts, access, limiter, one.meter, kept=True
    )
    client.take_up(access, limiter, one.meter, within=LOOK_S)
    try:
        _fill(one, client)
    except (ConnectorError, NotPlain) as error:
        return error
    if len(_idle) < MOST_IDLE:
        _idle[facts] = client
    return None


def _fill(one: _Look, client: SalesforceClient) -> None:
    texts = [sync_requests.ANY_NEW] if one.requests else []
    room = QUERIES_PER_CALL - len(texts)
    first, rest = one.watches[:room], one.watches[room:]
    pages, rows = client.first_pages(first, texts)
    for start in range(0, len(rest), QUERIES_PER_CALL):
        pages += client.first_pages(rest[start : start + QUERIES_PER_CALL])[0]
    one.asked_for = any(found is None or len(found) > 0 for found in rows)
    one.pages = [page for page in pages if page is not None]
    if len(one.pages) < len(pages):
        raise NotPlain(one.lane)


# --- what came of it -------------------------------------------------------------------------------------------------


def _store_quiet(answered: Sequence[Answered]) -> None:
    """Everything that many looks leave behind, in one statement: cursors of those without news, barriers, usage."""
    quiet = [one for one, error in answered if error is None and one.watches and not one.records]
    well = {one.connection.pk for one, error in answered if error is None}
    with bulk.together():
        cursors.move([move for one in quiet for move in _moved(one)])
        if quiet:
            passes.caught_up(sorted({one.connection.pk for one in quiet}))
        if well:
            breaker.well(sorted(well))
        meters = {one.connection.pk: one for one, _ in answered}
        add_usage(
            [(meters[id_].connection, *row) for id_ in sorted(meters) for row in meters[id_].meter.take()]
        )


def _moved(one: _Look) -> Iterator[cursors.Move]:
    rhythm = capture.lane_of(Side.SALESFORCE, one.lane).rhythm
    for page in one.pages:
        at = one.standing[page.object]
        yield cursors.Move(at.cursor, at.version, page.server_time, rhythm)


def _go_on(one: _Look, error: Error | None) -> int:
    """What a look leads to besides: news are stored, requests taken, what was not plain is done alone."""
    if isinstance(error, NotPlain) or (error is None and not one.plain):
        _one_by_one(one.connection, {one.lane, *([requests_store.LANE] if one.requests else [])})
        return 0
    if error is not None:
        breaker.record(one.connection.pk, error.failure, current_timing())
        log.warning("look_failed", code=error.failure.code)
        return 0
    if one.asked_for:
        queue.take_requests(one.connection.pk)
    return _store_news(one) if one.records else 0


def _store_news(one: _Look) -> int:
    versions = {name: at.version for name, at in one.standing.items()}
    with tenant(one.connection.company_id):
        try:
            news = capture.store_read(one.connection, one.lane, one.pages, versions)
        except Exception:
            log.exception("look_not_stored", lane=one.lane)
            _one_by_one(one.connection, {one.lane})
            return 0
    if news:
        queue.wake(Priority.NORMAL, one.connection.company_id)
    return news


def _one_by_one(connection: Connection, lanes: set[str]) -> None:
    """Each of these in a task of its own, which can do all there is to do."""
    for lane in sorted(lanes):
        if lane == requests_store.LANE:
            queue.take_requests(connection.pk)
        else:
            queue.capture(connection.pk, lane)
