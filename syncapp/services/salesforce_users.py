"""The people of a Salesforce org, kept as a list: owners, whom mappings send to QuickBooks as sales reps by name.

Read by a person's button, and again every night once it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from django.db import transaction

from connectors.contracts import Priority, RemoteRecord
from connectors.errors import ConnectorError
from connectors.salesforce.client import SalesforceClient
from syncapp.engine.lists import Entry
from syncapp.models import Connection, ReferenceList
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.services.reference_lists import AGAIN, EVERY
from syncapp.store import clock, reference_lists

log = structlog.get_logger()

USERS = "User"
FIELDS = ("Name", "Email", "IsActive")
"""By which a sales rep is told (salesforce.md 8.9)."""
MOST_PAGES = 10


def refresh(connection: Connection, client: AnyClient) -> int:
    """Read the users anew; returns how many. Does not raise: a list that cannot be read keeps what it held and says
    why."""
    if not isinstance(client, SalesforceClient):
        raise TypeError("only Salesforce has users")
    now = clock.now()
    try:
        found = [_entry(record) for record in _pages(client)]
    except ConnectorError as error:
        failure = error.failure
        told = {"message": failure.message, "detail": failure.detail}
        ReferenceList.objects.update_or_create(
            connection=connection,
            entity=USERS,
            defaults={"failure_code": failure.code, "failure_values": told, "next_at": now + AGAIN},
        )
        log.warning("users_not_read", code=failure.code)
        return 0
    with transaction.atomic():
        reference_lists.replace(connection.company_id, connection.pk, USERS, found, now, now + EVERY)
    return len(found)


def refresh_now(connection: Connection) -> int:
    """Read the users for a person's button."""
    meter = UsageMeter()
    try:
        return refresh(connection, client_for(connection, Priority.INTERACTIVE, meter))
    finally:
        flush(connection, meter)


def refresh_due(connection: Connection, client: AnyClient) -> None:
    """Read them again where somebody asked for them once and they became old."""
    due = ReferenceList.objects.filter(connection=connection, entity=USERS, next_at__lte=clock.now())
    if due.exists():
        refresh(connection, client)


def _pages(client: SalesforceClient) -> Iterator[RemoteRecord]:
    cursor = ""
    for _ in range(MOST_PAGES):
        page = client.scan(USERS, FIELDS, cursor)
        yield from page.records
        cursor = page.next
        if not cursor:
            return


def _entry(record: RemoteRecord) -> Entry:
    return Entry(
        id=record.id,
        name=str(record.body.get("Name") or ""),
        kind="User",
        active=record.body.get("IsActive") is not False,
        more={"email": str(record.body.get("Email") or "")},
    )
