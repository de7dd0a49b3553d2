"""Probes for docs/open-questions.md: what a real connection can tell by reading alone. `manage.py doctor --questions`.

Each compares what the vendor does with what the code assumes; `good` means that the assumption holds here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contracts import Side
from connectors.errors import ConnectorError
from connectors.quickbooks import query
from syncapp.models import Connection
from syncapp.services import clients
from syncapp.services.checks import Check, good, warn
from syncapp.services.doctor import probe

WITHIN_MEMORY = timedelta(days=29)
BEYOND_MEMORY = timedelta(days=40)  # Intuit documents 30 days of changes
MANY_IDS = 400


@probe(Side.QUICKBOOKS, "Are deactivated records in the change feed?")
def deactivated_in_changes(connection: Connection) -> Check:
    question = "Deactivated records in the change feed"
    client = clients.quickbooks_client(connection)
    since = datetime.now(UTC) - WITHIN_MEMORY
    recent = f"MetaData.LastUpdatedTime > '{query.offset_time(since)}'"
    text = query.select("Customer", where=("Active = false", recent), limit=1)
    inactive = _ids(client.query(text).get("QueryResponse", {}))
    if not inactive:
        return warn(
            "probe.cdc_inactive", question, "not answered: nothing was deactivated in the last 29 days"
        )
    changed = {id_ for block in _blocks(client.cdc(["Customer"], since)) for id_ in _ids(block)}
    if inactive <= changed:
        return good("probe.cdc_inactive", question, "they are in it, as assumed")
    return warn(
        "probe.cdc_inactive",
        question,
        f"customer {min(inactive)} is not in it: only the daily sweep finds it",
    )


@probe(Side.QUICKBOOKS, "What does a change request that is too old answer with?")
def too_old_changes(connection: Connection) -> Check:
    question = "Changes from before Intuit's memory"
    client = clients.quickbooks_client(connection)
    try:
        client.cdc(["Customer"], datetime.now(UTC) - BEYOND_MEMORY)
    except ConnectorError as error:
        said = f"{error.failure.code}: {error.failure.message} {error.failure.detail}".strip()
        if "changedsince" in said.lower():
            return good("probe.cdc_old", question, f"refused as assumed: {said}")
        return warn("probe.cdc_old", question, f"refused in other words: {said}")
    return warn(
        "probe.cdc_old", question, "answered without a refusal: changes may be missing without a sign"
    )


@probe(Side.QUICKBOOKS, "How many values may one `IN` list hold?")
def long_list(connection: Connection) -> Check:
    question = f"Lists of {query.IDS_PER_QUERY} values in a query"
    many = query.within("Id", [str(number) for number in range(1, query.IDS_PER_QUERY + 1)])
    text = query.select("Customer", where=(many,), limit=query.PAGE)
    try:
        clients.quickbooks_client(connection).query(text)
    except ConnectorError as error:
        return warn("probe.in_list", question, f"refused: {error.failure.code} {error.failure.message}")
    return good("probe.in_list", question, "accepted, as assumed")


@probe(Side.SALESFORCE, "How long may the address of a query inside a composite be?")
def long_addresses(connection: Connection) -> Check:
    question = f"Reading {MANY_IDS} records in one query"
    ids = [f"001{number:012d}AAA" for number in range(MANY_IDS)]
    try:
        clients.salesforce_client(connection).read("Account", ids, ["Name"])
    except ConnectorError as error:
        return warn("probe.long_query", question, f"refused: {error.failure.code} {error.failure.message}")
    return good("probe.long_query", question, "accepted, as assumed")


def _blocks(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The blocks of a change feed's answer, one per entity asked for."""
    return [block for part in answer.get("CDCResponse", ()) for block in part.get("QueryResponse", ())]


def _ids(block: Mapping[str, Any]) -> set[str]:
    return {str(row["Id"]) for row in block.get("Customer", ())}
