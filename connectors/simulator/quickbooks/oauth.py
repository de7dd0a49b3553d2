"""OAuth 2.0 of the vendor: consent, codes, changing refresh tokens, revocation, identity (quickbooks.md section 1)."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from connectors.simulator.quickbooks import knobs
from connectors.simulator.quickbooks.tokens import Token, Tokens
from connectors.simulator.wire import Request, Response
from connectors.simulator.world import World

SCOPES = {
    "com.intuit.quickbooks.accounting",
    "com.intuit.quickbooks.payment",
    "openid",
    "profile",
    "email",
    "phone",
    "address",
    "app-foundations.custom-field-definitions",
    "app-foundations.custom-field-definitions.read",
    "project-management.project",
    "indirect-tax.tax-calculation.quickbooks",
    "payroll.compensation.read",
}
ACCOUNTING = "com.intuit.quickbooks.accounting"
_CODE_SECONDS = 600
_HARD_DAYS = 365 * 5
_DAY = 86400
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class TokenError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.response = Response.json(
            {"error_description": description, "error": error} if description else {"error": error}, status
        )


class OAuth:
    """Grants and tokens of the one app that the stand-in knows."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self.client_id = "AB" + world.fixed("quickbooks client", 48)
        self.client_secret = world.fixed("quickbooks secret", 40)
        self.verifier_token = world.fixed("quickbooks verifier", 36)
        self._tokens = Tokens(world)

    @property
    def _now(self) -> float:
        return self._world.clock.now().timestamp()

    # -- authorize ------------------------------------------------------------------------------------------------

    def check_request(self, query: dict[str, str]) -> str:
        """Why the vendor would show its own error page for this authorization request; empty when it is sound."""
        if query.get("client_id") != self.client_id:
            return "The client_id is not the one of a known app."
        if not _allowed_redirect(query.get("redirect_uri", "")):
            return "The redirect_uri query parameter value is invalid."
        return ""

    def check_parameters(self, query: dict[str, str]) -> str:
        """The error code to send back to the app; empty when there is none."""
        if query.get("response_type") != "code":
            return "unsupported_response_type"
        asked = set(query.get("scope", "").split())
        return "" if asked and asked <= SCOPES else "invalid_scope"

    def consent(self, query: dict[str, str], realm: str) -> str:
        """A person said yes for one company: where to send the browser."""
        now = self._now
        cursor = self._store.write(
            "INSERT INTO qbo_grant (realm, scope, consented, revoked) VALUES (?, ?, ?, 0)",
            (realm, query.get("scope", ""), now),
        )
        code = "AB1" + self._world.opaque("code", 60)
        self._tokens.put(
            Token(
                code,
                "code",
                int(cursor.lastrowid or 0),
                realm,
                query.get("scope", ""),
                query["redirect_uri"],
                now,
                now + _CODE_SECONDS,
                "live",
                now,
            )
        )
        answer = {"code": code, "state": query.get("state", "")}
        if ACCOUNTING in query.get("scope", "").split():
            answer["realmId"] = realm
        return _with_query(query["redirect_uri"], answer)

    @staticmethod
    def refuse(query: dict[str, str], error: str = "access_denied") -> str:
        """A person said no, or the request was bad: where to send the browser."""
        return _with_query(query["redirect_uri"], {"error": error, "state": query.get("state", "")})

    # -- token endpoint -------------------------------------------------------------------------------------------

    def token(self, request: Request) -> Response:
        """`POST /oauth2/v1/tokens/bearer`."""
        form = request.form()
        try:
            self._check_client(request, form)
            kind = form.get("grant_type", "")
            if kind == "authorization_code":
                answer = self._exchange(form, request)
            elif kind == "refresh_token":
                answer = self._refresh(form.get("refresh_token", ""))
            else:
                return TokenError("unsupported_grant_type" if kind else "invalid_request").response
        except TokenError as error:
            return error.response
        if request.header("x-include-refresh-token-hard-expires-in").lower() == "true":
            answer["x_refresh_token_hard_expires_in"] = answer.pop("_hard")
        answer.pop("_hard", None)
        return Response.json(answer)

    def _check_client(self, request: Request, form: dict[str, str]) -> None:
        given = form.get("client_id", ""), form.get("client_secret", "")
        header = request.header("authorization")
        if header.lower().startswith("basic "):
            try:
                text = base64.b64decode(header[6:], validate=True).decode()
            except ValueError:
                text = ""
            name, _, secret = text.partition(":")
            given = name, secret
        if given != (self.client_id, self.client_secret):
            raise TokenError("invalid_client", status=401)

    def _exchange(self, form: dict[str, str], request: Request) -> dict[str, Any]:
        code = self._tokens.get(form.get("code", ""), "code")
        if code is None:
            raise TokenError("invalid_grant", "Invalid authorization code")
        if code.state != "live":  # a second exchange ends what the first one gave
            if knobs.load(self._store).code_reuse_revokes:
                self.revoke_grant(code.grant)
            raise TokenError("invalid_grant", "Invalid authorization code")
        self._tokens.set_state(code.token, "used")
        if code.expires < self._now or code.redirect_uri != form.get("redirect_uri", ""):
            raise TokenError("invalid_grant", "Invalid authorization code")
        answer = self._issue(code.grant, code.realm, code.scope, self._new_refresh(code))
        if "openid" in code.scope.split():
            answer["id_token"] = self._id_token(code.realm, request.base_url())
        return answer

    def _refresh(self, text: str) -> dict[str, Any]:
        token = self._tokens.get(text, "refresh")
        switches = knobs.load(self._store)
        now = self._now
        if token is not None and token.state == "superseded":
            if now - token.changed <= switches.refresh_grace_hours * 3600:
                token = self._tokens.live_refresh(token.grant)
            elif switches.kill_on_reuse:
                self.revoke_grant(token.grant)
        if token is None or token.state != "live" or token.expires < now:
            raise TokenError("invalid_grant", "Incorrect or invalid refresh token")
        rotate = switches.rotate == "always" or (switches.rotate == "daily" and now - token.issued >= _DAY)
        if rotate:
            self._tokens.set_state(token.token, "superseded")
            return self._issue(token.grant, token.realm, token.scope, self._new_refresh(token))
        expires = self._refresh_expiry(token.grant)
        self._store.write("UPDATE qbo_token SET expires = ? WHERE token = ?", (expires, token.token))
        return self._issue(token.grant, token.realm, token.scope, (token.token, expires))

    def _new_refresh(self, parent: Token) -> tuple[str, float]:
        text = f"AB11{int(self._now)}" + self._world.opaque("refresh", 36)
        expires = self._refresh_expiry(parent.grant)
        self._tokens.put(
            Token(
                text,
                "refresh",
                parent.grant,
                parent.realm,
                parent.scope,
                "",
                self._now,
                expires,
                "live",
                self._now,
            )
        )
        return text, expires

    def _refresh_expiry(self, grant: int) -> float:
        rolling = self._now + timedelta(days=knobs.load(self._store).refresh_days).total_seconds()
        return min(rolling, self._hard_expiry(grant))

    def _hard_expiry(self, grant: int) -> float:
        row = self._store.row("SELECT consented FROM qbo_grant WHERE id = ?", (grant,))
        return float(row[0] if row else self._now) + _HARD_DAYS * _DAY

    def _issue(self, grant: int, realm: str, scope: str, refresh: tuple[str, float]) -> dict[str, Any]:
        now = self._now
        seconds = knobs.load(self._store).access_seconds
        text = "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0.." + self._world.opaque("access", 700)
        self._tokens.put(
            Token(text, "access", grant, realm, scope, "", now, now + seconds, "live", now),
        )
        return {
            "x_refresh_token_expires_in": round(refresh[1] - now),
            "refresh_token": refresh[0],
            "access_token": text,
            "token_type": "bearer",
            "expires_in": seconds,
            "_hard": round(self._hard_expiry(grant) - now),
        }

    # -- other endpoints ------------------------------------------------------------------------------------------

    def revoke(self, request: Request) -> Response:
        """`POST /v2/oauth2/tokens/revoke`: ends the whole connection."""
        try:
            body = request.json() if request.body[:1] == b"{" else request.form()
            self._check_client(request, body)
        except TokenError as error:
            return error.response
        except ValueError:
            return Response.json({"error": "invalid_request"}, 400)
        token = self._tokens.get(str(body.get("token", "")), "refresh") or self._tokens.get(
            str(body.get("token", "")), "access"
        )
        if token is None or token.state == "revoked":
            return Response.json({"error": "invalid_request", "error_description": "Token invalid"}, 400)
        self.revoke_grant(token.grant)
        return Response(200)

    def userinfo(self, request: Request) -> Response:
        """`GET /v1/openid_connect/userinfo`."""
        token = self.bearer(request)
        if token is None or token.state != "live" or token.expires < self._now:
            response = Response.json({"error": "invalid_token"}, 401)
            response.headers.append(("WWW-Authenticate", 'Bearer realm="Intuit", error="invalid_token"'))
            return response
        return Response.json(
            {
                "sub": self.subject,
                "email": "owner@example.com",
                "emailVerified": True,
                "givenName": "Craig",
                "familyName": "Carlson",
                "phoneNumber": "+1 6505550100",
                "phoneNumberVerified": False,
                "address": {
                    "streetAddress": "123 Sierra Way",
                    "locality": "San Pablo",
                    "region": "CA",
                    "postalCode": "87999",
                    "country": "US",
                },
            }
        )

    @property
    def subject(self) -> str:
        return self._world.fixed("quickbooks subject", 32)

    def discovery(self, request: Request) -> Response:
        """The discovery document; every address of it lies on this port."""
        base = request.base_url()
        return Response.json(
            {
                "issuer": f"{base}/op/v1",
                "authorization_endpoint": f"{base}/connect/oauth2",
                "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
                "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
                "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
                "jwks_uri": f"{base}/op/v1/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile", "address", "phone"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
            }
        )

    def jwks(self, request: Request) -> Response:
        """`GET /op/v1/jwks`: the public key of the identity tokens."""
        from connectors.simulator.quickbooks import identity  # needs cryptography, which the rest does not

        return Response.json({"keys": [identity.public_jwk(self._store)]})

    def _id_token(self, realm: str, base: str) -> str:
        from connectors.simulator.quickbooks import identity

        now = int(self._now)
        return identity.sign(
            self._store,
            {
                "sub": self.subject,
                "aud": [self.client_id],
                "realmid": realm,
                "auth_time": now,
                "iss": f"{base}/op/v1",
                "exp": now + 3600,
                "iat": now,
            },
        )

    # -- what the API asks ------------------------------------------------------------------------------------------

    def bearer(self, request: Request) -> Token | None:
        """The access token that a call carries, whatever its state."""
        found = re.match(r"(?i)bearer\s+(\S+)$", request.header("authorization"))
        return self._tokens.get(found[1], "access") if found else None

    def is_live(self, token: Token) -> bool:
        return token.state == "live" and token.expires > self._now

    def expire(self, token: Token) -> None:
        """Let an access token expire now."""
        self._store.write("UPDATE qbo_token SET expires = ? WHERE token = ?", (self._now - 1, token.token))

    def revoke_grant(self, grant: int) -> None:
        self._store.write("UPDATE qbo_grant SET revoked = 1 WHERE id = ?", (grant,))
        self._store.write("UPDATE qbo_token SET state = 'revoked' WHERE grant_id = ?", (grant,))

    def forget(self) -> None:
        """Forget every grant and token."""
        self._tokens.clear()

    def disconnect(self, realm: str) -> None:
        """The company's owner removes the app inside QuickBooks: every grant of the company ends."""
        for (grant,) in self._store.rows(
            "SELECT id FROM qbo_grant WHERE realm = ? AND revoked = 0", (realm,)
        ):
            self.revoke_grant(grant)

    def standing_tokens(self, realm: str) -> tuple[str, str]:
        """An access and a refresh token of a company for `/_sim/credentials`, renewed when they have died."""
        key = f"quickbooks:standing:{realm}"
        grant = self._store.value(key)
        refresh = self._tokens.live_refresh(grant) if grant is not None else None
        if refresh is None or refresh.expires < self._now:
            cursor = self._store.write(
                "INSERT INTO qbo_grant (realm, scope, consented, revoked) VALUES (?, ?, ?, 0)",
                (realm, ACCOUNTING, self._now),
            )
            grant = int(cursor.lastrowid or 0)
            self._store.set_value(key, grant)
            seedling = Token("", "code", grant, realm, ACCOUNTING, "", self._now, 0, "used", self._now)
            text, expires = self._new_refresh(seedling)
            answer = self._issue(grant, realm, ACCOUNTING, (text, expires))
            return str(answer["access_token"]), text
        row = self._store.row(
            "SELECT token FROM qbo_token WHERE grant_id = ? AND kind = 'access' AND state = 'live' AND expires > ?"
            " ORDER BY expires DESC LIMIT 1",
            (grant, self._now + 60),
        )
        if row is not None:
            return row[0], refresh.token
        answer = self._issue(grant, realm, refresh.scope, (refresh.token, refresh.expires))
        return str(answer["access_token"]), refresh.token


def _allowed_redirect(uri: str) -> bool:
    parts = urlsplit(uri)
    if parts.fragment or not parts.hostname:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _with_query(uri: str, answer: dict[str, str]) -> str:
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}"


def fields_of(query: dict[str, str]) -> str:
    """The authorization request as one hidden form value."""
    return base64.urlsafe_b64encode(json.dumps(query).encode()).decode()


def fields_from(text: str) -> dict[str, str]:
    """The authorization request back from the form. Raises `ValueError`."""
    found = json.loads(base64.urlsafe_b64decode(text.encode()))
    if not isinstance(found, dict):
        raise ValueError("not an authorization request")  # noqa: TRY004 - callers expect one kind
    return {str(name): str(value) for name, value in found.items()}
