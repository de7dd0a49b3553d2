"""The OAuth paths of the stand-in's port (reference/salesforce.md 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce import ids
from connectors.simulator.wire import Request, Response

from . import people
from .consent import Consent
from .grants import Denied, TokenEndpoint
from .keys import public_keys

if TYPE_CHECKING:
    from connectors.simulator.salesforce.standin import Salesforce

    from .people import Person

_JSON = "application/json;charset=UTF-8"


def add_routes(standin: Salesforce) -> None:
    """Serve authorize, token, revoke, introspect, userinfo, identity and discovery."""
    paths = Endpoints(standin)
    add = standin.router.add
    add("GET POST", "/services/oauth2/authorize", paths.authorize)
    add("POST", "/services/oauth2/token", paths.token)
    add("POST GET", "/services/oauth2/revoke", paths.revoke)
    add("POST", "/services/oauth2/introspect", paths.introspect)
    add("GET POST", "/services/oauth2/userinfo", paths.userinfo)
    add("GET", "/id/keys", paths.keys)
    add("GET", "/id/{org}/{user}", paths.identity)
    add("GET", "/.well-known/openid-configuration", paths.discovery)


class Endpoints:
    """One method for each path."""

    def __init__(self, standin: Salesforce) -> None:
        self.standin = standin
        self.consent = Consent(standin.orgs, standin.apps, standin.sessions, standin.make_org)
        self.tokens = TokenEndpoint(standin.world, standin.orgs, standin.apps, standin.sessions)

    def authorize(self, request: Request) -> Response:
        return self.consent.answer(request)

    def token(self, request: Request) -> Response:
        try:
            response = Response.json(self.tokens.answer(request), content_type=_JSON)
        except Denied as error:
            response = Response.json(error.body(), 400, _JSON)
        response.headers += [("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache")]
        return response

    def revoke(self, request: Request) -> Response:
        """200 without a body; an unknown token is a 400."""
        token = {**request.query, **request.form()}.get("token", "")
        if not token or not self.standin.sessions.revoke(token):
            body = {"error": "invalid_token", "error_description": f"invalid token: {token}"}
            return Response.json(body, 400, _JSON)
        return Response(200, b"", "text/plain;charset=UTF-8")  # clients read what calls itself JSON

    def introspect(self, request: Request) -> Response:
        """What a token is good for; an app may ask for its own tokens only."""
        form = request.form()
        app = self.standin.apps.find(form.get("client_id", ""))
        if app is None or app.client_secret != form.get("client_secret", ""):
            body = {"error": "invalid_client", "error_description": "invalid client credentials"}
            return Response.json(body, 401, _JSON)
        found = self._introspected(form.get("token", ""), app.client_id, request.base_url())
        return Response.json(found or {"active": False}, content_type=_JSON)

    def _introspected(self, token: str, client_id: str, base: str) -> dict[str, Any] | None:
        sessions, orgs = self.standin.sessions, self.standin.orgs
        now = self.standin.world.clock.now().timestamp()
        session, refresh = sessions.peek(token), sessions.refresh(token)
        known = session or refresh
        if known is None or known.client != client_id:
            return None
        org = orgs.by_number[known.org]
        life = org.settings.session_minutes * 60
        if session is not None and now - session.used >= life:
            return None
        who = people.person(org, known.user)
        if who is None:
            return None
        found: dict[str, Any] = {
            "active": True,
            "scope": known.scope,
            "client_id": known.client,
            "username": who.row["Username"],
            "sub": who.identity_url(base),
            "token_type": "access_token" if session else "refresh_token",
            "iat": int(known.created),
            "nbf": int(known.created),
        }
        if session is not None:
            found["exp"] = int(session.used + life)
        return found

    # -- who am I -------------------------------------------------------------------------------------------

    def _bearer(self, request: Request) -> Person | Response:
        kind, _, token = request.header("authorization").partition(" ")
        token = (
            token.strip() or request.query.get("oauth_token", "") or request.form().get("access_token", "")
        )
        if not token or (kind and kind.lower() not in ("bearer", "oauth")):
            return Response.text("Missing_OAuth_Token", 403)
        session = self.standin.sessions.peek(token)
        org = self.standin.orgs.by_number.get(session.org) if session else None
        if session is None or org is None:
            return Response.text("Bad_OAuth_Token", 403)
        if self.standin.sessions.use(token, org.settings.session_minutes * 60) is None:
            return Response.text("Bad_OAuth_Token", 403)
        return people.person(org, session.user) or Response.text("Bad_OAuth_Token", 403)

    def identity(self, request: Request) -> Response:
        who = self._bearer(request)
        if isinstance(who, Response):
            return who
        if ids.to_18(request.params["org"]) != who.org.id:
            return Response.text("Wrong_Org", 403)
        asked = people.person(who.org, ids.to_18(request.params["user"]) or "")
        if asked is None:
            return Response.text("Unknown_User", 404)
        return Response.json(people.identity(asked, request.base_url()), content_type=_JSON)

    def userinfo(self, request: Request) -> Response:
        who = self._bearer(request)
        if isinstance(who, Response):
            return who
        return Response.json(people.userinfo(who, request.base_url()), content_type=_JSON)

    def keys(self, _: Request) -> Response:
        return Response.json(public_keys(self.standin.world), content_type=_JSON)

    def discovery(self, request: Request) -> Response:
        base = request.base_url()
        return Response.json(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/services/oauth2/authorize",
                "token_endpoint": f"{base}/services/oauth2/token",
                "revocation_endpoint": f"{base}/services/oauth2/revoke",
                "userinfo_endpoint": f"{base}/services/oauth2/userinfo",
                "introspection_endpoint": f"{base}/services/oauth2/introspect",
                "jwks_uri": f"{base}/id/keys",
                "scopes_supported": [
                    "api",
                    "email",
                    "full",
                    "id",
                    "offline_access",
                    "openid",
                    "profile",
                    "refresh_token",
                ],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                    "private_key_jwt",
                ],
            },
            content_type=_JSON,
        )
