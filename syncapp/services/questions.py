"""Open questions of docs/open-questions.md that a real connection answers by reading alone (`manage.py doctor`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contracts import Side
from connectors.errors import ConnectorError
from connectors.quickbooks.client import QuickBooksClient
from syncapp.models import Connection
from syncapp.services import clients
from syncapp.services.checks import Check, good, warn
from syncapp.services.doctor import probe

CDC_DAYS = 30
NEWEST = (
    "select * from Customer where Active in (true, false) order by MetaData.LastUpdatedTime desc maxresults 1"
)
INACTIVE = "select * from Customer where Active = false order by MetaData.LastUpdatedTime desc maxresults 1"


def _books(connection: Connection) -> QuickBooksClient:
    return clients.quickbooks_client(connection)


def _first(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    rows = (answer.get("QueryResponse") or {}).get("Customer") or []
    return rows[0] if rows else None


def _changed(record: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(record["MetaData"]["LastUpdatedTime"]).astimezone(UTC)


def _in_feed(books: QuickBooksClient, record: Mapping[str, Any], since: datetime) -> bool:
    answer = books.cdc(["Customer"], since)
    rows = [
        row
        for response in answer.get("CDCResponse") or []
        for part in response.get("QueryResponse") or []
        for row in part.get("Customer") or []
    ]
    return any(str(row.get("Id")) == str(record["Id"]) for row in rows)


def _nothing_to_ask(key: str, title: str, what: str) -> Check:
    return warn(key, title, f"not answered: {what}")


@probe(Side.QUICKBOOKS, "Is `changedSince` of the change feed inclusive?")
def changed_since_is_inclusive(connection: Connection) -> Check:
    """Ask for what changed since the very second of the newest change: is that change in the answer?"""
    title = "Is `changedSince` of the change feed inclusive?"
    books = _books(connection)
    newest = _first(books.query(NEWEST))
    if newest is None or _changed(newest) < datetime.now(UTC) - timedelta(days=CDC_DAYS - 1):
        return _nothing_to_ask("changed_since", title, "no customer changed in the last month")
    inclusive = _in_feed(books, newest, _changed(newest))
    return good("changed_since", title, "yes" if inclusive else "no: the second itself is left out")


@probe(Side.QUICKBOOKS, "Are deactivated records in the change feed?")
def deactivated_records_are_in_the_feed(connection: Connection) -> Check:
    """Ask for changes from before the newest deactivation."""
    title = "Are deactivated records in the change feed?"
    books = _books(connection)
    gone = _first(books.query(INACTIVE))
    if gone is None or _changed(gone) < datetime.now(UTC) - timedelta(days=CDC_DAYS - 1):
        return _nothing_to_ask("deactivated", title, "no customer was made inactive in the last month")
    found = _in_feed(books, gone, _changed(gone) - timedelta(minutes=1))
    if found:
        return good("deactivated", title, "yes")
    return warn("deactivated", title, "no", "Keep the weekly sweep: it finds what the feed does not name.")


@probe(Side.QUICKBOOKS, "What does a change request that is too old answer with?")
def too_old_a_change_request(connection: Connection) -> Check:
    """Ask for forty days."""
    title = "What does a change request that is too old answer with?"
    since = datetime.now(UTC) - timedelta(days=CDC_DAYS + 10)
    try:
        _books(connection).cdc(["Customer"], since)
    except ConnectorError as error:
        failure = error.failure
        return good(
            "too_old",
            title,
            f"{failure.code} (HTTP {failure.http_status}): {failure.message} {failure.detail}",
        )
    return good("too_old", title, "an ordinary answer")


@probe(Side.QUICKBOOKS, "Is a page of more than 1,000 refused or cut?")
def more_than_a_page(connection: Connection) -> Check:
    """Ask for 1,001 rows."""
    title = "Is a page of more than 1,000 refused or cut?"
    try:
        answer = _books(connection).query("select Id from Customer maxresults 1001")
    except ConnectorError as error:
        return good("page", title, f"refused: {error.failure.code} {error.failure.detail}")
    rows = (answer.get("QueryResponse") or {}).get("Customer") or []
    return good("page", title, f"answered with {len(rows)} rows")


@probe(Side.SALESFORCE, "Does SystemModstamp have fractions of a second?")
def fractions_of_a_second(connection: Connection) -> Check:
    """Look at the stamps of the newest accounts."""
    title = "Does SystemModstamp have fractions of a second?"
    answer = clients.salesforce_client(connection).query(
        "SELECT SystemModstamp FROM Account ORDER BY SystemModstamp DESC LIMIT 200"
    )
    stamps = [str(row["SystemModstamp"]) for row in answer["records"]]
    if not stamps:
        return _nothing_to_ask("fractions", title, "there are no accounts")
    fractions = [stamp for stamp in stamps if ".000" not in stamp]
    return good("fractions", title, f"yes: {fractions[0]}" if fractions else f"no, in {len(stamps)} stamps")


@probe(Side.SALESFORCE, "How long may the address of a query inside a composite be?")
def long_queries_in_a_composite(connection: Connection) -> Check:
    """Read 400 accounts by id, the longest address that is ever sent."""
    title = "How long may the address of a query inside a composite be?"
    client = clients.salesforce_client(connection)
    answer = client.query("SELECT Id FROM Account LIMIT 400")
    ids = [str(row["Id"]) for row in answer["records"]]
    if len(ids) < 400:
        return _nothing_to_ask("address", title, f"the org has {len(ids)} accounts, 400 are needed")
    client.read("Account", ids, ["Name"])
    return good("address", title, "400 ids pass")
