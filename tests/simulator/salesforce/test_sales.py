"""Opportunities with products, price books, quotes and orders (reference/salesforce.md 8.3 to 8.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.salesforce.caller import Caller


@pytest.fixture
def book(sf: Caller) -> str:
    found: str = sf.values("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]
    return found


@pytest.fixture
def entry(sf: Caller, book: str) -> str:
    product = sf.make("Product2", Name="Widget", ProductCode="W-1", IsActive=True)
    return sf.make("PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=33.33, IsActive=True)


def opportunity(sf: Caller, **more: Any) -> str:
    return sf.make(
        "Opportunity", **{"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01", **more}
    )


def line(sf: Caller, deal: str, entry: str, **more: Any) -> dict[str, Any]:
    made = sf.make(
        "OpportunityLineItem", OpportunityId=deal, PricebookEntryId=entry, **{"Quantity": 3, **more}
    )
    return sf.read("OpportunityLineItem", made)


def test_the_stage_gives_probability_and_the_closed_flags(sf: Caller) -> None:
    deal = opportunity(sf, Amount=1000)
    assert sf.read("Opportunity", deal)["Probability"] == 10.0
    sf.patch(f"/sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    record = sf.read("Opportunity", deal)

    assert (record["IsClosed"], record["IsWon"], record["Probability"], record["ExpectedRevenue"]) == (
        True,
        True,
        100.0,
        1000.0,
    )
    assert record["ForecastCategory"] == "Closed"
    assert sf.post("/sobjects/Opportunity", {"Name": "x"}).json == [
        {
            "message": "Required fields are missing: [StageName, CloseDate]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["StageName", "CloseDate"],
        }
    ]


def test_lines_make_the_amount_and_a_written_amount_is_ignored(sf: Caller, book: str, entry: str) -> None:
    deal = opportunity(sf, Name="Deal X", Amount=5)
    made = line(sf, deal, entry, UnitPrice=10.1, Discount=10)
    record = sf.read("Opportunity", deal)

    assert (made["TotalPrice"], made["Subtotal"], made["ListPrice"]) == (27.27, 30.3, 33.33)
    assert (made["Name"], made["ProductCode"]) == ("Deal X Widget", "W-1")
    assert (record["Amount"], record["HasOpportunityLineItem"], record["Pricebook2Id"]) == (27.27, True, book)
    assert sf.patch(f"/sobjects/Opportunity/{deal}", {"Amount": 1, "NextStep": "call"}).status == 204
    record = sf.read("Opportunity", deal)
    assert (record["Amount"], record["NextStep"]) == (27.27, "call")
    sf.delete(f"/sobjects/OpportunityLineItem/{made['Id']}")
    record = sf.read("Opportunity", deal)
    assert (record["Amount"], record["HasOpportunityLineItem"]) == (0.0, False)


@pytest.mark.parametrize(
    ("sent", "unit_price", "total"),
    [
        ({"Quantity": 6}, 5.0, 30.0),
        ({"Quantity": 6, "UnitPrice": 10}, 10.0, 60.0),
        ({"UnitPrice": 7.77}, 7.77, 23.31),
        ({"Discount": 50}, 10.0, 15.0),
        ({"TotalPrice": 45}, 15.0, 45.0),
        ({"Discount": 50, "Quantity": 2, "UnitPrice": 10}, 10.0, 10.0),
    ],
)
def test_a_line_is_recomputed_by_what_was_sent(
    sf: Caller, entry: str, sent: dict[str, float], unit_price: float, total: float
) -> None:
    made = line(sf, opportunity(sf), entry, UnitPrice=10)
    assert sf.patch(f"/sobjects/OpportunityLineItem/{made['Id']}", sent).status == 204
    after = sf.read("OpportunityLineItem", made["Id"])

    assert (after["UnitPrice"], after["TotalPrice"]) == (unit_price, total)


@pytest.mark.parametrize(
    "sent", [{"UnitPrice": 1, "TotalPrice": 3}, {"Quantity": 0}, {"Discount": 5, "Quantity": 2}]
)
def test_contradictions_on_a_line_are_refused(sf: Caller, entry: str, sent: dict[str, float]) -> None:
    made = line(sf, opportunity(sf), entry, UnitPrice=10)

    assert sf.patch(f"/sobjects/OpportunityLineItem/{made['Id']}", sent).code == "FIELD_INTEGRITY_EXCEPTION"


def test_a_line_needs_an_active_entry_of_the_deals_book(sf: Caller, entry: str) -> None:
    product = sf.values(f"SELECT Product2Id FROM PricebookEntry WHERE Id = '{entry}'")[0]
    other = sf.make("Pricebook2", Name="Other", IsActive=True)
    elsewhere = sf.make("PricebookEntry", Pricebook2Id=other, Product2Id=product, UnitPrice=1, IsActive=True)
    deal = opportunity(sf)
    line(sf, deal, entry)
    foreign = sf.post(
        "/sobjects/OpportunityLineItem", {"OpportunityId": deal, "PricebookEntryId": elsewhere, "Quantity": 1}
    )
    sf.patch(f"/sobjects/PricebookEntry/{entry}", {"IsActive": False})
    inactive = sf.post(
        "/sobjects/OpportunityLineItem", {"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 1}
    )
    moved = sf.patch(f"/sobjects/Opportunity/{deal}", {"Pricebook2Id": other})

    assert [one.code for one in (foreign, inactive, moved)] == ["FIELD_INTEGRITY_EXCEPTION"] * 3


def test_a_custom_price_needs_a_standard_price_first(sf: Caller, book: str) -> None:
    product = sf.make("Product2", Name="New", IsActive=True)
    other = sf.make("Pricebook2", Name="Custom", IsActive=True)
    early = sf.post(
        "/sobjects/PricebookEntry", {"Pricebook2Id": other, "Product2Id": product, "UnitPrice": 1}
    )
    standard = sf.make("PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=10, IsActive=True)
    follower = sf.make(
        "PricebookEntry", Pricebook2Id=other, Product2Id=product, UseStandardPrice=True, IsActive=True
    )
    sf.patch(f"/sobjects/PricebookEntry/{standard}", {"UnitPrice": 12})
    twice = sf.post("/sobjects/PricebookEntry", {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 1})

    assert early.json == [
        {
            "message": "Before creating a custom price, create a standard price.",
            "errorCode": "STANDARD_PRICE_NOT_DEFINED",
            "fields": [],
        }
    ]
    assert sf.read("PricebookEntry", follower)["UnitPrice"] == 12.0
    assert twice.code == "DUPLICATE_VALUE"


def test_a_quote_adds_up(sf: Caller, book: str, entry: str) -> None:
    deal = opportunity(sf, Pricebook2Id=book)
    quote = sf.make("Quote", Name="Q", OpportunityId=deal, Tax=1.5, ShippingHandling=2)
    sf.make("QuoteLineItem", QuoteId=quote, PricebookEntryId=entry, Quantity=2, UnitPrice=10, Discount=25)
    record = sf.read("Quote", quote)

    assert {
        name: record[name] for name in ("Subtotal", "TotalPrice", "Discount", "GrandTotal", "LineItemCount")
    } == {
        "Subtotal": 20.0,
        "TotalPrice": 15.0,
        "Discount": 25.0,
        "GrandTotal": 18.5,
        "LineItemCount": 1,
    }
    assert len(record["QuoteNumber"]) == 8


def test_an_order_is_drafted_filled_activated_and_then_locked(sf: Caller, book: str, entry: str) -> None:
    account = sf.make("Account", Name="Orders")
    early = sf.post(
        "/sobjects/Order", {"AccountId": account, "EffectiveDate": "2026-11-21", "Status": "Activated"}
    )
    order = sf.make("Order", AccountId=account, EffectiveDate="2026-11-21", Status="Draft", Pricebook2Id=book)
    empty = sf.patch(f"/sobjects/Order/{order}", {"Status": "Activated"})
    item = sf.make("OrderItem", OrderId=order, PricebookEntryId=entry, Quantity=3, UnitPrice=9.99)
    active = sf.patch(f"/sobjects/Order/{order}", {"Status": "Activated"})
    locked = sf.patch(f"/sobjects/OrderItem/{item}", {"Quantity": 4})
    record = sf.read("Order", order)

    assert [one.code for one in (early, empty)] == ["FAILED_ACTIVATION"] * 2
    assert (active.status, locked.code) == (204, "FIELD_INTEGRITY_EXCEPTION")
    assert (record["TotalAmount"], record["StatusCode"]) == (29.97, "Activated")


def test_a_contact_given_at_birth_becomes_the_primary_contact(sf: Caller) -> None:
    contact = sf.make("Contact", LastName="Primary")
    deal = opportunity(sf, ContactId=contact)

    assert sf.rows(
        f"SELECT ContactId, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = '{deal}'"
    ) == [{"ContactId": contact, "IsPrimary": True}]
