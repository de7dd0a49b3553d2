"""Which price book entry a line uses, and whether it may (reference/salesforce.md 8.3 and 8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.simulator.salesforce.errors import Refused

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change, Row
    from connectors.simulator.salesforce.records import Records


def integrity(field: str, why: str) -> Refused:
    return Refused("FIELD_INTEGRITY_EXCEPTION", f"field integrity exception: {field} ({why})", (field,))


def entry_of_line(records: Records, change: Change, parent: Row, parent_object: str) -> Row:
    """The entry of a new line; the parent without a price book gets the entry's. Raises Refused."""
    entry = _given_entry(records, change, parent)
    if entry.get("IsArchived") or entry.get("IsDeleted"):
        raise integrity("PricebookEntryId", "pricebook entry has been archived")
    if not entry.get("IsActive"):
        raise integrity("PricebookEntryId", "pricebook entry is inactive")
    if entry.get("CurrencyIsoCode") != parent.get("CurrencyIsoCode"):
        raise integrity(
            "PricebookEntryId", "pricebook entry currency code does not match opportunity currency code"
        )
    book = parent.get("Pricebook2Id")
    if book is None:
        _adopt_book(records, change, parent, parent_object, entry)
    elif book != entry["Pricebook2Id"]:
        why = "pricebook entry is in a different pricebook than the one assigned to the opportunity"
        raise integrity("PricebookEntryId", why)
    if "CurrencyIsoCode" in parent:
        change.set("CurrencyIsoCode", parent["CurrencyIsoCode"])
    change.set("PricebookEntryId", entry["Id"])
    change.set("Product2Id", entry["Product2Id"])
    change.set("ListPrice", entry["UnitPrice"])
    return entry


def _given_entry(records: Records, change: Change, parent: Row) -> Row:
    entry_id, product_id = change.new.get("PricebookEntryId"), change.new.get("Product2Id")
    if entry_id is not None:
        found = records.rows("PricebookEntry", '"Id" = ?', entry_id)
    elif product_id is not None:
        where = '"Product2Id" = ? AND "Pricebook2Id" = ? AND "IsDeleted" = 0'
        found = records.rows("PricebookEntry", where, product_id, parent.get("Pricebook2Id"))
    else:
        message = "Required fields are missing: [PricebookEntryId]"
        raise Refused("REQUIRED_FIELD_MISSING", message, ("PricebookEntryId",))
    if not found:
        raise integrity("PricebookEntryId", "pricebook entry was not found for this product and price book")
    return found[0]


def _adopt_book(records: Records, change: Change, parent: Row, parent_object: str, entry: Row) -> None:
    if not records.value("Pricebook2", str(entry["Pricebook2Id"]), "IsActive"):
        raise integrity("Pricebook2Id", "pricebook is inactive")
    values: Row = {"Pricebook2Id": entry["Pricebook2Id"]}
    records.platform_update(parent_object, str(parent["Id"]), values, change.actor)
