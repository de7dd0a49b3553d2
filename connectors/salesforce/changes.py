"""What changed in Salesforce since a moment, in one composite of up to five queries (sync-semantics section 16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors import jsonwire
from connectors.contracts import Watch
from connectors.salesforce import soql
from connectors.salesforce.records import columns
from connectors.salesforce.writes import query_path

QUERIES_PER_CALL = 5


def query(watch: Watch) -> str:
    """The query of one watch: everything stamped at or after its moment, oldest first, ties by id."""
    where = [soql.at_or_after("SystemModstamp", watch.since)]
    if watch.where:
        where.append(f"({watch.where})")
    return soql.select(
        watch.object, columns(watch.object, watch.fields), where=where, order_by=["SystemModstamp", "Id"]
    )


def compose(queries: Sequence[str]) -> bytes:
    """The body of the composite that carries these queries, deleted rows included."""
    requests = [
        {"method": "GET", "referenceId": f"q{n}", "url": query_path(text, deleted=True)}
        for n, text in enumerate(queries)
    ]
    return jsonwire.encode({"allOrNone": False, "collateSubrequests": False, "compositeRequest": requests})


def parts(answer: Mapping[str, Any], count: int) -> list[Mapping[str, Any]]:
    """The sub-answers in order of the queries. Raises KeyError when one is missing."""
    by_reference = {part["referenceId"]: part for part in answer["compositeResponse"]}
    return [by_reference[f"q{n}"] for n in range(count)]
