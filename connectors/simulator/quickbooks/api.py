"""`/v3/company/{realm}/...`: reads, writes, queries, batches and change capture (quickbooks.md sections 1.1 to 5)."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from connectors.simulator import jsontext
from connectors.simulator.quickbooks import faults, query, reports, services, xmltext
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import ApiError, Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.times import envelope_time, parse_instant
from connectors.simulator.quickbooks.writes import check_id, write
from connectors.simulator.store import Column, Table
from connectors.simulator.wire import Request, Response

if TYPE_CHECKING:
    from connectors.simulator.quickbooks.standin import QuickBooks

_CDC_LIMIT = 1000
Inner = Callable[[Context, Request], "Answer"]


class Answer:
    """What a handler gives back: the members of the body as JSON text, and how many paid reads it was."""

    def __init__(self, members: str, metered: int = 0, *, enveloped: bool = True) -> None:
        self.members = members
        self.metered = metered
        self.enveloped = enveloped


class Api:
    """The handlers; each runs behind the gate (token, company) and inside the vendor's envelope and headers."""

    def __init__(self, standin: QuickBooks) -> None:
        self._standin = standin
        self._store = standin.world.store
        self._store.define(
            Table(
                "qbo_request",
                (
                    Column("realm"),
                    Column("key"),
                    Column("body", "BLOB"),
                ),
                ("realm", "key"),
                without_rowid=True,
            )
        )
        base = "/v3/company/{realm}"
        route = standin.router.add
        route("GET POST", f"{base}/query", self._gated(self.query))
        route("POST", f"{base}/batch", self._gated(self.batch))
        route("GET", f"{base}/cdc", self._gated(self.cdc))
        route("POST", f"{base}/upload", self._gated(self.upload))
        route("GET POST", f"{base}/exchangerate", self._gated(self.exchange_rate))
        route("GET", f"{base}/download/{{id}}", self._gated_raw(self.download))
        route("GET", f"{base}/attachable/{{id}}", self._gated(self.attachable))
        route("GET", f"{base}/reports/<report>", self._gated(self.report))
        route("POST", f"{base}/taxservice/taxcode", self._gated(self.tax_code))
        route("POST", f"{base}/<entity>/{{id}}/send", self._gated(self.send))
        route("GET", f"{base}/<entity>/{{id}}/pdf", self._gated_raw(self.pdf))
        route("GET POST", f"{base}/preferences", self._gated(self.single))
        route("POST", f"{base}/<entity>", self._gated(self.write))
        route("GET", f"{base}/<entity>", self._gated(self.single))
        route("GET", f"{base}/<entity>/{{id}}", self._gated(self.read))

    # -- the way in and out ---------------------------------------------------------------------------------------

    def _gated(self, inner: Inner) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            refusal = self._standin.gate(request)
            if refusal is not None:
                return refusal
            context = self._standin.context(request)
            began = envelope_time(context.now)
            try:
                with self._store.savepoint():
                    answer = inner(context, request)
            except Fault as fault:
                response = self.fault_response(request, fault, began)
                # Whatever a wrong path said must not become a line of the meter.
                if fault.errors[0].code == "500":
                    response.endpoint = "(unknown path)"
                return response
            text = f'{{{answer.members},"time":"{began}"}}' if answer.enveloped else answer.members
            return self._respond(request, text, 200, answer.metered)

        return handle

    def _gated_raw(self, inner: Callable[[Context, Request], Response]) -> Callable[[Request], Response]:
        """The same for answers that are no JSON; refusals are."""

        def handle(request: Request) -> Response:
            refusal = self._standin.gate(request)
            if refusal is not None:
                return refusal
            context = self._standin.context(request)
            try:
                response = inner(context, request)
            except Fault as fault:
                return self.fault_response(request, fault, envelope_time(context.now))
            response.metered = 1
            response.headers = self._standin.headers(full=True)
            return response

        return handle

    def fault_response(self, request: Request, fault: Fault, time: str) -> Response:
        """The `Fault` body of a refusal."""
        body: dict[str, Any] = {"Fault": fault.body()}
        if fault.timed:
            body["time"] = time
        return self._respond(request, jsontext.dumps(body), fault.status, 0)

    def _respond(self, request: Request, text: str, status: int, metered: int) -> Response:
        accept = request.header("accept").lower()
        if "json" in accept:
            content_type = "application/json;charset=utf-8" if status == 200 else "application/json"
        else:
            content_type = "application/xml"
            text = xmltext.render(jsontext.loads(text))
        response = Response(status, text.encode(), content_type)
        response.metered = metered
        response.headers = self._standin.headers(full=status == 200)
        return response

    # -- reading --------------------------------------------------------------------------------------------------

    def read(self, context: Context, request: Request) -> Answer:
        """`GET /{entity}/{id}`."""
        entity = self._entity(request, "read")
        record_id = request.params["id"]
        if entity.kind == "single":
            record_id = "1"
        check_id(record_id, entity)
        text = context.records.text(context.realm, entity, record_id)
        if text is None:
            raise faults.not_found()
        return Answer(f'"{entity.name}":{text}', metered=1)

    def single(self, context: Context, request: Request) -> Answer:
        """`GET /preferences` (and `POST`): the one record that has no id in its path."""
        if request.method == "POST":
            request.params["entity"] = "preferences"
            return self.write(context, request)
        path = request.params.get("entity", "preferences").lower()
        if path not in ("preferences", "companyinfo"):
            raise faults.unsupported_operation(request.path)
        entity = ENTITIES[path]
        return Answer(f'"{entity.name}":{context.records.text(context.realm, entity, "1")}', metered=1)

    def query(self, context: Context, request: Request) -> Answer:
        """`GET /query?query=...` or the statement as a POST body."""
        if request.method == "POST":
            try:
                text = request.text()
            except UnicodeDecodeError:
                raise faults.not_utf8() from None
            if "x-www-form-urlencoded" in request.header("content-type"):
                text = request.form().get("query", text)
        else:
            text = request.query.get("query", "")
        members, _, _ = query.run(context, text)
        return Answer(f'"QueryResponse":{members}', metered=1)

    def cdc(self, context: Context, request: Request) -> Answer:
        """`GET /cdc?entities=A,B&changedSince=...`: what changed, deletions as stubs; cut at 1,000 objects."""
        parameters = {name.lower(): value for name, value in request.query.items()}
        names = [name.strip() for name in parameters.get("entities", "").split(",") if name.strip()]
        if not names:
            raise Fault(faults.missing("entities"))
        since = parse_instant(parameters.get("changedsince", ""))
        if since is None:
            raise Fault(faults.invalid_date("changedSince", parameters.get("changedsince", "")))
        if since < query.oldest_allowed(context):
            raise Fault(
                ApiError(
                    "2190",
                    "Invalid Date Range",
                    "changedSince must be within the last 30 days",
                    "changedSince",
                )
            )
        left = _CDC_LIMIT
        blocks = []
        for name in names:
            entity = ENTITIES.get(name.lower())
            if entity is None or not entity.in_cdc:
                raise faults.query_invalid(f"invalid context declaration: {name}")
            texts = query.changes(context, entity, since, left)
            left -= len(texts)
            blocks.append(_cdc_block(entity, texts))
        return Answer(f'"CDCResponse":[{{"QueryResponse":[{",".join(blocks)}]}}]', metered=1)

    # -- writing --------------------------------------------------------------------------------------------------

    def write(self, context: Context, request: Request) -> Answer:
        """`POST /{entity}[?operation=...]`, replayed for a requestid that was answered before."""
        entity = self._entity(request)
        key = self._request_key(request, "")
        replayed = self._replay(context, key)
        if replayed is not None:
            return replayed
        operation = request.query.get("operation", "").lower()
        void = "void" in context.include and operation in ("", "update")
        body = write(context, entity.path, _payload(request), operation, void=void)
        members = f'"{entity.name}":{jsontext.dumps(body)}'
        self._remember(context, key, members)
        return Answer(members)

    def batch(self, context: Context, request: Request) -> Answer:
        """`POST /batch`: each item for itself, refusals inside a 200."""
        payload = _payload(request)
        items = payload.get("BatchItemRequest") if isinstance(payload, dict) else None
        if not isinstance(items, list) or not items:
            raise Fault(faults.missing("BatchItemRequest"))
        if len(items) > context.knobs.batch_limit:
            detail = f"Batch size exceeds allowed limit. Allowed: {context.knobs.batch_limit}, supplied: {len(items)}"
            raise Fault(ApiError("1040", "Batch size exceeds allowed limit", detail))
        ids = [str(item.get("bId", "")) if isinstance(item, dict) else "" for item in items]
        key = self._request_key(request, "batch:" + ",".join(ids), ids)
        replayed = self._replay(context, key)
        if replayed is not None:
            return replayed
        results = [self._batch_item(context, item) for item in items]
        members = f'"BatchItemResponse":[{",".join(text for text, _ in results)}]'
        self._remember(context, key, members)
        return Answer(members, metered=sum(metered for _, metered in results))

    def _batch_item(self, context: Context, item: Any) -> tuple[str, int]:
        label = jsontext.dumps(item.get("bId")) if isinstance(item, dict) and "bId" in item else None
        metered = 0
        try:
            with self._store.savepoint():
                text, metered = self._batch_work(context, item)
        except Fault as fault:
            text = f'"Fault":{jsontext.dumps(fault.body())}'
        return (f'{{{text},"bId":{label}}}' if label is not None else f"{{{text}}}"), metered

    @staticmethod
    def _batch_work(context: Context, item: Any) -> tuple[str, int]:
        if not isinstance(item, dict):
            raise faults.unreadable_body("Can not deserialize instance of BatchItemRequest")
        if "Query" in item:
            members, _, _ = query.run(context, str(item["Query"]))
            return f'"QueryResponse":{members}', 1
        names = [name for name in item if name.lower() in ENTITIES]
        if len(names) != 1:
            detail = ", ".join(name for name in item if name not in ("bId", "operation", "optionsData"))
            raise Fault(
                ApiError("2000", "Invalid or unsupported object name", f"Unsupported object: {detail}")
            )
        entity = ENTITIES[names[0].lower()]
        void = str(item.get("optionsData", "")).lower() == "void"
        operation = str(item.get("operation", "")).lower()
        body = write(context, entity.path, item[names[0]], operation, void=void)
        return f'"{entity.name}":{jsontext.dumps(body)}', 0

    # -- beside the plain calls -----------------------------------------------------------------------------------

    def send(self, context: Context, request: Request) -> Answer:
        """`POST /{entity}/{id}/send[?sendTo=...]`."""
        entity = self._entity(request)
        send_to = {name.lower(): value for name, value in request.query.items()}.get("sendto", "")
        body = services.send(context, entity, request.params["id"], send_to)
        return Answer(f'"{entity.name}":{jsontext.dumps(body)}')

    def pdf(self, context: Context, request: Request) -> Response:
        """`GET /{entity}/{id}/pdf`."""
        content = services.pdf(context, self._entity(request), request.params["id"])
        return Response(200, content, "application/pdf")

    def exchange_rate(self, context: Context, request: Request) -> Answer:
        """`GET` or `POST /exchangerate`."""
        if request.method == "POST":
            return Answer(f'"ExchangeRate":{jsontext.dumps(services.store_rate(context, _payload(request)))}')
        return Answer(
            f'"ExchangeRate":{jsontext.dumps(services.read_rate(context, request.query))}', metered=1
        )

    def tax_code(self, context: Context, request: Request) -> Answer:
        """`POST /taxservice/taxcode`: neither envelope nor time."""
        return Answer(jsontext.dumps(services.make_tax_code(context, _payload(request))), enveloped=False)

    def report(self, context: Context, request: Request) -> Answer:
        """`GET /reports/{name}`: no time member."""
        found = reports.run(context, request.params["report"], request.query)
        return Answer(jsontext.dumps(found), metered=1, enveloped=False)

    def upload(self, context: Context, request: Request) -> Answer:
        """`POST /upload`."""
        return Answer(self._standin.attachments.upload(context, request))

    def attachable(self, context: Context, request: Request) -> Answer:
        """`GET /attachable/{id}`: with a fresh download address each time."""
        check_id(request.params["id"], ENTITIES["attachable"])
        body = context.get("attachable", request.params["id"])
        if body is None:
            raise faults.not_found()
        linked = self._standin.attachments.with_link(context, body)
        return Answer(f'"Attachable":{jsontext.dumps(linked)}', metered=1)

    def download(self, context: Context, request: Request) -> Response:
        """`GET /download/{id}`: the address of the file, as plain text."""
        if context.get("attachable", request.params["id"]) is None:
            raise faults.not_found()
        return Response.text(self._standin.attachments.link(context, request.params["id"]))

    # -- requestid ------------------------------------------------------------------------------------------------

    @staticmethod
    def _request_key(request: Request, suffix: str, batch_ids: list[str] | None = None) -> str:
        found = request.query.get("requestid")
        if found is None:
            return ""
        limit = 50 if batch_ids is None else 36
        if not 0 < len(found) <= limit:
            raise faults.invalid_request_id(found, limit)
        for batch_id in batch_ids or ():
            if len(batch_id) > 10:
                raise faults.invalid_request_id(batch_id, 10)
        return f"{found}:{hashlib.sha256(suffix.encode()).hexdigest()}" if suffix else found

    def _replay(self, context: Context, key: str) -> Answer | None:
        if not key:
            return None
        row = self._store.row(
            "SELECT body FROM qbo_request WHERE realm = ? AND key = ?", (context.realm, key)
        )
        if row is None:
            return None
        return Answer(zlib.decompress(row[0]).decode())

    def _remember(self, context: Context, key: str, body: str) -> None:
        if key:
            self._store.write(
                "INSERT OR REPLACE INTO qbo_request VALUES (?, ?, ?)",
                (context.realm, key, zlib.compress(body.encode(), 1)),
            )

    @staticmethod
    def _entity(request: Request, operation: str = "") -> Entity:
        entity = ENTITIES.get(request.params["entity"].lower())
        if entity is None or (operation and operation not in entity.operations):
            raise faults.unsupported_operation(request.path)
        return entity


def _payload(request: Request) -> Any:
    try:
        request.text()
    except UnicodeDecodeError:
        raise faults.not_utf8() from None
    try:
        return request.json()
    except ValueError as error:
        raise faults.unreadable_body(f"Unexpected character: {error}") from error


def _cdc_block(entity: Entity, texts: list[str]) -> str:
    if not texts:
        return "{}"
    only_deleted = all('"status":"Deleted"' in text[:60] for text in texts)
    start = "" if only_deleted else '"startPosition":1,'
    return f'{{"{entity.name}":[{",".join(texts)}],{start}"maxResults":{len(texts)}}}'
