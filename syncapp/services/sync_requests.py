"""Requests from Salesforce: a QBO_Sync__c record made by a Flow, a trigger, a button or a script starts a sync at once,
and is told what came of it (reference salesforce.md 5.7).

The record is the outbox: a push only says "look now", the look is the same every time, and looking now and then is the
net. What is stored of a request decides that it starts once; what it is told is worked out from how the record stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from connectors.contracts import ObjectInfo, Priority, Side
from connectors.errors import ConnectorError, FailureKind
from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.ids import to_18
from syncapp import queue
from syncapp.messages import words_for
from syncapp.models import (
    Connection,
    Cursor,
    FieldList,
    Integration,
    RecordLink,
    RequestState,
    RequestStatus,
    SyncRequest,
)
from syncapp.services import field_lists, locating, request_answers, request_outcomes, request_texts, sync
from syncapp.services.clients import UsageMeter, client_for, flush
from syncapp.services.errors import Refused
from syncapp.services.locating import Wanted
from syncapp.store import clock, sync_requests, transactions
from syncapp.store.sync_requests import LANE, NEW, OBJECT
from syncapp.store.turns import Turn

log = structlog.get_logger()

NEEDED = ("Record_Id__c", "Status__c")
ASKED = {
    "record": "Record_Id__c",
    "platform": "Platform__c",
    "realm": "QB_Company_Id__c",
    "type": "QBO_Object__c",
    "generate": "Generate__c",
    "object": "Object_Type__c",
    "operation": "Operation__c",
    "direction": "Direction__c",
}
ANY_NEW = soql.select(
    OBJECT, ["Id"], where=[soql.equals("Status__c", NEW), soql.equals("IsDeleted", False)], limit=1
)
"""Whether anything is asked for; for queries that bring deleted records too."""
PER_LOOK = 200
MOST_LOOKS = 5
"""Looks of one turn; what is left has the next."""
MOST_STARTED = 1000
ONE_BY_ONE = 100
"""So many records asked for at once go before everything else; more are ordinary work."""
KEPT_DAYS = 90
CAUSE = "Asked for in Salesforce"


# --- does the org have the object? -----------------------------------------------------------------------------------


def look_for(connection: Connection, client: SalesforceClient) -> bool:
    """Whether requests can be made in this org; from now on they are looked for there. Raises ConnectorError."""
    try:
        info = client.describe(OBJECT)
    except ConnectorError as error:
        if error.failure.kind is not FailureKind.MISSING:
            raise
        info = None
    lane = Cursor.objects.filter(connection=connection, lane=LANE)
    if info is None or not _usable(info):
        lane.delete()
        FieldList.objects.filter(connection=connection, object=OBJECT).delete()
        return False
    field_lists.keep(connection, [info])
    names = {field.name for field in info.fields}
    asked = " ".join(name for name in ASKED.values() if name in names)
    Cursor.objects.update_or_create(
        connection=connection,
        object=OBJECT,
        lane=LANE,
        defaults={"position": asked},
        create_defaults={"position": asked, "next_at": clock.now()},
    )
    return True


def _usable(info: ObjectInfo) -> bool:
    fields = {field.name: field for field in info.fields}
    return info.queryable and info.updateable and all(name in fields for name in NEEDED)


def is_watched(connection: Connection) -> bool:
    """Whether new requests of this org are looked for."""
    return Cursor.objects.filter(connection=connection, lane=LANE).exists()


# --- one turn --------------------------------------------------------------------------------------------------------


def take(connection: Connection, *, priority: Priority = Priority.NORMAL) -> int:
    """Look for new requests of this org, start them, and tell what there is to tell; returns how many were started.

    One process at a time per org; who finds another at work makes it look once more, so that what a push told of is
    surely looked at. Raises ConnectorError. Needs the company in context.
    """
    return _turn(connection, priority, looks=True)


def answer(connection: Connection) -> int:
    """Start what was stored and tell what there is to tell, without looking for more."""
    return _turn(connection, Priority.INTERACTIVE, looks=False)


def _turn(connection: Connection, priority: Priority, *, looks: bool) -> int:
    turn = Turn(connection.pk, "requests ")
    if not turn.take(0):
        # Whoever has the turn looks once more; it may have ended just before it was told so.
        sync_requests.look_again(connection.pk)
        if not turn.take(0):
            return 0
    started = 0
    try:
        while True:
            started += _one_turn(connection, priority, looks=looks)
            looks = sync_requests.take_hint(connection.pk)
            if not looks:
                break
    finally:
        turn.close()
    if sync_requests.take_hint(connection.pk):
        queue.take_requests(connection.pk)
    return started


def _one_turn(connection: Connection, priority: Priority, *, looks: bool) -> int:
    meter = UsageMeter()
    try:
        client = client_for(connection, priority, meter)
        if not isinstance(client, SalesforceClient):
            raise TypeError("requests come from Salesforce")
        return _Turn(connection, client).go(looks=looks)
    finally:
        flush(connection, meter)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One process's turn with one org."""

    connection: Connection
    client: SalesforceClient

    def go(self, *, looks: bool) -> int:
        started = 0
        for _ in range(MOST_LOOKS if looks else 1):
            columns, waits = sync_requests.standing(self.connection.pk)
            found = self._look(columns) if looks else 0
            if found or waits:  # else a look costs this one query
                started += self._start()
                request_outcomes.settle(self.connection.pk)
                request_answers.tell(self.connection, self.client)
            if found < PER_LOOK:
                return started
        queue.take_requests(self.connection.pk)
        return started

    # -- looking --

    def _look(self, columns: Sequence[str]) -> int:
        """Store the oldest records that say New; returns how many there were."""
        asked = ("Id", "SystemModstamp", *(columns or NEEDED))
        text = soql.select(
            OBJECT, asked, where=[soql.equals("Status__c", NEW)], order_by=["CreatedDate"], limit=PER_LOOK
        )
        rows = self.client.query(text)["records"]
        if rows:
            stored = [_row(row) for row in rows]
            transactions.run(
                lambda: sync_requests.store(self.connection.company_id, self.connection.pk, stored)
            )
        return len(rows)

    # -- starting --

    def _start(self) -> int:
        """Start every stored request that was not started; what cannot be is told why."""
        waiting = SyncRequest.objects.filter(connection=self.connection, state=RequestState.NEW)
        rows = list(waiting.order_by("id")[:MOST_STARTED])
        if not rows:
            return 0
        found = self._found(rows)
        groups: dict[tuple[Any, ...], list[_Start]] = {}
        for start in found.starts:
            key = (start.link.mapping_id, start.target)
            groups.setdefault(key, []).append(start)
        priority = Priority.INTERACTIVE if len(rows) <= ONE_BY_ONE else Priority.NORMAL
        for group in groups.values():
            found.refused.update(_begin(group, priority))
        transactions.run(lambda: _refuse(found.refused))
        return len(rows)

    def _found(self, rows: Sequence[SyncRequest]) -> _Found:
        """The record that each request is about."""
        found = _Found([], {})
        integrations = _integrations(self.connection)
        asked: dict[tuple[int, str, Side], list[tuple[SyncRequest, Wanted]]] = {}
        for row in rows:
            try:
                integration, wanted = request_texts.understood(row, integrations)
            except Refused as refused:
                found.refused[row.pk] = refused
            else:
                asked.setdefault((integration.pk, wanted.type, wanted.side), []).append((row, wanted))
        for (integration_id, type_, side), some in asked.items():
            integration = next(one for one in integrations if one.pk == integration_id)
            self._locate(integration, type_, side, some, found)
        return found

    def _locate(
        self,
        integration: Integration,
        type_: str,
        side: Side,
        asked: Sequence[tuple[SyncRequest, Wanted]],
        found: _Found,
    ) -> None:
        try:
            mappings = locating.mappings_for([integration], type_)
            links = self._on(side, integration, mappings, [wanted for _, wanted in asked])
        except (Refused, ConnectorError) as error:
            refused = error if isinstance(error, Refused) else _as_refused(error)
            if refused is None:
                return  # passing: they stay new and are looked at again
            found.refused.update({row.pk: refused for row, _ in asked})
            return
        for row, wanted in asked:
            link = links[wanted]
            if isinstance(link, Refused):
                found.refused[row.pk] = link
            else:
                found.starts.append(_Start(row, link, request_texts.target(row, side)))

    def _on(
        self, side: Side, integration: Integration, mappings: Any, wanted: list[Wanted]
    ) -> locating.Found:
        if side is Side.SALESFORCE:
            return locating.locate_all(mappings, wanted, self.client)
        books = integration.quickbooks
        if books is None:
            raise Refused("setup.not_connected")
        meter = UsageMeter()
        try:
            return locating.locate_all(mappings, wanted, client_for(books, Priority.INTERACTIVE, meter))
        finally:
            flush(books, meter)


@dataclass(frozen=True, slots=True)
class _Start:
    """A request with the record that it is about, and the side that it is sent to."""

    request: SyncRequest
    link: RecordLink
    target: Side


@dataclass(frozen=True, slots=True)
class _Found:
    """What can be started, and what stands in the way of the others (request id -> why)."""

    starts: list[_Start]
    refused: dict[int, Refused]


def _row(record: Any) -> dict[str, Any]:
    asked = {key: str(record.get(name) or "").strip() for key, name in ASKED.items()}
    return {"remote_id": to_18(record["Id"]), "stamp": record["SystemModstamp"], "asked": asked}


def _integrations(connection: Connection) -> list[Integration]:
    rows = Integration.objects.filter(salesforce=connection).select_related("salesforce", "quickbooks")
    return [row for row in rows.order_by("id") if row.quickbooks is not None]


# --- starting and refusing -------------------------------------------------------------------------------------------


def _begin(group: Sequence[_Start], priority: Priority) -> dict[int, Refused]:
    """Make the records of these requests due, and note that: one transaction. Returns those that may not start."""

    def begin() -> None:
        held = sync_requests.lock_new([start.request.pk for start in group])
        mine = [start for start in group if start.request.pk in held]
        if not mine:
            return
        run = sync.request(
            list({start.link.pk: None for start in mine}),
            target=mine[0].target,
            person=None,
            cause=CAUSE,
            priority=priority,
        )
        now = clock.now()
        sync_requests.save_outcomes(
            [
                {
                    "id": start.request.pk,
                    "link_id": start.link.pk,
                    "run_id": run.pk,
                    "state": RequestState.STARTED.value,
                    "status": RequestStatus.QUEUED.value,
                    "message": "",
                    "outcome": {},
                    "started_at": now,
                    "ended_at": None,
                }
                for start in mine
            ]
        )

    try:
        transactions.run(begin)
    except Refused as refused:
        return {start.request.pk: refused for start in group}
    return {}


def _refuse(refused: dict[int, Refused]) -> None:
    held = sync_requests.lock_new(list(refused))
    sync_requests.save_outcomes([_refusal(id_, refused[id_]) for id_ in sorted(held)])


def _refusal(id_: int, refused: Refused) -> dict[str, Any]:
    left_out = refused.code.startswith("engine.")
    status = RequestStatus.SKIPPED if left_out else RequestStatus.ERROR
    return {
        "id": id_,
        "state": RequestState.ENDED.value,
        "status": status.value,
        "message": request_outcomes.sentence(words_for(refused.code, refused.values)),
        "outcome": {},
        "ended_at": clock.now(),
    }


def _as_refused(error: ConnectorError) -> Refused | None:
    """A failure that comes again at every try ends the request; None for one that passes."""
    failure = error.failure
    if failure.kind in (FailureKind.PERMISSION, FailureKind.CONFIG, FailureKind.DATA, FailureKind.MISSING):
        return Refused(failure.code, message=failure.message, detail=failure.detail)
    log.warning("requests_put_off", code=failure.code)
    return None


# --- the net ---------------------------------------------------------------------------------------------------------


def ring_untold() -> int:
    """Orgs with something to tell that nobody is telling, because a process died: tell them soon."""
    left = sync_requests.untold()
    for connection_id in left:
        queue.answer_requests(connection_id)
    return len(left)


def purge() -> int:
    """Forget requests that are older than 90 days."""
    return sync_requests.purge(clock.now() - timedelta(days=KEPT_DAYS))


def newest(connection_id: UUID, count: int = 20) -> list[SyncRequest]:
    """The newest requests of an org, with the records that they are about."""
    rows = SyncRequest.objects.filter(connection_id=connection_id).select_related("link")
    return list(rows.order_by("-received_at", "-id")[:count])
