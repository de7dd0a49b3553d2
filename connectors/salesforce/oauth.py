"""Signing in to Salesforce: every flow that gives a token, and what belongs to it (reference salesforce.md 1).

Every function raises CallError: kind auth when the grant or code is dead, config when app or host are set up wrongly
(`oauth.forged_instance` and `oauth.signature` for an answer that is not to be believed), transient when the host cannot
be reached.
These calls go to the login host, where no library of ours speaks; they are named in docs/decisions and `OWN_DOORS`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import requests

from connectors import jsonwire
from connectors.contracts import AppCredentials, ConnectionFacts, Grant
from connectors.errors import Failure, FailureKind
from connectors.http import TOKEN, CallError, Outcome, Session, answer_object
from connectors.salesforce.hosts import host_rule, login_origin
from connectors.salesforce.ids import to_18

SCOPES = ("api", "refresh_token", "id")
"""`full` would not include the refresh token (1.2)."""
ASSERTION_LIFE_S = 180

_K = FailureKind
_GRANT_WORDS: tuple[tuple[str, str, FailureKind], ...] = (
    # What invalid_grant's description contains -> our code and kind (1.7).
    ("expired access/refresh token", "oauth.invalid_grant", _K.AUTH),
    ("expired authorization code", "oauth.code_expired", _K.AUTH),
    ("invalid authorization code", "oauth.code_expired", _K.AUTH),
    ("invalid code verifier", "oauth.invalid_verifier", _K.AUTH),
    ("authentication failure", "oauth.authentication_failure", _K.AUTH),
    ("inactive user", "oauth.inactive_user", _K.AUTH),
    ("inactive organization", "oauth.inactive_organization", _K.AUTH),
    ("ip restricted", "oauth.ip_restricted", _K.AUTH),
    ("hasn't approved this consumer", "oauth.user_not_approved", _K.CONFIG),
    ("audience validation failed", "oauth.audience", _K.CONFIG),
    ("not supported on this domain", "oauth.domain", _K.CONFIG),
)
_KINDS: dict[str, FailureKind] = {
    "invalid_grant": _K.AUTH,
    "invalid_client": _K.CONFIG,
    "invalid_client_id": _K.CONFIG,
    "invalid_request": _K.BUG,
    "invalid_token": _K.AUTH,
    "redirect_uri_mismatch": _K.CONFIG,
    "unsupported_grant_type": _K.CONFIG,
    "unauthorized_client": _K.CONFIG,
    "invalid_scope": _K.CONFIG,
    "invalid_app_access": _K.CONFIG,
    "access_denied": _K.PERMISSION,
    "OAUTH_APPROVAL_ERROR_GENERIC": _K.CONFIG,
    "server_error": _K.TRANSIENT,
    "temporarily_unavailable": _K.TRANSIENT,
}
OK = 200
_SERVER_ERRORS = 500


def challenge_of(verifier: str) -> str:
    """The PKCE S256 challenge of a verifier: base64url of its SHA-256, without padding (1.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def callback_failure(error: str, description: str = "") -> Failure:
    """The failure that a redirect back to us names in `error`; both spellings of a denied consent (1.2, 1.4)."""
    error = error.replace("access-denied", "access_denied")
    if error == "invalid_client" and "must be installed" in description.replace("+", " "):
        return Failure(_K.CONFIG, "oauth.app_not_installed", description)
    return Failure(_KINDS.get(error, _K.CONFIG), f"oauth.{error}", description)


def authorize_url(
    facts: ConnectionFacts,
    app: AppCredentials,
    *,
    redirect_uri: str,
    state: str,
    challenge: str = "",
    prompt: str = "",
    login_hint: str = "",
) -> str:
    """Where to send the person's browser; `challenge` is that of a verifier which stays with us until the code comes
    back. Raises CallError (config) for a login host that is not Salesforce's."""
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256" if challenge else "",
        "prompt": prompt,
        "login_hint": login_hint,
    }
    return (
        f"{login_origin(facts)}/services/oauth2/authorize?{urlencode({k: v for k, v in query.items() if v})}"
    )


def exchange(
    facts: ConnectionFacts, app: AppCredentials, *, code: str, redirect_uri: str, verifier: str = ""
) -> Grant:
    """The grant for a code; each code works once."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    return _grant(facts, app, {k: v for k, v in form.items() if v} | _client(app))


def refresh(facts: ConnectionFacts, app: AppCredentials, refresh_token: str) -> Grant:
    """A fresh grant. With rotation on, the old refresh token is dead as soon as this is sent: store the new one before
    anything else. Where none comes back, the given one goes on."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _grant(facts, app, form | _client(app), refresh_token)


def jwt_bearer(
    facts: ConnectionFacts, app: AppCredentials, *, username: str, private_key: str, audience: str = ""
) -> Grant:
    """A grant for a pre-authorised user, signed by the app's certificate (PEM private key). No refresh token: sign
    again (1.5). Raises CallError (config, `oauth.private_key`) for a key that cannot be read."""
    claims = {
        "iss": app.client_id,
        "sub": username,
        "aud": audience or login_origin(facts),
        "exp": int(time.time()) + ASSERTION_LIFE_S,
    }
    try:
        assertion = jwt.encode(claims, private_key, algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        words = "The private key could not be read: it must be an RSA key in PEM form without a password."
        raise CallError(Failure(_K.CONFIG, "oauth.private_key", words), Outcome.NOT_SENT) from error
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return _grant(facts, app, form)


def client_credentials(facts: ConnectionFacts, app: AppCredentials) -> Grant:
    """A grant for the app's own run-as user; works on a My Domain host only (1.1, 1.5)."""
    return _grant(facts, app, {"grant_type": "client_credentials"} | _client(app))


def password(
    facts: ConnectionFacts, app: AppCredentials, *, username: str, password: str, security_token: str
) -> Grant:
    """A grant for a user name and password, for orgs that still allow it: Salesforce retires it with Winter '27, and
    new orgs have it off already (1.4)."""
    form = {"grant_type": "password", "username": username, "password": password + security_token}
    return _grant(facts, app, form | _client(app))


def revoke(facts: ConnectionFacts, app: AppCredentials, token: str) -> None:
    """End a token; a refresh token ends its access tokens with it. An unknown token counts as ended."""
    del app
    try:
        _post(facts, _session(facts), "revoke", {"token": token})
    except CallError as error:
        if error.failure.code != "oauth.invalid_token":
            raise


def introspect(
    facts: ConnectionFacts, app: AppCredentials, token: str, hint: str = "access_token"
) -> Mapping[str, Any]:
    """What Salesforce knows of a token of this app: `active`, scope, username, exp (1.6)."""
    form = {"token": token, "token_type_hint": hint}
    return answer_object(_post(facts, _session(facts), "introspect", form | _client(app)))


def identity(facts: ConnectionFacts, grant: Grant) -> dict[str, Any]:
    """Who the token belongs to: the identity body, `organization_id` and `user_id` with 18 characters (1.6)."""
    response = _session(facts).call(
        "GET",
        grant.identity_url,
        label="identity",
        patience=TOKEN,
        repeatable=True,
        headers={"Authorization": f"Bearer {grant.access_token}", "Accept": "application/json"},
    )
    if response.status_code != OK:
        raise CallError(_failure(response), Outcome.REFUSED)
    body = answer_object(response)
    ids = {key: to_18(str(body.get(key) or "")) for key in ("organization_id", "user_id")}
    return {**body, **ids}


def _session(facts: ConnectionFacts) -> Session:
    return Session(host_rule(facts.environment), ca_file=facts.ca_file)


def _client(app: AppCredentials) -> dict[str, str]:
    return {"client_id": app.client_id, "client_secret": app.client_secret}


def _grant(
    facts: ConnectionFacts, app: AppCredentials, form: Mapping[str, str], refresh_token: str = ""
) -> Grant:
    session = _session(facts)
    answer = answer_object(_post(facts, session, "token", form))
    _verify(answer, app, session)
    return Grant(
        access_token=answer["access_token"],
        refresh_token=answer.get("refresh_token") or refresh_token,
        instance_url=answer["instance_url"].rstrip("/"),
        identity_url=answer.get("id") or "",
        scopes=tuple((answer.get("scope") or "").split()),
    )


def _verify(answer: Mapping[str, Any], app: AppCredentials, session: Session) -> None:
    """Believe no address but Salesforce's, and no `id` that our secret has not signed (1.2)."""
    for key in ("access_token", "instance_url"):
        if not isinstance(answer.get(key), str):
            raise _distrust("oauth.incomplete", f"The answer holds no {key}.")
    for url in filter(None, (answer["instance_url"], answer.get("id"))):
        if not session.hosts.allows(url):
            raise _distrust("oauth.forged_instance", "The answer names an address that is not Salesforce's.")
    if urlsplit(answer["instance_url"]).path.strip("/"):
        raise _distrust("oauth.forged_instance", "The answer names an address with a path for its server.")
    signature = answer.get("signature")
    if signature is not None and not _signed(answer, app, str(signature)):
        raise _distrust("oauth.signature", "The answer's signature is not made with this app's secret.")


def _signed(answer: Mapping[str, Any], app: AppCredentials, signature: str) -> bool:
    text = f"{answer.get('id', '')}{answer.get('issued_at', '')}".encode()
    digest = hmac.new(app.client_secret.encode(), text, hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest), signature.encode())


def _post(
    facts: ConnectionFacts, session: Session, endpoint: str, form: Mapping[str, str]
) -> requests.Response:
    response = session.call(
        "POST",
        f"{login_origin(facts)}/services/oauth2/{endpoint}",
        label=f"oauth2/{endpoint}",
        patience=TOKEN,
        headers={"Accept": "application/json"},
        data=dict(form),
    )
    if response.status_code != OK:
        raise CallError(_failure(response), Outcome.REFUSED)
    return response


def _distrust(code: str, words: str) -> CallError:
    return CallError(Failure(FailureKind.CONFIG, code, words), Outcome.REFUSED)


def _failure(response: requests.Response) -> Failure:
    status = response.status_code
    try:
        body = jsonwire.decode(response.content)
    except ValueError:
        body = None
    error = str(body.get("error") or "") if isinstance(body, Mapping) else ""
    words = str(body.get("error_description") or "") if isinstance(body, Mapping) else ""
    if not error:
        kind = _K.TRANSIENT if status >= _SERVER_ERRORS else _K.AUTH if status in {401, 403} else _K.CONFIG
        return Failure(
            kind,
            f"oauth.http_{status}",
            f"The sign-in host answered with status {status}.",
            http_status=status,
        )
    code, kind = f"oauth.{error}", _KINDS.get(error, _K.CONFIG)
    if error == "invalid_grant":
        code, kind = next(((c, k) for part, c, k in _GRANT_WORDS if part in words.lower()), (code, kind))
    return Failure(kind, code, words, http_status=status)
