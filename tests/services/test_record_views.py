"""Documents and payments of QuickBooks as records in Salesforce, and what else documents are made from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.services.sales import a_product, an_opportunity, document, sold, standard_book, with_pairs
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine(request: pytest.FixtureRequest) -> Iterator[Spine]:
    """With customers, products and the pairs of objects that the test names: each more is read by every reading. All
    of them at once are the demo's (test_demo)."""
    with a_spine(recipes=("account_customer", "product_item", *request.param), winner="sf") as made:
        yield made


def pay(spine: Spine, invoice: dict[str, Any], amount: float, **more: Any) -> dict[str, Any]:
    return spine.book(
        "Payment",
        CustomerRef=invoice["CustomerRef"],
        TotalAmt=amount,
        Line=[{"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
        **more,
    )


@with_pairs("opportunity_invoice", "invoice_record", "payment_record")
def test_a_payment_comes_back_with_what_it_paid_of_each_invoice(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    made = an_opportunity(spine, "Spring", {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100})
    spine.first_load()
    spine.sync()
    invoice = document(spine)
    row = spine.row("Opportunity", made)
    assert row["QBO_Doc_Status__c"] == "Open"
    record = spine.rows(
        "SELECT Id, Name, Total__c, Status__c, Opportunity__c, Account__r.Name,"
        " (SELECT Type__c, Quantity__c, Unit_Price__c, Amount__c, Product__r.Name FROM Lines__r) FROM QBO_Invoice__c"
    )
    assert len(record) == 1
    assert (record[0]["Name"], record[0]["Total__c"], record[0]["Status__c"]) == (
        invoice["DocNumber"],
        invoice["TotalAmt"],
        "Open",
    )
    assert (record[0]["Opportunity__c"], record[0]["Account__r"]["Name"]) == (row["Id"], "Acme")
    [line] = record[0]["Lines__r"]["records"]
    assert (line["Type__c"], line["Quantity__c"], line["Unit_Price__c"], line["Amount__c"]) == (
        *("Item", 2, 100),
        200,
    )
    assert line["Product__r"]["Name"] == "Cedar bench"

    pay(spine, invoice, 80, PaymentRefNum="CHK-7")
    spine.sync()
    spine.sync()
    row = spine.row("Opportunity", made)
    assert (row["QBO_Doc_Status__c"], row["QBO_Balance__c"]) == ("Partly paid", invoice["TotalAmt"] - 80)
    payment = spine.rows(
        "SELECT Amount__c, Status__c, Type__c, Reference_Number__c, Deposit_To__c,"
        " (SELECT Amount__c, Linked_Type__c, Invoice__c, Opportunity__c FROM Lines__r) FROM QBO_Payment__c"
    )
    assert len(payment) == 1
    assert (payment[0]["Amount__c"], payment[0]["Status__c"], payment[0]["Type__c"]) == (
        80,
        "Applied",
        "Payment",
    )
    assert payment[0]["Reference_Number__c"] == "CHK-7"
    [allocation] = payment[0]["Lines__r"]["records"]
    assert (allocation["Amount__c"], allocation["Invoice__c"], allocation["Opportunity__c"]) == (
        80,
        record[0]["Id"],
        row["Id"],
    )
    pay(spine, invoice, invoice["TotalAmt"] - 80)
    spine.sync()
    assert spine.row("Opportunity", made)["QBO_Doc_Status__c"] == "Paid"
    assert spine.rows("SELECT Status__c FROM QBO_Invoice__c")[0]["Status__c"] == "Paid"
    spine.sync()
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


@with_pairs("account_vendor")
def test_a_supplier_becomes_a_vendor_and_no_customer(spine):
    spine.make("Account", Name="Timber Works", Type="Vendor", Phone="555-0100")
    spine.first_load()
    assert [row["DisplayName"] for row in spine.booked("Vendor")] == ["Timber Works"]
    assert spine.booked("Customer") == []


@with_pairs("quote_estimate", "order_invoice", "billing_invoice")
def test_an_order_a_quote_and_an_own_object_become_documents(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    account = spine.make("Account", Name="Acme")
    product = spine.rows("SELECT Product2Id FROM PricebookEntry WHERE Product2.Name = 'Cedar bench'")[0]
    order = spine.make(
        "Order", AccountId=account, EffectiveDate="2026-11-20", Status="Draft", QBO_Generate__c="Invoice",
        Pricebook2Id=standard_book(spine),
    )  # fmt: skip
    spine.make("OrderItem", OrderId=order, PricebookEntryId=bench, Quantity=3, UnitPrice=95)
    spine.edit("Order", order, Status="Activated")
    deal = spine.make(
        "Opportunity", Name="Quoted", AccountId=account, StageName="Prospecting", CloseDate="2026-12-01",
        Pricebook2Id=standard_book(spine),
    )  # fmt: skip
    quote = spine.make(
        "Quote", Name="Offer", OpportunityId=deal, Status="Accepted", Pricebook2Id=standard_book(spine)
    )
    spine.make("QuoteLineItem", QuoteId=quote, PricebookEntryId=bench, Quantity=4, UnitPrice=90)
    bill = spine.make("Billing__c", Account__c=account, Billing_Date__c="2026-11-19", Status__c="Approved")
    spine.make(
        "Billing_Line__c", Billing__c=bill, Product__c=product["Product2Id"], Quantity__c=1.5, Unit_Price__c=80,
        Position__c=1, Description__c="Half a day",
    )  # fmt: skip
    spine.first_load()
    invoices = sorted(spine.booked("Invoice"), key=lambda row: row["TotalAmt"])
    assert [sold(body) for body in invoices] == [
        [("Half a day", 1.5, 80, 120)],
        [("Cedar bench", 3, 95, 285)],
    ]
    assert sold(document(spine, "Estimate")) == [("Cedar bench", 4, 90, 360)]
    assert spine.row("Order", order)["QBO_Doc_Number__c"] == invoices[1]["DocNumber"]
    assert spine.row("Billing__c", bill)["QBO_Doc_Status__c"] == "Open"
    assert spine.row("Quote", quote)["QBO_Doc_Status__c"] == "Pending"
