"""Quotes and orders (reference/salesforce.md 8.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.times import wire

from .money import exact, stored, total_price
from .prices import entry_of_line, integrity

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change, Row
    from connectors.simulator.salesforce.records import Records


def quote_before(records: Records, change: Change) -> None:
    """A quote takes account and price book from its opportunity."""
    if change.creating:
        parent = str(change.new["OpportunityId"])
        change.set("AccountId", records.value("Opportunity", parent, "AccountId"))
        if change.new.get("Pricebook2Id") is None:
            change.set("Pricebook2Id", records.value("Opportunity", parent, "Pricebook2Id"))
        change.new.update({"Subtotal": 0.0, "TotalPrice": 0.0, "Discount": 0.0, "LineItemCount": 0})
    elif change.old is not None and change.old.get("LineItemCount") and change.moved("Pricebook2Id"):
        raise integrity("Pricebook2Id", "cannot be changed while the quote has line items")
    parts = (change.value(name) for name in ("TotalPrice", "Tax", "ShippingHandling"))
    change.set("GrandTotal", stored(sum((exact(part) for part in parts), Decimal(0))))


def quote_line_before(records: Records, change: Change) -> None:
    _line(records, change, "Quote", "QuoteId")
    quantity, price = change.value("Quantity"), change.value("UnitPrice")
    change.set("Subtotal", stored(exact(quantity) * exact(price)))
    change.set("TotalPrice", stored(total_price(quantity, price, change.value("Discount"))))


def quote_line_after(records: Records, change: Change) -> None:
    parent = str(change.value("QuoteId"))
    lines = records.rows("QuoteLineItem", '"QuoteId" = ? AND "IsDeleted" = 0', parent)
    subtotal = sum((exact(line["Subtotal"]) for line in lines), Decimal(0))
    total = sum((exact(line["TotalPrice"]) for line in lines), Decimal(0))
    extra = exact(records.value("Quote", parent, "Tax")) + exact(
        records.value("Quote", parent, "ShippingHandling")
    )
    discount = (1 - total / subtotal) * 100 if subtotal else Decimal(0)
    totals: Row = {
        "Subtotal": stored(subtotal), "TotalPrice": stored(total), "Discount": stored(discount),
        "LineItemCount": len(lines), "GrandTotal": stored(total + extra),
    }  # fmt: skip
    records.platform_update("Quote", parent, totals, change.actor)


def _line(records: Records, change: Change, parent_object: str, parent_field: str) -> None:
    if exact(change.value("Quantity")) == 0:
        raise integrity("Quantity", "quantity must be nonzero")
    if not change.creating:
        return
    parent_id = str(change.new[parent_field])
    parents = records.rows(parent_object, '"Id" = ? AND "IsDeleted" = 0', parent_id)
    if not parents:
        raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
    entry = entry_of_line(records, change, parents[0], parent_object)
    if change.new.get("UnitPrice") is None:
        change.set("UnitPrice", entry["UnitPrice"])


def order_before(records: Records, change: Change) -> None:
    """Draft first; activation needs a product, and then the order is locked."""
    status = change.value("Status")
    if change.creating:
        if status != "Draft":
            raise Refused(
                "FAILED_ACTIVATION", "Choose a valid order status: a new order is a draft", ("Status",)
            )
        change.set("TotalAmount", 0.0)
    was_active = bool(change.old and change.old.get("StatusCode") == "Activated")
    if status == "Activated" and not was_active:
        if not records.rows("OrderItem", '"OrderId" = ? AND "IsDeleted" = 0', change.record_id):
            raise Refused("FAILED_ACTIVATION", "An order must have at least one product.", ())
        change.set("ActivatedDate", wire(records.org.now()))
        change.set("ActivatedById", change.actor.user_id)
    elif was_active and status == "Activated":
        locked = [name for name in ("AccountId", "Pricebook2Id", "EffectiveDate") if change.moved(name)]
        if locked:
            raise integrity(locked[0], "cannot be changed on an activated order")
    change.set("StatusCode", "Activated" if status == "Activated" else "Draft")


def _order_is_open(records: Records, order_id: str) -> None:
    if records.value("Order", order_id, "StatusCode") == "Activated":
        raise integrity("OrderId", "the order is activated, its products cannot be changed")


def order_deleting(records: Records, change: Change) -> None:
    if change.old is not None and change.old.get("StatusCode") == "Activated":
        raise Refused("DELETE_FAILED", "An activated order cannot be deleted", ())


def order_line_before(records: Records, change: Change) -> None:
    _order_is_open(records, str(change.value("OrderId")))
    _line(records, change, "Order", "OrderId")
    change.set("TotalPrice", stored(exact(change.value("Quantity")) * exact(change.value("UnitPrice"))))
    if change.creating:
        change.set("AvailableQuantity", change.value("Quantity"))


def order_line_deleting(records: Records, change: Change) -> None:
    _order_is_open(records, str(change.value("OrderId")))


def order_line_after(records: Records, change: Change) -> None:
    parent = str(change.value("OrderId"))
    lines = records.rows("OrderItem", '"OrderId" = ? AND "IsDeleted" = 0', parent)
    total = sum((exact(line["TotalPrice"]) for line in lines), Decimal(0))
    records.platform_update("Order", parent, {"TotalAmount": stored(total)}, change.actor)
