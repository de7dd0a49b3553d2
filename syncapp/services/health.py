"""Health check of both sides: what stands in the way of syncing, each line with a fix in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from connectors.contracts import Side
from connectors.errors import ConnectorError
from connectors.salesforce.client import SalesforceClient
from syncapp.messages import words_for
from syncapp.models import Connection, Integration
from syncapp.services import (
    clients,
    closed_books,
    health_mapped,
    health_quickbooks,
    health_salesforce,
    sync_requests,
)
from syncapp.services.checks import Check, Level, bad, from_json, to_json
from syncapp.services.checks import worst as worst_of
from syncapp.services.facts import CHANGED_AT
from syncapp.store import clock

Found = tuple[list[Check], dict[str, Any]]
"""The checks of a side, and what the side said of itself (stored as the connection's facts)."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Checks of both sides, and when the older of the two was made (None: never)."""

    salesforce: tuple[Check, ...]
    quickbooks: tuple[Check, ...]
    at: datetime | None


def check(integration: Integration) -> HealthReport:
    """Ask both sides now and store what they say. The vendors are called: not inside a transaction."""
    for connection in (integration.salesforce, integration.quickbooks):
        if connection is not None:
            check_side(connection)
    return last(integration)


def last(integration: Integration) -> HealthReport:
    """The newest stored checks, without asking anybody; empty for a side that is not connected or never was checked."""
    sides = (integration.salesforce, integration.quickbooks)
    moments = [side.facts_at for side in sides if side is not None]
    at = min((moment for moment in moments if moment is not None), default=None)
    salesforce, quickbooks = (stored(side) for side in sides)
    return HealthReport(salesforce, quickbooks, at)


def stored(connection: Connection | None) -> tuple[Check, ...]:
    """The checks that were stored with a connection."""
    return from_json(connection.facts.get("checks", [])) if connection is not None else ()


def worst(report: HealthReport) -> Level:
    """The worst level of both sides."""
    return worst_of([*report.salesforce, *report.quickbooks])


def check_side(connection: Connection) -> tuple[Check, ...]:
    """Ask one side now and store the result with its connection."""
    meter = clients.UsageMeter()
    ask: Callable[[], Found]
    if connection.side == Side.SALESFORCE:
        client = clients.salesforce_client(connection, meter)
        ask = lambda: _org(client, connection)  # noqa: E731
    else:
        books = clients.quickbooks_client(connection, meter)
        ask = lambda: health_quickbooks.check(books, connection)  # noqa: E731
    try:
        checks, facts = ask()
    except ConnectorError as error:
        checks, facts = [_unreachable(connection, error)], {}
    _store(connection, checks, facts)
    clients.flush(connection, meter)
    return tuple(checks)


def _org(client: SalesforceClient, connection: Connection) -> Found:
    checks, facts = health_salesforce.check(client, connection)
    checks += health_mapped.check(client, connection)
    sync_requests.look_for(connection, client)
    return checks, facts


def _unreachable(connection: Connection, error: ConnectorError) -> Check:
    failure = error.failure
    words = words_for(failure.code, {"message": failure.message, "detail": failure.detail})
    return bad(
        "reachable",
        f"{connection.get_side_display()} could not be read",
        f"{words.title}. {failure.message}".strip(),
        words.todo,
    )


def _store(connection: Connection, checks: Iterable[Check], facts: dict[str, Any]) -> None:
    """Only these columns: the token columns belong to the vault and may change meanwhile."""
    opened = str(facts.get("closing_date", "9999")) < str(connection.facts.get("closing_date") or "")
    connection.facts = {**connection.facts, **facts, "checks": to_json(list(checks))}
    connection.facts_at = timezone.now()
    if opened:
        connection.facts[CHANGED_AT] = clock.now().isoformat()
    fields = ["facts", "facts_at"]
    if facts.get("name"):
        connection.name = str(facts["name"])[:255]
        fields.append("name")
    connection.save(update_fields=fields)
    if opened:
        closed_books.wake(connection)
