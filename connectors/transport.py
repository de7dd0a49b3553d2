"""One authorised call to a vendor: slot, token, count, send, renew once when the token was refused, judge the answer.

Both clients' libraries are led through here, so that each call that leaves is limited, counted and read the same way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from connectors.contracts import Access, AccessSource, CallMeter, Limiter, Priority
from connectors.errors import ConnectorError, Failure, FailureKind
from connectors.http import SINGLE, CallError, Outcome, Patience, Session

UNAUTHORIZED = 401
REDIRECTS = 300
SERVER_ERRORS = 500
TURNED_AWAY = frozenset(
    {FailureKind.THROTTLED, FailureKind.AUTH, FailureKind.QUOTA, FailureKind.PERMISSION, FailureKind.CONFIG}
)
"""Kinds of whole-call refusals after which surely nothing of the call was looked at."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one call is made. `label` names it in counts and logs; `cost` is its class at the limiter; `metered` is
    whether Intuit bills it; `repeatable` is True for idempotent reads."""

    label: str
    cost: str = "call"
    patience: Patience = SINGLE
    repeatable: bool = False
    metered: bool = False
    priority: Priority = Priority.NORMAL

    def at(self, priority: Priority) -> Plan:
        """The same call in another class of work."""
        return self if priority is self.priority else replace(self, priority=priority)


@dataclass(frozen=True, slots=True)
class Manners:
    """What differs between the vendors. `judge` reads an answer's fault, None when it is good. `observe` looks at each
    answer (usage headers). `second_chance_s`: how long to wait before a fresh token is tried again after a refusal."""

    judge: Callable[[requests.Response], Failure | None]
    observe: Callable[[requests.Response], None]
    second_chance_s: float = 0.0


class Transport:
    """Sends calls of one connection. Not for sharing between threads."""

    def __init__(
        self, session: Session, access: AccessSource, limiter: Limiter, meter: CallMeter, manners: Manners
    ) -> None:
        self.session = session
        self.access = access
        self._limiter = limiter
        self._meter = meter
        self._manners = manners
        self.last: requests.Response | None = None
        """The newest answer, for its headers: the libraries hand back bodies only."""

    def take_up(self, access: AccessSource, limiter: Limiter, meter: CallMeter, *, within: float) -> None:
        """Go on with these; all calls from now on may take `within` seconds together."""
        self.access, self._limiter, self._meter = access, limiter, meter
        self.last = None
        self.session.limit(within)

    def send(
        self,
        plan: Plan,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        data: Any = None,
    ) -> requests.Response:
        """Send to `path` of the connection's server; `path` begins with a slash.

        A refused token is renewed once and the identical call sent again (sync-semantics W5). Returns a good answer;
        raises CallError for any other, and ConnectorError when no slot or no token could be had.
        """
        arguments: dict[str, Any] = {"headers": dict(headers or {}), "params": params, "data": data}
        access = _token(self.access.current)
        response = self._attempt(plan, method, path, access, arguments)
        if response.status_code == UNAUTHORIZED:
            access = _token(lambda: self.access.renew(access))
            response = self._attempt(plan, method, path, access, arguments)
        if response.status_code == UNAUTHORIZED and self._manners.second_chance_s:
            # A token just issued is not known everywhere at once (reference quickbooks.md section 8, last line).
            time.sleep(self._manners.second_chance_s)
            response = self._attempt(plan, method, path, access, arguments)
        failure = self._manners.judge(response)
        if failure is not None:
            raise self._refusal(response, failure)
        return response

    def _attempt(
        self, plan: Plan, method: str, path: str, access: Access, arguments: dict[str, Any]
    ) -> requests.Response:
        arguments["headers"]["Authorization"] = f"Bearer {access.token}"
        lease = self._limiter.acquire(plan.cost, plan.priority)
        try:
            self._meter.count(method, plan.label, metered=plan.metered)
            response = self.session.call(
                method,
                access.base_url + path,
                label=plan.label,
                patience=plan.patience,
                repeatable=plan.repeatable,
                **arguments,
            )
        finally:
            self._limiter.release(lease)
        self.last = response
        self._manners.observe(response)
        return response

    def _refusal(self, response: requests.Response, failure: Failure) -> CallError:
        if failure.kind is FailureKind.THROTTLED:
            self._limiter.throttled(failure.retry_after)
        if response.status_code >= SERVER_ERRORS or response.status_code < REDIRECTS:
            return CallError(failure, Outcome.UNKNOWN)
        return CallError(failure, Outcome.NOT_SENT if failure.kind in TURNED_AWAY else Outcome.REFUSED)


def _token(fetch: Callable[[], Access]) -> Access:
    """An access token; a sign-in call that failed says nothing of ours, which then was surely not sent."""
    try:
        return fetch()
    except CallError as error:
        raise ConnectorError(error.failure) from error


def whole_failure(error: ConnectorError) -> tuple[Outcome, Failure]:
    """What a failed write call means for each of its writes: an unknown outcome is its own kind of failure."""
    outcome = error.outcome if isinstance(error, CallError) else Outcome.NOT_SENT
    failure = error.failure
    if outcome is Outcome.UNKNOWN:
        failure = replace(failure, kind=FailureKind.UNKNOWN_WRITE)
    return outcome, failure


def path_of(url: str) -> str:
    """The part of an address after its host, query included."""
    return "/" + url.split("/", 3)[3]


def server_date(response: requests.Response | None) -> datetime | None:
    """The vendor's clock: the Date header, whole seconds, UTC. None when there is none."""
    text = response.headers.get("Date", "") if response is not None else ""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def retry_after(response: requests.Response) -> float | None:
    """Seconds the vendor asks us to wait, where it says so as a number."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None
