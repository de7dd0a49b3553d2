"""The QuickBooks side of `VendorClient`, on python-quickbooks (reference quickbooks.md 9; DESIGN section 8)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import requests
from quickbooks.client import QuickBooks
from quickbooks.exceptions import QuickbooksException

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
    Watch,
    Write,
    WriteResult,
    WriteStatus,
)
from connectors.errors import ConnectorError, Failure, FailureKind
from connectors.http import BATCH, CallError, Outcome, Session, request_id
from connectors.quickbooks import batch, changes, entities, faults, finding, query
from connectors.quickbooks.hosts import MINOR_VERSION
from connectors.quickbooks.records import absent, envelope_time, record
from connectors.transport import Manners, Plan, Transport, path_of, server_date, whole_failure

SECOND_CHANCE_S = 1.0
UNREADABLE = Failure(FailureKind.TRANSIENT, "net.unreadable", "The answer could not be read.")

_READ = Plan("read", repeatable=True, metered=True)
_QUERY = Plan("query", cost="query", patience=BATCH, repeatable=True, metered=True)
_CDC = Plan("cdc", cost="query", patience=BATCH, repeatable=True, metered=True)
_WRITE = Plan("write")
_BATCH = Plan("batch", cost="batch", patience=BATCH)


class _Library(QuickBooks):  # type: ignore[misc]
    """python-quickbooks with its one choke point led through our transport; no OAuth session, no global instance."""

    def __init__(self, *, transport: Transport, **_: Any) -> None:
        self._transport = transport
        self.plan = _READ
        # Only the path of these counts: the transport knows the connection's host.
        self.api_url_v3 = self.sandbox_api_url_v3 = "https://quickbooks.api.intuit.com/v3"

    def process_request(
        self, request_type: str, url: str, headers: Any = "", params: Any = "", data: Any = ""
    ) -> requests.Response:
        return self._transport.send(
            self.plan,
            request_type,
            path_of(url),
            headers=dict(headers or {}),
            params=dict(params or {}),
            data=data.encode() if isinstance(data, str) else data or None,
        )


class QuickBooksClient:
    """One connection to one QuickBooks company. Implements `VendorClient`; not for sharing between threads."""

    side = Side.QUICKBOOKS

    def __init__(
        self,
        realm_id: str,
        session: Session,
        access: AccessSource,
        limiter: Limiter,
        meter: CallMeter,
        *,
        priority: Priority = Priority.NORMAL,
    ) -> None:
        self.priority = priority
        self.realm_id = realm_id
        self.access = access
        self._limiter = limiter
        manners = Manners(faults.judge, lambda _: None, SECOND_CHANCE_S)
        self._transport = Transport(session, access, limiter, meter, manners)
        self._library = _Library(
            transport=self._transport, company_id=realm_id, minorversion=MINOR_VERSION, use_decimal=True
        )

    # --- reading -----------------------------------------------------------------------------------------------------

    def describe(self, object: str) -> ObjectInfo:
        """The entity's fields; known by heart, since QuickBooks has no describe call. Costs nothing."""
        return entities.describe(object)

    def read(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> list[RemoteRecord]:
        """These records, inactive ones included, 300 in a call; in order of `ids`. All members come back, whatever
        `fields` says. A single id is read directly, and only that tells deleted from missing."""
        del fields
        known = entities.entity(object)
        if len(ids) == 1:
            return [self._read_one(known, ids[0])]
        found: dict[str, RemoteRecord] = {}
        seen_at: datetime | None = None
        for start in range(0, len(ids), query.IDS_PER_QUERY):
            where = [query.within("Id", ids[start : start + query.IDS_PER_QUERY])]
            answer = self._all_states(known, where, limit=query.IDS_PER_QUERY)
            seen_at = envelope_time(answer)
            found.update((r.id, r) for r in _rows(known, answer))
        return [found.get(id_) or absent(known, id_, seen_at, refused=False) for id_ in ids]

    def _read_one(self, known: entities.Entity, id_: str) -> RemoteRecord:
        try:
            answer = self._ask(_READ, lambda: self._library.get_single_object(known.name, id_))
        except ConnectorError as error:
            if error.failure.kind is not FailureKind.MISSING:
                raise
            return absent(known, id_, server_date(self._transport.last), refused=True)
        return record(known, answer[known.name], envelope_time(answer))

    def scan(self, object: str, fields: Sequence[str], cursor: str = "") -> Page:
        """One page of up to 1,000 records in order of Id, inactive ones included. Rows can slide between pages while
        people work: follow a scan by `changes` from its `server_time` less five minutes (sync-semantics section 16)."""
        del fields
        known = entities.entity(object)
        place: dict[str, Any] = json.loads(cursor) if cursor else {"start": 1}
        answer = self._all_states(known, [], order_by="Id", start=place["start"], limit=query.PAGE)
        started = place.get("started") or (envelope_time(answer) or datetime.now(UTC)).isoformat()
        records = list(_rows(known, answer))
        following = ""
        if len(records) == query.PAGE:
            following = json.dumps({"start": place["start"] + query.PAGE, "started": started})
        return Page(records, datetime.fromisoformat(started), following)

    def fitted(self, object: str, condition: Condition) -> Condition | None:
        """The condition as the query language takes it; None where it cannot be asked."""
        return finding.fitted(entities.entity(object), condition)

    def find(
        self, object: str, fields: Sequence[str], conditions: Sequence[Condition], cursor: str = ""
    ) -> Page:
        """One page of up to 1,000 records that meet all of these, inactive ones included, in order of Id."""
        del fields
        known = entities.entity(object)
        place: dict[str, Any] = json.loads(cursor) if cursor else {"start": 1}
        where = _where(known, conditions)
        text = query.select(known.name, where=where, order_by="Id", start=place["start"], limit=query.PAGE)
        answer = self.query(text)
        started = place.get("started") or (envelope_time(answer) or datetime.now(UTC)).isoformat()
        records = list(_rows(known, answer))
        following = ""
        if len(records) == query.PAGE:
            following = json.dumps({"start": place["start"] + query.PAGE, "started": started})
        return Page(records, datetime.fromisoformat(started), following)

    def count(self, object: str, conditions: Sequence[Condition]) -> int:
        """How many records meet all of these, inactive ones included (3.1: totalCount)."""
        known = entities.entity(object)
        answer = self.query(query.count(known.name, where=_where(known, conditions)))
        return int((answer.get("QueryResponse") or {}).get("totalCount") or 0)

    def changes(self, watches: Sequence[Watch]) -> Iterator[ChangePage]:
        """What changed, deletions included, in one CDC call where its 1,000 rows suffice."""
        return changes.pages(self, watches, datetime.now(UTC))

    def cdc(self, names: Sequence[str], since: datetime) -> Mapping[str, Any]:
        """One change data capture call, answer as received; `since` goes out with its offset."""
        listed, text = ",".join(names), query.offset_time(since)
        return self._ask(_CDC, lambda: self._library.change_data_capture(listed, text))

    def query(self, text: str) -> Mapping[str, Any]:
        """Run one statement, answer as received."""
        return self._ask(_QUERY, lambda: self._library.query(text))

    def lists(self, entity: str) -> list[RemoteRecord]:
        """All active records of a list that others refer to (accounts, terms, payment methods, classes ...)."""
        known = entities.entity(entity)
        found: list[RemoteRecord] = []
        while True:
            text = query.select(known.name, order_by="Id", start=len(found) + 1, limit=query.PAGE)
            rows = list(_rows(known, self.query(text)))
            found += rows
            if len(rows) < query.PAGE:
                return found

    def names(self, names: Sequence[str]) -> list[RemoteRecord]:
        """Every customer, vendor and employee, inactive ones included, that holds one of these display names; also
        under the name that QuickBooks gives an inactive record. One query for each of the three (3.1.7)."""
        wanted = list(
            dict.fromkeys(f"{name}{suffix}" for name in names for suffix in ("", entities.DELETED_SUFFIX))
        )
        found: list[RemoteRecord] = []
        for each in entities.SHARED_NAMES if wanted else ():
            known = entities.entity(each)
            for start in range(0, len(wanted), query.IDS_PER_QUERY):
                where = [query.within(known.key, wanted[start : start + query.IDS_PER_QUERY])]
                found += _rows(known, self._all_states(known, where, limit=query.PAGE))
        return found

    def company_info(self) -> Mapping[str, Any]:
        """The company: CompanyName, Country, OfferingSku and SubscriptionStatus in NameValue, zone ... (3.14)."""
        answer = self._ask(_READ, lambda: self._library.get_single_object("CompanyInfo", self.realm_id))
        info: Mapping[str, Any] = answer["CompanyInfo"]
        return info

    def preferences(self) -> Mapping[str, Any]:
        """The company's settings: sales forms, tax, currency, closing date ... (3.14)."""
        url = f"{self._library.api_url}/company/{self.realm_id}/preferences"
        preferences: Mapping[str, Any] = self._ask(_READ, lambda: self._library.get(url, {}))["Preferences"]
        return preferences

    # --- writing -----------------------------------------------------------------------------------------------------

    def calls(self, writes: Sequence[Write]) -> list[tuple[Write, ...]]:
        """Divide writes into groups that one call each can carry."""
        return batch.calls(writes)

    def compose(self, writes: Sequence[Write]) -> bytes:
        """The exact body that `write` sends."""
        return batch.compose(writes)

    def write(self, writes: Sequence[Write], *, request_id: str, priority: Priority) -> BatchAnswer:
        """One call: a lone write goes to its entity, several go as a batch; `request_id` in the address either way, so
        that a repeated call is answered again and not carried out again (2.3)."""
        if not 0 < len(request_id) <= batch.REQUEST_ID_LIMIT:
            raise ValueError(f"a request id has 1 to {batch.REQUEST_ID_LIMIT} characters")
        body = batch.compose(writes)
        plan = (_WRITE if len(writes) == 1 else _BATCH).at(priority)
        path, params = ("batch", {}) if len(writes) > 1 else _address(writes[0])
        url = f"{self._library.api_url}/company/{self.realm_id}/{path}"
        try:
            answer = self._ask(
                plan,
                lambda: self._library.post(url, body, params=params, request_id=request_id),
                own_class=True,
            )
            return self._read_answer(writes, answer)
        except ConnectorError as error:
            return _whole(writes, *whole_failure(error))
        except (KeyError, TypeError, ValueError):
            failure = Failure(
                FailureKind.UNKNOWN_WRITE, "net.unreadable", "The answer does not fit the call."
            )
            return _whole(writes, Outcome.UNKNOWN, failure)

    def _read_answer(self, writes: Sequence[Write], answer: Mapping[str, Any]) -> BatchAnswer:
        tid, seen_at = self._tid(), envelope_time(answer)
        results = batch.results(writes, answer, seen_at, tid)
        for failure in (result.failure for result in results):
            if failure is not None and failure.kind is FailureKind.THROTTLED:
                self._limiter.throttled(failure.retry_after)
                break
        return BatchAnswer(results, seen_at, tid)

    # --- beside the fields of a document ---

    def send(self, object: str, id: str) -> None:
        """E-mail a document to the address it holds (1.1: POST /invoice/{id}/send, an empty octet stream). Raises
        ConnectorError; after one that says nothing of the outcome, `EmailStatus` tells whether it went out."""
        known = entities.entity(object)
        url = f"{self._library.api_url}/company/{self.realm_id}/{known.name.lower()}/{int(id)}/send"
        self._ask(_WRITE, lambda: self._library.post(url, None, "application/octet-stream"))

    def pdf(self, object: str, id: str) -> bytes:
        """A document as QuickBooks prints it (1.1: GET /invoice/{id}/pdf)."""
        known = entities.entity(object)
        url = f"{self._library.api_url}/company/{self.realm_id}/{known.name.lower()}/{int(id)}/pdf"
        self._library.plan = _READ.at(self.priority)
        response = self._library.process_request("GET", url, {"Accept": "application/pdf"})
        if not response.content.startswith(b"%PDF"):
            raise CallError(UNREADABLE, Outcome.UNKNOWN)
        return response.content

    # --- calling -----------------------------------------------------------------------------------------------------

    def _all_states(self, known: entities.Entity, where: list[str], **more: Any) -> Mapping[str, Any]:
        conditions = [*where, query.ALL_STATES] if known.active else where
        return self.query(query.select(known.name, where=conditions, **more))

    def _ask(
        self, plan: Plan, call: Callable[[], Mapping[str, Any]], *, own_class: bool = False
    ) -> Mapping[str, Any]:
        """Let the library make one call under this plan. Its own exceptions lose what we need (9.4): a fault inside
        HTTP 200 is read again from the answer. Raises CallError."""
        self._library.plan = plan if own_class else plan.at(self.priority)
        try:
            return call()
        except QuickbooksException as error:
            last = self._transport.last
            failure = faults.judge_body(last) if last is not None else None
            if failure is None:
                raise CallError(UNREADABLE, Outcome.UNKNOWN) from error
            raise CallError(failure, Outcome.REFUSED) from error

    def _tid(self) -> str:
        return request_id(self._transport.last) if self._transport.last is not None else ""


def _rows(known: entities.Entity, answer: Mapping[str, Any]) -> Iterator[RemoteRecord]:
    seen_at = envelope_time(answer)
    return (record(known, row, seen_at) for row in (answer.get("QueryResponse") or {}).get(known.name) or ())


def _address(write: Write) -> tuple[str, dict[str, str]]:
    return entities.entity(write.object).name.lower(), batch.parameters(write)


def _whole(writes: Sequence[Write], outcome: Outcome, failure: Failure) -> BatchAnswer:
    tid = failure.request_id
    if len(writes) == 1 and outcome is Outcome.REFUSED:
        return BatchAnswer((batch.refused(writes[0], failure),), None, tid)
    status = WriteStatus(outcome.value)
    results = tuple(WriteResult(w.ref, status, w.id, failure=failure, request_id=tid) for w in writes)
    return BatchAnswer(results, None, tid, failure)


def _where(known: entities.Entity, conditions: Sequence[Condition]) -> list[str]:
    """The conditions in the query language; inactive records too, unless they are asked about."""
    where = [finding.text(condition) for condition in conditions]
    named = any(condition.path == "Active" for condition in conditions)
    return [*where, query.ALL_STATES] if known.active and not named else where
