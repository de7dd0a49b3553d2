"""Ingest jobs: create, upload, complete, results (reference/salesforce.md 4.5)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.bulk.csvtext import DELIMITERS, LINE_ENDS, BadCsv, parsed, written
from connectors.simulator.salesforce.bulk.jobs import Job
from connectors.simulator.salesforce.bulk.rows import Loader
from connectors.simulator.salesforce.errors import Refused, bad_json, not_found
from connectors.simulator.salesforce.multipart import parts_of
from connectors.simulator.salesforce.rest.call import Answer, Call
from connectors.simulator.salesforce.times import wire
from connectors.simulator.wire import Request

if TYPE_CHECKING:
    from connectors.simulator.salesforce.rest.engine import Engine

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
MAX_UPLOAD = 150_000_000
_EMPTY = {"successful": ["sf__Id", "sf__Created"], "failed": ["sf__Id", "sf__Error"], "unprocessed": ["Id"]}
_RESULTS = {"successfulresults": "successful", "failedresults": "failed", "unprocessedrecords": "unprocessed"}


def add_routes(engine: Engine) -> None:
    engine.route("POST", "/jobs/ingest", create)
    engine.route("GET", "/jobs/ingest", listing)
    engine.route("GET", "/jobs/ingest/{job}", read)
    engine.route("PATCH", "/jobs/ingest/{job}", change)
    engine.route("DELETE", "/jobs/ingest/{job}", delete)
    engine.route("PUT", "/jobs/ingest/{job}/batches", upload)
    engine.route("GET", "/jobs/ingest/{job}/{result}", results)


def create(call: Call) -> Answer:
    """An open job; a multipart call brings its data and needs no upload."""
    data: str | None = None
    if "multipart/form-data" in call.request.header("content-type"):
        found = parts_of(call.request)
        call.parsed = found.json("job")
        data = found.text("content")
    body = call.object_body()
    facts = _facts(call, body)
    job = call.engine.jobs.make(
        call.org, kind="ingest", user=call.user_id, state="Open", version=call.version, **facts
    )
    if data is not None:
        call.engine.jobs.put_text(job, "upload", data)
        _queue(call, job)
    return Answer(brief(call, job))


def _facts(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """The job's own facts, checked. Raises Refused."""
    operation, name = body.get("operation"), body.get("object")
    if operation not in OPERATIONS:
        raise Refused("INVALIDOPERATION", f"Operation {operation} is not supported")
    entity = call.org.catalog.find(name) if isinstance(name, str) else None
    if entity is None or entity.object.tooling:
        raise Refused("INVALIDENTITY", f"Unable to find object: {name}")
    key = str(body.get("externalIdFieldName") or "")
    if operation == "upsert":
        known = entity.fields.get(key.lower())
        if known is None or not (known.external_id or known.id_lookup):
            why = f"does not match an External ID, Salesforce Id, or indexed field for {entity.name}"
            raise Refused("INVALIDJOB", f"Field name provided, {key} {why}")
        key = known.name
    delimiter, line_ending = str(body.get("columnDelimiter", "COMMA")), str(body.get("lineEnding", "LF"))
    if delimiter not in DELIMITERS or line_ending not in LINE_ENDS or body.get("contentType", "CSV") != "CSV":
        raise Refused("INVALIDJOB", "Unsupported contentType, columnDelimiter or lineEnding")
    return {
        "operation": operation,
        "object": entity.name,
        "external_id_field": key,
        "delimiter": delimiter,
        "line_ending": line_ending,
    }


def brief(call: Call, job: Job) -> dict[str, Any]:
    """A job as the creating call shows it."""
    shown: dict[str, Any] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user,
        "createdDate": _moment(job.created),
        "systemModstamp": _moment(job.changed),
        "state": call.engine.jobs.seen_state(job, call.org),
    }
    if job.external_id_field:
        shown["externalIdFieldName"] = job.external_id_field
    shown.update({"concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": float(job.version)})
    if job.kind == "ingest":
        shown["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    return {**shown, "lineEnding": job.line_ending, "columnDelimiter": job.delimiter}


def _moment(seconds: float) -> str:
    return wire(datetime.fromtimestamp(seconds, UTC))


def full(call: Call, job: Job) -> dict[str, Any]:
    """A job as the reading call shows it."""
    shown = brief(call, job)
    done = shown["state"] in ("JobComplete", "Failed", "Aborted")
    more: dict[str, Any] = {"retries": 0, "totalProcessingTime": 0}
    if job.kind == "ingest":
        more.update({"apiActiveProcessingTime": 0, "apexProcessingTime": 0})
    if done or shown["state"] == "InProgress":
        more["numberRecordsProcessed"] = job.processed if done else 0
        if job.kind == "ingest":
            more["numberRecordsFailed"] = job.failures if done else 0
    if shown["state"] == "Failed":
        more["errorMessage"] = job.error
    return {**shown, "jobType": "V2Ingest" if job.kind == "ingest" else "V2Query", **more}


def find(call: Call, kind: str) -> Job:
    job = call.engine.jobs.find(call.org, kind, call.param("job"))
    if job is None:
        raise not_found()
    return job


def listing(call: Call) -> Answer:
    jobs = [brief(call, job) for job in call.engine.jobs.all(call.org, "ingest")]
    return Answer({"done": True, "nextRecordsUrl": None, "records": jobs})


def read(call: Call) -> Answer:
    return Answer(full(call, find(call, "ingest")))


def upload(call: Call) -> Answer:
    """The one upload of a job: 201 without a body."""
    job = find(call, "ingest")
    if job.state != "Open" or call.engine.jobs.text(job, "upload") is not None:
        message = (
            f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then"
            " create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise Refused("INVALIDJOBSTATE", message)
    if len(base64.b64encode(call.request.body)) > MAX_UPLOAD:
        raise Refused("EXCEEDEDLIMIT", "The upload is larger than 150 MB in base64")
    try:
        text = call.request.text()
    except UnicodeDecodeError:
        raise Refused("INVALIDJOB", "The content is not UTF-8") from None
    call.engine.jobs.put_text(job, "upload", text)
    return Answer(None, 201)


def change(call: Call) -> Answer:
    """UploadComplete or Aborted. An aborted job is not worked off: its upload is what remained unprocessed."""
    job = find(call, "ingest")
    state = call.object_body().get("state")
    if state not in ("UploadComplete", "Aborted"):
        raise bad_json(f"Cannot deserialize instance of state from VALUE_STRING value {state}")
    seen = call.engine.jobs.seen_state(job, call.org)
    if seen != "Open" and not (state == "Aborted" and seen == "UploadComplete"):
        raise Refused("INVALIDJOBSTATE", f"Job state {seen} cannot be changed to {state}")
    if state == "Aborted":
        job.state = "Aborted"
        call.engine.jobs.put_text(job, "unprocessed", call.engine.jobs.text(job, "upload") or "")
        call.engine.jobs.save(job)
    else:
        _queue(call, job)
    return Answer(brief(call, job))


def delete(call: Call) -> Answer:
    job = find(call, "ingest")
    if call.engine.jobs.seen_state(job, call.org) not in (
        "UploadComplete",
        "JobComplete",
        "Aborted",
        "Failed",
    ):
        raise Refused("API_ERROR", "A job that is open or in progress cannot be deleted")
    call.engine.jobs.delete(job)
    return Answer(None, 204)


def _queue(call: Call, job: Job) -> None:
    """The upload is complete: the job waits for its turn."""
    job.state, job.submitted = "UploadComplete", call.now.timestamp()
    call.engine.jobs.save(job)
    _wait(call, job)


def _wait(call: Call, job: Job) -> None:
    due = job.submitted + call.org.settings.bulk_queue_seconds
    call.engine.waiting.add(due, lambda: _work_off(call, job.id))


def resume(engine: Engine) -> None:
    """Put the jobs of a state file back into the queue."""
    for number, job in engine.jobs.queued():
        org = engine.orgs.by_number[number]
        request = Request("PUT", f"/services/data/v{job.version}/jobs/ingest/{job.id}/batches", {})
        _wait(Call(engine, request, org, engine.records_of(org), job.user, job.version), job)


def _work_off(call: Call, job_id: str) -> None:
    """Load the rows of a job that is still wanted; what comes of it shows by and by."""
    jobs = call.engine.jobs
    job = jobs.find(call.org, "ingest", job_id)
    if job is None or job.state != "UploadComplete":
        return
    text = jobs.text(job, "upload") or ""
    try:
        header, rows = parsed(text, job.delimiter, job.line_ending)
        loader = Loader(call, job, header)
        loader.check()
    except (BadCsv, Refused) as error:
        job.state, job.error = "Failed", f"InvalidBatch : {error}"
        jobs.put_text(job, "unprocessed", text)
    else:
        outcome = loader.load(rows)
        job.state, job.processed, job.failures = "JobComplete", len(rows), len(outcome.failed)
        jobs.put_text(job, "successful", _results(["sf__Id", "sf__Created"], header, outcome.successful, job))
        jobs.put_text(job, "failed", _results(["sf__Id", "sf__Error"], header, outcome.failed, job))
        jobs.put_text(job, "unprocessed", written(header, [], job.delimiter, job.line_ending))
    jobs.save(job)


def _results(own: list[str], header: list[str], rows: list[list[str]], job: Job) -> str:
    return written([*own, *header], rows, job.delimiter, job.line_ending)


def results(call: Call) -> Answer:
    """successfulResults, failedResults or unprocessedrecords (in any case)."""
    column = _RESULTS.get(call.param("result").lower())
    job = find(call, "ingest")
    if column is None:
        raise not_found()
    state = call.engine.jobs.seen_state(job, call.org)
    if state not in ("JobComplete", "Failed", "Aborted"):
        text = written(_EMPTY[column], [])
    else:
        text = call.engine.jobs.text(job, column) or written(_EMPTY[column], [])
    return Answer(None, text=text, content_type="text/csv")
