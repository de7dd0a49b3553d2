"""Documents that hold more than plain lines: discounts, shipping, a deposit, bundles, very many lines. Both sides come
to the same money, and nothing is written a second time (promise G6)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.contracts import Side
from syncapp.models import FieldMapping, Mapping
from syncapp.services import mappings
from syncapp.tenancy import tenant
from tests.services.sales import a_product, an_opportunity, document, sold, standard_book, with_pairs
from tests.services.spine import Spine, a_spine
from tests.services.test_document_rules import rules

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

PAIRS = ("account_customer", "product_item", "opportunity_invoice")
ONE_ROW = pytest.mark.trail_is_broken(
    "The trail tells of a record's lines with one row, the log with several."
)


@pytest.fixture
def spine(request: pytest.FixtureRequest) -> Iterator[Spine]:
    """With invoices of opportunities, and the pairs that the test names."""
    with a_spine(recipes=(*PAIRS, *getattr(request, "param", ())), winner="sf") as made:
        yield made


def lines_rule(spine: Spine, **said: Any) -> None:
    with tenant(spine.company.pk):
        lines = Mapping.objects.get(key="opportunity_invoice").policies["options"]["lines"]
    rules(spine, lines={**lines, **said})


def deal(spine: Spine, *lines: tuple[float, float, float]) -> str:
    """A won opportunity of benches: quantity, price and discount in percent of each line."""
    bench = a_product(spine, "Cedar bench", "CB", 100)
    return an_opportunity(
        spine,
        "Spring",
        *(
            {"PricebookEntryId": bench, "Quantity": quantity, "UnitPrice": price, "Discount": discount}
            for quantity, price, discount in lines
        ),
    )


def kinds(body: dict[str, Any]) -> list[tuple[str, Any]]:
    return [
        (line["DetailType"], line["Amount"]) for line in body["Line"] if "SubTotal" not in line["DetailType"]
    ]


def rests(spine: Spine) -> None:
    """All is in step: nothing is asked, and a second look writes nothing."""
    spine.sync()
    assert {link.attention for link in spine.links} == {"none"}
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_percent_discounts_of_lines_may_go_to_one_discount_line(spine):
    lines_rule(spine, discount="discount_line")
    made = deal(spine, (3, 33.33, 12.5), (1, 100, 0), (7, 9.99, 33.33))
    spine.first_load()
    invoice = document(spine)
    assert sold(invoice) == [
        ("Cedar bench", 3, 33.33, 99.99),
        ("Cedar bench", 1, 100, 100),
        ("Cedar bench", 7, 9.99, 69.93),
    ]
    row = spine.row("Opportunity", made)
    assert kinds(invoice)[-1][0] == "DiscountLineDetail"
    net = sum(Decimal(str(line[3])) for line in sold(invoice)) - Decimal(str(kinds(invoice)[-1][1]))
    assert net == Decimal(str(row["Amount"])).quantize(Decimal("0.01"))
    assert (row["QBO_Total__c"], invoice["TotalAmt"]) == (float(net), float(net))
    rests(spine)


def test_a_discount_of_a_hundred_percent_is_an_invoice_of_nothing(spine):
    made = deal(spine, (2, 49.95, 100))
    spine.first_load()
    assert (document(spine)["TotalAmt"], sold(document(spine))) == (0, [("Cedar bench", 2, 0, 0)])
    assert spine.row("Opportunity", made)["QBO_Total__c"] == 0
    rests(spine)


@ONE_ROW
@with_pairs("invoice_record")
@pytest.mark.parametrize("percent", [False, True])
def test_a_discount_that_the_books_give_is_shown_and_stays(spine, percent):
    made = deal(spine, (2, 100, 0))
    spine.first_load()
    invoice = document(spine)
    given = {"PercentBased": True, "DiscountPercent": 10} if percent else {"PercentBased": False}
    discount = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": given} | (
        {} if percent else {"Amount": 20}
    )
    spine.book("Invoice", **{**invoice, "Line": [*invoice["Line"], discount]})
    spine.sync()
    assert (document(spine)["TotalAmt"], spine.row("Opportunity", made)["QBO_Total__c"]) == (180, 180)
    [record] = spine.rows("SELECT Total__c, Discount__c FROM QBO_Invoice__c")
    assert (record["Total__c"], record["Discount__c"]) == (180, 20)
    rests(spine)
    [line] = spine.rows("SELECT Id FROM OpportunityLineItem")
    spine.edit("OpportunityLineItem", line["Id"], UnitPrice=150)
    spine.sync()
    assert kinds(document(spine)) == [
        ("SalesItemLineDetail", 300),
        ("DiscountLineDetail", 20),
    ]


@with_pairs("quote_estimate")
def test_shipping_of_a_quote_is_a_shipping_line_and_follows(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    account = spine.account(Name="Acme", BillingStreet="1 Main St")
    opportunity = spine.make(
        "Opportunity", Name="Quoted", AccountId=account, StageName="Prospecting", CloseDate="2026-12-01",
        Pricebook2Id=standard_book(spine),
    )  # fmt: skip
    quote = spine.make("Quote", Name="Offer", OpportunityId=opportunity, Status="Accepted",
                       Pricebook2Id=standard_book(spine), ShippingHandling=15.5)  # fmt: skip
    spine.make("QuoteLineItem", QuoteId=quote, PricebookEntryId=bench, Quantity=2, UnitPrice=90, Discount=5)
    spine.first_load()
    estimate = document(spine, "Estimate")
    assert kinds(estimate) == [("SalesItemLineDetail", 171), ("SalesItemLineDetail", 15.5)]
    assert estimate["TotalAmt"] == 186.5
    rests(spine)
    spine.edit("Quote", quote, ShippingHandling=20)
    spine.sync()
    assert kinds(document(spine, "Estimate")) == [("SalesItemLineDetail", 171), ("SalesItemLineDetail", 20)]
    assert spine.row("Quote", quote)["QBO_Total__c"] == 191


def test_a_deposit_lowers_what_is_owed_and_is_no_part_payment(spine):
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        FieldMapping.objects.create(
            mapping=mapping, key="deposit", label="Deposit", qbo_path="Deposit", type="decimal", constant="50",
            direction="to_qbo", on_conflict="sf", initial="sf", position=90,
        )  # fmt: skip
        mappings.publish(mapping, spine.person)
    made = deal(spine, (2, 100, 0))
    spine.first_load()
    invoice = document(spine)
    assert (invoice["Deposit"], invoice["TotalAmt"], invoice["Balance"]) == (50, 200, 150)
    row = spine.row("Opportunity", made)
    assert (row["QBO_Total__c"], row["QBO_Balance__c"], row["QBO_Doc_Status__c"]) == (200, 150, "Open")
    rests(spine)


@ONE_ROW
@with_pairs("invoice_record")
def test_a_bundle_that_somebody_adds_in_the_books_is_shown_whole_and_survives_our_writes(spine):
    made = deal(spine, (2, 100, 0))
    spine.first_load()
    invoice = document(spine)
    part = next(row for row in spine.booked("Item") if row["Name"] == "Cedar bench")
    realm = spine.sim.quickbooks.credentials()["realm_id"]
    bundle = spine.sim.quickbooks.post(
        "bundle", {"realm_id": realm, "name": "Garden set", "parts": {part["Id"]: 3}}
    )
    group = {
        "DetailType": "GroupLineDetail",
        "GroupLineDetail": {"GroupItemRef": {"value": bundle["id"]}, "Quantity": 2},
    }
    spine.book("Invoice", **{**invoice, "Line": [*invoice["Line"], group]})
    spine.sync()
    spine.sync()
    total = document(spine)["TotalAmt"]
    assert total == 200 + 6 * part["UnitPrice"]
    assert spine.row("Opportunity", made)["QBO_Total__c"] == total
    shown = spine.rows(
        "SELECT Type__c, Item__c, Quantity__c, Amount__c FROM QBO_Invoice_Line__c ORDER BY Line_Number__c"
    )
    assert [(row["Type__c"], row["Item__c"], row["Quantity__c"], row["Amount__c"]) for row in shown] == [
        ("Item", "Cedar bench", 2, 200),
        ("Bundle", "Garden set", 2, total - 200),
    ]
    rests(spine)
    [line] = spine.rows("SELECT Id FROM OpportunityLineItem")
    spine.edit("OpportunityLineItem", line["Id"], UnitPrice=110)
    spine.sync()
    after = document(spine)
    assert after["TotalAmt"] == total + 20
    inner = next(one for one in after["Line"] if one["DetailType"] == "GroupLineDetail")["GroupLineDetail"]
    assert [(one["SalesItemLineDetail"]["Qty"], one["Amount"]) for one in inner["Line"]] == [(6, total - 200)]


def test_a_very_long_document_goes_whole_and_comes_back_to_the_cent(spine):
    bench = a_product(spine, "Cedar bench", "CB", 1)
    made = an_opportunity(spine, "Spring")
    lines = [
        {"attributes": {"type": "OpportunityLineItem"}, "OpportunityId": made, "PricebookEntryId": bench,
         "Quantity": 1 + n % 7, "UnitPrice": round(0.33 + n * 0.07, 2), "Description": f"Line {n:03d}"}
        for n in range(740)
    ]  # fmt: skip
    for start in range(0, len(lines), 200):
        spine.sf("POST", "composite/sobjects", {"allOrNone": True, "records": lines[start : start + 200]})
    spine.first_load()
    invoice = document(spine)
    assert [line[0] for line in sold(invoice)] == [f"Line {n:03d}" for n in range(740)]
    total = sum(Decimal(str(line["Quantity"])) * Decimal(str(line["UnitPrice"])) for line in lines)
    assert Decimal(str(invoice["TotalAmt"])) == total
    assert Decimal(str(spine.row("Opportunity", made)["QBO_Total__c"])) == total
    assert {link.attention for link in spine.links} == {"none"}
    mark = spine.mark()
    spine.press(next(one for one in spine.links if one.sf_object == "Opportunity"), Side.QUICKBOOKS)
    assert [one for one in spine.writes(mark) if one["object"] == "Invoice"] == []
