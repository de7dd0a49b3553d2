"""Lists that records refer to by name (terms, tax codes, accounts …), kept per QuickBooks company.

Reads are metered, so a list is read when a mapping first needs it, slowly refreshed, and at once by a person's button.
Items, customers and the like that are captured anyway keep their entries fresh at no cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import structlog
from django.db import transaction

from connectors.contracts import Priority, RemoteRecord, Side
from connectors.errors import ConnectorError
from connectors.quickbooks.client import QuickBooksClient
from syncapp.engine.lists import Entry, Lists, entry_of
from syncapp.engine.reasons import NO_ITEM, NOT_LISTED
from syncapp.models import CLOSED_LIFECYCLES, Connection, RecordLink, ReferenceList
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.store import clock, leases, reference_lists

log = structlog.get_logger()

LISTS = (
    *("Account", "Class", "Department", "Term", "PaymentMethod", "TaxCode", "TaxRate"),
    *("CustomerType", "CompanyCurrency", "Item"),
)
"""Every list that a mapping may look names up in."""
EVERY = timedelta(hours=12)
"""How old a list may become before it is read again."""
MOST_WOKEN = 1000
"""How many waiting records one change of a list makes due."""
AGAIN = timedelta(minutes=30)
"""When a list that could not be read is tried again."""


def load(connection: Connection, entities: Iterable[str], client: AnyClient | None = None) -> Lists:
    """These lists of a QuickBooks company; what was never read is read now when a client is at hand."""
    wanted = set(entities)
    if client is not None:
        for entity in reference_lists.unread(connection.pk, wanted):
            refresh(connection, entity, client)
    return reference_lists.load(connection.pk, wanted)


def refresh(connection: Connection, entity: str, client: AnyClient) -> int:
    """Read one list anew; returns how many entries it has. A list that cannot be read keeps what it held and says why.

    Does not raise for what QuickBooks refuses: a company without locations has no such list.
    """
    if not isinstance(client, QuickBooksClient):
        raise TypeError("only QuickBooks has these lists")
    now = clock.now()
    try:
        found = [entry_of(record.body) for record in client.lists(entity)]
    except ConnectorError as error:
        failure = error.failure
        ReferenceList.objects.update_or_create(
            connection=connection,
            entity=entity,
            defaults={
                "failure_code": failure.code,
                "failure_values": {"message": failure.message, "detail": failure.detail},
                "next_at": now + AGAIN,
            },
        )
        log.warning("list_not_read", entity=entity, code=failure.code)
        return 0
    with transaction.atomic():
        reference_lists.replace(connection.company_id, connection.pk, entity, found, now, now + EVERY)
        _wake(connection, entity)
    return len(found)


def refresh_all(connection: Connection, entities: Sequence[str] = LISTS) -> dict[str, int]:
    """Read these lists of a company now, for a person's button; returns the number of entries of each."""
    meter = UsageMeter()
    client = client_for(connection, Priority.INTERACTIVE, meter)
    try:
        return {entity: refresh(connection, entity, client) for entity in entities}
    finally:
        flush(connection, meter)


def refresh_due(connection: Connection) -> int:
    """Read again what has become old of the lists that mappings of this company use; returns how many were read."""
    rows = ReferenceList.objects.filter(connection=connection, next_at__lte=clock.now())
    due = list(rows.values_list("entity", flat=True))
    if due:
        refresh_all(connection, due)
    return len(due)


def take_in(connection: Connection, side: Side, entity: str, records: Sequence[RemoteRecord]) -> None:
    """Records that capture brought renew their entries in a list that is kept."""
    if side is not Side.QUICKBOOKS or entity not in LISTS:
        return
    kept = ReferenceList.objects.filter(connection=connection, entity=entity, read_at__isnull=False).first()
    if kept is None:
        return
    entries: list[Entry] = [entry_of(record.body) for record in records if record.body]
    fresh = reference_lists.new_names(kept.pk, entries)
    reference_lists.put(connection.company_id, kept.pk, entries)
    if fresh:
        _wake(connection, entity)


def _wake(connection: Connection, entity: str) -> None:
    """Records that stopped because this list did not hold a name are looked at again: it may be there now."""
    rows = RecordLink.objects.filter(
        integration__quickbooks=connection,
        integration__switched_on_at__isnull=False,
        attention_code__in=(NOT_LISTED, NO_ITEM),
        attention_values__list=entity,
    ).exclude(lifecycle__in=CLOSED_LIFECYCLES)
    ids = list(rows.order_by("id").values_list("id", flat=True)[:MOST_WOKEN])
    leases.make_due(connection.company_id, ids, Priority.NORMAL, cause="A list has new entries")
