"""The only way out: an HTTP session that is safe to point at somebody else's servers.

Every call has a time limit, a bound on the answer's size and a host that is on the list; nothing is redirected, nothing
is sent twice but idempotent reads (once); logs name the call and never show what it carried (DESIGN section 8;
sync-semantics sections 13, 14 and 19).
"""

from __future__ import annotations

import http.cookiejar
import ipaddress
import logging
import os
import re
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from connectors import jsonwire
from connectors.errors import ConnectorError, Failure, FailureKind
from connectors.tls import Adapter, kept_adapter

USER_AGENT = "Ledgerbridge/0.1"
MAX_BODY = 64 * 1024 * 1024
CHUNK = 64 * 1024
REPEAT_PAUSE_S = 0.25
SLOW_BODY_S = 30.0
"""How much longer than its read limit an answer that trickles in may take in all."""
GATEWAY_STATUSES = frozenset({502, 503, 504})

_logger = logging.getLogger("connectors.http")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one kind of call may take, in seconds: to connect, and between two bytes of the answer."""

    connect: float
    read: float


SINGLE = Patience(5, 30)
BATCH = Patience(5, 120)
"""QuickBooks batch and query, Salesforce composite."""
TOKEN = Patience(5, 10)


class Outcome(StrEnum):
    """What is known of a call that failed as a whole."""

    NOT_SENT = "not_sent"
    """No byte left us, or the vendor turned the call away before looking at it."""
    REFUSED = "refused"
    """The vendor read the call and did not carry it out."""
    UNKNOWN = "unknown"
    """Bytes left us and no usable answer came: it may have been carried out."""


class CallError(ConnectorError):
    """A call failed as a whole; `outcome` says whether it may have had an effect."""

    def __init__(self, failure: Failure, outcome: Outcome) -> None:
        super().__init__(failure)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class HostRule:
    """Which servers a session may talk to. `loopback` is for the simulator only and then admits nothing else."""

    exact: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None
    loopback: bool = False

    def allows(self, url: str) -> bool:
        """Whether a call to this address may leave: https on the usual port of a listed host, or our own machine in
        simulator mode."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None or not host:
            return False
        if self.loopback:
            return parts.scheme in {"http", "https"} and is_loopback(host)
        if parts.scheme != "https" or port not in {None, 443}:
            return False
        return host in self.exact or bool(self.pattern and self.pattern.fullmatch(host))

    def check(self, url: str) -> None:
        """Raise CallError (kind config, `net.host_not_allowed`) unless `allows`."""
        if not self.allows(url):
            host = _host_of(url)
            raise CallError(
                Failure(
                    FailureKind.CONFIG,
                    "net.host_not_allowed",
                    "This address is not one of the vendor's.",
                    host,
                ),
                Outcome.NOT_SENT,
            )


def is_loopback(host: str) -> bool:
    """Whether this host name or address is our own machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class Session(requests.Session):
    """A requests session with this module's rules; hand it to a vendor's library, or use `call`.

    `kept` is for repeatable reads alone: its connections stay open for the process's next session, and one that the
    other end has closed meanwhile is found out by a call that breaks. Not for sharing between threads.
    """

    def __init__(
        self,
        hosts: HostRule,
        *,
        ca_file: str = "",
        max_body: int = MAX_BODY,
        kept: bool = False,
    ) -> None:
        super().__init__()
        self.hosts = hosts
        self.kept = kept
        self.until: float | None = None
        self.max_body = max_body
        # Without the environment: a .netrc entry would replace our Authorization header.
        self.trust_env = False
        self.proxies = {} if hosts.loopback else dict(urllib.request.getproxies())
        self.verify = ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or True
        self.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self.headers["User-Agent"] = USER_AGENT
        adapter = kept_adapter() if kept else Adapter(pool_connections=4, pool_maxsize=4, max_retries=0)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def limit(self, seconds: float) -> None:
        """So many seconds from now all calls have to be over, however patient each of them is."""
        self.until = time.monotonic() + seconds

    def request(self, method: str | bytes, url: str | bytes, *_: Any, **kwargs: Any) -> requests.Response:
        """What a library calls: the same rules, with the time limits of a single call."""
        known: dict[str, Any] = {name: kwargs.get(name) for name in ("headers", "params", "data")}
        return self.call(_text(method), _text(url), label="library", **known)

    def call(
        self,
        method: str,
        url: str,
        *,
        label: str,
        patience: Patience = SINGLE,
        repeatable: bool = False,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        data: Any = None,
    ) -> requests.Response:
        """Send one call and return its answer, body read, whatever its status.

        `label` names it in logs (never the address: that holds ids and queries). A `repeatable` call is sent once more
        after a lost connection or a gateway error. Raises CallError.
        """
        self.hosts.check(url)
        arguments = {"headers": headers, "params": params, "data": data}
        if repeatable:
            try:
                response = self._once(method, url, label, patience, arguments)
            except CallError as error:
                if error.failure.kind is not FailureKind.TRANSIENT:
                    raise
            else:
                if response.status_code not in GATEWAY_STATUSES:
                    return response
            time.sleep(REPEAT_PAUSE_S)
        return self._once(method, url, label, patience, arguments)

    def _once(
        self, method: str, url: str, label: str, patience: Patience, arguments: Mapping[str, Any]
    ) -> requests.Response:
        started = time.monotonic()
        patience = self._left(patience, started)
        try:
            response = self._answered(method, url, (patience.connect, patience.read), arguments)
            longest = started + patience.connect + patience.read + SLOW_BODY_S
            self._read_body(response, longest if self.until is None else min(longest, self.until))
        except requests.RequestException as error:
            failed = _transport_error(error)
            _log(method, label, failed.failure.code, started, "")
            raise failed from error
        if response.encoding is None or "charset" not in response.headers.get("Content-Type", ""):
            response.encoding = "utf-8"
        _log(method, label, str(response.status_code), started, request_id(response))
        return response

    def _answered(
        self, method: str, url: str, timeout: tuple[float, float], arguments: Mapping[str, Any]
    ) -> requests.Response:
        if self.kept and isinstance(arguments["data"], bytes) and not arguments["params"]:
            ready = self._ready(method, url, arguments["headers"] or {}, arguments["data"])
            return self.get_adapter(url).send(
                ready, stream=True, timeout=timeout, verify=self.verify or True, proxies=self.proxies
            )
        return super().request(method, url, timeout=timeout, allow_redirects=False, stream=True, **arguments)

    def _ready(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> requests.PreparedRequest:
        """The call as the library would make it ready, where there is nothing to encode and nothing to merge: a quarter
        of what a look costs goes into that."""
        ready = requests.PreparedRequest()
        ready.method, ready.url, ready.body = method, url, body
        ready.headers = CaseInsensitiveDict({name: str(value) for name, value in self.headers.items()})
        ready.headers.update({**headers, "Content-Length": str(len(body))})
        return ready

    def _left(self, patience: Patience, now: float) -> Patience:
        """What of a call's patience fits into the session's time. Raises CallError where none of it is left."""
        if self.until is None:
            return patience
        left = self.until - now
        if left <= 0:
            failure = Failure(FailureKind.TRANSIENT, "net.timeout", _WORDS["net.timeout"])
            raise CallError(failure, Outcome.NOT_SENT)
        return Patience(min(patience.connect, left), min(patience.read, left))

    def _read_body(self, response: requests.Response, deadline: float) -> None:
        try:
            body = b"".join(self._bounded(response, deadline))
        except BaseException:
            response.close()
            raise
        # requests offers no public way to hand back a body that was read under a bound.
        response._content = body  # noqa: SLF001

    def _bounded(self, response: requests.Response, deadline: float) -> Iterator[bytes]:
        """The body's pieces within both bounds. What is there whole is taken however late: a process that stood still
        must not throw away an answer that it holds, and with it the only copy of a new pair of tokens."""
        size, late = 0, False
        for piece in _arriving(response):
            size += len(piece)
            if size > self.max_body:
                raise requests.exceptions.ContentDecodingError("the answer is larger than allowed")
            if late:
                raise requests.ReadTimeout("the answer came too slowly")
            late = time.monotonic() > deadline
            yield piece


def _arriving(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes in: the library's own reading waits for a whole chunk, however slowly that trickles."""
    try:
        while piece := response.raw.read1(CHUNK, decode_content=True):
            yield piece
    except ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except ReadTimeoutError as error:
        raise requests.ConnectionError(error) from error


def request_id(response: requests.Response) -> str:
    """What the vendor's support asks for: Intuit's `intuit_tid`; Salesforce's, where it sends one."""
    headers = response.headers
    return headers.get("intuit_tid") or headers.get("Intuit-Tid") or headers.get("X-SFDC-Request-Id") or ""


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


def _transport_error(error: requests.RequestException) -> CallError:
    code, kind, outcome = _classify(error)
    return CallError(Failure(kind, code, _WORDS[code]), outcome)


def _classify(error: requests.RequestException) -> tuple[str, FailureKind, Outcome]:
    transient = FailureKind.TRANSIENT
    match error:
        case requests.ConnectTimeout() | requests.exceptions.ProxyError():
            return "net.connect", transient, Outcome.NOT_SENT
        case requests.exceptions.SSLError():
            return "net.tls", transient, Outcome.NOT_SENT
        case requests.ReadTimeout():
            return "net.timeout", transient, Outcome.UNKNOWN
        case requests.ConnectionError() if _never_connected(error):
            return "net.connect", transient, Outcome.NOT_SENT
        case requests.ConnectionError() | requests.exceptions.ChunkedEncodingError():
            return "net.reset", transient, Outcome.UNKNOWN
        case requests.exceptions.ContentDecodingError():
            return "net.unreadable", transient, Outcome.UNKNOWN
        case ValueError():
            return "net.bad_address", FailureKind.CONFIG, Outcome.NOT_SENT
    return "net.reset", transient, Outcome.UNKNOWN


def _never_connected(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(
        cause.reason, (NewConnectionError, ConnectTimeoutError)
    )


_WORDS = {
    "net.connect": "The server could not be reached.",
    "net.tls": "The server's certificate or encryption was not accepted.",
    "net.timeout": "The server did not answer in time.",
    "net.reset": "The connection was cut before the answer was complete.",
    "net.unreadable": "The answer could not be read.",
    "net.bad_address": "This is not a usable address.",
}


def answer_object(response: requests.Response) -> Mapping[str, Any]:
    """The JSON object that a call answered. Raises CallError (transient, `net.unreadable`) for anything else: what was
    asked for may have been done."""
    try:
        body = jsonwire.decode(response.content)
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        failure = Failure(FailureKind.TRANSIENT, "net.unreadable", _WORDS["net.unreadable"])
        raise CallError(failure, Outcome.UNKNOWN)
    return body


def _log(method: str, label: str, result: str, started: float, tid: str) -> None:
    level = logging.DEBUG if result.startswith("2") else logging.INFO
    if _logger.isEnabledFor(level):
        took = round((time.monotonic() - started) * 1000)
        facts = {"method": method, "call": label, "result": result, "took_ms": took, "request_id": tid}
        _logger.log(level, "vendor call", extra=facts)
