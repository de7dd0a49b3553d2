"""Opportunities and their products (reference/salesforce.md 8.3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.objects.sales import STAGES
from connectors.simulator.salesforce.times import wire

from .money import cents, exact, stored, total_price, unit_price
from .prices import entry_of_line, integrity

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change
    from connectors.simulator.salesforce.records import Records

_STAGES = {stage[0].lower(): stage for stage in STAGES}
_FORECAST_NAME = {"Omitted": "Omitted", "Pipeline": "Pipeline", "Closed": "Closed"}
_FORECAST_CODE = {
    "Omitted": "Omitted", "Pipeline": "Pipeline", "Best Case": "BestCase", "Commit": "Forecast", "Closed": "Closed",
}  # fmt: skip


def opportunity_before(records: Records, change: Change) -> None:
    """Stage gives probability, category and the closed flags; with lines the amount is theirs."""
    if change.old is not None and change.old.get("HasOpportunityLineItem"):
        _guard_lines(change)
    if change.creating:
        change.set("HasOpportunityLineItem", 0)
    _follow_stage(records, change)
    _fiscal(records, change)
    amount, probability = change.value("Amount"), change.value("Probability")
    expected = None if amount is None else stored(exact(amount) * exact(probability) / 100)
    change.set("ExpectedRevenue", expected)


def _guard_lines(change: Change) -> None:
    """Amount is ignored without a word; the price book cannot change."""
    change.new.pop("Amount", None)
    change.new.pop("TotalOpportunityQuantity", None)
    for name in ("Pricebook2Id", "CurrencyIsoCode"):
        if change.moved(name):
            raise integrity(name, "cannot be changed while the opportunity has products")


def _follow_stage(records: Records, change: Change) -> None:
    name = str(change.value("StageName") or "")
    stage = _STAGES.get(name.lower())
    change.set("IsClosed", int(bool(stage and stage[3])))
    change.set("IsWon", int(bool(stage and stage[4])))
    if change.moved("StageName"):
        change.set("LastStageChangeDate", wire(records.org.now()) if change.old else None)
        if stage is not None and change.new.get("Probability") is None:
            change.set("Probability", float(stage[2]))
        if stage is not None and "ForecastCategoryName" not in change.sent:
            change.set("ForecastCategoryName", _FORECAST_NAME[stage[1]])
    if change.value("Probability") is None:
        change.set("Probability", float(stage[2]) if stage else 0.0)
    if change.value("ForecastCategoryName") is None:
        change.set("ForecastCategoryName", "Pipeline")
    change.set("ForecastCategory", _FORECAST_CODE.get(str(change.value("ForecastCategoryName")), "Pipeline"))


def _fiscal(records: Records, change: Change) -> None:
    day = change.value("CloseDate")
    if day is None:
        return
    closes = date.fromisoformat(str(day))
    start = records.org.fiscal_start
    year = closes.year + (1 if start > 1 and closes.month >= start else 0)
    quarter = (closes.month - start) % 12 // 3 + 1
    change.new.update({"FiscalYear": year, "FiscalQuarter": quarter, "Fiscal": f"{year} {quarter}"})


def opportunity_after(records: Records, change: Change) -> None:
    """ContactId on create makes the primary contact role."""
    contact = change.new.get("ContactId")
    if change.creating and contact is not None:
        entity = records.org.catalog.get("OpportunityContactRole")
        values = {"OpportunityId": change.record_id, "ContactId": contact, "IsPrimary": True}
        records.create(entity, values, change.actor)


def contact_role_after(records: Records, change: Change) -> None:
    """One primary contact at most."""
    if not change.new.get("IsPrimary"):
        return
    parent = change.value("OpportunityId")
    where = '"OpportunityId" = ? AND "IsPrimary" = 1 AND "Id" <> ? AND "IsDeleted" = 0'
    for row in records.rows("OpportunityContactRole", where, parent, change.record_id):
        records.platform_update("OpportunityContactRole", str(row["Id"]), {"IsPrimary": 0}, change.actor)


def line_before(records: Records, change: Change) -> None:
    """Quantity x UnitPrice x (1 - Discount) = TotalPrice, by the rules for what was sent."""
    if change.value("Quantity") is not None and exact(change.value("Quantity")) == 0:
        raise integrity("Quantity", "quantity must be nonzero")
    if all(name in change.sent and change.new.get(name) is not None for name in ("UnitPrice", "TotalPrice")):
        raise integrity("unknown", "only one of unit price, total price may be specified")
    if change.creating:
        _new_line(records, change)
    _line_prices(change)
    quantity, price = exact(change.value("Quantity")), exact(change.value("UnitPrice"))
    change.set("Subtotal", stored(quantity * price))


def _new_line(records: Records, change: Change) -> None:
    parent_id = str(change.new["OpportunityId"])
    parents = records.rows("Opportunity", '"Id" = ? AND "IsDeleted" = 0', parent_id)
    if not parents:
        raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
    entry = entry_of_line(records, change, parents[0], "Opportunity")
    if change.new.get("UnitPrice") is None and change.new.get("TotalPrice") is None:
        change.set("UnitPrice", entry["UnitPrice"])
    change.set("ProductCode", entry.get("ProductCode"))
    change.set("Name", f"{parents[0]['Name']} {entry.get('Name') or ''}".strip()[:376])


def _line_prices(change: Change) -> None:
    quantity, discount = change.value("Quantity"), change.value("Discount")
    sends_unit = change.new.get("UnitPrice") is not None
    sends_total = change.new.get("TotalPrice") is not None and "TotalPrice" in change.sent
    if {"UnitPrice", "TotalPrice"} <= change.sent and not sends_unit and not sends_total:
        raise integrity("unknown", "unit price and total price must not both be null")
    if sends_unit:
        change.set("TotalPrice", stored(total_price(quantity, change.new["UnitPrice"], discount)))
    elif sends_total:
        change.set("UnitPrice", stored(unit_price(change.new["TotalPrice"], quantity, discount)))
    elif "Discount" in change.sent and "Quantity" in change.sent:
        raise integrity(
            "unknown", "must specify unit price or total price when quantity and discount are specified"
        )
    elif "Quantity" in change.sent:
        change.set("UnitPrice", stored(unit_price(change.value("TotalPrice"), quantity, discount)))
        change.set("TotalPrice", change.old.get("TotalPrice") if change.old else None)
    elif "Discount" in change.sent:
        change.set("UnitPrice", change.old.get("UnitPrice") if change.old else None)
        change.set("TotalPrice", stored(total_price(quantity, change.value("UnitPrice"), discount)))


def line_after(records: Records, change: Change) -> None:
    """The opportunity's amount is the sum of its lines."""
    parent_id = str(change.value("OpportunityId"))
    lines = records.rows("OpportunityLineItem", '"OpportunityId" = ? AND "IsDeleted" = 0', parent_id)
    amount = sum((exact(line["TotalPrice"]) for line in lines), Decimal(0))
    quantity = sum((exact(line["Quantity"]) for line in lines), Decimal(0))
    probability = exact(records.value("Opportunity", parent_id, "Probability"))
    records.platform_update(
        "Opportunity",
        parent_id,
        {
            "Amount": stored(amount),
            "TotalOpportunityQuantity": float(cents(quantity)) if lines else None,
            "HasOpportunityLineItem": int(bool(lines)),
            "ExpectedRevenue": stored(amount * probability / 100),
        },
        change.actor,
    )
