"""The REST resources behind their routes: authentication, versions, limits, and the shape of every answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.simulator import jsontext
from connectors.simulator.salesforce.errors import Refused, bad_session, not_found, wrong_method
from connectors.simulator.salesforce.records import Records
from connectors.simulator.salesforce.soql.errors import SoqlError
from connectors.simulator.standin import Router
from connectors.simulator.wire import Request, Response

from .call import Answer, Call, Resource

if TYPE_CHECKING:
    from connectors.simulator.salesforce.bulk.jobs import Jobs
    from connectors.simulator.salesforce.metadata.deploys import Deploys
    from connectors.simulator.salesforce.oauth.sessions import Sessions
    from connectors.simulator.salesforce.orgs import Org, Orgs
    from connectors.simulator.salesforce.usage import Usage
    from connectors.simulator.salesforce.waiting import Waiting
    from connectors.simulator.world import World

    from .cursors import Cursors

#: 31.0 is the oldest that is still served (reference 2.1); the vendor's own tools start low and look then.
OLDEST_VERSION = 31
NEWEST_VERSION = 67
JSON = "application/json;charset=UTF-8"
_VERSION = re.compile(r"v(\d{1,3})\.(\d)")


@dataclass(slots=True)
class Engine:
    """Everything that resources need, and the way in for whole calls and sub-requests alike."""

    world: World
    orgs: Orgs
    sessions: Sessions
    usage: Usage
    cursors: Cursors
    jobs: Jobs
    deploys: Deploys
    waiting: Waiting
    router: Router
    records: dict[int, Records] = field(default_factory=dict)

    def route(self, methods: str, template: str, resource: Resource) -> None:
        """Serve a resource below `/services/data/{version}`."""
        self.router.add(methods, f"/services/data/{{version}}{template}", Served(self, resource))

    # -- a whole call ---------------------------------------------------------------------------------------

    def answer(self, request: Request, resource: Resource) -> Response:
        """Authenticate, run, and dress the answer."""
        try:
            call = self.call_for(request)
        except Refused as error:
            return as_response(Answer(error.body(), error.status))
        answer = self.run(call, resource)
        response = as_response(answer)
        used, allowed = self.usage.of(call.org)
        response.headers.append(("Sforce-Limit-Info", f"api-usage={used}/{allowed}"))
        response.metered = 1
        if request.header("x-prettyprint") == "1" and answer.body is not None:
            response.body = jsontext.dumps(answer.body, indent=2).encode()
        return response

    def call_for(self, request: Request) -> Call:
        """The call of an authenticated request. Raises Refused."""
        version = self.version(request.params.get("version", ""))
        org, user_id = self.authenticate(request)
        if not org.settings.api_enabled:
            message = "API is not enabled for this Organization or Partner"
            raise Refused("API_DISABLED_FOR_ORG", message, status=403)
        return Call(self, request, org, self.records_of(org), user_id, version)

    @staticmethod
    def version(text: str) -> str:
        """`66.0` of `v66.0`. Raises Refused: 404 for the future and nonsense, 410 for retired ones."""
        match = _VERSION.fullmatch(text)
        if match is None or match[2] != "0" or int(match[1]) > NEWEST_VERSION:
            raise not_found()
        if int(match[1]) < OLDEST_VERSION:
            raise Refused("UNSUPPORTED_API_VERSION", "This API version is no longer supported", status=410)
        return f"{int(match[1])}.0"

    def authenticate(self, request: Request) -> tuple[Org, str]:
        """The org and user of the access token. Raises Refused 401."""
        kind, _, token = request.header("authorization").partition(" ")
        token = token.strip()
        if kind.lower() not in ("bearer", "oauth") or not token:
            raise bad_session()
        session = self.sessions.peek(token)
        if session is None or session.org not in self.orgs.by_number:
            raise bad_session()
        org = self.orgs.by_number[session.org]
        if self.sessions.use(token, org.settings.session_minutes * 60) is None:
            raise bad_session()
        return org, session.user

    def records_of(self, org: Org) -> Records:
        return self.records[org.number]

    def run(self, call: Call, resource: Resource) -> Answer:
        """The resource's answer, refusals included."""
        try:
            return resource(call)
        except Refused as error:
            return Answer(error.body(), error.status)
        except SoqlError as error:
            return Answer([{"message": error.message, "errorCode": error.code}], 400)

    # -- a sub-request --------------------------------------------------------------------------------------

    def part(self, call: Call, request: Request, body: object) -> Answer:
        """Run a sub-request of a composite or batch as the same caller."""
        found = self.router.find(request)
        if found is None or not isinstance(found[0], Served):
            known = self.allowed(request)
            error = wrong_method(request.method, known) if known else not_found()
            return Answer(error.body(), error.status)
        try:
            version = self.version(request.params.get("version", ""))
        except Refused as error:
            return Answer(error.body(), error.status)
        inner = Call(self, request, call.org, call.records, call.user_id, version, body, True)
        return self.run(inner, found[0].resource)

    def allowed(self, request: Request) -> str:
        """The methods that this path knows, as a list for the 405 message."""
        known = []
        for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
            probe = Request(method, request.target, {})
            if self.router.find(probe) is not None:
                known.append(method)
        return ",".join(known)


@dataclass(frozen=True, slots=True)
class Served:
    """A resource as the router's handler."""

    engine: Engine
    resource: Resource

    def __call__(self, request: Request) -> Response:
        return self.engine.answer(request, self.resource)


def as_response(answer: Answer) -> Response:
    """The HTTP answer."""
    headers = list(answer.headers.items())
    if answer.text is not None:
        return Response(answer.status, answer.text.encode(), answer.content_type, headers)
    body = b"" if answer.body is None else jsontext.dumps(answer.body).encode()
    return Response(answer.status, body, JSON, headers)
