"""One run over every kind of bad data: each record says its own problem with a remedy, and the good ones go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.messages import words_for
from syncapp.models import Connection, Problem, RecordLink
from tests.services.sales import a_product, an_opportunity, standard_book
from tests.services.spine import Spine, a_spine
from tests.services.test_document_policies import company, preference

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

PAIRS = ("account_customer", "product_item", "opportunity_invoice")
TEXT = "Bänke 🌲 für den Garten – مقعد خشبي"


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=PAIRS, winner="sf") as made:
        yield made


def line(entry: str, **more: Any) -> dict[str, Any]:
    return {"PricebookEntryId": entry, "Quantity": 1, "UnitPrice": 100, **more}


def test_every_bad_record_has_its_own_problem_and_the_good_ones_go_out(spine):
    preference(spine, "AccountingInfoPrefs", BookCloseDate="2026-10-31")
    company(spine, closing_date="2026-10-31")
    bench = a_product(spine, "Cedar bench", "CB", 100)
    unpriced = a_product(spine, "Never: sold", "NS", 5)
    account = spine.make("Account", Name="Acme", BillingStreet="1 Main St", QBO_Email__c="pay@acme.example")
    long_name = spine.make("Account", Name="L" * 255)
    other_book = spine.make("Pricebook2", Name="Dealers", IsActive=True)
    product = spine.row("PricebookEntry", bench)["Product2Id"]
    dealer = spine.make(
        "PricebookEntry", Pricebook2Id=other_book, Product2Id=product, UnitPrice=80, IsActive=True
    )
    an_opportunity(spine, "Good", line(bench))
    an_opportunity(spine, "Emoji and RTL", line(bench, Description=TEXT))
    an_opportunity(spine, "No account", line(bench), AccountId=None)
    an_opportunity(spine, "No lines")
    an_opportunity(spine, "Unknown SKU", Amount=10, Product_SKU__c="NOPE")
    an_opportunity(spine, "Wrong tax code", line(bench, QBO_Tax_Code__c="Moon tax"))
    an_opportunity(spine, "Closed books", line(bench), CloseDate="2026-10-15")
    an_opportunity(spine, "Below nothing", line(bench, Quantity=-3))
    an_opportunity(spine, "Other book", line(dealer), Pricebook2Id=other_book)
    an_opportunity(spine, "Product refused", line(unpriced, UnitPrice=5))
    an_opportunity(spine, "Customer refused", line(bench), AccountId=spine.make("Account", Name="Colon: Ltd"))
    an_opportunity(spine, "Long name", line(bench), AccountId=long_name)
    spine.first_load()
    spine.carry()

    links = RecordLink.all_companies.filter(sf_object="Opportunity").exclude(lifecycle="absorbed")
    stand = {link.name: (link.attention, link.attention_code) for link in links}
    assert stand == {
        "Good": ("none", ""),
        "Emoji and RTL": ("none", ""),
        "Long name": ("none", ""),
        "No account": ("data_error", "engine.required"),
        "No lines": ("data_error", "engine.no_lines"),
        "Unknown SKU": ("data_error", "engine.not_listed"),
        "Wrong tax code": ("data_error", "engine.not_listed"),
        "Closed books": ("data_error", "engine.closed_date"),
        "Below nothing": ("data_error", "engine.negative_total"),
        "Other book": ("data_error", "engine.price_book"),
        "Product refused": ("blocked", "engine.parent_problem"),
        "Customer refused": ("blocked", "engine.parent_problem"),
    }
    texts = {
        part.get("Description")
        for body in spine.booked("Invoice")
        for part in body["Line"]
        if part["DetailType"] == "SalesItemLineDetail"
    }
    assert texts == {"Cedar bench", TEXT}
    assert account
    problems = Problem.all_companies.filter(closed_at=None, link__isnull=False)
    assert {problem.link.name for problem in problems} >= {
        name for name, (attention, _) in stand.items() if attention != "none"
    }
    for problem in problems:
        words = words_for(problem.code, problem.values)
        assert words.title, problem.code
        assert words.todo, problem.code
    assert Connection.all_companies.get(side="qbo").status == "live"
    assert standard_book(spine)


def test_an_inactive_product_or_item_names_itself(spine):
    """QuickBooks refuses an inactive item on a new document."""
    bench = a_product(spine, "Cedar bench", "CB", 100)
    spine.make("Account", Name="Acme")
    spine.first_load()
    item = next(body for body in spine.booked("Item") if body["Name"] == "Cedar bench")
    spine.book("Item", Id=item["Id"], SyncToken=item["SyncToken"], sparse=True, Active=False)
    spine.sync()
    an_opportunity(spine, "Spring", line(bench))
    spine.sync()
    link = RecordLink.all_companies.get(name="Spring")
    assert link.attention in {"blocked", "data_error"}, (link.attention, link.attention_code)
    assert spine.booked("Invoice") == []
    assert words_for(link.attention_code, link.attention_values).todo
