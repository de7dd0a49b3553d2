"""From a fresh grant to a stored connection: whose it is, what it may reach, and that nobody else holds it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from connectors import registry
from connectors.contracts import Access, ConnectionFacts, Grant, Priority, Side
from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp.models import (
    AppCredentials,
    AuthMethod,
    Company,
    Connection,
    ConnectionStatus,
    Integration,
    IntegrationState,
)
from syncapp.services import audit, clients, connection_problems
from syncapp.services.errors import Refused
from syncapp.services.facts import CHANGED_AT
from syncapp.services.sign_in import identity
from syncapp.services.tokens import fill_tokens
from syncapp.store import clock

_REALM = re.compile(r"[0-9]{5,20}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which org or realm a grant opens, and as whom."""

    remote_id: str
    name: str
    user: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class GrantAccess:
    """The access of a grant that is not stored yet: nothing to renew it with."""

    def __init__(self, grant: Grant, base_url: str) -> None:
        self._access = Access(token=grant.access_token, version=0, base_url=base_url)

    def current(self) -> Access:
        return self._access

    def renew(self, stale: Access) -> Access:
        """Raises ConnectorError (kind auth): a token that was just given was refused."""
        del stale
        raise ConnectorError(
            Failure(FailureKind.AUTH, "connect.token_refused", "The token just given was refused.")
        )


def identify(facts: ConnectionFacts, grant: Grant, realm_id: str = "") -> Identity:
    """Ask the vendor who this grant belongs to. Raises ConnectorError, or Refused for a realm id that is none.

    The realm id of the callback is only believed after the company itself was read with the token.
    """
    if facts.side is Side.SALESFORCE:
        return _salesforce(facts, grant)
    if not _REALM.fullmatch(realm_id):
        raise Refused("connect.exchange_failed", detail="QuickBooks did not say which company was chosen.")
    return _quickbooks(replace(facts, remote_id=realm_id), grant, realm_id)


def _salesforce(facts: ConnectionFacts, grant: Grant) -> Identity:
    who = identity(facts, grant)
    client = clients.salesforce_with(facts, GrantAccess(grant, grant.instance_url), Priority.INTERACTIVE)
    org = client.organization()
    return Identity(
        remote_id=str(who["organization_id"]),
        name=str(org.get("Name") or who["organization_id"]),
        user=str(who.get("username", "")),
        facts={
            "edition": org.get("OrganizationType"),
            "sandbox": org.get("IsSandbox"),
            "user_id": str(who.get("user_id", "")),
        },
    )


def _quickbooks(facts: ConnectionFacts, grant: Grant, realm_id: str) -> Identity:
    base_url = registry.base_url(facts)
    client = clients.quickbooks_with(facts, GrantAccess(grant, base_url), Priority.INTERACTIVE)
    company = client.company_info()
    return Identity(
        remote_id=realm_id,
        name=str(company.get("CompanyName") or realm_id),
        facts={"country": company.get("Country")},
    )


@dataclass(frozen=True, slots=True)
class NewConnection:
    """Everything that is stored of a finished sign-in."""

    company: Company
    facts: ConnectionFacts
    app: AppCredentials | None
    grant: Grant
    identity: Identity
    method: AuthMethod = AuthMethod.OAUTH
    advanced_secret: str = ""


def store(new: NewConnection, person: Any) -> Connection:
    """Store the connection, or renew the one that the company had to this org or realm before; one transaction.

    Raises Refused (`connect.realm_taken`) when another company of this installation holds it.
    """
    try:
        with transaction.atomic():
            row = _row_for(new)
            before = {"status": row.status, "user": row.connected_user} if row.token_version else {}
            _fill(row, new)
            row.save()
            connection_problems.close_for(row, by=audit.name_of(person))
            _put_into_integration(row)
            audit.decided(
                "connection.connected",
                person,
                side=row.side,
                remote_id=row.remote_id,
                cause=row.name,
                before=before,
                after={"user": row.connected_user, "environment": row.environment, "method": row.auth_method},
            )
    except IntegrityError as error:
        raise Refused("connect.realm_taken", name=new.identity.name) from error
    return row


def _row_for(new: NewConnection) -> Connection:
    known = (
        Connection.objects.select_for_update()
        .filter(side=new.facts.side, environment=new.facts.environment, remote_id=new.identity.remote_id)
        .order_by("disconnected_at")
        .last()
    )
    return known or Connection(
        id=uuid.uuid4(),
        company=new.company,
        side=new.facts.side,
        environment=new.facts.environment,
        remote_id=new.identity.remote_id,
    )


def _fill(row: Connection, new: NewConnection) -> None:
    row.name = new.identity.name[:255]
    row.connected_user = new.identity.user[:255]
    row.facts = {**row.facts, **new.identity.facts, CHANGED_AT: clock.now().isoformat()}
    row.app_credentials = new.app
    row.login_host = new.facts.login_host
    row.auth_method = new.method
    row.advanced_secret = new.advanced_secret
    row.status, row.status_code, row.disconnected_at = ConnectionStatus.LIVE, "", None
    row.previous_refresh_token, row.previous_refresh_until = "", None
    row.refresh_token = ""
    row.base_url = registry.base_url(new.facts, new.grant.instance_url)
    fill_tokens(row, new.grant)
    row.token_version += 1
    row.refreshed_at = timezone.now()
    row.refresh_lease_until = None
    row.breaker_failures, row.breaker_step, row.breaker_open_until = 0, 0, None


def _put_into_integration(connection: Connection) -> None:
    """A setup that still lacks this side takes the new connection."""
    column = "salesforce" if connection.side == Side.SALESFORCE else "quickbooks"
    waiting = (
        Integration.objects.filter(state=IntegrationState.SETUP, **{f"{column}__isnull": True})
        .order_by("id")
        .first()
    )
    if waiting is not None:
        setattr(waiting, column, connection)
        waiting.save(update_fields=[column])
