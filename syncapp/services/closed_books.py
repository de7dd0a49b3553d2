"""The closed period of a QuickBooks company: known anew twice a day, and what a person decides about a document that
falls into it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from connectors.contracts import Priority, Side
from connectors.quickbooks.client import QuickBooksClient
from syncapp.engine.documents import CLOSED_BOOKS, NEXT_OPEN, WAIT
from syncapp.engine.reasons import CLOSED_DATE, CLOSED_WAITS, LOCKED_CLOSED
from syncapp.models import Connection, RecordLink
from syncapp.models.link import CLOSED_LIFECYCLES
from syncapp.services import held_answers
from syncapp.services.clients import AnyClient
from syncapp.services.errors import Refused
from syncapp.store import clock, leases

EVERY = timedelta(hours=12)
"""How old the closing date may become before it is asked again: one metered read."""
MOST_WOKEN = 1000
ANSWERS = (NEXT_OPEN, WAIT)


def answer(link: RecordLink, choice: str, person: Any) -> None:
    """Send this document with the next open day as its date, or once the books are open; whatever its mapping says.

    Raises Refused: `closed.unknown_answer`, `closed.exists_there` where QuickBooks has it already."""
    if choice not in ANSWERS:
        raise Refused("closed.unknown_answer")
    held_answers.keep(
        link,
        CLOSED_BOOKS,
        "closed",
        {"choice": choice},
        person,
        action="closed.answered",
        check=held_answers.only_new("closed.exists_there"),
    )


def refresh_due(connection: Connection, client: AnyClient) -> bool:
    """Ask for the closing date where what is known of it is old; True when it was asked. Raises ConnectorError."""
    facts: Mapping[str, Any] = connection.facts or {}
    if connection.side != Side.QUICKBOOKS or "closing_date" not in facts:
        return False
    if not isinstance(client, QuickBooksClient) or not _is_old(connection, facts):
        return False
    books = client.preferences().get("AccountingInfoPrefs") or {}
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        row.facts = {**row.facts, "books_at": clock.now().isoformat()}
        row.save(update_fields=["facts"])
        take(row, str(books.get("BookCloseDate") or ""))
    return True


def _is_old(connection: Connection, facts: Mapping[str, Any]) -> bool:
    asked = facts.get("books_at")
    moments = [connection.facts_at, datetime.fromisoformat(asked) if asked else None]
    newest = max((moment for moment in moments if moment is not None), default=None)
    return newest is None or newest < clock.now() - EVERY


def take(connection: Connection, closing_date: str) -> None:
    """Keep the closing date; where the books were opened, what waited for that is looked at again."""
    before = str(connection.facts.get("closing_date") or "")
    connection.facts = {**connection.facts, "closing_date": closing_date}
    connection.save(update_fields=["facts"])
    if before and closing_date < before:
        wake(connection)


def wake(connection: Connection) -> None:
    """Documents that stopped at the closed period are decided again."""
    rows = RecordLink.objects.filter(
        integration__quickbooks=connection,
        integration__switched_on_at__isnull=False,
        attention_code__in=(CLOSED_WAITS, CLOSED_DATE, LOCKED_CLOSED),
    ).exclude(lifecycle__in=CLOSED_LIFECYCLES)
    ids = list(rows.order_by("id").values_list("id", flat=True)[:MOST_WOKEN])
    leases.make_due(connection.company_id, ids, Priority.NORMAL, cause="The books are open again")
