"""`/composite` with batch and graph: several requests in one call (reference/salesforce.md 4.2, 4.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.errors import Refused, bad_json
from connectors.simulator.wire import Request

from .call import Answer, Call
from .references import named, resolved

if TYPE_CHECKING:
    from .engine import Engine

MAX_PARTS = 25
MAX_HEAVY_PARTS = 5
MAX_GRAPHS = 75
MAX_NODES = 500
MAX_FAILED_GRAPHS = 14
MAX_DEPTH = 15
MAX_NODE_KINDS = 15
_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
_GRAPH_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")
_HEAVY = re.compile(
    r"/services/data/v[\d.]+/(query|queryAll|search|parameterizedSearch|composite/sobjects)\b", re.IGNORECASE
)
_COLLECTION = re.compile(r"/services/data/v[\d.]+/composite/sobjects\b", re.IGNORECASE)
_RECORDS_ONLY = re.compile(r"/services/data/v[\d.]+/sobjects/([A-Za-z0-9_]+)(/.*)?", re.IGNORECASE)
_FORBIDDEN_HEADERS = ("accept", "authorization", "content-type")
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


def add_routes(engine: Engine) -> None:
    engine.route("POST", "/composite", composite)
    engine.route("POST", "/composite/batch", batch)
    engine.route("POST", "/composite/graph", graph)
    engine.route("GET", "/composite", resources)


@dataclass(frozen=True, slots=True)
class Part:
    """One sub-request as sent."""

    reference: str
    method: str
    url: str
    body: Any
    headers: dict[str, str]

    @property
    def is_collection(self) -> bool:
        return _COLLECTION.match(self.url) is not None


class _RolledBack(Exception):
    """Leaves the savepoint of a transaction that failed."""


def resources(call: Call) -> Answer:
    names = ("tree", "batch", "sobjects", "graph")
    return Answer({name: f"{call.root}/composite/{name}" for name in names})


def composite(call: Call) -> Answer:
    body = call.object_body()
    parts = _parts(body.get("compositeRequest"), "compositeRequest")
    if len(parts) > MAX_PARTS:
        message = f"Composite API requests can have at most {MAX_PARTS} subrequests"
        raise Refused("LIMIT_EXCEEDED", message)
    if sum(1 for part in parts if _HEAVY.match(part.url)) > MAX_HEAVY_PARTS:
        message = f"Composite API requests can have at most {MAX_HEAVY_PARTS} query or sObject Collections subrequests"
        raise Refused("LIMIT_EXCEEDED", message)
    all_or_none = call.flag("allOrNone", body.get("allOrNone"))
    answers, _ = run_parts(call, parts, all_or_none=all_or_none)
    return Answer({"compositeResponse": answers})


def _parts(value: Any, name: str) -> list[Part]:
    """The sub-requests, checked. Raises Refused for the whole call."""
    if not isinstance(value, list) or not value:
        raise bad_json(f"The property {name} must be a list of subrequests")
    parts: list[Part] = []
    seen: set[str] = set()
    for item in value:
        part = _part(item)
        if part.reference in seen:
            raise Refused("INVALID_INPUT", f"Duplicate ReferenceId provided in the request: {part.reference}")
        seen.add(part.reference)
        parts.append(part)
    return parts


def _part(item: Any) -> Part:
    if not isinstance(item, dict):
        raise bad_json("A subrequest must be a JSON object")
    reference, method, url = (item.get(name) for name in ("referenceId", "method", "url"))
    if not isinstance(reference, str) or not _REFERENCE_ID.fullmatch(reference):
        message = (
            f"Provided referenceId ('{reference or ''}') must start with a letter or a number,"
            " and it can contain only letters, numbers and underscores ('_')."
        )
        raise Refused("INVALID_INPUT", message)
    if method not in _METHODS:
        raise Refused("INVALID_INPUT", f"Invalid HTTP method in subrequest: {method}")
    if not isinstance(url, str) or not url.startswith("/services/"):
        raise Refused("INVALID_INPUT", f"The URL of a subrequest must start with /services/data/: {url}")
    headers = item.get("httpHeaders") or {}
    if not isinstance(headers, dict):
        raise bad_json("httpHeaders must be a JSON object")
    lowered = {str(name).lower(): str(value) for name, value in headers.items()}
    for name in _FORBIDDEN_HEADERS:
        if name in lowered:
            raise Refused("INVALID_INPUT", f"The header {name} cannot be set in a subrequest")
    return Part(reference, method, url, item.get("body"), lowered)


def run_parts(call: Call, parts: list[Part], *, all_or_none: bool) -> tuple[list[dict[str, Any]], bool]:
    """Each sub-request's answer in order, and whether all went well."""
    if not all_or_none:
        return _run_all(call, parts)
    try:
        with call.org.world.store.savepoint():
            answers, good = _run_all(call, parts, stops=True)
            _undo_unless(good)
    except _RolledBack:
        return _halted(parts, answers), False
    return answers, True


def _undo_unless(good: bool) -> None:
    if not good:
        raise _RolledBack


def _run_all(call: Call, parts: list[Part], *, stops: bool = False) -> tuple[list[dict[str, Any]], bool]:
    known: dict[str, Any] = {}
    refers = b"@{" in call.request.body
    answers: list[dict[str, Any]] = []
    good = True
    for part in parts:
        answer = _run_one(call, part, known if refers else None)
        if answer.status < 300 and answer.body is not None:
            known[part.reference] = answer.body
        answers.append(_shown(part, answer))
        good = good and _went_well(part, answer)
        if stops and not good:
            break
    return answers, good


def _run_one(call: Call, part: Part, known: dict[str, Any] | None) -> Answer:
    """`known` are the answers so far; None when the call holds no reference at all."""
    try:
        url = part.url if known is None else resolved(part.url, known)
        body = part.body if known is None else resolved(part.body, known)
    except Refused as error:
        return Answer(error.body(), error.status)
    inherited = {name: value for name, value in call.request.headers.items() if not name.startswith("if-")}
    request = Request(part.method, url, {**inherited, **part.headers}, b"", call.request.scheme)
    return call.engine.part(call, request, body)


def _went_well(part: Part, answer: Answer) -> bool:
    """A row that failed inside a collection counts as a failure too."""
    if part.is_collection and answer.status == 200 and isinstance(answer.body, list):
        return all(row is None or row.get("success", True) for row in answer.body)
    return answer.status < 400 and answer.status != 300


def _shown(part: Part, answer: Answer) -> dict[str, Any]:
    return {
        "body": answer.body,
        "httpHeaders": answer.headers,
        "httpStatusCode": answer.status,
        "referenceId": part.reference,
    }


def _halted(parts: list[Part], answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """After a rollback: the culprit and the collections keep what they said, all others are halted."""
    shown = []
    for index, part in enumerate(parts):
        keeps = index == len(answers) - 1 or (part.is_collection and index < len(answers))
        if keeps:
            shown.append(answers[index])
        else:
            error = {"errorCode": "PROCESSING_HALTED", "message": _HALTED}
            shown.append(_shown(part, Answer([error], 400)))
    return shown


# -- batch ----------------------------------------------------------------------------------------------------


def batch(call: Call) -> Answer:
    """Independent sub-requests; each counts as a call of its own."""
    body = call.object_body()
    requests = body.get("batchRequests")
    if not isinstance(requests, list) or not requests:
        raise bad_json("The property batchRequests must be a list of subrequests")
    if len(requests) > MAX_PARTS:
        raise Refused("LIMIT_EXCEEDED", f"Batch requests can have at most {MAX_PARTS} subrequests")
    halts = call.flag("haltOnError", body.get("haltOnError"))
    results: list[dict[str, Any]] = []
    failed = False
    for item in requests:
        if failed and halts:
            error = {
                "errorCode": "BATCH_PROCESSING_HALTED",
                "message": "Batch processing halted by request: haltOnError",
            }
            results.append({"statusCode": 412, "result": [error]})
            continue
        answer = _batched(call, item)
        failed = failed or answer.status >= 400
        results.append({"statusCode": answer.status, "result": answer.body})
    return Answer({"hasErrors": failed, "results": results})


def _batched(call: Call, item: Any) -> Answer:
    if not isinstance(item, dict) or not isinstance(item.get("url"), str):
        raise bad_json("A subrequest needs method and url")
    method = str(item.get("method", "GET")).upper()
    url = item["url"] if item["url"].startswith("/services/") else f"/services/data/{item['url'].lstrip('/')}"
    request = Request(method, url, dict(call.request.headers), b"", call.request.scheme)
    call.engine.usage.count(call.org)
    return call.engine.part(call, request, item.get("richInput"))


# -- graph ----------------------------------------------------------------------------------------------------


def graph(call: Call) -> Answer:
    """Each graph is a transaction of its own; only records, no queries or collections."""
    graphs = call.object_body().get("graphs")
    if not isinstance(graphs, list) or not graphs:
        raise bad_json("The property graphs must be a list of graphs")
    if len(graphs) > MAX_GRAPHS:
        raise Refused("LIMIT_EXCEEDED", f"A composite graph request can have at most {MAX_GRAPHS} graphs")
    checked = [_graph(one) for one in graphs]
    if sum(len(parts) for _, parts in checked) > MAX_NODES:
        raise Refused("LIMIT_EXCEEDED", f"A composite graph request can have at most {MAX_NODES} nodes")
    if len({graph_id for graph_id, _ in checked}) < len(checked):
        raise Refused("INVALID_INPUT", "Duplicate graphId provided in the request")
    shown = []
    failures = 0
    for graph_id, parts in checked:
        if failures >= MAX_FAILED_GRAPHS:
            answers, good = _halted(parts, []), False
        else:
            answers, good = run_parts(call, parts, all_or_none=True)
            failures += not good
        response = {"compositeResponse": answers}
        shown.append({"graphId": graph_id, "graphResponse": response, "isSuccessful": good})
    return Answer({"graphs": shown})


def _graph(item: Any) -> tuple[str, list[Part]]:
    graph_id = item.get("graphId") if isinstance(item, dict) else None
    if not isinstance(graph_id, str) or not _GRAPH_ID.fullmatch(graph_id):
        raise Refused("INVALID_INPUT", f"Invalid graphId: {graph_id}")
    parts = _parts(item.get("compositeRequest"), "compositeRequest")
    kinds = set()
    for part in parts:
        record = _RECORDS_ONLY.fullmatch(part.url.partition("?")[0])
        if record is None:
            raise Refused("INVALID_INPUT", f"Unsupported URL in a composite graph: {part.url}")
        kinds.add((part.method, record[1].lower()))
    if len(kinds) > MAX_NODE_KINDS:
        message = f"A composite graph can have at most {MAX_NODE_KINDS} kinds of nodes"
        raise Refused("LIMIT_EXCEEDED", message)
    if _depth(parts) > MAX_DEPTH:
        raise Refused("LIMIT_EXCEEDED", f"A composite graph can be at most {MAX_DEPTH} nodes deep")
    return graph_id, parts


def _depth(parts: list[Part]) -> int:
    """The longest chain of nodes that refer to each other."""
    depths: dict[str, int] = {}
    for part in parts:
        parents = named([part.url, part.body])
        depths[part.reference] = 1 + max((depths.get(name, 0) for name in parents), default=0)
    return max(depths.values(), default=0)
