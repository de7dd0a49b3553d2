"""Opportunities and the documents that QuickBooks makes of them: both ways on the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from connectors.contracts import Side
from tests.services.sales import DOCUMENTS, a_product, an_opportunity, document, link_of, sold
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=DOCUMENTS, winner="sf") as made:
        yield made


def test_a_won_opportunity_becomes_an_invoice_after_its_account_and_products(spine):
    bench, soil = a_product(spine, "Cedar bench", "CB", 129.5), a_product(spine, "Potting soil", "PS", 12.25)
    made = an_opportunity(
        spine,
        "Spring order",
        {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 129.5, "Description": "Two benches"},
        {"PricebookEntryId": soil, "Quantity": 3, "UnitPrice": 12.25},
    )
    spine.first_load()
    invoice = document(spine)
    assert sold(invoice) == [("Two benches", 2, 129.5, 259), ("Potting soil", 3, 12.25, 36.75)]
    assert (invoice["CustomerRef"]["name"], invoice["TxnDate"]) == ("Acme", "2026-11-20")
    assert invoice["PrivateNote"].startswith("Spring order\nSFSYNC:")
    row = spine.row("Opportunity", made)
    assert row["QBO_Invoice_Id__c"].endswith(f":Invoice:{invoice['Id']}")
    assert (
        row["QBO_Doc_Number__c"],
        row["QBO_Total__c"],
        row["QBO_Balance__c"],
        row["QBO_Doc_Status__c"],
    ) == (
        invoice["DocNumber"],
        invoice["TotalAmt"],
        invoice["TotalAmt"],
        "Open",
    )
    assert link_of(spine).attention == "none"
    spine.sync()  # the account is told what its customer owes
    mark = spine.mark()
    spine.sync()
    spine.press(link_of(spine), Side.QUICKBOOKS)
    assert spine.writes(mark) == []


def test_lines_keep_their_ids_when_one_is_added_and_one_changed(spine):
    bench, soil = a_product(spine, "Cedar bench", "CB", 100), a_product(spine, "Potting soil", "PS", 10)
    made = an_opportunity(
        spine,
        "Spring order",
        {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100},
        {"PricebookEntryId": soil, "Quantity": 1, "UnitPrice": 10},
    )
    spine.first_load()
    before = {line["Description"]: line["Id"] for line in document(spine)["Line"] if "Id" in line}
    spine.make("OpportunityLineItem", OpportunityId=made, PricebookEntryId=soil, Quantity=5, UnitPrice=9)
    line = spine.rows(
        f"SELECT Id FROM OpportunityLineItem WHERE OpportunityId = '{made}' AND UnitPrice = 100"
    )
    spine.edit("OpportunityLineItem", line[0]["Id"], Quantity=4, UnitPrice=100)
    spine.sync()
    invoice = document(spine)
    assert sold(invoice) == [
        ("Cedar bench", 4, 100, 400),
        ("Potting soil", 1, 10, 10),
        ("Potting soil", 5, 9, 45),
    ]
    ids = [line["Id"] for line in invoice["Line"] if "Id" in line]
    assert ids[:2] == [before["Cedar bench"], before["Potting soil"]]
    assert spine.row("Opportunity", made)["QBO_Total__c"] == invoice["TotalAmt"]


def test_a_line_discount_is_a_price_that_gives_the_amount_to_the_cent(spine):
    bench = a_product(spine, "Cedar bench", "CB", 33.33)
    an_opportunity(
        spine, "Discounted", {"PricebookEntryId": bench, "Quantity": 3, "UnitPrice": 33.33, "Discount": 7}
    )
    spine.first_load()
    invoice = document(spine)
    [(_, quantity, price, amount)] = sold(invoice)
    assert amount == 92.99
    assert round(Decimal(str(quantity)) * Decimal(str(price)), 2) == Decimal("92.99")


def test_without_products_one_line_carries_the_amount_and_the_item_of_the_sku(spine):
    a_product(spine, "Garden plan", "PLAN-1", 500)
    an_opportunity(spine, "Plan for Acme", Amount=480, Product_SKU__c="PLAN-1")
    spine.first_load()
    spine.carry()
    assert sold(document(spine)) == [("Plan for Acme", 1, 480, 480)]


@pytest.mark.parametrize(
    ("kind", "entity"),
    [("Estimate", "Estimate"), ("Sales Receipt", "SalesReceipt"), ("Credit Memo", "CreditMemo")],
)
def test_generate_chooses_the_document(spine, kind, entity):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    quantity = -2 if kind == "Credit Memo" else 2
    made = an_opportunity(
        spine,
        "Chosen",
        {"PricebookEntryId": bench, "Quantity": quantity, "UnitPrice": 100},
        QBO_Generate__c=kind,
    )
    spine.first_load()
    body = document(spine, entity)
    assert sold(body) == [("Cedar bench", 2, 100, 200)]
    assert spine.booked("Invoice") == []
    row = spine.row("Opportunity", made)
    assert row["QBO_Doc_Number__c"] == body["DocNumber"]
    assert row["QBO_Total__c"] == body["TotalAmt"]


def test_another_generate_after_the_document_is_made_asks_and_makes_no_second_one(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    made = an_opportunity(spine, "Chosen", {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100})
    spine.first_load()
    spine.edit("Opportunity", made, QBO_Generate__c="Sales Receipt")
    spine.sync()
    assert spine.booked("SalesReceipt") == []
    link = link_of(spine)
    assert (link.attention, link.attention_code) == ("data_error", "engine.filter_left")
