"""Signing in to QuickBooks Online (reference quickbooks.md 1.2 to 1.6).

Our own calls: intuit-oauth fetches the discovery document at every construction, without a time limit, and cannot ask
for the hard expiry (9.5). Named in docs/decisions and `OWN_DOORS`.

Every function raises CallError: kind auth when the grant or code is dead, config when the key pair is wrong, transient
when Intuit cannot be reached.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import requests

from connectors import jsonwire
from connectors.contracts import AppCredentials, ConnectionFacts, Environment, Grant
from connectors.errors import ConnectorError, Failure, FailureKind
from connectors.http import TOKEN, CallError, Outcome, Session, answer_object, request_id
from connectors.quickbooks.hosts import sign_in_rule

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
OK = 200
UNKNOWN_TOKEN = 400
ENDPOINTS_LIFE = timedelta(days=1)
_SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses that a discovery document names."""

    authorize: str
    token: str
    revoke: str
    userinfo: str


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


_kept: dict[tuple[Environment, str], tuple[datetime, Endpoints]] = {}


def endpoints_of(facts: ConnectionFacts) -> Endpoints:
    """The endpoints of an environment, from its discovery document (kept for a day); the known ones where it cannot be
    had.

    Raises CallError (config, `oauth.forged_instance`) for a document that names a host that is not Intuit's; in
    simulator mode, where nothing is known by heart, whatever kept the document from us.
    """
    key, now = (facts.environment, facts.simulator_url), datetime.now(UTC)
    kept = _kept.get(key)
    if kept is None or now - kept[0] > ENDPOINTS_LIFE:
        kept = _kept[key] = (now, _discover(facts))
    return kept[1]


def _discover(facts: ConnectionFacts) -> Endpoints:
    session, known = _session(facts), KNOWN_ENDPOINTS.get(facts.environment)
    local = f"{facts.simulator_url.rstrip('/')}/.well-known/openid_configuration"
    try:
        endpoints = _fetch(session, DISCOVERY.get(facts.environment, local))
    except ConnectorError as error:
        if known is None or error.failure.kind is not FailureKind.TRANSIENT:
            raise
        return known
    for address in (endpoints.authorize, endpoints.token, endpoints.revoke, endpoints.userinfo):
        if not session.hosts.allows(address):
            words = "The discovery document names an address that is not Intuit's."
            raise CallError(Failure(FailureKind.CONFIG, "oauth.forged_instance", words), Outcome.REFUSED)
    return endpoints


def _fetch(session: Session, url: str) -> Endpoints:
    headers = {"Accept": "application/json"}
    response = session.call("GET", url, label="discovery", patience=TOKEN, repeatable=True, headers=headers)
    if response.status_code != OK:
        words = "The discovery document could not be fetched."
        failure = Failure(FailureKind.TRANSIENT, "oauth.discovery", words, http_status=response.status_code)
        raise CallError(failure, Outcome.REFUSED)
    body = answer_object(response)
    names = ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "userinfo_endpoint")
    return Endpoints(*(str(body.get(name) or "") for name in names))


def callback_failure(error: str, description: str = "") -> Failure:
    """The failure that a redirect back to us names in `error` (1.3)."""
    return Failure(_KINDS.get(error, _K.CONFIG), f"oauth.{error}", description)


def authorize_url(
    facts: ConnectionFacts,
    app: AppCredentials,
    *,
    redirect_uri: str,
    state: str,
    challenge: str = "",
    scopes: tuple[str, ...] = (ACCOUNTING,),
) -> str:
    """Where to send the person's browser. The company chosen there comes back as `realmId`, and only there. Intuit
    knows no PKCE (1.3): `challenge` is not used."""
    del challenge
    query = {
        "client_id": app.client_id,
        "response_type": "code",
        "scope": " ".join(scopes),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{endpoints_of(facts).authorize}?{urlencode(query)}"


def exchange(
    facts: ConnectionFacts, app: AppCredentials, *, code: str, redirect_uri: str, verifier: str = ""
) -> Grant:
    """The grant for a code; never send a code twice: Intuit may take back what the first exchange gave."""
    del verifier
    return _grant(
        facts, app, {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    )


def refresh(facts: ConnectionFacts, app: AppCredentials, refresh_token: str) -> Grant:
    """A fresh grant with the refresh token to store from now on, its expiry and its hard expiry (1.5). After a lost
    answer it may be repeated with the same token (1.4)."""
    return _grant(facts, app, {"grant_type": "refresh_token", "refresh_token": refresh_token}, refresh_token)


def revoke(facts: ConnectionFacts, app: AppCredentials, token: str) -> None:
    """End a connection by its refresh token. An unknown token counts as ended."""
    response = _session(facts).call(
        "POST",
        endpoints_of(facts).revoke,
        label="oauth2/revoke",
        patience=TOKEN,
        headers={**_basic(app), "Accept": "application/json", "Content-Type": "application/json"},
        data=jsonwire.encode({"token": token}),
    )
    if response.status_code not in {OK, UNKNOWN_TOKEN}:
        raise CallError(_failure(response), Outcome.REFUSED)


def userinfo(facts: ConnectionFacts, access_token: str) -> dict[str, Any]:
    """Who signed in (needs the openid scope): sub, email, emailVerified, givenName, familyName ... (1.6)."""
    response = _session(facts).call(
        "GET",
        endpoints_of(facts).userinfo,
        label="userinfo",
        patience=TOKEN,
        repeatable=True,
        headers={"Authorization": f"Bearer {access_token}", "Accept": "application/json"},
    )
    if response.status_code != OK:
        raise CallError(_failure(response), Outcome.REFUSED)
    return dict(answer_object(response))


def _session(facts: ConnectionFacts) -> Session:
    return Session(sign_in_rule(facts.environment), ca_file=facts.ca_file)


def _grant(
    facts: ConnectionFacts, app: AppCredentials, form: Mapping[str, str], refresh_token: str = ""
) -> Grant:
    endpoint, asked_at = endpoints_of(facts).token, datetime.now(UTC)
    response = _session(facts).call(
        "POST",
        endpoint,
        label="oauth2/token",
        patience=TOKEN,
        headers={**_basic(app), **HARD_EXPIRY_HEADER, "Accept": "application/json"},
        data=dict(form),
    )
    if response.status_code != OK:
        raise CallError(_failure(response), Outcome.REFUSED)
    body = answer_object(response)
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


def _basic(app: AppCredentials) -> dict[str, str]:
    pair = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _after(when: datetime, seconds: Any) -> datetime | None:
    """Expiry from seconds left, which some answers give as text (1.4)."""
    return when + timedelta(seconds=int(seconds)) if seconds is not None else None


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
