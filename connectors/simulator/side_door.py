"""The side door `/_sim/`: what tests, benchmarks and people use to look into the simulator and to steer it.

No client of a vendor ever uses it. It listens on loopback only, refuses any Host but 127.0.0.1 and localhost and any
request that carries an Origin, so that no web page can reach it through a visitor's browser.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.simulator.faults import ACTIONS, BadPlan, parse_plan
from connectors.simulator.wire import Request, Response

if TYPE_CHECKING:
    from connectors.simulator.standin import StandIn

_HOSTS = ("127.0.0.1", "localhost")


def local_only(request: Request) -> Response | None:
    """A refusal for a request that did not come from this machine by its own names, else None."""
    host = request.header("host").rsplit(":", 1)[0].lower()
    if host not in _HOSTS:
        return Response.json({"error": "only 127.0.0.1 and localhost are served here"}, 403)
    return None


def same_site_only(request: Request) -> Response | None:
    """A refusal for a form that another site's page sent, else None."""
    origin = request.header("origin")
    if request.method == "POST" and origin and origin != request.base_url():
        return Response.json({"error": "forms of other sites are refused"}, 403)
    return None


def answer(standin: StandIn, request: Request) -> Response:
    """Serve one `/_sim/` request."""
    response = local_only(request)
    if response is None and "origin" in request.headers:
        response = Response.json({"error": "requests of web pages are refused"}, 403)
    if response is None:
        try:
            response = _dispatch(standin, request)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            response = Response.json({"error": f"cannot read the request: {error}"}, 400)
    response.counted = False
    return response


def _dispatch(standin: StandIn, request: Request) -> Response:
    what = "/".join(request.segments[1:])
    route = (("GET" if request.method == "HEAD" else request.method), what)
    own = standin.side_door(request)
    if own is not None:
        return own
    if route == ("GET", "credentials"):
        return Response.json(standin.credentials())
    if route == ("GET", "log"):
        return _log(standin, request)
    if what.split("/")[0] == "calls":
        return _calls(standin, route)
    if what == "faults":
        return _faults(standin, request)
    if what == "clock":
        return _clock(standin, request)
    if route == ("POST", "webhooks"):
        return Response.json(standin.subscribe(request.json()))
    if route == ("POST", "reset"):
        body = request.json() if request.body else {}
        standin.reset(str(body.get("seed", standin.world.options.seed)))
        return Response.json({"ok": True})
    return Response.json({"error": f"no such side door: {request.method} /_sim/{what}"}, 404)


def _log(standin: StandIn, request: Request) -> Response:
    query = request.query
    text = standin.journal.entries(
        int(query.get("after", "0")), query.get("scope", ""), int(query.get("limit", "-1"))
    )
    return Response.text(text, content_type="application/json")


def _calls(standin: StandIn, route: tuple[str, str]) -> Response:
    if route in (("DELETE", "calls"), ("POST", "calls/reset")):
        standin.meter.reset()
    elif route != ("GET", "calls"):
        return Response.json({"error": "GET /_sim/calls, or POST /_sim/calls/reset"}, 404)
    return Response.json(standin.meter.report())


def _faults(standin: StandIn, request: Request) -> Response:
    if request.method == "POST":
        body = request.json()
        plans = body["faults"] if isinstance(body, dict) and "faults" in body else body
        try:
            standin.faults.add(
                [parse_plan(_plain(plan)) for plan in (plans if isinstance(plans, list) else [plans])]
            )
        except BadPlan as error:
            return Response.json({"error": str(error), "actions": ACTIONS}, 400)
    elif request.method == "DELETE":
        standin.faults.clear()
    return Response.json({"faults": standin.faults.report()})


def _plain(plan: Any) -> Any:
    """Decimals of the parsed JSON as floats: a plan is not money."""
    if isinstance(plan, dict):
        return {
            key: float(value) if key in ("seconds", "probability") else value for key, value in plan.items()
        }
    return plan


def _clock(standin: StandIn, request: Request) -> Response:
    clock = standin.world.clock
    if request.method == "POST":
        body = request.json()
        if body.get("reset"):
            clock.reset()
        if "freeze" in body:
            clock.freeze(bool(body["freeze"]))
        if "set" in body:
            instant = datetime.fromisoformat(str(body["set"]))
            clock.set(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
        if "advance" in body:
            clock.advance(float(body["advance"]))
    return Response.json({"now": clock.now().isoformat()})
