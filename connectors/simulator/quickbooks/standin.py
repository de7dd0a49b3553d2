"""QuickBooks Online on its port: gate, headers, side door, and what holds the parts together."""

from __future__ import annotations

import json
from typing import Any

from connectors.simulator import jsontext
from connectors.simulator.faults import FaultPlan
from connectors.simulator.latency import Spread
from connectors.simulator.quickbooks import faults, knobs, services
from connectors.simulator.quickbooks.api import Api
from connectors.simulator.quickbooks.attachments import Attachments
from connectors.simulator.quickbooks.books import Bookkeeper
from connectors.simulator.quickbooks.consent import Consent
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.limits import Limits
from connectors.simulator.quickbooks.oauth import OAuth
from connectors.simulator.quickbooks.pages import Pages
from connectors.simulator.quickbooks.realms import DEFAULT_REALM, STANDING, Realm, Realms
from connectors.simulator.quickbooks.records import Records, table_name
from connectors.simulator.quickbooks.rules import links
from connectors.simulator.quickbooks.times import DECIMALS, HOME_DECIMALS, envelope_time
from connectors.simulator.quickbooks.webhooks import Webhooks
from connectors.simulator.standin import StandIn
from connectors.simulator.wire import Request, Response
from connectors.simulator.world import World

# Recorded Service-Time values are 32 ms for a read and 228 ms for a write; the spread around them is assumed.
_READ = Spread(60, 180)
_WRITE = Spread(230, 700)
_BATCH = Spread(300, 900, per_item_ms=90)
_QUERY = Spread(120, 450)
_TOKEN = Spread(250, 800)


class QuickBooks(StandIn):
    """The stand-in of QuickBooks Online."""

    name = "quickbooks"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.records = Records(world.store)
        links.define(world.store)
        self.realms = Realms(world.store)
        self.oauth = OAuth(world)
        self.webhooks = Webhooks(world, self.oauth.verifier_token)
        self.limits = Limits()
        self.attachments = Attachments(self)
        self.bookkeeper = Bookkeeper(self)
        self._routes()

    def _routes(self) -> None:
        route = self.router.add
        for name in ("openid_configuration", "openid_sandbox_configuration"):
            route("GET", f"/.well-known/{name}", self.oauth.discovery)
        route("POST", "/oauth2/v1/tokens/bearer", self.oauth.token)
        route("POST", "/v2/oauth2/tokens/revoke", self.oauth.revoke)
        route("GET", "/v1/openid_connect/userinfo", self.oauth.userinfo)
        route("GET", "/op/v1/jwks", self.oauth.jwks)
        Consent(self)
        Pages(self)
        self.api = Api(self)

    # -- the gate -------------------------------------------------------------------------------------------------

    def gate(self, request: Request) -> Response | None:
        """Refuse a call without a living token (401) or for a company that the token is not for (403)."""
        token = self.oauth.bearer(request)
        if token is None:
            given = request.header("authorization").partition(" ")[2].strip()
            if not given:
                return self._refuse("3202", "EmptyField", 401, None, "AUTHENTICATION")
            return self._refuse(
                "3200", "AuthenticationFailed", 401, f"Token invalid: {given[:40]}", "AUTHENTICATION"
            )
        if not self.oauth.is_live(token):
            word = "Token expired" if token.state == "live" else "Token revoked"
            return self._refuse(
                "3200", "AuthenticationFailed", 401, f"{word}: {token.token[:40]}", "AUTHENTICATION"
            )
        realm = request.params.get("realm") or (*request.segments, "", "", "")[2]
        if realm != token.realm or "accounting" not in token.scope:
            return self._refuse("3100", "ApplicationAuthorizationFailed", 403, None, "AUTHORIZATION")
        return None

    def _refuse(self, code: str, name: str, status: int, detail: str | None, kind: str) -> Response:
        epoch_ms = int(self.world.clock.now().timestamp() * 1000)
        response = Response.json(faults.gateway(code, name, status, detail, kind, epoch_ms), status)
        response.headers = self.headers(full=False)
        if status == 401:
            response.headers.append(("WWW-Authenticate", 'Bearer realm="Intuit", error="invalid_token"'))
        return response

    def headers(self, *, full: bool) -> list[tuple[str, str]]:
        """The headers of an answer; `full` adds what only successful ones carry."""
        bits = self.world.random.getrandbits
        tid = f"1-{int(self.world.clock.now().timestamp()):08x}-{bits(96):024x}"
        span = f"{bits(128):032x}"
        headers = [
            ("intuit_tid", tid),
            ("X-Spanid", f"{span[:8]}-{span[8:12]}-{span[12:16]}-{span[16:20]}-{span[20:]}"),
            ("X-Amzn-Trace-Id", f"Root={tid}"),
            ("Strict-Transport-Security", "max-age=31536000"),
            ("Server", "nginx"),
        ]
        if full:
            headers += [
                ("QBO-Version", "1988.128"),
                ("Service-Time", "total=52, db=30"),
                ("Expires", "0"),
                ("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private"),
            ]
        return headers

    def context(self, request: Request) -> Context:
        """What a call on a company works with."""
        include = request.query.get("include", "")
        return self.context_for(
            request.params["realm"],
            request_id=request.query.get("requestid", ""),
            include=frozenset(part.strip().lower() for part in include.split(",") if part),
        )

    def context_for(self, realm: str, request_id: str = "", include: frozenset[str] = frozenset()) -> Context:
        """The same for a company by number (pages, seeding). Amounts are rounded as its currency is from here on."""
        HOME_DECIMALS.set(self.realms.decimals(realm))
        DECIMALS.set(HOME_DECIMALS.get())
        return Context(
            realm=realm,
            now=self.world.clock.now(),
            store=self.world.store,
            records=self.records,
            journal=self.journal,
            knobs=knobs.load(self.world.store),
            user_id="9130000000000009",
            person="Craig Carlson",
            request_id=request_id,
            late_seconds=self.world.clock.late_seconds,
            include=include,
            emit=self.webhooks.emit,
        )

    # -- hooks of the core ----------------------------------------------------------------------------------------

    def seed(self, seed: str) -> None:
        for realm in STANDING:
            self.bookkeeper.open_company(realm, seed if realm.id == DEFAULT_REALM else "small")
        self.credentials()

    def clear(self) -> None:
        store = self.world.store
        for entity in ENTITIES.values():
            store.write(f'DELETE FROM "{table_name(entity)}"')
        for table in ("qbo_name", "qbo_request", "qbo_link", "qbo_file"):
            store.write(f"DELETE FROM {table}")
        self.webhooks.clear()
        self.oauth.forget()
        self.realms.clear()
        store.delete_sequences("quickbooks:9")
        store.delete_sequences("quickbooks:realm")
        knobs.reset(store)

    def is_seeded(self) -> bool:
        return bool(self.realms.all())

    def open_fresh(self, name: str, country: str) -> Realm:
        """A new seeded company, as the consent page offers it."""
        realm = self.realms.fresh(name, country)
        self.bookkeeper.open_company(realm, "small")
        return realm

    def merge(self, realm: str, entity_name: str, keep: str, lose: str) -> None:
        """Merge two customers or vendors, as an owner does in the product. Raises `ValueError` with a sentence."""
        entity = ENTITIES.get(entity_name.lower())
        if entity is None:
            raise ValueError(f"there is no entity {entity_name}")
        services.merge(self.context_for(realm), entity, keep, lose)
        self.webhooks.emit(realm, entity.name, keep, "Merge", lose)

    def credentials(self) -> dict[str, Any]:
        url = self.world.urls.get(self.name, "")
        every = []
        for realm in self.realms.all():
            access, refresh = self.oauth.standing_tokens(realm.id)
            every.append(
                {
                    "url": url,
                    "tls_url": self.world.tls_urls.get(self.name, ""),
                    "ca_file": self.world.ca_file,
                    "client_id": self.oauth.client_id,
                    "client_secret": self.oauth.client_secret,
                    "realm_id": realm.id,
                    "company_name": realm.name,
                    "country": realm.country,
                    "access_token": access,
                    "refresh_token": refresh,
                    "webhook_verifier_token": self.oauth.verifier_token,
                    "discovery_url": f"{url}/.well-known/openid_configuration",
                }
            )
        return {**every[0], "default": every[0], "all": every}

    def not_found(self, request: Request) -> Response:
        if request.segments[:1] != ("v3",):
            page = "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
            return Response(404, page.encode(), "text/html")
        refusal = self.gate(request)
        if refusal is not None:
            return refusal
        return self.api.fault_response(
            request, faults.unsupported_operation(request.path), envelope_time(self.world.clock.now())
        )

    def crashed(self, request: Request) -> Response:
        fault = faults.Fault(
            faults.ApiError(
                "10000",
                "An application error has occurred while processing your request",
                "System Failure Error: the simulator itself failed; see its log",
                None,
            ),
            status=500,
            kind="SystemFault",
        )
        return self.api.fault_response(request, fault, envelope_time(self.world.clock.now()))

    def throttled(self, request: Request) -> Response:
        text = faults.throttle_xml(envelope_time(self.world.clock.now()))
        return Response(429, text.encode(), "application/xml", self.headers(full=False), "(throttled)")

    def fault(self, request: Request, plan: FaultPlan) -> Response:
        status = plan.status or (500 if plan.code == "10000" else 400)
        if plan.code in ("3200", "3100"):
            name = plan.message or (
                "AuthenticationFailed" if plan.code == "3200" else "ApplicationAuthorizationFailed"
            )
            status = 401 if plan.code == "3200" else 403
            return self._refuse(plan.code, name, status, plan.detail or None, "AUTHENTICATION")
        kind = "SystemFault" if status >= 500 else "ValidationFault"
        fault = faults.Fault(faults.ApiError(plan.code, plan.message, plan.detail), status=status, kind=kind)
        response = self.api.fault_response(request, fault, envelope_time(self.world.clock.now()))
        response.endpoint = "(planned fault)"
        return response

    def expire_token(self, request: Request) -> None:
        token = self.oauth.bearer(request)
        if token is not None:
            self.oauth.expire(token)

    def spread(self, request: Request) -> tuple[Spread, int] | None:
        if request.segments[:2] != ("v3", "company"):
            return (_TOKEN, 1) if request.segments[:1] in (("oauth2",), ("v2",)) else None
        last = request.segments[3].lower() if len(request.segments) > 3 else ""
        if last == "batch":
            return _BATCH, max(1, request.body.count(b'"bId"'))
        if last in ("query", "cdc", "reports"):
            return _QUERY, 1
        return (_WRITE, 1) if request.method == "POST" else (_READ, 1)

    def enter(self, request: Request) -> Response | None:
        if self.world.options.limits != "real" or request.segments[:2] != ("v3", "company"):
            return None
        refusal = self.gate(request)
        if refusal is not None:
            return refusal
        if self.limits.enter(request.segments[2], request.segments[3:4] == ("batch",)):
            return None
        return self.throttled(request)

    def leave(self, request: Request) -> None:
        if self.world.options.limits == "real" and request.segments[:2] == ("v3", "company"):
            self.limits.leave(request.segments[2])

    def subscribe(self, body: Any) -> Any:
        return self.webhooks.subscribe(body)

    def side_door(self, request: Request) -> Response | None:
        what = request.segments[1:]
        if what == ("knobs",):
            switches = (
                knobs.change(self.world.store, _plain(request.json()))
                if request.method == "POST"
                else knobs.load(self.world.store)
            )
            return Response.json(vars(switches))
        if what == ("webhooks",) and request.method == "GET":
            return Response.json(self.subscribe({}))
        if what == ("disconnect",) and request.method == "POST":
            self.oauth.disconnect(str(request.json()["realm_id"]))
            return Response.json({"ok": True})
        if what == ("merge",) and request.method == "POST":
            body = request.json()
            self.merge(str(body["realm_id"]), str(body["entity"]), str(body["keep"]), str(body["lose"]))
            return Response.json({"ok": True})
        if what == ("bundle",) and request.method == "POST":
            body = request.json()
            context = self.context_for(str(body["realm_id"]))
            return Response.json({"id": services.bundle(context, str(body["name"]), dict(body["parts"]))})
        if what == ("realms",) and request.method == "POST":
            body = request.json() if request.body else {}
            realm = self.open_fresh(str(body.get("name", "")), str(body.get("country", "US")))
            return Response.json({"realm_id": realm.id, "company_name": realm.name})
        return None

    async def started(self) -> None:
        self.webhooks.start()

    async def stopped(self) -> None:
        await self.webhooks.stop()


def _plain(body: Any) -> Any:
    """Switch values without decimals."""
    return json.loads(jsontext.dumps(body))
