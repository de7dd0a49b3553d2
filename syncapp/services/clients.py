"""Clients of stored connections: the registry of the wires, the token vault, the shared limiter and the usage meter.

A client belongs to one thread and one piece of work; making one costs nothing but memory.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from django.utils import timezone

from connectors import registry
from connectors.contracts import AccessSource, ConnectionFacts, Priority, Side
from connectors.quickbooks.client import QuickBooksClient
from connectors.salesforce.client import SalesforceClient
from syncapp.models import ApiUsage, Connection
from syncapp.services import budget
from syncapp.services.facts import facts_of
from syncapp.services.limiters import limiter_for, signing_in_limiter
from syncapp.services.tokens import TokenVault, vault_for
from syncapp.store import bulk

AnyClient = SalesforceClient | QuickBooksClient
ENDPOINT_LENGTH = 80


class UsageMeter:
    """Counts calls by endpoint until they are flushed; may be shared by the clients of several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._metered: Counter[str] = Counter()

    def count(self, method: str, endpoint: str, *, metered: bool) -> None:
        """One call left; `metered` when Intuit bills it."""
        name = f"{method} {endpoint}"[:ENDPOINT_LENGTH]
        with self._lock:
            self._calls[name] += 1
            self._metered[name] += metered

    def take(self) -> list[tuple[str, int, int]]:
        """(endpoint, calls, metered) counted since the last time, and start again from nothing."""
        with self._lock:
            taken = [(name, calls, self._metered[name]) for name, calls in sorted(self._calls.items())]
            self._calls.clear()
            self._metered.clear()
        return taken


def client_for(connection: Connection, priority: Priority, meter: UsageMeter | None = None) -> AnyClient:
    """A client of this connection whose reads are made in the given class of work.

    Raises ConnectorError (kind quota) for bulk work beyond the month's metered reads.
    """
    budget.check(connection, priority)
    facts = facts_of(connection)
    access, limiter = vault_for(connection.pk), limiter_for(connection)
    counted = meter or UsageMeter()
    if facts.side is Side.SALESFORCE:
        return registry.salesforce_client(facts, access, limiter, counted, priority=priority)
    return registry.quickbooks_client(facts, access, limiter, counted, priority=priority)


def sign_in_ahead(clients: Sequence[AnyClient]) -> None:
    """Read the access for the next call of each of these clients (all of one connection), which may then be made in a
    thread without a database session of its own."""
    vaults = [client.access for client in clients if isinstance(client.access, TokenVault)]
    access = vaults[0].look_ahead() if vaults else None
    if access is not None:
        for vault in vaults:
            vault.put_ahead(access)


def salesforce_with(facts: ConnectionFacts, access: AccessSource, priority: Priority) -> SalesforceClient:
    """A client of an org whose connection is not stored yet."""
    return registry.salesforce_client(
        facts, access, signing_in_limiter(facts), UsageMeter(), priority=priority
    )


def quickbooks_with(facts: ConnectionFacts, access: AccessSource, priority: Priority) -> QuickBooksClient:
    """A client of a company whose connection is not stored yet."""
    return registry.quickbooks_client(
        facts, access, signing_in_limiter(facts), UsageMeter(), priority=priority
    )


def salesforce_client(connection: Connection, meter: UsageMeter | None = None) -> SalesforceClient:
    """The same as `client_for` for an interactive look at an org, with what only Salesforce can do."""
    client = client_for(connection, Priority.INTERACTIVE, meter)
    if not isinstance(client, SalesforceClient):
        raise TypeError("This is no Salesforce connection.")
    return client


def quickbooks_client(connection: Connection, meter: UsageMeter | None = None) -> QuickBooksClient:
    """The same for an interactive look at a QuickBooks company."""
    client = client_for(connection, Priority.INTERACTIVE, meter)
    if not isinstance(client, QuickBooksClient):
        raise TypeError("This is no QuickBooks connection.")
    return client


ADD_UP = """(connection_id, day, endpoint) do update set
  calls = syncapp_apiusage.calls + excluded.calls, metered = syncapp_apiusage.metered + excluded.metered"""


def flush(connection: Connection, meter: UsageMeter) -> tuple[int, int]:
    """Add what was counted to the connection's usage of today (UTC); returns (calls, metered reads)."""
    return flush_all([(connection, meter)])


def flush_all(meters: Sequence[tuple[Connection, UsageMeter]]) -> tuple[int, int]:
    """The same for several connections together."""
    counted = [(connection, *row) for connection, meter in meters for row in meter.take()]
    add_usage(counted)
    billed = {connection.pk: connection for connection, _, _, metered in counted if metered}
    for connection in billed.values():
        budget.watch(connection)
    return sum(row[2] for row in counted), sum(row[3] for row in counted)


def add_usage(counted: Sequence[tuple[Connection, str, int, int]]) -> None:
    """Add (connection, endpoint, calls, metered reads) of several connections to today's usage, in one statement."""
    day = timezone.now().date()
    rows = [
        {
            "company_id": connection.company_id,
            "connection_id": connection.pk,
            "day": day,
            "endpoint": endpoint,
            "calls": calls,
            "metered": metered,
        }
        for connection, endpoint, calls, metered in counted
    ]
    bulk.insert(ApiUsage, rows, on_conflict=ADD_UP)
