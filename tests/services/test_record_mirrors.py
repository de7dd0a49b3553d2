"""Receipts, credit memos, estimates, refunds and applied credit of QuickBooks as records in Salesforce, and sales
receipts and credit memos that come from Salesforce: what each shows of the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.services.sales import a_product, an_opportunity, document, sold, standard_book, with_pairs
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

DEALS = ("opportunity_invoice", "opportunity_salesreceipt", "opportunity_creditmemo")
LINES = "(SELECT Type__c, Description__c, Quantity__c, Unit_Price__c, Amount__c FROM Lines__r)"


@pytest.fixture
def spine(request: pytest.FixtureRequest) -> Iterator[Spine]:
    """With customers, products and the pairs of objects that the test names: each more is read by every reading. All
    of them at once are the demo's (test_demo)."""
    with a_spine(recipes=("account_customer", "product_item", *request.param), winner="sf") as made:
        yield made


def an_item(spine: Spine) -> str:
    income = next(row for row in spine.booked("Account") if row["AccountType"] == "Income")
    item = spine.book(
        "Item", Name="Cedar bench", Type="Service", IncomeAccountRef={"value": income["Id"]}, UnitPrice=100
    )
    return str(item["Id"])


def a_document(
    spine: Spine, entity: str, item: str, customer: str, quantity: float, **more: Any
) -> dict[str, Any]:
    """A document that somebody makes in QuickBooks: benches at 100, and a discount."""
    line = {
        "Amount": quantity * 100,
        "DetailType": "SalesItemLineDetail",
        "Description": "Benches",
        "SalesItemLineDetail": {"ItemRef": {"value": item}, "Qty": quantity, "UnitPrice": 100},
    }
    return spine.book(entity, CustomerRef={"value": customer}, Line=[line], TxnDate="2026-11-20", **more)


def records(spine: Spine, kind: str) -> list[dict[str, Any]]:
    return spine.rows(
        "SELECT Id, Name, Type__c, Total__c, Balance__c, Status__c, Date__c, Account__r.Name, Opportunity__c,"
        f" {LINES} FROM QBO_Invoice__c WHERE Type__c = '{kind}'"
    )


def shown(record: dict[str, Any]) -> tuple[Any, ...]:
    lines = (record["Lines__r"] or {}).get("records") or []
    return (
        record["Total__c"],
        record["Status__c"],
        record["Date__c"],
        (record["Account__r"] or {}).get("Name"),
        [(line["Type__c"], line["Description__c"], line["Quantity__c"], line["Amount__c"]) for line in lines],
    )


@pytest.mark.parametrize(
    ("spine", "entity", "kind", "status", "changed"),
    [
        (["salesreceipt_record"], "SalesReceipt", "Sales Receipt", "Paid", "Paid"),
        (["creditmemo_record"], "CreditMemo", "Credit Memo", "Open", "Open"),
        (["estimate_record"], "Estimate", "Estimate", "Pending", "Accepted"),
    ],
    indirect=["spine"],
)
def test_a_document_of_quickbooks_becomes_a_record_and_follows_its_changes(
    spine, entity, kind, status, changed
):
    item = an_item(spine)
    customer = spine.customer(DisplayName="Acme")["Id"]
    made = a_document(spine, entity, item, customer, 2)
    spine.first_load()
    spine.sync()
    [record] = records(spine, kind)
    assert shown(record) == (200, status, "2026-11-20", "Acme", [("Item", "Benches", 2, 200)])
    assert record["Name"] == made["DocNumber"]

    line = {**made["Line"][0], "Amount": 300}
    line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": 3}
    more = {"TxnStatus": "Accepted"} if entity == "Estimate" else {}
    spine.book(entity, **{**made, **more, "Line": [line]})
    spine.sync()
    [again] = records(spine, kind)
    assert again["Id"] == record["Id"]
    assert shown(again) == (300, changed, "2026-11-20", "Acme", [("Item", "Benches", 3, 300)])

    spine.edit("QBO_Invoice__c", record["Id"], Total__c=1)
    spine.sync()
    assert records(spine, kind)[0]["Total__c"] == 300
    spine.sync()
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


@with_pairs("invoice_record", "creditmemo_record", "refundreceipt_record", "payment_record")
def test_a_refund_and_applied_credit_come_back_with_what_they_were_applied_to(spine):
    item = an_item(spine)
    customer = spine.customer(DisplayName="Acme")["Id"]
    invoice = a_document(spine, "Invoice", item, customer, 3)
    credit = a_document(spine, "CreditMemo", item, customer, 1)
    bank = next(row for row in spine.booked("Account") if row["AccountType"] == "Bank")
    a_document(spine, "RefundReceipt", item, customer, 2, DepositToAccountRef={"value": bank["Id"]})
    spine.book(
        "Payment",
        CustomerRef={"value": customer},
        TotalAmt=0,
        Line=[
            {"Amount": 100, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]},
            {"Amount": 100, "LinkedTxn": [{"TxnId": credit["Id"], "TxnType": "CreditMemo"}]},
        ],
    )
    spine.first_load()
    spine.sync()
    spine.sync()
    payments = spine.rows(
        "SELECT Type__c, Amount__c, Status__c, Account__r.Name,"
        " (SELECT Amount__c, Linked_Type__c, Invoice__r.Name FROM Lines__r) FROM QBO_Payment__c ORDER BY Type__c"
    )
    assert [(row["Type__c"], row["Amount__c"], row["Account__r"]["Name"]) for row in payments] == [
        ("Credit Application", 0, "Acme"),
        ("Refund Receipt", 200, "Acme"),
    ]
    lines = payments[0]["Lines__r"]["records"]
    assert sorted(
        (row["Linked_Type__c"], row["Amount__c"], (row["Invoice__r"] or {}).get("Name")) for row in lines
    ) == [
        ("Credit Memo", 100, credit["DocNumber"]),
        ("Invoice", 100, invoice["DocNumber"]),
    ]
    assert records(spine, "Invoice")[0]["Status__c"] == "Partly paid"
    assert records(spine, "Credit Memo")[0]["Status__c"] == "Paid"


@with_pairs("order_salesreceipt", "salesreceipt_record")
def test_an_order_paid_at_once_becomes_a_sales_receipt_and_shows_it(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    account = spine.make("Account", Name="Acme")
    order = spine.make(
        "Order", AccountId=account, EffectiveDate="2026-11-20", Status="Draft", QBO_Generate__c="Sales Receipt",
        Pricebook2Id=standard_book(spine),
    )  # fmt: skip
    spine.make("OrderItem", OrderId=order, PricebookEntryId=bench, Quantity=3, UnitPrice=95)
    spine.edit("Order", order, Status="Activated")
    spine.first_load()
    spine.sync()
    receipt = document(spine, "SalesReceipt")
    assert sold(receipt) == [("Cedar bench", 3, 95, 285)]
    row = spine.row("Order", order)
    assert (row["QBO_Doc_Number__c"], row["QBO_Date__c"], row["QBO_Total__c"], row["QBO_Doc_Status__c"]) == (
        receipt["DocNumber"],
        "2026-11-20",
        receipt["TotalAmt"],
        "Paid",
    )
    [record] = records(spine, "Sales Receipt")
    assert (record["Name"], record["Total__c"]) == (receipt["DocNumber"], receipt["TotalAmt"])
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


@pytest.mark.parametrize(
    ("spine", "kind", "entity", "quantity", "status"),
    [
        ((*DEALS, "salesreceipt_record"), "Sales Receipt", "SalesReceipt", 2, "Paid"),
        ((*DEALS, "creditmemo_record"), "Credit Memo", "CreditMemo", -2, "Open"),
    ],
    indirect=["spine"],
)
def test_receipts_and_credit_memos_give_number_date_total_and_status_back(
    spine, kind, entity, quantity, status
):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    made = an_opportunity(
        spine,
        "Chosen",
        {"PricebookEntryId": bench, "Quantity": quantity, "UnitPrice": 100},
        QBO_Generate__c=kind,
    )
    spine.first_load()
    spine.sync()
    body = document(spine, entity)
    row = spine.row("Opportunity", made)
    assert (row["QBO_Doc_Number__c"], row["QBO_Date__c"], row["QBO_Total__c"], row["QBO_Doc_Status__c"]) == (
        body["DocNumber"],
        "2026-11-20",
        body["TotalAmt"],
        status,
    )
    [record] = records(spine, kind)
    assert (record["Opportunity__c"], record["Total__c"]) == (made, body["TotalAmt"])
    spine.book(entity, Id=body["Id"], SyncToken=body["SyncToken"], sparse=True, DocNumber="NEW-7")
    spine.sync()
    assert spine.row("Opportunity", made)["QBO_Doc_Number__c"] == "NEW-7"
    assert records(spine, kind)[0]["Name"] == "NEW-7"
