"""Bulk API 1.0 for old clients: jobs of batches, told in JSON or XML (reference/salesforce.md 2.2, 4.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from connectors.simulator import jsontext
from connectors.simulator.salesforce import ids
from connectors.simulator.salesforce.bulk.csvtext import BadCsv, cell_text, parsed, written
from connectors.simulator.salesforce.bulk.jobs import Job
from connectors.simulator.salesforce.bulk.query import at, column_names
from connectors.simulator.salesforce.bulk.rows import Loader
from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.metadata import xmltree
from connectors.simulator.salesforce.rest.call import Call
from connectors.simulator.salesforce.rest.queries import plan_of
from connectors.simulator.salesforce.soql.errors import SoqlError
from connectors.simulator.salesforce.soql.run import Runner
from connectors.simulator.salesforce.times import from_wire, wire
from connectors.simulator.wire import Request, Response

if TYPE_CHECKING:
    from connectors.simulator.salesforce.standin import Salesforce

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
MAX_ROWS = 10_000
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll")
_KINDS = ("JSON", "CSV", "XML")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


class AsyncError(Exception):
    """A refusal of Bulk 1.0: `exceptionCode` and `exceptionMessage`, HTTP 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class OldBulk:
    """Answers `/services/async/{version}/job...`."""

    def __init__(self, standin: Salesforce) -> None:
        self.standin = standin

    def add_routes(self) -> None:
        for methods, tail, work in (
            ("POST", "", self.create),
            ("GET", "/{job}", self.read),
            ("POST", "/{job}", self.change),
            ("POST", "/{job}/batch", self.add_batch),
            ("GET", "/{job}/batch", self.batches),
            ("GET", "/{job}/batch/{batch}", self.batch),
            ("GET", "/{job}/batch/{batch}/result", self.result),
            ("GET", "/{job}/batch/{batch}/result/{result}", self.query_result),
        ):
            self.standin.router.add(methods, f"/services/async/{{version}}/job{tail}", self._guarded(work))

    def _guarded(self, work: Callable[[Call], Response]) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            try:
                return work(self._call(request))
            except AsyncError as error:
                told = {"exceptionCode": error.code, "exceptionMessage": error.message}
            except (Refused, SoqlError) as error:
                told = {"exceptionCode": "InvalidBatch", "exceptionMessage": f"{error.code}: {error.message}"}
            return _told(request, "error", told, 400)

        return handle

    def _call(self, request: Request) -> Call:
        engine = self.standin.engine
        token = request.header("x-sfdc-session") or request.header("authorization").partition(" ")[2]
        session = engine.sessions.peek(token.strip())
        org = engine.orgs.by_number.get(session.org) if session else None
        if session is None or org is None:
            raise AsyncError("InvalidSessionId", "Invalid session id")
        if engine.sessions.use(session.token, org.settings.session_minutes * 60) is None:
            raise AsyncError("InvalidSessionId", "Invalid session id")
        engine.usage.count(org)
        try:
            version = engine.version("v" + request.params["version"])
        except Refused:
            raise AsyncError("InvalidVersion", "Api version not supported") from None
        return Call(engine, request, org, engine.records_of(org), session.user, version)

    # -- jobs -----------------------------------------------------------------------------------------------

    def create(self, call: Call) -> Response:
        asked = _asked(call.request)
        operation, kind = str(asked.get("operation", "")), str(asked.get("contentType", "XML")).upper()
        entity = call.org.catalog.find(str(asked.get("object", "")))
        if operation not in _OPERATIONS or entity is None or kind not in _KINDS:
            raise AsyncError("InvalidJob", "Unsupported operation, object or contentType")
        key = str(asked.get("externalIdFieldName") or "")
        if operation == "upsert" and key.lower() not in entity.fields:
            raise AsyncError("InvalidJob", f"External ID field not found: {key}")
        job = call.engine.jobs.make(
            call.org, kind="bulk1", user=call.user_id, state="Open", version=call.version, operation=operation,
            object=entity.name, external_id_field=key, content_type=kind,
        )  # fmt: skip
        return _told(call.request, "jobInfo", self._info(call, job), 201)

    def _find(self, call: Call) -> Job:
        job = call.engine.jobs.find(call.org, "bulk1", call.param("job"))
        if job is None:
            raise AsyncError("InvalidJob", "Unable to find object for id: " + call.param("job"))
        return job

    def read(self, call: Call) -> Response:
        job = self._find(call)
        return _told(call.request, "jobInfo", self._info(call, job), job=job)

    def change(self, call: Call) -> Response:
        job, state = self._find(call), _asked(call.request).get("state")
        if state not in ("Closed", "Aborted") or job.state != "Open":
            raise AsyncError("InvalidJobState", f"Job is {job.state}; it cannot become {state}")
        job.state = str(state)
        call.engine.jobs.save(job)
        return _told(call.request, "jobInfo", self._info(call, job), job=job)

    def _info(self, call: Call, job: Job) -> dict[str, Any]:
        batches = self._batches(call, job)
        states = [self._state(call, one) for one in batches]
        info: dict[str, Any] = {
            "id": job.id, "operation": job.operation, "object": job.object, "createdById": job.user,
            "createdDate": _moment(job.created), "systemModstamp": _moment(job.changed), "state": job.state,
        }  # fmt: skip
        if job.external_id_field:
            info["externalIdFieldName"] = job.external_id_field
        counts = {
            "Queued": states.count("Queued"), "InProgress": states.count("InProgress"),
            "Completed": states.count("Completed"), "Failed": states.count("Failed"),
        }  # fmt: skip
        return {
            **info, "concurrencyMode": "Parallel", "contentType": job.content_type,
            **{f"numberBatches{name}": count for name, count in counts.items()}, "numberBatchesTotal": len(batches),
            "numberRecordsProcessed": sum(one["processed"] for one in batches), "numberRetries": 0,
            "apiVersion": float(job.version), "numberRecordsFailed": sum(one["failed"] for one in batches),
            "totalProcessingTime": 0, "apiActiveProcessingTime": 0, "apexProcessingTime": 0,
        }  # fmt: skip

    # -- batches --------------------------------------------------------------------------------------------

    @staticmethod
    def _batches(call: Call, job: Job) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = jsontext.loads(call.engine.jobs.text(job, "upload") or "[]")
        return found

    def _one(self, call: Call) -> tuple[Job, dict[str, Any]]:
        job = self._find(call)
        wanted = ids.to_18(call.param("batch"))
        batch = next((one for one in self._batches(call, job) if one["id"] == wanted), None)
        if batch is None:
            raise AsyncError("InvalidBatch", "Unable to find batch " + call.param("batch"))
        return job, batch

    @staticmethod
    def _state(call: Call, batch: dict[str, Any]) -> str:
        age = call.now.timestamp() - float(batch["made"])
        wait, work = call.org.settings.bulk_queue_seconds, call.org.settings.bulk_work_seconds
        if 0 <= age < wait:
            return "Queued"
        return "InProgress" if 0 <= age < wait + work else str(batch["state"])

    def _batch_info(self, call: Call, job: Job, batch: dict[str, Any]) -> dict[str, Any]:
        state = self._state(call, batch)
        through = state in ("Completed", "Failed")
        return {
            "apexProcessingTime": 0, "apiActiveProcessingTime": 0, "createdDate": _moment(float(batch["made"])),
            "id": batch["id"], "jobId": job.id, "numberRecordsFailed": batch["failed"] if through else 0,
            "numberRecordsProcessed": batch["processed"] if through else 0, "state": state,
            "stateMessage": batch["error"] or None, "systemModstamp": _moment(float(batch["made"])),
            "totalProcessingTime": 0,
        }  # fmt: skip

    def add_batch(self, call: Call) -> Response:
        job = self._find(call)
        if job.state != "Open":
            raise AsyncError("InvalidJobState", f"Job is {job.state}")
        number = call.org.world.store.next_number("salesforce:batch")
        batch: dict[str, Any] = {
            "id": ids.make("751", call.org.number, number), "made": call.now.timestamp(), "state": "Completed",
            "error": "", "processed": 0, "failed": 0, "results": [], "text": "",
        }  # fmt: skip
        try:
            if job.operation in ("query", "queryAll"):
                self._query(call, job, batch)
            else:
                self._load(call, job, batch)
        except (Refused, SoqlError, BadCsv) as error:
            batch.update({"state": "Failed", "error": f"InvalidBatch : {error}"})
        jobs = call.engine.jobs
        jobs.put_text(job, "upload", jsontext.dumps([*self._batches(call, job), batch]))
        return _told(call.request, "batchInfo", self._batch_info(call, job, batch), 201, job=job)

    @staticmethod
    def _query(call: Call, job: Job, batch: dict[str, Any]) -> None:
        soql = call.request.body.decode("utf-8", "replace").strip().strip('"')
        plan = plan_of(call, soql)
        runner = Runner(call.org.world.store, call.url, job.operation == "queryAll", MAX_ROWS)
        records = runner.records(plan, runner.rows(plan, plan.limit if plan.limit is not None else -1))
        names = column_names(plan)
        if job.content_type == "JSON":
            batch["text"] = (
                _MOMENT.sub(_epoch, jsontext.dumps(records)).replace('"\x00', "").replace('\x00"', "")
            )
        else:
            batch["text"] = written(names, [[at(record, name) for name in names] for record in records])
        batch["processed"] = len(records)
        batch["results"] = [ids.make("752", call.org.number, int(job.created) % 1_000_000)]

    @staticmethod
    def _load(call: Call, job: Job, batch: dict[str, Any]) -> None:
        rows, header = _rows(call, job)
        if len(rows) > MAX_ROWS:
            raise Refused("InvalidBatch", "Too many records in the batch: at most 10000")
        loader = Loader(call, job, header)
        if header:
            loader.check()
        for row in rows:
            try:
                record_id, created = loader.record(row if isinstance(row, dict) else loader.values(row))
                batch["results"].append({"success": True, "created": created, "id": record_id, "errors": []})
            except Refused as error:
                told = {
                    "statusCode": error.code,
                    "message": error.message,
                    "fields": list(error.fields or ()),
                }
                batch["results"].append({"success": False, "created": False, "id": None, "errors": [told]})
        batch["processed"] = len(rows)
        batch["failed"] = sum(not one["success"] for one in batch["results"])

    def batches(self, call: Call) -> Response:
        job = self._find(call)
        shown = [self._batch_info(call, job, one) for one in self._batches(call, job)]
        return _told(call.request, "batchInfoList", {"batchInfo": shown}, job=job)

    def batch(self, call: Call) -> Response:
        job, batch = self._one(call)
        return _told(call.request, "batchInfo", self._batch_info(call, job, batch), job=job)

    def result(self, call: Call) -> Response:
        job, batch = self._one(call)
        if self._state(call, batch) != "Completed":
            raise AsyncError("InvalidBatch", "Batch not completed")
        if job.content_type == "JSON":
            return Response.json(batch["results"])
        if job.operation in ("query", "queryAll"):
            inside = "".join(f"<result>{one}</result>" for one in batch["results"])
            return _xml(f'<result-list xmlns="{NAMESPACE}">{inside}</result-list>')
        lines = [[one["id"], one["success"], one["created"], _error_text(one)] for one in batch["results"]]
        return Response.text(written(["Id", "Success", "Created", "Error"], lines), 200, "text/csv")

    def query_result(self, call: Call) -> Response:
        job, batch = self._one(call)
        if call.param("result") not in batch["results"]:
            raise AsyncError("InvalidBatch", "Unable to find result " + call.param("result"))
        kind = "application/json" if job.content_type == "JSON" else "text/csv"
        return Response.text(str(batch["text"]), 200, kind)


def _rows(call: Call, job: Job) -> tuple[list[Any], list[str]]:
    """The batch's rows and, for CSV, their header. Raises Refused or BadCsv."""
    if job.content_type == "CSV":
        header, rows = parsed(call.request.body.decode("utf-8", "replace"), "COMMA", "")
        return list(rows), header
    if job.content_type == "XML":
        raise Refused("FeatureNotEnabled", "XML batches are not offered: use CSV or JSON")
    rows_or_not = call.body()
    if not isinstance(rows_or_not, list) or not all(isinstance(one, dict) for one in rows_or_not):
        raise Refused("InvalidBatch", "Failed to parse the batch: a list of records is wanted")
    return rows_or_not, []


def _error_text(result: dict[str, Any]) -> str:
    return "; ".join(
        f"{one['statusCode']}:{one['message']}:{', '.join(one['fields'])} --" for one in result["errors"]
    )


def _epoch(match: re.Match[str]) -> str:
    """Bulk 1.0 shows instants in JSON as milliseconds; the marks take the quotes away."""
    return f"\x00{int(from_wire(match[0]).timestamp() * 1000)}\x00"


def _moment(seconds: float) -> str:
    return wire(datetime.fromtimestamp(seconds, UTC))


def _wants_xml(request: Request, job: Job | None) -> bool:
    """As the request speaks; one that speaks neither (a CSV batch, a plain GET) is told in the job's own way."""
    for spoken in (request.header("content-type"), request.header("accept")):
        if "xml" in spoken or "json" in spoken:
            return "xml" in spoken
    return job is not None and job.content_type != "JSON"


def _asked(request: Request) -> dict[str, Any]:
    """The members of a jobInfo in JSON or XML. Raises AsyncError."""
    try:
        if "xml" in request.header("content-type"):
            return {xmltree.name_of(one): (one.text or "").strip() for one in xmltree.parse(request.body)}
        found = request.json()
    except (ValueError, UnicodeDecodeError, xmltree.BadXml) as error:
        raise AsyncError("InvalidJob", f"Unable to parse the job: {error}") from None
    if not isinstance(found, dict):
        raise AsyncError("InvalidJob", "Unable to parse the job: an object is wanted")
    return found


def _told(
    request: Request, name: str, members: dict[str, Any], status: int = 200, *, job: Job | None = None
) -> Response:
    if not _wants_xml(request, job):
        return Response.json(members, status)
    return _xml(f'<{name} xmlns="{NAMESPACE}">{_elements(members)}</{name}>', status)


def _elements(members: dict[str, Any]) -> str:
    lines = ""
    for key, value in members.items():
        for one in value if isinstance(value, list) else [value]:
            if one is None:
                continue
            text = str(one).replace("+0000", "Z") if _MOMENT.fullmatch(str(one)) else cell_text(one)
            lines += f"<{key}>{_elements(one) if isinstance(one, dict) else escape(text)}</{key}>"
    return lines


def _xml(text: str, status: int = 200) -> Response:
    return Response.text(f'<?xml version="1.0" encoding="UTF-8"?>{text}', status, "application/xml")
