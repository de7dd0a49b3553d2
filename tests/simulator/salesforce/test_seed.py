"""What the seeded orgs hold: the fields and objects of the package, and deals at every step of their life."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.salesforce.caller import Caller, caller_of

OWN_OBJECTS = {
    "QBO_Sync__c": (
        "Record_Id__c",
        "Platform__c",
        "QB_Company_Id__c",
        "Object_Type__c",
        "Status__c",
        "Message__c",
    ),
    "QBO_Invoice__c": (
        "QBO_Id__c",
        "Account__c",
        "Opportunity__c",
        "Total__c",
        "Tax__c",
        "Balance__c",
        "Status__c",
    ),
    "QBO_Invoice_Line__c": (
        "QBO_Id__c",
        "Invoice__c",
        "Product__c",
        "Quantity__c",
        "Unit_Price__c",
        "Amount__c",
    ),
    "QBO_Payment__c": ("QBO_Id__c", "Account__c", "Date__c", "Amount__c", "Unapplied_Amount__c"),
    "QBO_Payment_Line__c": ("QBO_Id__c", "Payment__c", "Invoice__c", "Opportunity__c", "Amount__c"),
    "Billing__c": ("Account__c", "Billing_Date__c", "Due_Date__c", "QBO_Invoice_Id__c"),
    "Billing_Line__c": ("Billing__c", "Product__c", "Quantity__c", "Unit_Price__c", "QBO_Line_Id__c"),
}
DOCUMENT_IDS = {"QBO_Invoice_Id__c", "QBO_Estimate_Id__c", "QBO_SalesReceipt_Id__c", "QBO_CreditMemo_Id__c"}
EXTERNAL_IDS = {
    "Account": {"QBO_Id__c", "QBO_Customer_Id__c", "QBO_Vendor_Id__c"},
    "Contact": {"QBO_Id__c", "QBO_Customer_Id__c"},
    "Product2": {"QBO_Id__c", "QBO_Item_Id__c"},
    "Opportunity": {"QBO_Id__c", *DOCUMENT_IDS},
    "OpportunityLineItem": {"QBO_Id__c", "QBO_Line_Id__c"},
    "Quote": {"QBO_Id__c", "QBO_Estimate_Id__c"},
    "QuoteLineItem": {"QBO_Id__c", "QBO_Line_Id__c"},
    "Order": {"QBO_Id__c", *DOCUMENT_IDS},
    "OrderItem": {"QBO_Id__c", "QBO_Line_Id__c"},
}
VIEW = ("QBO_Doc_Number__c", "QBO_Date__c", "QBO_Due_Date__c", "QBO_Total__c", "QBO_Tax__c", "QBO_Balance__c",
        "QBO_Doc_Status__c")  # fmt: skip


def fields_of(sf: Caller, object_name: str) -> dict[str, Any]:
    return {field["name"]: field for field in sf.get(f"/sobjects/{object_name}/describe").json["fields"]}


@pytest.mark.parametrize(("object_name", "expected"), EXTERNAL_IDS.items())
def test_each_quickbooks_entity_has_its_own_external_id(
    sf: Caller, object_name: str, expected: set[str]
) -> None:
    fields = fields_of(sf, object_name)
    found = {name for name, field in fields.items() if field["externalId"] and field["unique"]}
    assert found == expected
    assert all(fields[name]["idLookup"] and fields[name]["caseSensitive"] for name in expected)


@pytest.mark.parametrize("object_name", ["Opportunity", "Order", "Quote"])
def test_the_document_in_the_books_can_be_read_off_its_source(sf: Caller, object_name: str) -> None:
    fields = fields_of(sf, object_name)
    assert {name: fields[name]["type"] for name in VIEW} == dict(
        zip(VIEW, ("string", "date", "date", "currency", "currency", "currency", "picklist"), strict=True)
    )
    assert fields["QBO_Doc_Number__c"]["length"] == 21


@pytest.mark.parametrize(("object_name", "expected"), OWN_OBJECTS.items())
def test_the_org_has_the_objects_of_the_package_and_one_of_its_own(
    sf: Caller, object_name: str, expected: tuple[str, ...]
) -> None:
    assert set(expected) <= set(fields_of(sf, object_name))


def test_lines_hang_on_their_documents_and_go_with_them(sf: Caller) -> None:
    invoice = sf.make("QBO_Invoice__c", Name="1044", QBO_Id__c="9:Invoice:1", Total__c=100.5)
    sf.make("QBO_Invoice_Line__c", Invoice__c=invoice, Quantity__c=1.23456, Amount__c=100.5)
    payment = sf.make("QBO_Payment__c", QBO_Id__c="9:Payment:2", Amount__c=100.5)
    applied = sf.make("QBO_Payment_Line__c", Payment__c=payment, Invoice__c=invoice, Amount__c=100.5)
    [row] = sf.rows(
        "SELECT Name, (SELECT Amount__c FROM Lines__r), (SELECT Amount__c FROM Payment_Lines__r) FROM QBO_Invoice__c"
        " WHERE QBO_Id__c = '9:Invoice:1'"
    )
    assert [len(row[name]["records"]) for name in ("Lines__r", "Payment_Lines__r")] == [1, 1]
    sf.delete(f"/sobjects/QBO_Invoice__c/{invoice}")
    assert sf.query("SELECT count() FROM QBO_Invoice_Line__c").json["totalSize"] == 0
    assert sf.read("QBO_Payment_Line__c", applied)["Invoice__c"] is None


def test_an_org_without_the_package_has_none_of_it(running: Any) -> None:
    bare = caller_of(running.salesforce, 2)
    named = {one["name"] for one in bare.get("/sobjects").json["sobjects"]}
    assert not named & set(OWN_OBJECTS)
    assert not {name for name in fields_of(bare, "Opportunity") if name.endswith("__c")}


def test_deals_stand_at_every_step_and_some_teach(sf: Caller) -> None:
    deals = {
        row["Name"]: row
        for row in sf.rows(
            "SELECT Name, StageName, IsWon, Amount, AccountId, QBO_Generate__c, Product_SKU__c, HasOpportunityLineItem,"
            " Pricebook2.Name FROM Opportunity"
        )
    }
    won = {name for name, row in deals.items() if row["IsWon"]}
    assert {deals[name]["QBO_Generate__c"] for name in won} == {
        "Invoice",
        "Sales Receipt",
        "Credit Memo",
        None,
    }
    assert deals["Roof terrace"]["QBO_Generate__c"] == "Estimate"
    assert deals["Front garden"]["Amount"] == 1251.99
    assert deals["Returned path lights"]["Amount"] == -85.9
    assert (
        deals["Design flat fee"]["HasOpportunityLineItem"],
        deals["Design flat fee"]["Product_SKU__c"],
    ) == (
        False,
        "SVC-DES",
    )
    assert deals["Walk-in request"]["AccountId"] is None
    assert deals["Trade order"]["Pricebook2"]["Name"] == "Wholesale"
    inactive = "SELECT Opportunity.Name FROM OpportunityLineItem WHERE Product2.IsActive = false"
    assert [row["Opportunity"]["Name"] for row in sf.rows(inactive)] == ["Copper birdbaths"]


def test_every_deals_amount_is_the_sum_of_its_lines(sf: Caller) -> None:
    """Seeded figures obey the platform's arithmetic: touching a line changes nothing."""
    deals = sf.rows(
        "SELECT Id, Amount, (SELECT Id, Quantity, UnitPrice FROM OpportunityLineItems) FROM Opportunity"
    )
    before = {row["Id"]: row["Amount"] for row in deals if row["OpportunityLineItems"]}
    for row in deals:
        for line in (row["OpportunityLineItems"] or {"records": []})["records"]:
            values = {"Quantity": line["Quantity"], "UnitPrice": line["UnitPrice"]}
            assert sf.patch(f"/sobjects/OpportunityLineItem/{line['Id']}", values).status == 204
    after = {
        row["Id"]: row["Amount"]
        for row in sf.rows("SELECT Id, Amount FROM Opportunity")
        if row["Id"] in before
    }
    assert after == before


def test_quotes_orders_and_bills_carry_their_lines(sf: Caller) -> None:
    assert sf.rows("SELECT Name, Status, LineItemCount, GrandTotal FROM Quote ORDER BY Name") == [
        {"Name": "Roof terrace quote", "Status": "Accepted", "LineItemCount": 2, "GrandTotal": 1780.0},
        {"Name": "Spring care quote", "Status": "Draft", "LineItemCount": 1, "GrandTotal": 456.0},
    ]
    assert sf.rows("SELECT OrderNumber, Status, TotalAmount FROM Order ORDER BY OrderNumber") == [
        {"OrderNumber": "00000001", "Status": "Activated", "TotalAmount": 390.0},
        {"OrderNumber": "00000002", "Status": "Draft", "TotalAmount": 550.0},
    ]
    bills = sf.rows(
        "SELECT Name, Total__c, (SELECT Amount__c FROM Billing_Lines__r) FROM Billing__c ORDER BY Name"
    )
    assert [(row["Name"], row["Total__c"], row["Billing_Lines__r"]["totalSize"]) for row in bills] == [
        ("B-00001", 265.31, 2),
        ("B-00002", 35.0, 1),
    ]
