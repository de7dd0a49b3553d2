"""The wire without sockets: what the clients' sessions send is handed to the stand-ins, with troubles in between."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from connectors.simulator.standin import StandIn
from connectors.simulator.wire import Request, Response
from tests.simulation import actors, database
from tests.simulation.clock import Clock

URLS = {"salesforce": "http://127.0.0.1:1", "quickbooks": "http://127.0.0.1:2"}
TROUBLES = (
    "refused",
    "cut before",
    "cut after",
    "timed out before",
    "timed out after",
    "broken before",
    "broken after",
    "throttled",
    "expired",
    "torn",
    "late",
)


@dataclass
class Trouble:
    """What will happen to one of the next calls of a side."""

    side: str
    what: str
    after: int
    """How many calls of that side go well before it strikes."""
    writes_only: bool


class _Ear:
    """Takes the one answer of a stand-in, as its connection would."""

    transport = None

    def __init__(self) -> None:
        self.response: Response | None = None

    def respond(self, response: Response) -> None:
        self.response = response


@dataclass
class Wire:
    """Both stand-ins, as the clients reach them."""

    standins: dict[str, StandIn]
    clock: Clock
    chance: Callable[[], Random]
    complain: Callable[[str, str], None]
    troubles: list[Trouble] = field(default_factory=list)
    bodies: dict[str, str] = field(default_factory=dict)
    """Request id -> digest of the bytes that went out under it (W3, W5)."""
    unanswered: dict[str, str] = field(default_factory=dict)
    """Digest of a write whose answer was lost -> the request id it had."""
    lost_tokens: dict[str, float] = field(default_factory=dict)
    """Sides whose token endpoint gave a new pair that nobody heard of, and when."""
    calm: bool = False

    # --- people ---

    def direct(self, side: str, method: str, path: str, token: str, body: bytes = b"") -> Response:
        """A call of somebody else: no trouble, no step, no time."""
        headers = {
            "host": urlsplit(URLS[side]).netloc,
            "authorization": f"Bearer {token}",
            "accept": "application/json",
            "content-type": "application/json",
        }
        return self._ask(side, Request(method, path, headers, body))

    def _ask(self, side: str, request: Request) -> Response:
        ear = _Ear()
        self.standins[side].answer(request, ear)  # type: ignore[arg-type]
        if ear.response is None:
            raise AssertionError(f"the stand-in of {side} did not answer {request.method} {request.path}")
        return ear.response

    # --- us ---

    def send(self, prepared: requests.PreparedRequest) -> HTTPResponse:
        """One call of a client. Raises what requests raises when the line breaks."""
        side = next(name for name, url in URLS.items() if str(prepared.url).startswith(url + "/"))
        if database.in_transaction():
            self.complain("W8", f"{prepared.method} {prepared.path_url} inside an open transaction")
        request = _as_wire(prepared)
        writes = request.method != "GET" and not _reads(request)
        signs_in = "oauth2" in request.segments
        if writes:
            self._check_identity(request)
        called = f"{side} {'sign-in' if signs_in else request.method}"
        actors.step(f"before {called}")
        trouble = self._strike(side, writes)
        self.clock.advance(self.chance().uniform(0.05, 0.6))
        _refuse_before(trouble)
        if writes:
            self._sent(request)
        if signs_in:
            self.lost_tokens.setdefault(side, self.clock.time())
        response = self._answered(side, request, trouble)
        actors.step(f"after {called}")
        self.clock.advance(self.chance().uniform(0.0, 0.4))
        _refuse_after(trouble)
        if writes and response.status < 500:
            self._heard(request)
        if signs_in and trouble != "torn" and response.status == 200:
            self.lost_tokens.pop(side, None)
        return _as_urllib3(response, self.clock, torn=trouble == "torn")

    def _strike(self, side: str, writes: bool) -> str:
        if self.calm:
            return ""
        for trouble in self.troubles:
            if trouble.side != side or (trouble.writes_only and not writes):
                continue
            trouble.after -= 1
            if trouble.after < 0:
                self.troubles.remove(trouble)
                return trouble.what
        return ""

    def _answered(self, side: str, request: Request, trouble: str) -> Response:
        standin = self.standins[side]
        if trouble == "broken before":
            return Response(503, b"<html>503</html>", "text/html")
        if trouble == "throttled" and request.segments[:1] != ("oauth2",):
            return standin.throttled(request)
        if trouble == "expired":
            standin.expire_token(request)
            standin.world.store.commit()
        if trouble == "late":
            self.clock.late_seconds = float(self.chance().randint(1, 60))
        try:
            response = self._ask(side, request)
        finally:
            self.clock.late_seconds = 0.0
        if trouble == "broken after":
            return Response(500, b"<html>500</html>", "text/html")
        return response

    # --- what must hold of what leaves ---

    def _check_identity(self, request: Request) -> None:
        number, digest = _identity(request)
        if not number:
            return
        known = self.bodies.setdefault(number, digest)
        if known != digest:
            self.complain("W3", f"other bytes under the request id {number}")
        earlier = self.unanswered.get(digest)
        if earlier is not None and earlier != number:
            self.complain("W5", f"the same bytes under {number} while nobody knows what came of {earlier}")

    def _sent(self, request: Request) -> None:
        number, digest = _identity(request)
        if number:
            self.unanswered.setdefault(digest, number)

    def _heard(self, request: Request) -> None:
        number, digest = _identity(request)
        if self.unanswered.get(digest) == number:
            del self.unanswered[digest]


def _refuse_before(trouble: str) -> None:
    if trouble == "refused":
        raise requests.ConnectTimeout("nobody listens")
    if trouble == "cut before":
        raise requests.ConnectionError("reset")
    if trouble == "timed out before":
        raise requests.ReadTimeout("no answer")


def _refuse_after(trouble: str) -> None:
    if trouble == "cut after":
        raise requests.ConnectionError("reset")
    if trouble == "timed out after":
        raise requests.ReadTimeout("no answer")


def _reads(request: Request) -> bool:
    """POSTs that change nothing: composites of queries, sign-in."""
    if "oauth2" in request.segments:
        return True
    return (
        request.segments[-1:] == ("composite",)
        and b'"method":"GET"' in request.body
        and not any(
            verb in request.body for verb in (b'"method":"POST"', b'"method":"PATCH"', b'"method":"DELETE"')
        )
    )


def _identity(request: Request) -> tuple[str, str]:
    number = parse_qs(request.query_text).get("requestid", [""])[0]
    return number, hashlib.sha256(request.path.encode() + request.body).hexdigest()


def _as_wire(prepared: requests.PreparedRequest) -> Request:
    headers = {name.lower(): str(value) for name, value in prepared.headers.items()}
    headers.pop("accept-encoding", None)
    headers["host"] = urlsplit(str(prepared.url)).netloc
    body = prepared.body or b""
    return Request(
        str(prepared.method), prepared.path_url, headers, body.encode() if isinstance(body, str) else body
    )


def _as_urllib3(response: Response, clock: Clock, *, torn: bool) -> HTTPResponse:
    headers: list[tuple[str, str]] = [
        ("Content-Type", response.content_type),
        ("Date", response.date or _http_date(clock)),
        *response.headers,
    ]
    body = response.body[: len(response.body) // 2] if torn else response.body
    return HTTPResponse(
        io.BytesIO(body), headers=dict(headers), status=response.status, preload_content=False
    )


def _http_date(clock: Clock) -> str:
    from email.utils import format_datetime

    return format_datetime(clock.now(), usegmt=True)


class _Adapter(BaseAdapter):
    """What a session sends through, in place of sockets."""

    wire: Wire

    def __init__(self, **_: Any) -> None:
        super().__init__()
        self._builder = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # type: ignore[override]
        return self._builder.build_response(request, self.wire.send(request))  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def connected(wire: Wire) -> Iterator[None]:
    """While this lasts, every session of the connectors leads to these stand-ins."""
    import connectors.http

    adapter = type("Adapter", (_Adapter,), {"wire": wire})
    patch = pytest.MonkeyPatch()
    patch.setattr(connectors.http, "Adapter", adapter)
    patch.setattr(connectors.http, "kept_adapter", adapter)
    try:
        yield
    finally:
        patch.undo()
