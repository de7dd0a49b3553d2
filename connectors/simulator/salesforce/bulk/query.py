"""Query jobs and their result pages (reference/salesforce.md 4.6)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.bulk.csvtext import DELIMITERS, LINE_ENDS, written
from connectors.simulator.salesforce.bulk.ingest import brief, find, full
from connectors.simulator.salesforce.errors import Refused, not_found
from connectors.simulator.salesforce.rest.call import Answer, Call
from connectors.simulator.salesforce.rest.queries import plan_of
from connectors.simulator.salesforce.soql.errors import SoqlError
from connectors.simulator.salesforce.soql.plan import Leaf, Node, Plan
from connectors.simulator.salesforce.soql.run import Runner

if TYPE_CHECKING:
    from connectors.simulator.salesforce.rest.engine import Engine

DEFAULT_PAGE = 50_000
_CHUNK = 2000


def add_routes(engine: Engine) -> None:
    engine.route("POST", "/jobs/query", create)
    engine.route("GET", "/jobs/query", listing)
    engine.route("GET", "/jobs/query/{job}", read)
    engine.route("PATCH", "/jobs/query/{job}", abort)
    engine.route("DELETE", "/jobs/query/{job}", delete)
    engine.route("GET", "/jobs/query/{job}/results", results)


def create(call: Call) -> Answer:
    body = call.object_body()
    operation, soql = body.get("operation"), body.get("query")
    if operation not in ("query", "queryAll") or not isinstance(soql, str):
        raise Refused("INVALIDJOB", "operation must be query or queryAll, and query a SOQL text")
    delimiter, line_ending = str(body.get("columnDelimiter", "COMMA")), str(body.get("lineEnding", "LF"))
    if delimiter not in DELIMITERS or line_ending not in LINE_ENDS:
        raise Refused("INVALIDJOB", "Unsupported columnDelimiter or lineEnding")
    plan = plan_of(call, soql)
    _check(plan)
    runner = Runner(call.org.world.store, call.url, operation == "queryAll", _CHUNK)
    rows = runner.row_ids(plan)
    job = call.engine.jobs.make(
        call.org, kind="query", user=call.user_id, state="JobComplete", version=call.version, operation=operation,
        object=plan.entity.name, query=soql, delimiter=delimiter, line_ending=line_ending,
        submitted=call.now.timestamp(), processed=len(rows), row_ids=rows,
    )  # fmt: skip
    shown = brief(call, job)
    return Answer({**shown, "state": "UploadComplete"})


def _check(plan: Plan) -> None:
    """What Bulk SOQL leaves out. Raises SoqlError."""
    if plan.is_aggregate or plan.counts_only:
        raise SoqlError("INVALIDJOB", "Aggregate Relationships not supported in Bulk V2 Query")
    if plan.children or plan.offset:
        raise SoqlError("INVALIDJOB", "Child subqueries and OFFSET are not supported in Bulk V2 Query")
    if any(leaf.compound for leaf in _leaves(plan)):
        raise SoqlError(
            "INVALIDJOB", "FUNCTIONALITY_NOT_ENABLED: Selecting compound data not supported in Bulk Query"
        )


def _leaves(plan: Plan) -> list[Leaf]:
    found: list[Leaf] = []
    pending = list(plan.root.targets) if plan.root else []
    while pending:
        target = pending.pop()
        for member in target.members.values():
            if isinstance(member, Node):
                pending += member.targets
            else:
                found.append(member)
    return found


def listing(call: Call) -> Answer:
    jobs = [brief(call, job) for job in call.engine.jobs.all(call.org, "query")]
    return Answer({"done": True, "nextRecordsUrl": None, "records": jobs})


def read(call: Call) -> Answer:
    job = find(call, "query")
    return Answer({**full(call, job), "isPkChunkingSupported": True})


def abort(call: Call) -> Answer:
    job = find(call, "query")
    if call.object_body().get("state") != "Aborted":
        raise Refused("INVALIDJOBSTATE", "A query job can only be aborted")
    if call.engine.jobs.seen_state(job, call.org) in ("JobComplete", "Aborted", "Failed"):
        raise Refused("INVALIDJOBSTATE", "Aborting a completed job is not allowed")
    job.state = "Aborted"
    call.engine.jobs.save(job)
    return Answer(brief(call, job))


def delete(call: Call) -> Answer:
    job = find(call, "query")
    if call.engine.jobs.seen_state(job, call.org) not in ("JobComplete", "Aborted", "Failed"):
        raise Refused("API_ERROR", "A job in progress cannot be deleted")
    call.engine.jobs.delete(job)
    return Answer(None, 204)


def results(call: Call) -> Answer:
    """A page of results; `Sforce-Locator` is `null` at the end. Locators may be read again."""
    job = find(call, "query")
    if call.version != job.version:
        raise Refused("VERSION_MISMATCH", f"The job was made with API version {job.version}", status=409)
    if call.engine.jobs.seen_state(job, call.org) != "JobComplete":
        raise not_found()
    start = _offset(call.query("locator"))
    size = call.query("maxRecords") or str(DEFAULT_PAGE)
    if not size.isascii() or not size.isdigit() or int(size[:9]) < 1:
        raise Refused("INVALIDJOB", "maxRecords must be a positive number")
    end = min(start + int(size[:9]), len(job.row_ids))
    plan = plan_of(call, job.query)
    header = column_names(plan)
    runner = Runner(call.org.world.store, call.url, True, _CHUNK)
    rows: list[list[Any]] = []
    for first in range(start, end, _CHUNK):
        page = runner.records(plan, runner.by_row_id(plan, job.row_ids[first : min(first + _CHUNK, end)]))
        rows += [[at(record, name) for name in header] for record in page]
    locator = base64.b64encode(str(end).encode()).rstrip(b"=").decode() if end < len(job.row_ids) else "null"
    text = written(header, rows, job.delimiter, job.line_ending)
    headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(rows))}
    return Answer(None, headers=headers, text=text, content_type="text/csv")


def _offset(locator: str) -> int:
    if not locator:
        return 0
    try:
        return int(base64.b64decode(locator + "=" * (-len(locator) % 4)).decode())
    except ValueError:
        raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator") from None


def column_names(plan: Plan) -> list[str]:
    """The columns as asked; those of parents with their path."""

    def walk(node: Node, prefix: str) -> list[str]:
        names: list[str] = []
        for key, member in node.targets[0].members.items():
            if isinstance(member, Node):
                names += walk(member, f"{prefix}{key}.")
            else:
                names.append(prefix + key)
        return names

    return walk(plan.root, "") if plan.root else []


def at(record: dict[str, Any], name: str) -> Any:
    value: Any = record
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
