"""Signing in to QuickBooks Online (reference quickbooks.md 1.2 to 1.6).

Our own calls: intuit-oauth fetches the discovery document at every construction, without a time limit, and cannot ask
for the hard expiry (9.5). Named in docs/decisions and `OWN_DOORS`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests

from connectors import jsonwire
from connectors.contracts import AppCredentials, Environment, Grant
from connectors.errors import ConnectorError, Failure, FailureKind
from connectors.http import TOKEN, CallError, Outcome, Session, request_id

ACCOUNTING = "com.intuit.quickbooks.accounting"
"""Reads and writes together; there is no scope for reading alone (1.3)."""
HARD_EXPIRY_HEADER = {"x-include-refresh-token-hard-expires-in": "true"}

_K = FailureKind
_KINDS: dict[str, FailureKind] = {
    "invalid_grant": _K.AUTH,
    "invalid_client": _K.CONFIG,
    "invalid_request": _K.BUG,
    "unsupported_grant_type": _K.BUG,
    "invalid_scope": _K.CONFIG,
    "unauthorized_client": _K.CONFIG,
    "access_denied": _K.PERMISSION,
    "server_error": _K.TRANSIENT,
    "temporarily_unavailable": _K.TRANSIENT,
}
_SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses that a discovery document names."""

    authorize: str
    token: str
    revoke: str
    userinfo: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, as userinfo says (needs the openid scope)."""

    subject: str
    email: str = ""
    email_verified: bool = False
    given_name: str = ""
    family_name: str = ""


DISCOVERY = {
    Environment.PRODUCTION: "https://developer.intuit.com/.well-known/openid_configuration",
    Environment.SANDBOX: "https://developer.intuit.com/.well-known/openid_sandbox_configuration",
}
KNOWN_ENDPOINTS = {
    environment: Endpoints(
        authorize="https://appcenter.intuit.com/connect/oauth2",
        token="https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",  # noqa: S106 - an address
        revoke="https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
        userinfo=f"https://{host}.platform.intuit.com/v1/openid_connect/userinfo",
    )
    for environment, host in ((Environment.PRODUCTION, "accounts"), (Environment.SANDBOX, "sandbox-accounts"))
}
"""What the documents said when last read; used where they cannot be fetched."""


def discover(session: Session, environment: Environment, simulator_origin: str = "") -> Endpoints:
    """The endpoints of an environment, from its discovery document; the known ones where it cannot be had.

    Raises CallError (config, `oauth.foreign_host`) for a document that names a host that is not Intuit's; in simulator
    mode, where nothing is known by heart, whatever kept the document from us.
    """
    known = KNOWN_ENDPOINTS.get(environment)
    url = DISCOVERY.get(environment) or f"{simulator_origin.rstrip('/')}/.well-known/openid_configuration"
    try:
        endpoints = _fetch(session, url)
    except ConnectorError as error:
        if known is None or error.failure.kind is not FailureKind.TRANSIENT:
            raise
        return known
    for address in (endpoints.authorize, endpoints.token, endpoints.revoke, endpoints.userinfo):
        if not session.hosts.allows(address):
            words = "The discovery document names an address that is not Intuit's."
            raise CallError(Failure(FailureKind.CONFIG, "oauth.foreign_host", words), Outcome.REFUSED)
    return endpoints


def _fetch(session: Session, url: str) -> Endpoints:
    headers = {"Accept": "application/json"}
    response = session.call("GET", url, label="discovery", patience=TOKEN, repeatable=True, headers=headers)
    if response.status_code != 200:
        words = "The discovery document could not be fetched."
        failure = Failure(FailureKind.TRANSIENT, "oauth.discovery", words, http_status=response.status_code)
        raise CallError(failure, Outcome.REFUSED)
    body = _json(response)
    names = ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "userinfo_endpoint")
    return Endpoints(*(str(body.get(name) or "") for name in names))


def callback_failure(error: str, description: str = "") -> Failure:
    """The failure that a redirect back to us names in `error` (1.3)."""
    return Failure(_KINDS.get(error, _K.CONFIG), f"oauth.{error}", description)


class QuickBooksOAuth:
    """Intuit's sign-in endpoints, for one app.

    Every method raises CallError: kind auth when the grant or code is dead, config when the key pair is wrong,
    transient when Intuit cannot be reached (a refresh may then be repeated with the same token, 1.4).
    """

    def __init__(
        self,
        endpoints: Endpoints,
        app: AppCredentials,
        session: Session,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._endpoints = endpoints
        self._app = app
        self._session = session
        self._clock = clock

    def authorize_url(self, redirect_uri: str, state: str, scopes: tuple[str, ...] = (ACCOUNTING,)) -> str:
        """Where to send the person's browser. The company chosen there comes back as `realmId`, and only there."""
        query = {
            "client_id": self._app.client_id,
            "response_type": "code",
            "scope": " ".join(scopes),
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self._endpoints.authorize}?{urlencode(query)}"

    def exchange(self, code: str, redirect_uri: str) -> Grant:
        """The grant for a code; never send a code twice: Intuit may take back what the first exchange gave."""
        return self._grant({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})

    def refresh(self, refresh_token: str) -> Grant:
        """A fresh grant with the refresh token to store from now on, its expiry and its hard expiry (1.5)."""
        return self._grant({"grant_type": "refresh_token", "refresh_token": refresh_token}, refresh_token)

    def revoke(self, token: str) -> None:
        """End a connection by its refresh token. An unknown token counts as ended."""
        response = self._session.call(
            "POST",
            self._endpoints.revoke,
            label="oauth2/revoke",
            patience=TOKEN,
            headers={**self._basic(), "Accept": "application/json", "Content-Type": "application/json"},
            data=jsonwire.encode({"token": token}),
        )
        if response.status_code not in {200, 400}:
            raise CallError(_failure(response), Outcome.REFUSED)

    def userinfo(self, access_token: str) -> Person:
        """Who signed in."""
        response = self._session.call(
            "GET",
            self._endpoints.userinfo,
            label="userinfo",
            patience=TOKEN,
            repeatable=True,
            headers={"Authorization": f"Bearer {access_token}", "Accept": "application/json"},
        )
        if response.status_code != 200:
            raise CallError(_failure(response), Outcome.REFUSED)
        body = _json(response)
        return Person(
            str(body.get("sub") or ""),
            str(body.get("email") or ""),
            body.get("emailVerified") is True,
            str(body.get("givenName") or ""),
            str(body.get("familyName") or ""),
        )

    def _grant(self, form: Mapping[str, str], refresh_token: str = "") -> Grant:
        asked_at = self._clock()
        response = self._session.call(
            "POST",
            self._endpoints.token,
            label="oauth2/token",
            patience=TOKEN,
            headers={**self._basic(), **HARD_EXPIRY_HEADER, "Accept": "application/json"},
            data=dict(form),
        )
        if response.status_code != 200:
            raise CallError(_failure(response), Outcome.REFUSED)
        body = _json(response)
        if not isinstance(body.get("access_token"), str):
            words = "The answer holds no access token."
            raise CallError(Failure(FailureKind.CONFIG, "oauth.incomplete", words), Outcome.REFUSED)
        return Grant(
            access_token=body["access_token"],
            refresh_token=str(body.get("refresh_token") or refresh_token),
            access_expires_at=_after(asked_at, body.get("expires_in")),
            refresh_expires_at=_after(asked_at, body.get("x_refresh_token_expires_in")),
            refresh_hard_expires_at=_after(asked_at, body.get("x_refresh_token_hard_expires_in")),
        )

    def _basic(self) -> dict[str, str]:
        pair = base64.b64encode(f"{self._app.client_id}:{self._app.client_secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


def _after(when: datetime, seconds: Any) -> datetime | None:
    """Expiry from seconds left, which some answers give as text (1.4)."""
    return when + timedelta(seconds=int(seconds)) if seconds is not None else None


def _json(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = jsonwire.decode(response.content)
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        words = "The sign-in answer could not be read."
        raise CallError(Failure(FailureKind.TRANSIENT, "net.unreadable", words), Outcome.UNKNOWN)
    return body


def _failure(response: requests.Response) -> Failure:
    status, tid = response.status_code, request_id(response)
    try:
        body = jsonwire.decode(response.content)
    except ValueError:
        body = None
    error = str(body.get("error") or "") if isinstance(body, Mapping) else ""
    if not error:
        kind = (
            _K.TRANSIENT
            if status >= _SERVER_ERRORS or status == 429
            else _K.AUTH
            if status in {401, 403}
            else _K.CONFIG
        )
        words = f"Intuit's sign-in answered with status {status}."
        return Failure(kind, f"oauth.http_{status}", words, http_status=status, request_id=tid)
    words = str(body.get("error_description") or "") if isinstance(body, Mapping) else ""
    return Failure(_KINDS.get(error, _K.CONFIG), f"oauth.{error}", words, http_status=status, request_id=tid)
