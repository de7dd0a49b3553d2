"""The rules of documents that people know: what makes one, what holds it, and what is only said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import Mapping, PreviewItem, RecordLink
from syncapp.services import mappings, why
from syncapp.tenancy import tenant
from tests.services.sales import (
    a_product,
    an_opportunity,
    document,
    link_of,
    sold,
    standard_book,
)
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

PAIRS = ("account_customer", "product_item", "opportunity_invoice")


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=PAIRS, winner="sf") as made:
        yield made


def rules(spine: Spine, key: str = "opportunity_invoice", **options: Any) -> None:
    """Change options of a mapping and publish it."""
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key=key)
        mapping.policies["options"] = {**mapping.policies["options"], **options}
        mapping.save()
        mappings.publish(mapping, spine.person)


def stands(link: RecordLink) -> tuple[str, str]:
    return link.attention, link.attention_code


def opportunity_link(spine: Spine, name: str = "") -> RecordLink:
    found = RecordLink.all_companies.filter(sf_object="Opportunity").exclude(lifecycle="absorbed")
    return found.get(name=name) if name else found.get()


def planned(spine: Spine, name: str) -> set[str]:
    """The rules that the newest preview names for a record."""
    item = PreviewItem.all_companies.filter(link__name=name).latest("id")
    return {reason["code"] for reason in item.decision["reasons"]}


def test_an_empty_generate_waits_and_says_so_until_it_is_filled(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    made = an_opportunity(
        spine, "Later", {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100}, QBO_Generate__c=None
    )
    spine.first_load()
    with tenant(spine.company.pk):
        [answer] = why.explain(made)
    assert answer.stopped_by is not None
    assert (answer.outcome, answer.stopped_by.words.title) == ("skip", "Generate is empty")
    assert spine.booked("Invoice") == []
    spine.edit("Opportunity", made, QBO_Generate__c="Invoice")
    spine.sync()
    assert sold(document(spine)) == [("Cedar bench", 1, 100, 100)]
    assert stands(opportunity_link(spine)) == ("none", "")


def test_an_opportunity_without_an_account_says_so_and_goes_on_once_it_has_one(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    made = an_opportunity(
        spine, "Homeless", {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100}, AccountId=None
    )
    spine.first_load()
    link = opportunity_link(spine)
    assert stands(link) == ("data_error", "engine.required")
    assert link.attention_values["label"] == "Account"
    spine.edit("Opportunity", made, AccountId=spine.make("Account", Name="Oak Farm"))
    spine.sync()
    assert document(spine)["CustomerRef"]["name"] == "Oak Farm"


def test_products_of_another_price_book_are_a_problem_that_names_it(spine):
    product = a_product(spine, "Cedar bench", "CB", 100)
    product_id = spine.row("PricebookEntry", product)["Product2Id"]
    book = spine.make("Pricebook2", Name="Dealers", IsActive=True)
    entry = spine.make(
        "PricebookEntry", Pricebook2Id=book, Product2Id=product_id, UnitPrice=80, IsActive=True
    )
    an_opportunity(
        spine, "Dealer", {"PricebookEntryId": entry, "Quantity": 2, "UnitPrice": 80}, Pricebook2Id=book
    )
    spine.first_load()
    link = opportunity_link(spine)
    assert stands(link) == ("data_error", "engine.price_book")
    assert link.attention_values["value"] == "Dealers"
    assert spine.booked("Invoice") == []
    rules(spine, price_books=[standard_book(spine), book])
    spine.press(link, None)
    assert sold(document(spine)) == [("Cedar bench", 2, 80, 160)]


def test_without_products_and_sku_the_default_item_carries_the_amount(spine):
    made = an_opportunity(spine, "Consulting", Amount=750)
    spine.first_load()
    link = opportunity_link(spine)
    assert stands(link) == ("data_error", "engine.no_item")
    rules(spine, default_item="Services")
    spine.press(link, None)
    assert sold(document(spine)) == [("Consulting", 1, 750, 750)]
    assert spine.row("Opportunity", made)["QBO_Total__c"] == document(spine)["TotalAmt"]


def test_an_unknown_sku_is_a_problem_that_names_it(spine):
    an_opportunity(spine, "Plan", Amount=480, Product_SKU__c="NOPE-1")
    spine.first_load()
    link = opportunity_link(spine)
    assert stands(link) == ("data_error", "engine.not_listed")
    assert "NOPE-1" in str(link.attention_values["value"])


def test_a_missing_address_or_email_is_said_and_blocks_where_the_mapping_says_so(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    line = {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100}
    bare = spine.make("Account", Name="Bare")
    an_opportunity(spine, "First", line, AccountId=bare)
    spine.scan()
    assert {"engine.no_email", "engine.no_address"} <= planned(spine, "First")
    spine.first_load()
    assert len(spine.booked("Invoice")) == 1
    assert stands(link_of(spine)) == ("none", "")

    rules(spine, without_email="stop", without_address="stop")
    an_opportunity(spine, "Second", line, AccountId=bare)
    spine.sync()
    link = opportunity_link(spine, "Second")
    assert link.attention == "data_error"
    assert link.attention_code in {"engine.no_email", "engine.no_address"}
    assert len(spine.booked("Invoice")) == 1
    spine.edit("Account", bare, QBO_Email__c="a@bare.example", BillingStreet="1 Main St", BillingCity="Ely")
    spine.sync()
    assert len(spine.booked("Invoice")) == 2


def test_every_order_of_a_customer_with_an_email_address_becomes_an_invoice(spine):
    spine.make("Account", Name="Acme", BillingStreet="1 Main St", QBO_Email__c="pay@acme.example")
    bench = a_product(spine, "Cedar bench", "CB", 100)
    line = {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100}
    an_opportunity(spine, "First", line)
    an_opportunity(spine, "Second", line)
    spine.first_load()
    an_opportunity(spine, "Third", line)
    spine.sync()
    assert len(spine.booked("Invoice")) == 3
    assert {stands(opportunity_link(spine, name)) for name in ("First", "Second", "Third")} == {("none", "")}


def test_a_document_can_carry_the_addresses_of_its_account_and_only_some_of_the_lines(spine):
    bench, plan = a_product(spine, "Cedar bench", "CB", 100), a_product(spine, "Plan", "PL", 40)
    spine.make("Account", Name="Acme", BillingStreet="1 Main St", BillingCity="Bayshore", BillingState="CA")
    an_opportunity(
        spine,
        "Terrace",
        {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100},
        {"PricebookEntryId": plan, "Quantity": 1, "UnitPrice": 40},
    )
    lines = {
        "sf_object": "OpportunityLineItem",
        "parent_field": "OpportunityId",
        "filter": [{"path": "UnitPrice", "operator": "ge", "value": "100"}],
    }
    rules(spine, lines=lines, rules={"addresses": "account"})
    spine.first_load()
    made = document(spine)
    assert sold(made) == [("Cedar bench", 2, 100, 200)]
    assert (made["BillAddr"]["Line1"], made["BillAddr"]["City"]) == ("1 Main St", "Bayshore")
    assert stands(opportunity_link(spine, "Terrace")) == ("none", "")
    spine.sync()
    assert stands(opportunity_link(spine, "Terrace")) == ("none", "")


def test_a_formula_over_an_amount_decides_what_leaves_also_where_capture_brought_the_record(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    an_opportunity(spine, "Small", {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 40})
    an_opportunity(spine, "Large", {"PricebookEntryId": bench, "Quantity": 3, "UnitPrice": 100})
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        mapping.sf_filter = [*mapping.sf_filter, {"formula": "Amount >= 100"}]
        mapping.save()
        mappings.publish(mapping, spine.person)
    spine.first_load()
    assert [one["TotalAmt"] for one in spine.booked("Invoice")] == [300]
    assert RecordLink.all_companies.filter(name="Large", qbo_id__isnull=False).count() == 1
