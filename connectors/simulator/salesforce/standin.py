"""The Salesforce stand-in: everything put together on its port."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from connectors.simulator import side_door
from connectors.simulator.latency import Spread
from connectors.simulator.salesforce.bulk import ingest, query
from connectors.simulator.salesforce.bulk.jobs import Jobs
from connectors.simulator.salesforce.bulk.old import OldBulk
from connectors.simulator.standin import Handler, StandIn
from connectors.simulator.wire import Connection, Request, Response

from . import events, side
from .errors import Refused, not_found, wrong_method
from .metadata import rest as metadata
from .metadata.components import Components
from .metadata.deploys import Deploys
from .metadata.soap import Soap
from .oauth import endpoints
from .oauth.apps import Apps
from .oauth.sessions import Sessions
from .orgs import Org, Orgs
from .outbound import Outbound
from .records import Records
from .rest import collections, composite, meta, queries, replication, rows, search, tree
from .rest.call import Answer
from .rest.cursors import Cursors
from .rest.engine import Engine, as_response
from .seeding import fresh_org, seed_orgs
from .usage import Usage
from .waiting import Waiting
from .web import pages_of

if TYPE_CHECKING:
    from connectors.simulator.faults import FaultPlan
    from connectors.simulator.world import World

_LOOK_EVERY_SECONDS = 0.05
_SIDE_DOOR_SCOPE = "api refresh_token id openid"
#: Medians and 95th percentiles of a middling production org, in milliseconds; per record where there are many.
_SPREADS = (
    ("/services/oauth2/", Spread(250, 700)),
    ("/composite", Spread(300, 900, 4.0)),
    ("/query", Spread(140, 600)),
    ("/jobs/", Spread(180, 500)),
    ("/describe", Spread(200, 700)),
    ("/sobjects", Spread(160, 450)),
)


class Salesforce(StandIn):
    """One port that is login host and instance of every org at once."""

    name = "salesforce"
    page_prefix = "lightning"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        world.store.connection.create_function("sf_fold", 1, _fold, deterministic=True)
        self.orgs = Orgs(world)
        self.apps = Apps(world)
        self.sessions = Sessions(world)
        self.usage = Usage(world)
        waiting = Waiting()
        self.engine = Engine(
            world,
            self.orgs,
            self.sessions,
            self.usage,
            Cursors(world),
            Jobs(world),
            Deploys(world, waiting),
            waiting,
            self.router,
        )
        events.define(world)
        self.outbound = Outbound(world, self.orgs, self.engine.records_of)
        for org in self.orgs:
            org.define_tables()
            self._know(org)
        ingest.resume(self.engine)
        self.engine.deploys.resume(self.orgs, self.engine.records)
        self._add_routes()

    def _add_routes(self) -> None:
        self.router.add("GET", "/services/data", meta.versions)
        for family in (
            meta,
            queries,
            search,
            replication,
            collections,
            composite,
            tree,
            ingest,
            query,
            metadata,
            rows,
        ):
            family.add_routes(self.engine)
        endpoints.add_routes(self)
        Soap(self).add_routes()
        OldBulk(self).add_routes()
        pages_of(self).add_routes()

    def _know(self, org: Org) -> None:
        Components(org)
        self.engine.records[org.number] = Records(org, self.journal, [self.outbound.listener(org)])

    def adopt(self, org: Org) -> None:
        """A new org is ready to be used."""
        self._know(org)

    def make_org(self, kind: str) -> Org:
        """A fresh org with demo data, for the consent page."""
        org = fresh_org(self.world, self.orgs, kind)
        self.adopt(org)
        return org

    # -- the event bus --------------------------------------------------------------------------------------

    def answer(self, request: Request, connection: Connection) -> None:
        """Serve one call; a reader of events who waits is answered when there are some, or when the time is up."""
        seconds = side.waiting_seconds(request)
        if seconds > 0:
            loop = asyncio.get_running_loop()
            self._wait_for_events(request, connection, loop.time() + seconds)
        else:
            super().answer(request, connection)

    def _wait_for_events(self, request: Request, connection: Connection, until: float) -> None:
        loop = asyncio.get_running_loop()
        response = self._work(request, lambda asked: side_door.answer(self, asked))
        empty = response.status == 200 and response.body.startswith(b'{"events":[]')
        if empty and loop.time() < until and connection.transport is not None:
            loop.call_later(_LOOK_EVERY_SECONDS, self._wait_for_events, request, connection, until)
        else:
            connection.respond(response)

    def _work(self, request: Request, handler: Handler) -> Response:
        """Serve one call in its transaction; what waited and is due now is done first."""

        def work(asked: Request) -> Response:
            self.engine.waiting.settle(self.world.clock.now().timestamp())
            return handler(asked)

        return super()._work(request, work)

    # -- state ----------------------------------------------------------------------------------------------

    def seed(self, seed: str) -> None:
        self.apps.seed()
        seed_orgs(self.world, self.orgs, seed)
        for org in self.orgs:
            self.adopt(org)

    def clear(self) -> None:
        self.engine.waiting.clear()
        self.orgs.clear()
        self.sessions.clear()
        self.apps.clear()
        self.usage.clear()
        self.engine.cursors.clear()
        self.engine.jobs.clear()
        self.outbound.clear()
        self.world.store.write("DELETE FROM salesforce_event")
        self.engine.deploys.clear()
        self.world.store.write("DELETE FROM salesforce_component")
        self.engine.records.clear()
        self.world.store.delete_values("salesforce:locks:")

    def is_seeded(self) -> bool:
        return len(self.orgs) > 0

    def credentials(self) -> dict[str, Any]:
        every = [self.credentials_of(org) for org in self.orgs]
        return {**every[0], "default": every[0], "all": every}

    def credentials_of(self, org: Org) -> dict[str, Any]:
        """One org's way in, with tokens that are good now."""
        app = self.apps.default
        scope, source = _SIDE_DOOR_SCOPE, "side door"
        refresh = self.sessions.latest(org, app.client_id, source)
        if refresh is None:
            refresh = self.sessions.grant(org, org.user_id, app.client_id, scope, source)
        session = self.sessions.alive_of(refresh.token, org.settings.session_minutes * 60)
        if session is None:
            session = self.sessions.open(org, org.user_id, app.client_id, scope, refresh.token)
        return {
            "url": self.world.urls.get(self.name, ""),
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "org_id": org.id,
            "name": org.name,
            "kind": org.kind,
            "user_id": org.user_id,
            "username": org.username,
            "password": org.facts["password"],
            "security_token": org.facts["security_token"],
            "access_token": session.token,
            "refresh_token": refresh.token,
        }

    # -- the path of a call ---------------------------------------------------------------------------------

    def not_found(self, request: Request) -> Response:
        known = self.engine.allowed(request) if request.segments[:2] == ("services", "data") else ""
        error = wrong_method(request.method, known) if known else not_found()
        return as_response(Answer(error.body(), error.status))

    def crashed(self, request: Request) -> Response:
        message = "An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (1)"
        return as_response(Answer(Refused("UNKNOWN_EXCEPTION", message).body(), 500))

    def throttled(self, request: Request) -> Response:
        error = Refused("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        return as_response(Answer(error.body(), error.status))

    def fault(self, request: Request, plan: FaultPlan) -> Response:
        error = Refused(
            plan.code or "UNABLE_TO_LOCK_ROW", plan.message or _FAULT_WORDS.get(plan.code, plan.code), ()
        )
        return as_response(Answer(error.body(), plan.status or _FAULT_STATUS.get(plan.code, 400)))

    def expire_token(self, request: Request) -> None:
        self.sessions.close(request.header("authorization").partition(" ")[2].strip())

    def spread(self, request: Request) -> tuple[Spread, int] | None:
        for part, spread in _SPREADS:
            if part in request.path:
                return spread, request.body.count(b'"attributes"') if spread.per_item_ms else 0
        return None

    def enter(self, request: Request) -> Response | None:
        """Count the calls of an org; with limits, refuse those above the daily number."""
        if (
            request.segments[:2] not in (("services", "data"), ("services", "async"))
            or len(request.segments) < 3
        ):
            return None
        session = self.sessions.peek(request.header("authorization").partition(" ")[2].strip())
        org = self.orgs.by_number.get(session.org) if session else None
        if org is None:
            return None
        if self.world.options.limits == "real":
            if self.usage.spent(org):
                return self.throttled(request)
            if self.usage.crowded(org):
                message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
                error = Refused("REQUEST_LIMIT_EXCEEDED", message, status=403)
                return as_response(Answer(error.body(), error.status))
            self.usage.begin(org, id(request))
        self.usage.count(org)
        return None

    def leave(self, request: Request) -> None:
        self.usage.end(id(request))
        for records in self.engine.records.values():
            records.locks.save()

    def side_door(self, request: Request) -> Response | None:
        return side.answer(self, request)

    def subscribe(self, body: Any) -> Any:
        return self.outbound.subscribe(body)

    async def started(self) -> None:
        self.outbound.start()

    async def stopped(self) -> None:
        self.outbound.stop()
        self.usage.save()


_FAULT_WORDS = {
    "UNABLE_TO_LOCK_ROW": "unable to obtain exclusive access to this record",
    "": "unable to obtain exclusive access to this record",
    "SERVER_UNAVAILABLE": "Server temporarily unavailable. Please try again later.",
    "QUERY_TIMEOUT": "Your query request was running for too long.",
    "STORAGE_LIMIT_EXCEEDED": "storage limit exceeded",
    "INVALID_SESSION_ID": "Session expired or invalid",
    "REQUEST_LIMIT_EXCEEDED": "TotalRequests Limit exceeded.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "insufficient access rights on object id",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "insufficient access rights on cross-reference id",
    "API_DISABLED_FOR_ORG": "API is not enabled for this Organization or Partner",
}
_FAULT_STATUS = {
    "SERVER_UNAVAILABLE": 503, "INVALID_SESSION_ID": 401, "REQUEST_LIMIT_EXCEEDED": 403,
    "INSUFFICIENT_ACCESS_OR_READONLY": 403, "API_DISABLED_FOR_ORG": 403,
}  # fmt: skip


def _fold(value: str | int | float | None) -> str | int | float | None:
    """Case folding for texts beyond ASCII, which SQLite's NOCASE leaves alone."""
    return value.casefold() if isinstance(value, str) else value
