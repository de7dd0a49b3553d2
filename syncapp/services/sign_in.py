"""The vendors' token endpoints behind one door: which of them is asked, and in which way, for one connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connectors.contracts import AppCredentials, ConnectionFacts, Grant, Side
from connectors.errors import ConnectorError, Failure, FailureKind
from connectors.quickbooks import oauth as quickbooks
from connectors.salesforce import oauth as salesforce
from syncapp.models import AuthMethod, Connection
from syncapp.services.facts import app_of, facts_of

INVALID_GRANT = "oauth.invalid_grant"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Everything a token endpoint needs for one connection. `secrets` are those of the non-browser methods."""

    facts: ConnectionFacts
    app: AppCredentials = field(repr=False)
    method: AuthMethod = AuthMethod.OAUTH
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def refreshes(self) -> bool:
        """Whether a refresh token keeps this connection alive; the other methods sign in anew each time."""
        return self.method is AuthMethod.OAUTH

    def renew(self, refresh_token: str) -> Grant:
        """A new access token. Raises ConnectorError: `oauth.invalid_grant` when the grant is dead."""
        if self.method is not AuthMethod.OAUTH:
            return _METHODS[self.method](self)
        swap = salesforce.refresh if self.facts.side is Side.SALESFORCE else quickbooks.refresh
        return swap(self.facts, self.app, refresh_token)

    def revoke(self, token: str) -> None:
        """End the grant at the vendor. Raises ConnectorError when the vendor cannot be told."""
        end = salesforce.revoke if self.facts.side is Side.SALESFORCE else quickbooks.revoke
        end(self.facts, self.app, token)


def sign_in_of(connection: Connection) -> SignIn:
    """How this stored connection gets its tokens. Raises SecretUnreadable when a secret cannot be opened."""
    secret = connection.advanced_secret
    return SignIn(
        facts=facts_of(connection),
        app=app_of(connection.app_credentials),
        method=AuthMethod(connection.auth_method),
        secrets=json.loads(secret) if secret else {},
    )


def authorize_url(
    facts: ConnectionFacts, app: AppCredentials, *, redirect_uri: str, state: str, verifier: str
) -> str:
    """The vendor's consent page; `verifier` stays with us until the code comes back. Raises ConnectorError (config) for
    a login host that is not the vendor's."""
    page = salesforce.authorize_url if facts.side is Side.SALESFORCE else quickbooks.authorize_url
    return page(
        facts, app, redirect_uri=redirect_uri, state=state, challenge=salesforce.challenge_of(verifier)
    )


def exchange(
    facts: ConnectionFacts, app: AppCredentials, *, code: str, redirect_uri: str, verifier: str
) -> Grant:
    """The grant for the code that a consent page sent back; a code works once. Raises ConnectorError."""
    swap = salesforce.exchange if facts.side is Side.SALESFORCE else quickbooks.exchange
    return swap(facts, app, code=code, redirect_uri=redirect_uri, verifier=verifier)


def denial(side: Side, error: str, description: str) -> Failure:
    """The failure that a consent page names when it sends a person back without a code."""
    read = salesforce.callback_failure if side is Side.SALESFORCE else quickbooks.callback_failure
    return read(error, description)


def identity(facts: ConnectionFacts, grant: Grant) -> dict[str, Any]:
    """Whose Salesforce token this is: organization_id (18 characters), username … Raises ConnectorError."""
    return salesforce.identity(facts, grant)


def _jwt(sign_in: SignIn) -> Grant:
    return salesforce.jwt_bearer(
        sign_in.facts,
        sign_in.app,
        username=sign_in.secrets["username"],
        private_key=sign_in.secrets["private_key"],
    )


def _client_credentials(sign_in: SignIn) -> Grant:
    return salesforce.client_credentials(sign_in.facts, sign_in.app)


def _password(sign_in: SignIn) -> Grant:
    return salesforce.password(
        sign_in.facts,
        sign_in.app,
        username=sign_in.secrets["username"],
        password=sign_in.secrets["password"],
        security_token=sign_in.secrets.get("security_token", ""),
    )


_METHODS: dict[AuthMethod, Callable[[SignIn], Grant]] = {
    AuthMethod.JWT: _jwt,
    AuthMethod.CLIENT_CREDENTIALS: _client_credentials,
    AuthMethod.PASSWORD: _password,
}


def dead(code: str, message: str = "") -> ConnectorError:
    """The error of a connection that needs a person."""
    return ConnectorError(Failure(FailureKind.AUTH, code, message))
