"""Connect, reconnect and disconnect a side (DESIGN rule 6; sync-semantics section 15).

A started consent is a stored, single-use state bound to person, session, company, side, environment and verifier. What
comes back is believed only where all of it fits; nothing is half-saved.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors.contracts import AppCredentials, ConnectionFacts, Environment, Side
from connectors.errors import ConnectorError, FailureKind
from syncapp.crypto import SecretUnreadable
from syncapp.models import (
    Company,
    Connection,
    ConnectionStatus,
    Integration,
    IntegrationState,
    IntentState,
    MappingPass,
    OAuthState,
    RecordLink,
    WriteIntent,
)
from syncapp.services import audit, connection_problems, grants
from syncapp.services.advanced import save_advanced, validate
from syncapp.services.apps import app_credentials, environments, redirect_uri, save_app
from syncapp.services.checks import Check, ValidationReport
from syncapp.services.errors import Refused
from syncapp.services.facts import app_of, facts
from syncapp.services.sign_in import authorize_url, denial, exchange, sign_in_of
from syncapp.tenancy import tenant

__all__ = [
    "Check",
    "ConnectOutcome",
    "ValidationReport",
    "app_credentials",
    "disconnect",
    "environments",
    "finish",
    "redirect_uri",
    "save_advanced",
    "save_app",
    "start",
    "validate",
]

STATE_AGE = timedelta(minutes=10)
KEPT_AFTER_END = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ConnectOutcome:
    """A finished consent: the connection, where the person wanted to go, and the company it was for."""

    connection: Connection
    return_to: str
    company_id: int


def start(
    company: Company,
    person: Any,
    session_key: str,
    side: Side | str,
    environment: Environment | str,
    *,
    login_host: str = "",
    reconnect: Connection | None = None,
    return_to: str = "",
) -> str:
    """The address of the vendor's consent page; stores the single-use state that its answer must bring back.

    Raises Refused: `connect.no_app`, `connect.bad_host`, `connect.unreachable` (the simulator does not run),
    `vault.unreadable`.
    """
    side, environment = Side(side), Environment(environment)
    try:
        app = app_credentials(company, side, environment, login_host)
        if app is None or environment.value not in {each.value for each in environments(side)}:
            raise Refused("connect.no_app", side=side.value, environment=environment.value)
        verifier = secrets.token_urlsafe(64)
        row = OAuthState(
            company=company,
            person=person,
            session_hash=_digest(session_key),
            side=side,
            environment=environment,
            login_host=login_host,
            app_credentials=app,
            reconnects=reconnect,
            return_to=return_to[:255],
            redirect_uri=redirect_uri(side),
        )
        row.verifier = verifier
        return _consent_page(row, app_of(app), verifier)
    except SecretUnreadable as error:
        raise Refused("vault.unreadable") from error


def _consent_page(row: OAuthState, app: AppCredentials, verifier: str) -> str:
    """Store the state and give the address that carries it; states of long ago are cleared away."""
    state = secrets.token_urlsafe(32)
    try:
        address = authorize_url(
            _facts_of(row), app, redirect_uri=row.redirect_uri, state=state, verifier=verifier
        )
    except ConnectorError as error:
        if error.failure.code == "net.host_not_allowed":
            raise Refused("connect.bad_host", host=row.login_host) from error
        raise _refusal(error) from error
    OAuthState.objects.filter(created_at__lt=timezone.now() - KEPT_AFTER_END).delete()
    row.state_hash = _digest(state)
    row.save()
    return address


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _facts_of(state: OAuthState) -> ConnectionFacts:
    return facts(Side(state.side), Environment(state.environment), login_host=state.login_host)


def finish(
    side: Side | str,
    params: Mapping[str, str],
    person: Any,
    session_key: str,
    *,
    may_connect: Callable[[int, int], bool],
    now: datetime | None = None,
) -> ConnectOutcome:
    """Take the answer of a consent page: check the state, exchange the code, store the connection.

    `params` is the callback's query; `may_connect(person id, company id)` checks the role again. The company comes from
    the stored state. Not inside a tenant, not inside a transaction. Raises Refused with a `connect.…` code; nothing was
    saved then.
    """
    state = _claim(Side(side), params.get("state", ""), person, session_key, now or timezone.now())
    with tenant(state.company_id):
        if not may_connect(person.pk, state.company_id):
            raise Refused("connect.no_role")
        _refuse_denied(Side(side), params)
        connection = _connect(state, params, person)
    return ConnectOutcome(connection, state.return_to, state.company_id)


def _claim(side: Side, state: str, person: Any, session_key: str, now: datetime) -> OAuthState:
    """Find and use up the stored state. Raises Refused when the answer is not the one that was started."""
    row = (
        OAuthState.all_companies.select_related("company", "app_credentials", "reconnects")
        .filter(state_hash=_digest(state), side=side)
        .first()
    )
    if row is None:
        raise Refused("connect.state_unknown")
    if row.used_at is not None:
        raise Refused("connect.state_used")
    if now - row.created_at > STATE_AGE:
        raise Refused("connect.state_expired")
    if row.person_id != person.pk:
        raise Refused("connect.other_person")
    if not secrets.compare_digest(row.session_hash, _digest(session_key)):
        raise Refused("connect.other_session")
    if not OAuthState.all_companies.filter(pk=row.pk, used_at=None).update(used_at=now):
        raise Refused("connect.state_used")
    return row


def _refuse_denied(side: Side, params: Mapping[str, str]) -> None:
    if params.get("code") and not params.get("error"):
        return
    failure = denial(side, params.get("error") or "no_code", params.get("error_description", ""))
    if failure.kind is FailureKind.PERMISSION:
        raise Refused("connect.denied")
    raise Refused("connect.exchange_failed", detail=(failure.message or failure.code)[:300])


def _connect(state: OAuthState, params: Mapping[str, str], person: Any) -> Connection:
    where = _facts_of(state)
    try:
        grant = exchange(
            where,
            app_of(state.app_credentials),
            code=params["code"],
            redirect_uri=state.redirect_uri,
            verifier=state.verifier,
        )
        who = grants.identify(where, grant, params.get("realmId", ""))
    except ConnectorError as error:
        raise _refusal(error) from error
    except SecretUnreadable as error:
        raise Refused("vault.unreadable") from error
    old = state.reconnects
    if old is not None and old.remote_id != who.remote_id:
        raise Refused("connect.wrong_org", expected=old.name or old.remote_id, got=who.name)
    return grants.store(grants.NewConnection(state.company, where, state.app_credentials, grant, who), person)


def _refusal(error: ConnectorError) -> Refused:
    failure = error.failure
    if failure.kind in {FailureKind.TRANSIENT, FailureKind.THROTTLED}:
        return Refused("connect.unreachable", detail=failure.message)
    if failure.code in {"oauth.forged_instance", "oauth.signature", "net.host_not_allowed"}:
        return Refused("connect.forged_instance")
    return Refused("connect.exchange_failed", detail=failure.message or failure.code)


def disconnect(connection: Connection, by: Any) -> bool:
    """Revoke the grant at the vendor and forget the tokens; cursors, links and due work stay for the same org or realm.

    Returns whether the vendor could be told; the connection is disconnected either way. Writes whose outcome is unknown
    wait for a person from now on (sync-semantics section 17).
    """
    told = _revoke(connection)
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        for name in ("access_token", "refresh_token", "previous_refresh_token", "advanced_secret"):
            setattr(row, name, "")
        row.status, row.status_code = ConnectionStatus.DISCONNECTED, ""
        row.disconnected_at = timezone.now()
        row.token_version += 1
        row.refresh_lease_until = None
        row.save()
        WriteIntent.objects.filter(connection=row, state=IntentState.UNKNOWN).update(state=IntentState.ASK)
        connection_problems.close_for(row, by=audit.name_of(by))
        _leave_setups(row)
        audit.decided(
            "connection.disconnected",
            by,
            side=row.side,
            remote_id=row.remote_id,
            cause=row.name,
            after={"told": told},
        )
    connection.refresh_from_db()
    return told


def _revoke(connection: Connection) -> bool:
    try:
        sign_in = sign_in_of(connection)
        token = connection.refresh_token or connection.access_token
        if token:
            sign_in.revoke(token)
    except (ConnectorError, SecretUnreadable):
        return False
    return True


def _leave_setups(connection: Connection) -> None:
    """An integration that was never switched on forgets this side and what was read of it: links never follow."""
    column = "salesforce" if connection.side == Side.SALESFORCE else "quickbooks"
    setups = Integration.objects.filter(
        state=IntegrationState.SETUP, switched_on_at=None, **{column: connection}
    )
    for integration in setups:
        RecordLink.objects.filter(integration=integration).delete()
        MappingPass.objects.filter(mapping__integration=integration).delete()
        setattr(integration, column, None)
        integration.save(update_fields=[column])
