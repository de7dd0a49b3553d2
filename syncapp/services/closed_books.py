"""The closed period of a QuickBooks company and its other settings: known anew twice a day and as soon as a notice says
that they changed, and what a person decides about a document that falls into the closed period."""

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
from syncapp.services import health_quickbooks, held_answers
from syncapp.services.clients import AnyClient
from syncapp.services.errors import Refused
from syncapp.services.facts import CHANGED_AT
from syncapp.store import clock, leases

EVERY = timedelta(hours=12)
"""How old the settings may become before they are asked again: one metered read."""
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
    """Ask for the settings where what is known of them is old; True when they were asked. Raises ConnectorError."""
    facts: Mapping[str, Any] = connection.facts or {}
    if connection.side != Side.QUICKBOOKS or "closing_date" not in facts:
        return False
    if not _is_old(connection, facts):
        return False
    refresh(connection, client)
    return True


def refresh(connection: Connection, client: AnyClient) -> int:
    """Ask for the company's settings now; where the books were opened, what waited for that is looked at again. Returns
    how many records that are. One metered read. Raises ConnectorError."""
    if not isinstance(client, QuickBooksClient):
        raise TypeError("only QuickBooks has these settings")
    settings = health_quickbooks.settings_of(client.preferences())
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        before = str(row.facts.get("closing_date") or "")
        opened = bool(before) and str(settings["closing_date"] or "") < before
        now = clock.now().isoformat()
        row.facts = {**row.facts, **settings, "books_at": now} | ({CHANGED_AT: now} if opened else {})
        row.save(update_fields=["facts"])
        woken = wake(row) if opened else 0
    connection.facts = row.facts
    return woken


def _is_old(connection: Connection, facts: Mapping[str, Any]) -> bool:
    asked = facts.get("books_at")
    moments = [connection.facts_at, datetime.fromisoformat(asked) if asked else None]
    newest = max((moment for moment in moments if moment is not None), default=None)
    return newest is None or newest < clock.now() - EVERY


def wake(connection: Connection) -> int:
    """Documents that stopped at the closed period are decided again; returns how many."""
    rows = RecordLink.objects.filter(
        integration__quickbooks=connection,
        integration__switched_on_at__isnull=False,
        attention_code__in=(CLOSED_WAITS, CLOSED_DATE, LOCKED_CLOSED),
    ).exclude(lifecycle__in=CLOSED_LIFECYCLES)
    ids = list(rows.order_by("id").values_list("id", flat=True)[:MOST_WOKEN])
    leases.make_due(connection.company_id, ids, Priority.NORMAL, cause="The books are open again")
    return len(ids)
