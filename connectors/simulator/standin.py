"""The base of a stand-in: routes, and the path that every call takes through faults, latency, work and meter."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

from connectors.simulator import side_door
from connectors.simulator.faults import FaultPlan, FaultPlans
from connectors.simulator.journal import Journal
from connectors.simulator.latency import Spread, sample_seconds
from connectors.simulator.meter import Meter
from connectors.simulator.wire import Connection, Listener, Request, Response
from connectors.simulator.world import World

Handler = Callable[[Request], Response]

_GATEWAY_PAGE = (
    "<html><head><title>{status} Service Unavailable</title></head>"
    "<body><center><h1>{status} Service Unavailable</h1></center><hr><center>nginx</center></body></html>"
)


class Router:
    """Paths to handlers. A segment `{name}` matches anything and stays a placeholder in the meter's endpoint;
    `<name>` matches anything and is written out in lower case (an entity name). `{name*}` at the end takes the rest.
    Fixed segments match in any case."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, int], list[tuple[tuple[str, ...], str, Handler]]] = {}
        self._rest: list[tuple[str, tuple[str, ...], str, Handler]] = []

    def add(self, methods: str, template: str, handler: Handler) -> None:
        """Serve `template` for the methods named (separated by blanks). Earlier routes win."""
        parts = tuple(part for part in template.split("/") if part)
        for method in methods.split():
            if parts and parts[-1].endswith("*}"):
                self._rest.append((method, parts, template, handler))
            else:
                self._exact.setdefault((method, len(parts)), []).append((parts, template, handler))

    def find(self, request: Request) -> tuple[Handler, str] | None:
        """The handler and the meter's endpoint; fills `request.params`."""
        method = "GET" if request.method == "HEAD" else request.method
        segments = request.segments
        for parts, template, handler in self._exact.get((method, len(segments)), ()):
            params = _match(parts, segments)
            if params is not None:
                request.params = params
                return handler, _endpoint(template, params)
        for wanted, parts, template, handler in self._rest:
            if wanted == method and len(segments) >= len(parts) - 1:
                head = len(parts) - 1
                params = _match(parts[:head], segments[:head])
                if params is not None:
                    params[parts[-1][1:-2]] = "/".join(segments[head:])
                    request.params = params
                    return handler, template
        return None


def _match(parts: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part[0] in "{<":
            params[part[1:-1]] = segment
        elif part != segment and part.lower() != segment.lower():
            return None
    return params


def _endpoint(template: str, params: dict[str, str]) -> str:
    if "<" not in template:
        return template
    for name, value in params.items():
        template = template.replace(f"<{name}>", value.lower())
    return template


class StandIn:
    """One vendor's stand-in on its own port. Subclass it, fill `self.router`, and override what the vendor does
    differently. Handlers are plain synchronous functions: their writes to `self.world.store` are committed before
    the answer leaves, or rolled back when they raise."""

    #: `salesforce` or `quickbooks`: key of everything this side stores.
    name = ""
    #: First path segment of the pages for people: neither limits, latency nor fault plans touch them.
    page_prefix = "app"

    def __init__(self, world: World) -> None:
        self.world = world
        self.router = Router()
        self.meter = Meter(world.store, self.name)
        self.faults = FaultPlans(world.store, self.name, world.random)
        self.journal = Journal(world.store, self.name)
        self.listeners: list[Listener] = []
        self._refused_until: asyncio.TimerHandle | None = None

    # -- what a vendor fills in -----------------------------------------------------------------------------------

    def seed(self, seed: str) -> None:
        """Fill an empty state: `empty`, `small` or a number of accounts. Must be deterministic."""
        raise NotImplementedError

    def clear(self) -> None:
        """Remove everything this stand-in stored (the core clears faults, meter and log itself)."""
        raise NotImplementedError

    def is_seeded(self) -> bool:
        """Whether the state already holds this stand-in's data (a restart must not seed twice)."""
        raise NotImplementedError

    def credentials(self) -> dict[str, Any]:
        """The body of `GET /_sim/credentials`: `default`, `all`, and the default's members at top level."""
        raise NotImplementedError

    def not_found(self, request: Request) -> Response:
        """The vendor's answer to a path it does not know."""
        raise NotImplementedError

    def crashed(self, request: Request) -> Response:
        """The vendor's answer when it breaks by itself (a bug of ours): status 500."""
        raise NotImplementedError

    def throttled(self, request: Request) -> Response:
        """The vendor's answer when a limit is reached."""
        raise NotImplementedError

    def fault(self, request: Request, plan: FaultPlan) -> Response:
        """The vendor's error body for a planned `code`, `message`, `detail` and `status`."""
        raise NotImplementedError

    def expire_token(self, request: Request) -> None:
        """Let the access token that this call carries expire."""
        raise NotImplementedError

    def spread(self, request: Request) -> tuple[Spread, int] | None:
        """How long this call takes with `--latency real`, and for how many items; None: no time at all."""
        return None

    def enter(self, request: Request) -> Response | None:
        """Called when a call arrives (before latency); a response refuses it (rate limits live here)."""
        return None

    def leave(self, request: Request) -> None:
        """Called when a call that `enter` let in has been answered."""

    def subscribe(self, body: Any) -> Any:
        """`POST /_sim/webhooks`: the JSON answer. Raises `ValueError` with a sentence."""
        raise ValueError("this stand-in sends no webhooks")

    def side_door(self, request: Request) -> Response | None:
        """Further `/_sim/` routes of this stand-in; None when the path is not one of them."""
        return None

    async def started(self) -> None:
        """The ports are open: start background work (webhook senders)."""

    async def stopped(self) -> None:
        """The ports are closed: end background work."""

    # -- the path of a call ---------------------------------------------------------------------------------------

    def answer(self, request: Request, connection: Connection) -> None:
        """Serve one call (see `wire.Application`)."""
        if request.segments[:1] == ("_sim",):
            connection.respond(self._work(request, lambda r: side_door.answer(self, r)))
            return
        if request.segments[:1] in ((), (self.page_prefix,)):
            connection.respond(self._work(request, self._page))
            return
        plan = self.faults.strike(request)
        refusal = self.enter(request)
        if refusal is not None:
            self._finish(request, connection, refusal)
            return
        wait = self._latency(request)
        if plan is not None and plan.action == "delay" and not plan.after:
            wait += plan.seconds
        if wait > 0:
            loop = asyncio.get_running_loop()
            loop.call_later(wait * 0.7, self._perform, request, connection, plan, wait * 0.3)
        else:
            self._perform(request, connection, plan, 0.0)

    def _latency(self, request: Request) -> float:
        if self.world.options.latency != "real":
            return 0.0
        spread = self.spread(request)
        return 0.0 if spread is None else sample_seconds(spread[0], self.world.random, spread[1])

    def _perform(
        self, request: Request, connection: Connection, plan: FaultPlan | None, wait_after: float
    ) -> None:
        response = self._planned_instead(request, plan) if plan is not None else None
        if response is None:
            if plan is not None and plan.action == "expire_token":
                self.expire_token(request)
            response = self._on_planned_clock(request, plan)
            if plan is not None:
                response = self._planned_after(response, plan)
                if plan.action == "delay" and plan.after:
                    wait_after += plan.seconds
        self.leave(request)
        if wait_after > 0:
            asyncio.get_running_loop().call_later(wait_after, self._finish, request, connection, response)
        else:
            self._finish(request, connection, response)

    def _on_planned_clock(self, request: Request, plan: FaultPlan | None) -> Response:
        """The work, on a server whose clock or stamps are off if the plan says so."""
        if plan is None or plan.action not in ("late_stamp", "skew"):
            return self._work(request, self._route)
        clock = self.world.clock
        name = "late_seconds" if plan.action == "late_stamp" else "skew_seconds"
        setattr(clock, name, plan.seconds)
        try:
            response = self._work(request, self._route)
            if clock.skew_seconds:
                response.date = format_datetime(clock.now(), usegmt=True)
        finally:
            setattr(clock, name, 0.0)
        return response

    def _route(self, request: Request) -> Response:
        found = self.router.find(request)
        if found is None:
            response = self.not_found(request)
            response.endpoint = response.endpoint or "(unknown path)"
            return response
        handler, endpoint = found
        response = handler(request)
        response.endpoint = response.endpoint or endpoint
        return response

    def _page(self, request: Request) -> Response:
        refusal = side_door.local_only(request) or side_door.same_site_only(request)
        if refusal is None and not request.segments:
            refusal = Response.redirect(f"/{self.page_prefix}/")
        response = refusal or self._route(request)
        response.counted = False
        return response

    def _work(self, request: Request, handler: Handler) -> Response:
        store = self.world.store
        try:
            response = handler(request)
            store.commit()
        except Exception:  # noqa: BLE001 - a bug of ours must not take the whole simulator down
            traceback.print_exc(file=sys.stderr)
            store.rollback()
            response = self.crashed(request)
            response.endpoint = response.endpoint or "(crashed)"
        return response

    def _planned_instead(self, request: Request, plan: FaultPlan) -> Response | None:
        """The answer of a plan that lets nothing be done, or None when the work is to be done."""
        if plan.action in ("reset_before", "refuse"):
            if plan.action == "refuse":
                asyncio.get_running_loop().create_task(self._refuse_for(plan.seconds))
            return Response(mode="abort", endpoint="(reset)")
        if plan.action == "throttle":
            return self.throttled(request)
        if plan.action == "fault":
            return self.fault(request, plan)
        if plan.action in ("status", "html") and not plan.after:
            return _planned_response(plan)
        return None

    @staticmethod
    def _planned_after(response: Response, plan: FaultPlan) -> Response:
        if plan.action == "reset_after":
            response.mode = "abort"
        elif plan.action == "truncate":
            response.mode = "truncate"
        elif plan.action == "drip":
            response.mode, response.drip_seconds = "drip", plan.seconds
        elif plan.action == "content_type":
            response.content_type = plan.content_type or "text/html"
        elif plan.action in ("status", "html"):
            replaced = _planned_response(plan)
            replaced.endpoint = response.endpoint
            return replaced
        return response

    def _finish(self, request: Request, connection: Connection, response: Response) -> None:
        if response.counted:
            self.meter.count(request.method, response.endpoint or "(refused)", response.metered)
        if (
            self.world.clock.moved and not response.date
        ):  # clients take the vendor's time from the Date header
            response.date = format_datetime(self.world.clock.now(), usegmt=True)
        connection.respond(response)

    async def _refuse_for(self, seconds: float) -> None:
        for listener in self.listeners:
            await listener.close()
        await asyncio.sleep(seconds)
        for listener in self.listeners:
            await listener.open()

    # -- life -----------------------------------------------------------------------------------------------------

    def seed_if_empty(self) -> None:
        """Seed at the first start; keep what a state file holds at later ones."""
        if not self.is_seeded():
            self.seed(self.world.options.seed)
            self.world.store.commit()

    def reset(self, seed: str) -> None:
        """Forget everything of this side and seed anew."""
        self.clear()
        self.faults.clear()
        self.journal.clear()
        self.meter.reset()
        self.seed(seed)


def _planned_response(plan: FaultPlan) -> Response:
    headers = list(plan.headers.items())
    if plan.action == "html":
        status = plan.status or 503
        return Response(
            status, _GATEWAY_PAGE.format(status=status).encode(), "text/html", headers, "(planned fault)"
        )
    body = plan.response_body
    if body is None:
        body = ""
    content = body.encode() if isinstance(body, str) else Response.json(body).body
    return Response(
        plan.status or 500, content, plan.content_type or "application/json", headers, "(planned fault)"
    )
