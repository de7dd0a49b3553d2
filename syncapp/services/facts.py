"""What the wire clients must know of a connection, taken from its row and the installation's settings."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from connectors.contracts import AppCredentials, ConnectionFacts, Environment, Side
from syncapp.engine.books import Books
from syncapp.engine.books import books_of as books_from
from syncapp.models import AppCredentials as AppRow
from syncapp.models import Connection


def facts_of(connection: Connection) -> ConnectionFacts:
    """The facts of a stored connection; no secrets."""
    return facts(
        Side(connection.side),
        Environment(connection.environment),
        remote_id=connection.remote_id,
        login_host=connection.login_host,
    )


def facts(
    side: Side, environment: Environment, *, remote_id: str = "", login_host: str = ""
) -> ConnectionFacts:
    """The facts of a connection that may not exist yet; the simulator's address only in its own environment."""
    simulated = environment is Environment.SIMULATOR
    return ConnectionFacts(
        side=side,
        environment=environment,
        remote_id=remote_id,
        login_host=login_host,
        simulator_url=simulator_url(side) if simulated else "",
    )


def books_of(connection: Connection) -> Books:
    """What documents and locks must know of a QuickBooks company, as its last check said."""
    return books_from(connection.facts)


CHANGED_AT = "changed_at"


def changed_at(connection: Connection) -> datetime:
    """When the connection was last made anew, or its books were opened: what was refused before says nothing of now."""
    told = str((connection.facts or {}).get(CHANGED_AT) or "")
    return datetime.fromisoformat(told) if told else connection.connected_at


def simulator_url(side: Side) -> str:
    """Where the stand-in of this side listens; empty where this installation has no simulator."""
    url = settings.SIM_SALESFORCE_URL if side is Side.SALESFORCE else settings.SIM_QUICKBOOKS_URL
    return str(url)


def app_of(row: AppRow | None) -> AppCredentials:
    """The key pair as the clients take it. Raises SecretUnreadable when the stored secret cannot be opened."""
    if row is None:
        return AppCredentials(client_id="")
    return AppCredentials(client_id=row.client_id, client_secret=row.client_secret)
