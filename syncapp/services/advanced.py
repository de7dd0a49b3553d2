"""Advanced properties of a connection: tried out first, saved only when they work; and Validate Connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.contracts import AppCredentials, ConnectionFacts, Environment, Grant, Side
from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp.crypto import SecretUnreadable
from syncapp.messages import words_for
from syncapp.models import AppCredentials as AppRow
from syncapp.models import AuthMethod, Company, Connection
from syncapp.services import audit, grants, health
from syncapp.services.apps import app_credentials, redirect_uri, save_app
from syncapp.services.checks import Check, ValidationReport, bad, good, warn
from syncapp.services.errors import Refused
from syncapp.services.facts import app_of, facts
from syncapp.services.sign_in import SignIn, exchange
from syncapp.services.tokens import TokenVault

PROBE_CODE = "ledgerbridge-checks-these-keys"
FIELDS_OF_FAILURE = {
    "oauth.invalid_client": "client_secret",
    "oauth.invalid_client_id": "client_id",
    "oauth.unauthorized_client": "client_id",
    "oauth.private_key": "private_key",
    "oauth.user_not_approved": "username",
    "oauth.inactive_user": "username",
    "oauth.authentication_failure": "password",
    "oauth.audience": "login_host",
    "oauth.domain": "login_host",
    "net.host_not_allowed": "login_host",
}
_NEEDED: dict[AuthMethod, tuple[str, ...]] = {
    AuthMethod.OAUTH: (),
    AuthMethod.JWT: ("username", "private_key"),
    AuthMethod.CLIENT_CREDENTIALS: ("login_host",),
    AuthMethod.PASSWORD: ("username", "password"),
}
_PROOF = {
    AuthMethod.OAUTH: "refresh_token",
    AuthMethod.JWT: "private_key",
    AuthMethod.CLIENT_CREDENTIALS: "client_secret",
    AuthMethod.PASSWORD: "password",
}
"""What proves who signs in: the field that a refused grant means."""
_SECRET_NAMES = ("username", "private_key", "password", "security_token")
_LABELS = {
    "client_id": "Client id",
    "client_secret": "Client secret",
    "username": "User name",
    "private_key": "Private key",
    "password": "Password",
    "security_token": "Security token",
    "login_host": "My Domain address",
    "refresh_token": "Refresh token",
    "realm_id": "Realm id",
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a person entered, completed by what is stored: secrets are write-only, an empty field keeps them."""

    facts: ConnectionFacts
    method: AuthMethod
    app: AppCredentials = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    secrets: dict[str, str] = field(repr=False)

    @property
    def missing(self) -> list[str]:
        """Names of fields that this way of signing in cannot do without."""
        names = [name for name in _NEEDED[self.method] if not (self.secrets.get(name) or self.form.get(name))]
        if self.facts.environment is Environment.SIMULATOR and "login_host" in names:
            names.remove("login_host")  # the simulator has one address for every org
        if not self.app.client_id:
            names.append("client_id")
        if self.form.get("refresh_token") and not self.facts.remote_id:
            names.append("realm_id")
        return names


def save_advanced(company: Company, person: Any, side: str, form: Mapping[str, str]) -> ValidationReport:
    """Try out what a person entered for one side, and save it only when it works.

    Fields: environment, login_host, client_id, client_secret, verifier_token; Salesforce also auth_method (oauth, jwt,
    client_credentials, password), username, private_key, password, security_token; QuickBooks also realm_id and
    refresh_token. `connection` names the stored connection whose secrets fill empty fields. Nothing is saved when the
    report is not ok. The vendor is called: not inside a transaction. Raises Refused (`vault.unreadable`).
    """
    try:
        wanted = _wanted(company, Side(side), form)
    except SecretUnreadable as error:
        raise Refused("vault.unreadable") from error
    if wanted.missing:
        return ValidationReport(
            tuple(
                bad(f"missing.{name}", f"{_LABELS[name]} is missing", field=name) for name in wanted.missing
            )
        )
    if wanted.method is AuthMethod.OAUTH and not form.get("refresh_token"):
        return _save_keys(company, person, wanted)
    return _save_connection(company, person, wanted)


def _wanted(company: Company, side: Side, form: Mapping[str, str]) -> _Wanted:
    form = {name: str(value).strip() for name, value in form.items() if value is not None}
    stored = (
        Connection.objects.filter(pk=form["connection"], side=side).first()
        if form.get("connection")
        else None
    )
    environment = Environment(form.get("environment") or (stored.environment if stored else "production"))
    host = form.get("login_host", "")
    known = app_credentials(company, side, environment, host)
    if known is not None and (form.get("client_id") or known.client_id) == known.client_id:
        app = AppCredentials(known.client_id, form.get("client_secret") or known.client_secret)
    else:
        app = AppCredentials(form.get("client_id", ""), form.get("client_secret", ""))
    old = json.loads(stored.advanced_secret or "{}") if stored else {}
    secrets = {name: form.get(name) or old.get(name, "") for name in _SECRET_NAMES}
    return _Wanted(
        facts=facts(side, environment, remote_id=form.get("realm_id", ""), login_host=host),
        method=AuthMethod(form.get("auth_method") or AuthMethod.OAUTH),
        app=app,
        form=form,
        secrets={name: value for name, value in secrets.items() if value},
    )


def _save_keys(company: Company, person: Any, wanted: _Wanted) -> ValidationReport:
    """An app alone: vendors tell good keys from bad ones without a person (quickbooks.md 1.3; salesforce.md 1.7)."""
    failure = _try_keys(wanted)
    if failure is not None and failure.kind is not FailureKind.AUTH:
        return ValidationReport((_check_of(failure),))
    with_secret = wanted.form.get("client_secret") or None
    save_app(
        company,
        wanted.facts.side,
        wanted.facts.environment,
        wanted.app.client_id,
        with_secret,
        wanted.form.get("verifier_token") or None,
        wanted.facts.login_host,
    )
    audit.decided("app.saved", person, side=wanted.facts.side, after={"client_id": wanted.app.client_id})
    return ValidationReport((good("keys", "The app keys work"),))


def _try_keys(wanted: _Wanted) -> Failure | None:
    """Exchange a code that cannot exist: `invalid_grant` (kind auth) means that the keys are good."""
    try:
        exchange(
            wanted.facts,
            wanted.app,
            code=PROBE_CODE,
            redirect_uri=redirect_uri(wanted.facts.side),
            verifier=PROBE_CODE * 2,
        )
    except ConnectorError as error:
        return error.failure
    return None


def _save_connection(company: Company, person: Any, wanted: _Wanted) -> ValidationReport:
    """Sign in without a browser; what comes back is stored like a finished consent."""
    sign_in = SignIn(wanted.facts, wanted.app, wanted.method, wanted.secrets)
    try:
        grant = sign_in.renew(wanted.form.get("refresh_token", ""))
        who = grants.identify(wanted.facts, grant, wanted.facts.remote_id)
    except ConnectorError as error:
        return ValidationReport((_check_of(error.failure, _PROOF[wanted.method]),))
    except Refused as refused:
        return ValidationReport((_check_of_refusal(refused, "realm_id"),))
    return _stored(company, person, wanted, grant, who)


def _stored(
    company: Company, person: Any, wanted: _Wanted, grant: Grant, who: grants.Identity
) -> ValidationReport:
    app = _app_row(company, wanted)
    secret = json.dumps(wanted.secrets) if wanted.method is not AuthMethod.OAUTH else ""
    new = grants.NewConnection(company, wanted.facts, app, grant, who, wanted.method, secret)
    try:
        grants.store(new, person)
    except Refused as refused:
        return ValidationReport((_check_of_refusal(refused, "realm_id"),))
    checks = [good("sign_in", f"Signed in to {who.name}", who.user)]
    if wanted.method is AuthMethod.PASSWORD:
        checks.append(
            warn(
                "password_ends",
                "This way of signing in ends",
                "Salesforce retires the user name and password flow with Winter '27; new orgs have it switched off.",
                "Move to JWT bearer, or connect in the browser.",
            )
        )
    return ValidationReport(tuple(checks))


def _app_row(company: Company, wanted: _Wanted) -> AppRow:
    """The stored app of these keys: the one that was used, or the company's own from now on."""
    where = wanted.facts
    known = app_credentials(company, where.side, where.environment, where.login_host)
    if known is not None and app_of(known) == wanted.app:
        return known
    return save_app(
        company,
        where.side,
        where.environment,
        wanted.app.client_id,
        wanted.app.client_secret,
        wanted.form.get("verifier_token") or None,
        where.login_host,
    )


def validate(connection: Connection) -> ValidationReport:
    """Validate Connection: sign in anew, see that it is still the same org or company, and check its health.

    A connection that waits for a person comes back to life when the sign-in works again (the app's secret was
    corrected, an address was allowed).
    """
    vault = TokenVault(connection.pk, even_if_ended=True)
    try:
        vault.renew(vault.current())
        connection.refresh_from_db()
        return ValidationReport((good("sign_in", "The sign-in works"), *health.check_side(connection)))
    except ConnectorError as error:
        return ValidationReport((_check_of(error.failure),))
    except SecretUnreadable:
        return ValidationReport((_check_of(Failure(FailureKind.CONFIG, "vault.unreadable")),))


def _check_of(failure: Failure, proof: str = "refresh_token") -> Check:
    """`proof` is the field that a refused grant means."""
    words = words_for(failure.code, {"message": failure.message, "detail": failure.detail})
    return Check(
        key=failure.code,
        level=bad("", "").level,
        title=words.title,
        detail=f"{words.what} {failure.message}".strip(),
        fix=words.todo,
        field=proof if failure.code == "oauth.invalid_grant" else FIELDS_OF_FAILURE.get(failure.code, ""),
    )


def _check_of_refusal(refused: Refused, field: str) -> Check:
    words = words_for(refused.code, refused.values)
    return bad(refused.code, words.title, words.what, words.todo, field)
