"""Quantities on hand: sales take from them, credits give back (quickbooks.md 3.5)."""

from __future__ import annotations

from decimal import Decimal

from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules.lines import item_lines

_DIRECTIONS = {"Invoice": -1, "SalesReceipt": -1, "CreditMemo": 1, "RefundReceipt": 1}


def move(context: Context, entity: Entity, old: Body | None, new: Body | None) -> None:
    """Bring the items' quantities up to date after a document changed, came or went. No SyncToken moves."""
    direction = _DIRECTIONS.get(entity.name)
    if direction is None:
        return
    moved = _quantities(new)
    for item_id, quantity in _quantities(old).items():
        moved[item_id] = moved.get(item_id, Decimal(0)) - quantity
    for item_id, quantity in moved.items():
        item = context.get("item", item_id)
        if quantity and item is not None and item.get("Type") == "Inventory":
            on_hand = Decimal(item.get("QtyOnHand") or 0) + direction * quantity
            context.touch("item", item_id, {"QtyOnHand": on_hand.normalize() if on_hand else 0})


def _quantities(body: Body | None) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in item_lines((body or {}).get("Line", [])):
        detail = line["SalesItemLineDetail"]
        item_id = detail["ItemRef"]["value"]
        found[item_id] = found.get(item_id, Decimal(0)) + Decimal(detail.get("Qty") or 0)
    return found
