"""Orgs of other kinds: several currencies, state and country picklists, objects switched off (reference 8.6)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.simulator.testing import Side
from tests.simulator.salesforce.caller import Caller, caller_of


def org_with(side: Side, **flavour: Any) -> Caller:
    return Caller(side, side.post("orgs", {"seed": "small", **flavour})["access_token"])


@pytest.fixture(scope="module")
def euro(running: Any) -> Caller:
    """The seeded org that has several currencies."""
    return caller_of(running.salesforce, 3)


@pytest.fixture(scope="module")
def placed(running: Any) -> Caller:
    return org_with(running.salesforce, state_picklists=True)


def test_one_currency_means_no_currency_field_at_all(sf: Caller) -> None:
    assert sf.query("SELECT CurrencyIsoCode FROM Account").code == "INVALID_FIELD"
    assert sf.query("SELECT IsoCode FROM CurrencyType").code == "INVALID_TYPE"


def test_records_have_the_corporate_currency_unless_told(euro: Caller) -> None:
    assert euro.read("Account", euro.make("Account", Name="x"))["CurrencyIsoCode"] == "USD"
    assert euro.values("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true") == ["USD"]
    bad = euro.post("/sobjects/Account", {"Name": "x", "CurrencyIsoCode": "XXX"})
    assert bad.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_changing_the_currency_converts_what_the_write_leaves_out(euro: Caller) -> None:
    deal = euro.make("Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-12-01", Amount=100)
    euro.patch(f"/sobjects/Opportunity/{deal}", {"CurrencyIsoCode": "EUR"})
    assert euro.read("Opportunity", deal)["Amount"] == 92.0
    euro.patch(f"/sobjects/Opportunity/{deal}", {"CurrencyIsoCode": "USD", "Amount": 5})
    assert euro.read("Opportunity", deal)["Amount"] == 5.0


def test_dated_rates_follow_each_other_and_convert_a_deal_by_its_close_date(euro: Caller) -> None:
    for start, rate in (("2020-01-01", 0.5), ("2026-01-01", 0.8)):
        euro.make("DatedConversionRate", IsoCode="EUR", StartDate=start, ConversionRate=rate)
    between = euro.make("DatedConversionRate", IsoCode="EUR", StartDate="2024-01-01", ConversionRate=0.6)
    listed = (
        "SELECT StartDate, NextStartDate FROM DatedConversionRate WHERE IsoCode = 'EUR' ORDER BY StartDate"
    )
    ends = [(row["StartDate"], row["NextStartDate"]) for row in euro.rows(listed)]
    euro.delete(f"/sobjects/DatedConversionRate/{between}")
    after = [(row["StartDate"], row["NextStartDate"]) for row in euro.rows(listed)]
    twice = {"IsoCode": "EUR", "StartDate": "2020-01-01", "ConversionRate": 1}

    assert ends == [("2020-01-01", "2024-01-01"), ("2024-01-01", "2026-01-01"), ("2026-01-01", None)]
    assert after == [("2020-01-01", "2026-01-01"), ("2026-01-01", None)]
    assert euro.post("/sobjects/DatedConversionRate", twice).code == "DUPLICATE_VALUE"
    deal = {
        "Name": "Old deal",
        "StageName": "Prospecting",
        "CloseDate": "2021-06-01",
        "CurrencyIsoCode": "USD",
    }
    made = euro.make("Opportunity", **deal, Amount=100)
    euro.patch(f"/sobjects/Opportunity/{made}", {"CurrencyIsoCode": "EUR"})
    assert euro.read("Opportunity", made)["Amount"] == 50.0
    for row in euro.rows("SELECT Id FROM DatedConversionRate"):
        euro.delete(f"/sobjects/DatedConversionRate/{row['Id']}")


def test_a_line_takes_its_deals_currency_and_needs_an_entry_of_it(euro: Caller) -> None:
    book = euro.values("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]
    product = euro.make("Product2", Name="x", IsActive=True)
    entries = {
        code: euro.make(
            "PricebookEntry",
            Pricebook2Id=book,
            Product2Id=product,
            UnitPrice=10,
            IsActive=True,
            CurrencyIsoCode=code,
        )
        for code in ("USD", "EUR")
    }
    deal = euro.make(
        "Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-12-01", CurrencyIsoCode="EUR"
    )
    line = {"OpportunityId": deal, "Quantity": 1}
    wrong = euro.post("/sobjects/OpportunityLineItem", {**line, "PricebookEntryId": entries["USD"]})
    right = euro.make("OpportunityLineItem", **line, PricebookEntryId=entries["EUR"])

    assert wrong.code == "FIELD_INTEGRITY_EXCEPTION"
    assert euro.read("OpportunityLineItem", right)["CurrencyIsoCode"] == "EUR"


def test_places_must_be_known_and_text_and_code_go_together(placed: Caller) -> None:
    record = placed.make("Account", Name="x", BillingCountry="united states", BillingState="California")
    shown = placed.read("Account", record)
    assert (shown["BillingCountryCode"], shown["BillingStateCode"], shown["BillingCountry"]) == (
        "US",
        "CA",
        "United States",
    )
    assert shown["BillingAddress"]["stateCode"] == "CA"
    placed.patch(f"/sobjects/Account/{record}", {"BillingStateCode": "TX"})
    assert placed.read("Account", record)["BillingState"] == "Texas"
    placed.patch(f"/sobjects/Account/{record}", {"BillingState": None, "BillingCountry": None})
    assert placed.read("Account", record)["BillingAddress"] is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"BillingState": "Californa", "BillingCountry": "United States"},
            (
                "There's a problem with this state, even though it may appear correct. Please select a state from the"
                " list of valid states.: Billing State/Province"
            ),
        ),
        (
            {"BillingCountry": "Atlantis"},
            (
                "There's a problem with this country, even though it may appear correct. Please select a country from"
                " the list of valid countries.: Billing Country"
            ),
        ),
        (
            {"BillingState": "Texas"},
            "A country/territory must be specified before specifying a state value for field: Billing State/Province",
        ),
    ],
)
def test_unknown_places_are_refused(placed: Caller, values: dict[str, str], message: str) -> None:
    reply = placed.post("/sobjects/Account", {"Name": "x", **values})

    assert (reply.code, reply.json[0]["message"]) == ("FIELD_INTEGRITY_EXCEPTION", message)


def test_what_is_switched_off_is_absent(side: Side) -> None:
    plain = org_with(side, products=False, quotes=False, orders=False, package=False)
    names = {one["name"] for one in plain.get("/sobjects").json["sobjects"]}

    assert not names & {"Product2", "OpportunityLineItem", "Quote", "Order", "QBO_Sync__c"}
    assert plain.query("SELECT Id FROM Product2").code == "INVALID_TYPE"
    assert plain.make("Opportunity", Name="x", StageName="Prospecting", CloseDate="2026-12-01")
