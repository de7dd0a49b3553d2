"""The token endpoint: one function for each grant (reference/salesforce.md 1.2, 1.3, 1.5, 1.7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .keys import BadAssertion, check_signature, claims_of, encoded, signed
from .people import Person, by_username, person

if TYPE_CHECKING:
    from connectors.simulator.salesforce.orgs import Orgs
    from connectors.simulator.wire import Request
    from connectors.simulator.world import World

    from .apps import App, Apps
    from .sessions import Refresh, Sessions

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCES = {"production": "https://login.salesforce.com", "sandbox": "https://test.salesforce.com"}
#: An assertion may not live longer than this.
_MAX_ASSERTION_SECONDS = 5 * 60


class Denied(Exception):
    """A refusal of the token endpoint: `error` and `error_description`, always HTTP 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description

    def body(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.description}


def invalid_grant(description: str) -> Denied:
    return Denied("invalid_grant", description)


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Answers `POST /services/oauth2/token`."""

    world: World
    orgs: Orgs
    apps: Apps
    sessions: Sessions

    def answer(self, request: Request) -> dict[str, Any]:
        """The token response. Raises Denied."""
        form = {**request.query, **request.form()}
        grants: dict[str, Callable[[dict[str, str], str], dict[str, Any]]] = {
            "authorization_code": self.authorization_code,
            "refresh_token": self.refresh_token,
            JWT_BEARER: self.jwt_bearer,
            "client_credentials": self.client_credentials,
            "password": self.password,
        }
        _take_basic(request, form)
        kind = form.get("grant_type", "")
        if not kind:
            raise Denied("invalid_request", "missing required parameter: grant_type")
        if kind not in grants:
            raise Denied("unsupported_grant_type", "grant type not supported")
        return grants[kind](form, request.base_url())

    # -- grants ---------------------------------------------------------------------------------------------

    def authorization_code(self, form: dict[str, str], base: str) -> dict[str, Any]:
        app = self._app(form, secret="client_secret" in form or "code_verifier" not in form)
        _need(form, "code", "redirect_uri")
        code = self.sessions.find_code(form["code"])
        if code is None or code.client != app.client_id:
            raise invalid_grant("invalid authorization code")
        if code.used or self.sessions.too_old(code):
            raise invalid_grant("expired authorization code")
        if code.redirect != form["redirect_uri"]:
            raise Denied("redirect_uri_mismatch", "redirect_uri must match configuration")
        if code.challenge and not _fits(code.challenge, form.get("code_verifier", "")):
            raise invalid_grant("invalid code verifier")
        self.sessions.spend(code)
        who = self._person(code.org, code.user)
        refresh = None
        if {"refresh_token", "offline_access"} & set(code.scope.split()):
            refresh = self.sessions.grant(who.org, who.id, app.client_id, code.scope)
        return self._token(app, who, code.scope, base, refresh=refresh, shows_refresh=True)

    def refresh_token(self, form: dict[str, str], base: str) -> dict[str, Any]:
        app = self._app(form, secret=True)
        _need(form, "refresh_token")
        old = self.sessions.refresh(form["refresh_token"])
        if old is None or old.client != app.client_id:
            raise invalid_grant("expired access/refresh token")
        who = self._person(old.org, old.user)
        rotates = who.org.settings.refresh_rotation
        refresh = self.sessions.rotate(who.org, old) if rotates else old
        return self._token(app, who, old.scope, base, refresh=refresh, shows_refresh=rotates)

    def jwt_bearer(self, form: dict[str, str], base: str) -> dict[str, Any]:
        _need(form, "assertion")
        try:
            claims = claims_of(form["assertion"])
            app = self.apps.find(str(claims.get("iss", "")))
            if app is None:
                raise Denied("invalid_client_id", "client identifier invalid")
            check_signature(form["assertion"], app.certificate)
        except BadAssertion:
            raise invalid_grant("invalid assertion") from None
        who = by_username(self.orgs, str(claims.get("sub", claims.get("prn", ""))))
        if who is None or not app.preauthorised:
            raise invalid_grant("user hasn't approved this consumer")
        self._check_claims(claims, who, base)
        return self._token(app, self._active(who), app.scopes, base, signs=False)

    def client_credentials(self, form: dict[str, str], base: str) -> dict[str, Any]:
        app = self._app(form, secret=True)
        org = self.orgs.by_number.get(app.client_credentials_org)
        if org is None:
            raise invalid_grant("request not supported on this domain")
        who = self._person(org.number, org.user_id)
        answer = self._token(app, who, "api", base)
        return {**answer, "api_instance_url": "https://api.salesforce.com"}

    def password(self, form: dict[str, str], base: str) -> dict[str, Any]:
        app = self._app(form, secret=True)
        _need(form, "username", "password")
        who = by_username(self.orgs, form["username"])
        if who is None or not who.org.settings.username_password_flow:
            raise invalid_grant("authentication failure")
        expected = str(who.org.facts["password"]) + str(who.org.facts["security_token"])
        if not hmac.compare_digest(form["password"].encode(), expected.encode()):
            raise invalid_grant("authentication failure - Invalid Password")
        answer = self._token(app, self._active(who), "", base)
        answer.pop("scope")
        return answer

    # -- parts ----------------------------------------------------------------------------------------------

    def _app(self, form: dict[str, str], *, secret: bool) -> App:
        _need(form, "client_id")
        app = self.apps.find(form["client_id"])
        if app is None:
            raise Denied("invalid_client_id", "client identifier invalid")
        given = form.get("client_secret", "")
        if secret and not hmac.compare_digest(given.encode(), app.client_secret.encode()):
            raise Denied("invalid_client", "invalid client credentials")
        return app

    def _person(self, org_number: int, user_id: str) -> Person:
        org = self.orgs.by_number.get(org_number)
        if org is None:
            raise invalid_grant("inactive organization")
        who = person(org, user_id)
        if who is None:
            raise invalid_grant("inactive user")
        return self._active(who)

    @staticmethod
    def _active(who: Person) -> Person:
        if who.org.facts.get("inactive"):
            raise invalid_grant("inactive organization")
        if not who.row["IsActive"]:
            raise invalid_grant("inactive user")
        if who.org.facts.get("ip_restricted"):
            raise invalid_grant("ip restricted")
        return who

    def _check_claims(self, claims: dict[str, Any], who: Person, base: str) -> None:
        audiences = claims.get("aud")
        allowed = {_AUDIENCES[who.org.kind], base}
        if not any(one in allowed for one in (audiences if isinstance(audiences, list) else [audiences])):
            raise invalid_grant("Audience validation failed")
        try:
            expires = float(claims.get("exp", 0))
        except (TypeError, ValueError):
            expires = 0
        now = self.world.clock.now().timestamp()
        if not now < expires <= max(now, time.time()) + _MAX_ASSERTION_SECONDS:
            raise invalid_grant("expired authorization code")

    def _token(
        self,
        app: App,
        who: Person,
        scope: str,
        base: str,
        *,
        refresh: Refresh | None = None,
        shows_refresh: bool = False,
        signs: bool = True,
    ) -> dict[str, Any]:
        session = self.sessions.open(who.org, who.id, app.client_id, scope, refresh.token if refresh else "")
        identity = who.identity_url(base)
        answer: dict[str, Any] = {"access_token": session.token}
        if refresh is not None and shows_refresh:
            answer["refresh_token"] = refresh.token
        if signs:
            issued_at = str(int(session.created * 1000))
            answer["signature"] = signature(app.client_secret, identity, issued_at)
        answer["scope"] = scope
        if "openid" in scope.split():
            answer["id_token"] = self._id_token(app, identity, base)
        answer.update({"instance_url": base, "id": identity, "token_type": "Bearer"})
        if signs:
            answer["issued_at"] = issued_at
        return answer

    def _id_token(self, app: App, identity: str, base: str) -> str:
        now = int(self.world.clock.now().timestamp())
        claims = {"iss": base, "sub": identity, "aud": app.client_id, "iat": now, "exp": now + 120}
        return signed(self.world, claims)


def signature(secret: str, identity: str, issued_at: str) -> str:
    """base64 of HMAC-SHA256 over `id` and `issued_at` with the client secret."""
    digest = hmac.new(secret.encode(), f"{identity}{issued_at}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _fits(challenge: str, verifier: str) -> bool:
    made = encoded(hashlib.sha256(verifier.encode()).digest())
    return bool(verifier) and hmac.compare_digest(made, challenge)


def _need(form: dict[str, str], *names: str) -> None:
    for name in names:
        if not form.get(name):
            raise Denied("invalid_request", f"missing required parameter: {name}")


def _take_basic(request: Request, form: dict[str, str]) -> None:
    """Client id and secret may come by HTTP Basic."""
    kind, _, text = request.header("authorization").partition(" ")
    if kind.lower() != "basic":
        return
    try:
        client_id, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        raise Denied("invalid_client", "invalid client credentials") from None
    form.setdefault("client_id", client_id)
    form.setdefault("client_secret", secret)
