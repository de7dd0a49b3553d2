"""`/metadata/deployRequest`: deployments over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.errors import Refused, bad_json, not_found
from connectors.simulator.salesforce.metadata.deploys import Run
from connectors.simulator.salesforce.multipart import parts_of
from connectors.simulator.salesforce.rest.call import Answer, Call

if TYPE_CHECKING:
    from connectors.simulator.salesforce.rest.engine import Engine


def add_routes(engine: Engine) -> None:
    engine.route("POST", "/metadata/deployRequest", start)
    engine.route("GET", "/metadata/deployRequest/{deploy}", read)
    engine.route("PATCH", "/metadata/deployRequest/{deploy}", cancel)


def start(call: Call) -> Answer:
    parts = parts_of(call.request)
    # The vendor's documents name the part `json`, its command line `entity_content`.
    body = parts.json("entity_content" if "entity_content" in parts.by_name else "json")
    options = body.get("deployOptions") if isinstance(body, dict) else None
    if not isinstance(options, dict):
        raise bad_json("The json part needs deployOptions")
    deploys = call.engine.deploys
    run = deploys.start(call.org, call.records, call.user_id, parts.raw("file"), options)
    result = {**deploys.result(call.org, run), "status": "Pending", "success": False, "done": False}
    brief = (
        "id",
        "success",
        "checkOnly",
        "ignoreWarnings",
        "rollbackOnError",
        "status",
        "runTestsEnabled",
        "done",
    )
    shown = {name: result[name] for name in brief}
    return Answer({"id": run.id, "deployOptions": run.options, "deployResult": shown}, 201)


def _find(call: Call) -> Run:
    run = call.engine.deploys.find(call.org, call.param("deploy"))
    if run is None:
        raise not_found()
    return run


def _answer(call: Call, run: Run, status: int = 200) -> Answer:
    details = call.query("includeDetails").lower() == "true"
    result: dict[str, Any] = call.engine.deploys.result(call.org, run, details=details)
    return Answer({"id": run.id, "deployOptions": run.options, "deployResult": result}, status)


def read(call: Call) -> Answer:
    return _answer(call, _find(call))


def cancel(call: Call) -> Answer:
    run = _find(call)
    wanted = call.object_body().get("deployResult")
    if not isinstance(wanted, dict) or wanted.get("status") != "Canceling":
        raise Refused("INVALID_INPUT", "Only the status Canceling can be asked for")
    call.engine.deploys.cancel(call.org, run)
    return _answer(call, run, 202)
