"""Products, price books and their entries (reference/salesforce.md 8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.simulator.salesforce.errors import Refused

from .prices import integrity

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change
    from connectors.simulator.salesforce.records import Records


def price_book_before(records: Records, change: Change) -> None:
    """The standard price book keeps its name."""
    if change.creating:
        change.set("IsStandard", 0)
    elif change.old is not None and change.old.get("IsStandard") and change.moved("Name"):
        raise integrity("Name", "standard price book name cannot be changed")


def price_book_deleting(records: Records, change: Change) -> None:
    if change.old is not None and change.old.get("IsStandard"):
        raise Refused("DELETE_FAILED", "The standard price book cannot be deleted", ())


def entry_before(records: Records, change: Change) -> None:
    """Standard price first; one entry for each product, book (and currency)."""
    if not change.creating:
        _entry_update(change)
        return
    book, product = str(change.new["Pricebook2Id"]), str(change.new["Product2Id"])
    currency = change.new.get("CurrencyIsoCode")
    same = "" if currency is None else f" AND \"CurrencyIsoCode\" = '{currency}'"
    where = f'"Product2Id" = ? AND "Pricebook2Id" = ? AND "IsDeleted" = 0{same}'
    if records.rows("PricebookEntry", where, product, book):
        raise Refused("DUPLICATE_VALUE", "This price definition already exists in this price book", ())
    if records.value("Pricebook2", book, "IsStandard"):
        if change.new.get("UseStandardPrice"):
            raise integrity("UseStandardPrice", "cannot be set for the standard price book")
    else:
        _custom_entry(records, change, product, same)
    change.set("Name", records.value("Product2", product, "Name"))
    change.set("ProductCode", records.value("Product2", product, "ProductCode"))


def _custom_entry(records: Records, change: Change, product: str, same: str) -> None:
    standard = records.rows(
        "PricebookEntry",
        '"Product2Id" = ? AND "IsDeleted" = 0 AND "Pricebook2Id" IN'
        f' (SELECT "Id" FROM "{records.org.catalog.get("Pricebook2").table}" WHERE "IsStandard" = 1){same}',
        product,
    )
    if not standard:
        message = "Before creating a custom price, create a standard price."
        raise Refused("STANDARD_PRICE_NOT_DEFINED", message, ())
    if change.new.get("UseStandardPrice"):
        if change.new.get("UnitPrice") not in (None, standard[0]["UnitPrice"]):
            raise integrity("UnitPrice", "cannot be specified when UseStandardPrice is true")
        change.set("UnitPrice", standard[0]["UnitPrice"])


def _entry_update(change: Change) -> None:
    if change.value("UseStandardPrice") and change.moved("UnitPrice"):
        raise integrity("UnitPrice", "cannot be specified when UseStandardPrice is true")


def entry_after(records: Records, change: Change) -> None:
    """A standard price carries over to the entries that use it."""
    if change.creating or not change.moved("UnitPrice"):
        return
    if not records.value("Pricebook2", str(change.value("Pricebook2Id")), "IsStandard"):
        return
    where = '"Product2Id" = ? AND "UseStandardPrice" = 1 AND "IsDeleted" = 0'
    for row in records.rows("PricebookEntry", where, change.value("Product2Id")):
        records.platform_update(
            "PricebookEntry", str(row["Id"]), {"UnitPrice": change.new["UnitPrice"]}, change.actor
        )


def product_after(records: Records, change: Change) -> None:
    """Entries show the product's name and code."""
    if change.creating or not (change.moved("Name") or change.moved("ProductCode")):
        return
    values = {"Name": change.value("Name"), "ProductCode": change.value("ProductCode")}
    for row in records.rows("PricebookEntry", '"Product2Id" = ? AND "IsDeleted" = 0', change.record_id):
        records.platform_update("PricebookEntry", str(row["Id"]), dict(values), change.actor)
