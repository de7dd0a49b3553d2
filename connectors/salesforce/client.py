"""The Salesforce side of `VendorClient`, on simple-salesforce (reference salesforce.md 9; DESIGN section 8)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import requests
from simple_salesforce.api import Salesforce

from connectors import jsonwire
from connectors.contracts import (
    AccessSource,
    BatchAnswer,
    CallMeter,
    ChangePage,
    Condition,
    Limiter,
    ObjectInfo,
    Page,
    Priority,
    RemoteRecord,
    Side,
    Token,
    Watch,
    Write,
    WriteResult,
    WriteStatus,
)
from connectors.errors import ConnectorError, Failure, FailureKind
from connectors.http import BATCH, CallError, Outcome, Session, request_id
from connectors.salesforce import changes, faults, finding, soql, writes
from connectors.salesforce.describe import object_info
from connectors.salesforce.hosts import API_VERSION
from connectors.salesforce.ids import to_18
from connectors.salesforce.records import columns, missing, record, token
from connectors.transport import Manners, Plan, Transport, path_of, server_date, whole_failure

CLIENT_NAME = "Ledgerbridge"
STANDING_HEADERS = {
    # Seen again in the org's logs and in change events' origin (2.3, decision 8).
    "Sforce-Call-Options": f"client={CLIENT_NAME}",
    "Sforce-Mru": "updateMru=false",
    "Sforce-Auto-Assign": "FALSE",
    "Sforce-Query-Options": "batchSize=2000",
    "Content-Type": "application/json",
    "Accept": "application/json",
}
IDS_PER_QUERY = 400
PARENTS_PER_QUERY = 200
"""Child rows count towards a page of 2,000 too (3.3): fewer records in a query where children come along."""
STAMPS_LIMIT = 2000

_READ = Plan("read", repeatable=True)
_QUERY = Plan("query", patience=BATCH, repeatable=True)
_COMPOSITE_READ = Plan("composite", patience=BATCH, repeatable=True)
_COMPOSITE_WRITE = Plan("composite", patience=BATCH)


class _Door(requests.Session):
    """What simple-salesforce takes for its session: leads each of its calls through the transport.

    The library's own token, https scheme and X-PrettyPrint are dropped here; the connection's address and token are
    put in by the transport (traps 1, 5, 19 and 23 of reference salesforce.md 9.3).
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport
        self.plan = _READ

    def request(self, method: str | bytes, url: str | bytes, *_: Any, **kwargs: Any) -> requests.Response:
        extra: Mapping[str, str] = kwargs.get("headers") or {}
        own = {key: value for key, value in extra.items() if key not in {"Authorization", "X-PrettyPrint"}}
        return self._transport.send(
            self.plan,
            str(method),
            path_of(str(url)),
            headers={**STANDING_HEADERS, **own},
            params=kwargs.get("params"),
            data=kwargs.get("data"),
        )


class SalesforceClient:
    """One connection to one Salesforce org. Implements `VendorClient`; not for sharing between threads."""

    side = Side.SALESFORCE

    def __init__(
        self,
        session: Session,
        access: AccessSource,
        limiter: Limiter,
        meter: CallMeter,
        *,
        priority: Priority = Priority.NORMAL,
    ) -> None:
        self.priority = priority
        self.access = access
        self._limiter = limiter
        self._descriptions: dict[str, ObjectInfo] = {}
        self._transport = Transport(session, access, limiter, meter, Manners(faults.judge, self._observe))
        self._door = _Door(self._transport)
        # Address and token are the transport's business: the library only makes paths and reads answers.
        self._library = Salesforce(
            instance_url="https://instance.my.salesforce.com",
            session_id="held by the transport",
            version=API_VERSION,
            session=self._door,
            parse_float=Decimal,
            object_pairs_hook=None,
        )

    def take_up(self, access: AccessSource, limiter: Limiter, meter: CallMeter, *, within: float) -> None:
        """Go on to another task of the same connection, whose calls may take `within` seconds together: to make a
        client costs a third of what a look does."""
        self.access, self._limiter = access, limiter
        self._transport.take_up(access, limiter, meter, within=within)

    # --- reading -----------------------------------------------------------------------------------------------------

    def describe(self, object: str) -> ObjectInfo:
        """The object with its fields, as far as the connected user may see them (2.8)."""
        return object_info(self._rest(_READ, f"sobjects/{soql.name(object)}/describe"))

    def read(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> list[RemoteRecord]:
        """These records, deleted and merged ones included, up to 2,000 in a call; in order of `ids`."""
        wanted = [to_18(id_) for id_ in ids]
        chosen = columns(object, fields)
        size = PARENTS_PER_QUERY if any(soql.CHILD in field for field in chosen) else IDS_PER_QUERY
        texts = [
            soql.select(object, chosen, where=[soql.within("Id", chunk)])
            for chunk in writes.chunks(list(dict.fromkeys(wanted)), size)
        ]
        found: dict[str, RemoteRecord] = {}
        read_at: datetime | None = None
        for chunk in writes.chunks(texts, changes.QUERIES_PER_CALL):
            for part in self._queries(chunk):
                read_at = self._read_at()
                found.update((r.id, r) for r in self._rows(object, part, read_at))
        return [found.get(id_) or missing(object, id_, read_at) for id_ in wanted]

    def scan(self, object: str, fields: Sequence[str], cursor: str = "") -> Page:
        """One page of up to 2,000 living records in order of Id; the cursor survives an expired query locator."""
        place: dict[str, str] = json.loads(cursor) if cursor else {}
        answer = self._scan_page(object, fields, place)
        started = datetime.fromisoformat(place["started"]) if place else self._server_time()
        read_at = self._read_at()
        records = [record(object, row, read_at) for row in map(self._whole_row, answer["records"])]
        following = ""
        if not answer["done"]:
            following = json.dumps(
                {"url": answer["nextRecordsUrl"], "after": records[-1].id, "started": started.isoformat()}
            )
        return Page(records, started, following, answer.get("totalSize"))

    def fitted(self, object: str, condition: Condition) -> Condition | None:
        """The condition with its field as the org spells it; None where Salesforce cannot answer it."""
        return finding.fitted(self._described(object), condition)

    def find(
        self, object: str, fields: Sequence[str], conditions: Sequence[Condition], cursor: str = ""
    ) -> Page:
        """One page of the living records that meet all of these, in order of Id."""
        info = self._described(object)
        place: dict[str, str] = json.loads(cursor) if cursor else {}
        where = [finding.text(info, condition) for condition in conditions]
        answer = self._scan_page(object, fields, place, where)
        started = datetime.fromisoformat(place["started"]) if place else self._server_time()
        read_at = self._read_at()
        records = [record(object, row, read_at) for row in answer["records"]]
        if answer["done"]:
            return Page(records, started)
        following = {"url": answer["nextRecordsUrl"], "after": records[-1].id, "started": started.isoformat()}
        return Page(records, started, json.dumps(following), answer.get("totalSize"))

    def count(self, object: str, conditions: Sequence[Condition]) -> int:
        """How many living records meet all of these (3.2: totalSize of a COUNT() query)."""
        info = self._described(object)
        where = [finding.text(info, condition) for condition in conditions]
        return int(self.query(soql.count(object, where=where))["totalSize"])

    def _described(self, object_: str) -> ObjectInfo:
        """The object's description, asked for once per client."""
        if object_ not in self._descriptions:
            self._descriptions[object_] = self.describe(object_)
        return self._descriptions[object_]

    def _scan_page(
        self,
        object_: str,
        fields: Sequence[str],
        place: Mapping[str, str],
        conditions: Sequence[str] = (),
    ) -> Mapping[str, Any]:
        if place:
            try:
                return self._more(place["url"])
            except ConnectorError as error:
                if error.failure.code != "sf.INVALID_QUERY_LOCATOR":
                    raise
        where = [*conditions, *([f"Id > {soql.literal(place['after'])}"] if place else [])]
        return self.query(soql.select(object_, columns(object_, fields), where=where, order_by=["Id"]))

    def query(self, text: str, *, deleted: bool = False) -> Mapping[str, Any]:
        """Run one short SOQL query; the first page of its answer as received. `deleted` also finds records in the bin
        and losers of merges (5.3)."""
        with self._library_call(_QUERY):
            answer: Mapping[str, Any] = self._library.query(text, include_deleted=deleted)
            return answer

    def _more(self, url: str) -> Mapping[str, Any]:
        with self._library_call(_QUERY):
            answer: Mapping[str, Any] = self._library.query_more(url, identifier_is_url=True)
            return answer

    def changes(self, watches: Sequence[Watch]) -> Iterator[ChangePage]:
        """Changed, deleted and merged records, oldest first; the first page of up to five objects in one call.

        An object that cannot be queried raises ConnectorError after the others of its call were given.
        """
        for group in writes.chunks(watches, changes.QUERIES_PER_CALL):
            answers = self._queries([changes.query(watch) for watch in group])
            started, read_at = self._server_time(), self._read_at()
            failure: ConnectorError | None = None
            for watch in group:
                part = answers.pop(0)
                try:
                    yield from self._change_pages(watch, part, started, read_at)
                except ConnectorError as error:
                    failure = failure or error
            if failure is not None:
                raise failure

    def _change_pages(
        self, watch: Watch, part: Mapping[str, Any], started: datetime, read_at: datetime | None
    ) -> Iterator[ChangePage]:
        body = self._part_body(part)
        while True:
            records = [record(watch.object, row, read_at) for row in map(self._whole_row, body["records"])]
            yield ChangePage(watch.object, records, started, last=body["done"])
            if body["done"]:
                return
            body = self._more(body["nextRecordsUrl"])
            read_at = self._read_at()

    def first_pages(
        self, watches: Sequence[Watch], texts: Sequence[str] = ()
    ) -> tuple[list[ChangePage | None], list[Sequence[Mapping[str, Any]] | None]]:
        """What `changes` begins with for each of these objects, and the first rows of these queries, all in one call:
        up to five together. None stands for what could not be answered."""
        parts = self._queries([*(changes.query(watch) for watch in watches), *texts])
        started, read_at = self._server_time(), self._read_at()
        bodies = [
            part["body"] if part["httpStatusCode"] < writes.COMPOSITE_REFUSED else None for part in parts
        ]
        pages = [
            ChangePage(
                watch.object,
                [record(watch.object, row, read_at) for row in map(self._whole_row, body["records"])],
                started,
                last=body["done"],
            )
            if body
            else None
            for watch, body in zip(watches, bodies, strict=False)
        ]
        return pages, [body["records"] if body else None for body in bodies[len(watches) :]]

    def stamps(self, object: str, ids: Sequence[str]) -> dict[str, Token]:
        """The current version of each of up to 2,000 records, in one call; those not visible are left out (4.3)."""
        if len(ids) > STAMPS_LIMIT:
            raise ValueError(f"at most {STAMPS_LIMIT} stamps in one call")
        body = jsonwire.encode({"ids": [to_18(id_) for id_ in ids], "fields": ["Id", "SystemModstamp"]})
        plan = Plan("composite/sobjects", patience=BATCH, repeatable=True)
        rows = self._rest(plan, f"composite/sobjects/{soql.name(object)}", "POST", body)
        read_at = self._read_at()
        return {to_18(row["Id"]): token(row.get("SystemModstamp"), read_at) for row in rows or () if row}

    # --- writing -----------------------------------------------------------------------------------------------------

    def calls(self, writes_: Sequence[Write]) -> list[tuple[Write, ...]]:
        """Divide writes into groups that one call each can carry."""
        return writes.calls(writes_)

    def compose(self, writes_: Sequence[Write]) -> bytes:
        """The exact body that `write` sends."""
        return writes.compose(writes_)

    def write(self, writes_: Sequence[Write], *, request_id: str, priority: Priority) -> BatchAnswer:
        """One composite. `request_id` is ours alone: Salesforce knows no such thing (writes by Id heal by merge,
        upserts by external id are safe to repeat; sync-semantics section 13)."""
        del request_id
        body = writes.compose(writes_)
        try:
            answer = self._rest(_COMPOSITE_WRITE.at(priority), "composite", "POST", body, own_class=True)
            results = writes.results(writes_, answer, self._read_at(), self._tid())
        except ConnectorError as error:
            return self._whole(writes_, *whole_failure(error))
        except (KeyError, TypeError):
            failure = Failure(
                FailureKind.UNKNOWN_WRITE, "net.unreadable", "The answer does not fit the call."
            )
            return self._whole(writes_, Outcome.UNKNOWN, failure)
        return BatchAnswer(results, self._read_at(), self._tid())

    @staticmethod
    def _whole(writes_: Sequence[Write], outcome: Outcome, failure: Failure) -> BatchAnswer:
        status = WriteStatus(outcome.value)
        results = tuple(
            WriteResult(w.ref, status, w.id, failure=failure, request_id=failure.request_id) for w in writes_
        )
        return BatchAnswer(results, None, failure.request_id, failure)

    # --- about the org -----------------------------------------------------------------------------------------------

    def organization(self) -> Mapping[str, Any]:
        """The org itself: Id, Name, OrganizationType (edition), IsSandbox, zone, country, home currency (8.6)."""
        fields = ("Id", "Name", "OrganizationType", "IsSandbox", "InstanceName", "TimeZoneSidKey", "Country")
        row: Mapping[str, Any] = self.query(soql.select("Organization", fields, limit=1))["records"][0]
        return row

    def limits(self) -> Mapping[str, Any]:
        """The org's allowances by name, each with Max and Remaining (section 6)."""
        answer: Mapping[str, Any] = self._rest(_READ, "limits")
        return answer

    def objects(self) -> dict[str, Mapping[str, Any]]:
        """Every object that the connected user may see, by name, with its rights (2.8)."""
        with self._library_call(_READ):
            return {each["name"]: each for each in (self._library.describe() or {}).get("sobjects", ())}

    def user_rights(self, objects: Sequence[str]) -> dict[str, ObjectInfo | None]:
        """What the connected user may do with each object and its fields; None where it is not visible at all."""
        found: dict[str, ObjectInfo | None] = {}
        for each in objects:
            try:
                found[each] = self.describe(each)
            except ConnectorError as error:
                if error.failure.kind is not FailureKind.MISSING:
                    raise
                found[each] = None
        return found

    def versions(self) -> list[str]:
        """The API versions this server offers, oldest first (2.1; costs nothing)."""
        response = self._transport.send(Plan("versions", repeatable=True), "GET", "/services/data/")
        return [each["version"] for each in jsonwire.decode(response.content)]

    # --- calling -----------------------------------------------------------------------------------------------------

    def _rest(
        self,
        plan: Plan,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        *,
        own_class: bool = False,
    ) -> Any:
        with self._library_call(plan, own_class=own_class):
            return self._library.restful(path, method=method, data=body)

    @contextlib.contextmanager
    def _library_call(self, plan: Plan, *, own_class: bool = False) -> Iterator[None]:
        """The plan for the library's next call. An answer that is no JSON raises CallError (unknown outcome)."""
        self._door.plan = plan if own_class else plan.at(self.priority)
        try:
            yield
        except ConnectorError:
            raise
        except ValueError as error:
            failure = Failure(FailureKind.TRANSIENT, "net.unreadable", "The answer could not be read.")
            raise CallError(failure, Outcome.UNKNOWN) from error

    def _queries(self, texts: Sequence[str]) -> list[Mapping[str, Any]]:
        answer = self._rest(_COMPOSITE_READ, "composite", "POST", changes.compose(texts))
        return changes.parts(answer, len(texts))

    def _rows(
        self, object_: str, part: Mapping[str, Any], read_at: datetime | None
    ) -> Iterator[RemoteRecord]:
        """The records of one query, its further pages and the rest of long child lists included."""
        body = self._part_body(part)
        while True:
            yield from (record(object_, row, read_at) for row in map(self._whole_row, body["records"]))
            if body["done"]:
                return
            body = self._more(body["nextRecordsUrl"])

    def _whole_row(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row with all its child rows: a long list of them comes in pages of its own (3.4)."""
        cut = [name for name, part in row.items() if isinstance(part, dict) and part.get("done") is False]
        if not cut:
            return row
        return {**row, **{name: self._whole_list(row[name]) for name in cut}}

    def _whole_list(self, part: Mapping[str, Any]) -> dict[str, Any]:
        rows = [*part["records"]]
        while not part["done"]:
            part = self._more(part["nextRecordsUrl"])
            rows += part["records"]
        return {"totalSize": len(rows), "done": True, "records": rows}

    def _part_body(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        status, body = part["httpStatusCode"], part["body"]
        if status >= writes.COMPOSITE_REFUSED:
            raise CallError(faults.from_body(status, body, self._tid()), Outcome.REFUSED)
        answer: Mapping[str, Any] = body
        return answer

    def _observe(self, response: requests.Response) -> None:
        """Tell the limiter how much of the daily allowance is used: `api-usage=10018/100000` (2.4)."""
        for entry in response.headers.get("Sforce-Limit-Info", "").split(";"):
            name, _, value = entry.strip().partition("=")
            used, _, limit = value.partition("/")
            if name == "api-usage" and used.isdigit() and limit.isdigit():
                self._limiter.observed(int(used), int(limit))

    def _read_at(self) -> datetime | None:
        return server_date(self._transport.last)

    def _server_time(self) -> datetime:
        return self._read_at() or datetime.now(UTC)

    def _tid(self) -> str:
        return request_id(self._transport.last) if self._transport.last is not None else ""
