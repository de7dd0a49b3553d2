"""Charges that were bought or worked for a customer: billable, and perhaps billed (quickbooks.md 3.1.5, 8.2)."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.records import Body

_CARRIERS = ("timeactivity", "purchase", "bill")


def unbilled(context: Context, customer_id: str) -> bool:
    """Whether there is work or a purchase that this customer has still to be billed for."""
    return any(
        status == "Billable" and owner == customer_id
        for path in _CARRIERS
        for body in context.records.find(context.realm, ENTITIES[path], """body LIKE '%"Billable"%'""", ())
        for status, owner in charges(body)
    )


def is_billed(body: Body) -> bool:
    """Whether an invoice has passed on what this purchase cost."""
    return any(status == "HasBeenBilled" for status, _ in charges(body))


def charges(body: Body) -> Iterator[tuple[str, str]]:
    """(billable status, customer) of a time activity or of each line of a purchase."""
    for part in (body, *(line.get(str(line.get("DetailType"))) or {} for line in body.get("Line", []))):
        if isinstance(part, dict) and part.get("BillableStatus"):
            yield str(part["BillableStatus"]), str((part.get("CustomerRef") or {}).get("value", ""))
