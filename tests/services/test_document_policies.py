"""What a company decides about its documents: number, due date, class and location, closed books, unknown products."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connectors.contracts import Side
from syncapp.models import Connection, LinkBase, Mapping, Problem, RecordLink
from syncapp.services import clients, closed_books, mappings, reconcile
from syncapp.services.errors import Refused
from syncapp.services.mapping_checks import validate
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.services.sales import a_product, an_opportunity, document, link_of, sold
from tests.services.spine import Spine, a_spine
from tests.services.test_document_rules import opportunity_link, rules, stands

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

PAIRS = ("account_customer", "product_item", "opportunity_invoice")


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=PAIRS, winner="sf") as made:
        yield made


def company(spine: Spine, **facts: Any) -> None:
    """What the health check last said of the QuickBooks company."""
    row = Connection.all_companies.get(side="qbo")
    row.facts = {**(row.facts or {}), **facts}
    row.save()


def preference(spine: Spine, group: str, **values: Any) -> None:
    """Change a setting in QuickBooks itself."""
    known = spine.qbo("GET", "query?query=select%20*%20from%20Preferences")["QueryResponse"]["Preferences"][0]
    spine.qbo("POST", "preferences", {**known, group: {**known[group], **values}})


def won(spine: Spine, name: str = "Spring", **fields: Any) -> str:
    bench = a_product(spine, "Cedar bench", "CB", 100)
    return an_opportunity(spine, name, {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100}, **fields)


def test_a_company_that_numbers_itself_gets_the_number_of_salesforce_with_a_prefix(spine):
    preference(spine, "SalesFormsPrefs", CustomTxnNumbers=True)
    company(spine, custom_numbers=True)
    made = won(spine, Product_SKU__c="1042")
    spine.first_load()
    assert stands(opportunity_link(spine)) == ("data_error", "engine.no_number")
    assert spine.booked("Invoice") == []
    numbered = {"number": "salesforce", "number_field": "Product_SKU__c", "number_prefix": "SF-"}
    rules(spine, rules=numbered)
    spine.press(opportunity_link(spine), None)
    assert document(spine)["DocNumber"] == "SF-1042"
    assert spine.row("Opportunity", made)["QBO_Doc_Number__c"] == "SF-1042"
    # The number stays what it was: invoices are not renumbered behind the customer's back.
    spine.edit("Opportunity", made, Product_SKU__c="1043")
    spine.sync()
    assert document(spine)["DocNumber"] == "SF-1042"


@pytest.mark.parametrize(
    ("chosen", "due"),
    [
        ({"due": "days", "due_days": 14}, "2026-12-04"),
        ({"due": "end_of_month"}, "2026-11-30"),
        ({"due": "end_of_month", "due_months": 1}, "2026-12-31"),
        ({"due": "terms", "terms_name": "Net 60"}, "2027-01-19"),
    ],
)
def test_the_due_date_follows_the_rule(spine, chosen, due):
    made = won(spine)
    rules(spine, rules=chosen)
    spine.first_load()
    spine.sync()
    assert document(spine)["DueDate"] == due
    assert spine.row("Opportunity", made)["QBO_Due_Date__c"] == due
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_the_due_date_moves_with_the_date_of_the_document(spine):
    made = won(spine)
    rules(spine, rules={"due": "days", "due_days": 30})
    spine.first_load()
    spine.edit("Opportunity", made, CloseDate="2026-11-25")
    spine.sync()
    invoice = document(spine)
    assert (invoice["TxnDate"], invoice["DueDate"]) == ("2026-11-25", "2026-12-25")


def test_class_and_location_are_looked_up_and_written_where_the_company_keeps_them(spine):
    preference(spine, "AccountingInfoPrefs", ClassTrackingPerTxnLine=True, TrackDepartments=True)
    spine.book("Class", Name="Retail")
    spine.book("Department", Name="Boston")
    won(spine, NextStep="Boston")
    rules(spine, rules={"class_on": "line", "class_name": "Retail", "location_field": "NextStep"})
    spine.first_load()
    invoice = document(spine)
    [line] = [line for line in invoice["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    assert line["SalesItemLineDetail"]["ClassRef"]["name"] == "Retail"
    assert invoice["DepartmentRef"]["name"] == "Boston"
    spine.sync()
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_a_class_where_quickbooks_keeps_none_is_told_on_the_mapping(spine):
    company(spine, classes="line", locations=False)
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        mapping.policies["options"]["rules"] = {
            "class_on": "header", "class_name": "Retail", "location_name": "Boston"
        }  # fmt: skip
        mapping.save()
        told = {(fault.code, fault.values.get("label")) for fault in validate(mapping)}
    assert {("mapping.not_tracked", "Class"), ("mapping.not_tracked", "Location")} <= told


def test_an_unknown_location_is_a_problem_that_names_it(spine):
    won(spine, NextStep="Atlantis")
    rules(spine, rules={"location_field": "NextStep"})
    spine.first_load()
    link = opportunity_link(spine)
    assert stands(link) == ("data_error", "engine.not_listed")
    assert link.attention_values["value"] == "Atlantis"


def test_a_date_in_closed_books_waits_or_takes_the_next_open_day(spine):
    preference(spine, "AccountingInfoPrefs", BookCloseDate="2026-11-22")
    company(spine, closing_date="2026-11-22")
    made = won(spine)
    spine.first_load()
    link = opportunity_link(spine)
    assert stands(link) == ("data_error", "engine.closed_date")
    rules(spine, closed_period="next_open")
    spine.press(link, None)
    assert document(spine)["TxnDate"] == "2026-11-23"
    assert spine.row("Opportunity", made)["QBO_Date__c"] == "2026-11-23"
    assert stands(opportunity_link(spine)) == ("none", "")
    spine.sync()
    mark = spine.mark()
    spine.sync()
    spine.press(link_of(spine), Side.QUICKBOOKS)
    assert spine.writes(mark) == []


def closed_in_november(spine: Spine) -> None:
    preference(spine, "AccountingInfoPrefs", BookCloseDate="2026-11-22")
    company(spine, closing_date="2026-11-22", books_at="2026-01-01T00:00:00+00:00")


def open_again(spine: Spine) -> None:
    """The period is reopened in QuickBooks, and the closing date that we know grows old."""
    preference(spine, "AccountingInfoPrefs", BookCloseDate="2026-10-31")
    old = timezone.now() - timedelta(days=1)
    Connection.all_companies.filter(side="qbo").update(facts_at=old)
    company(spine, books_at=old.isoformat())
    row = Connection.all_companies.get(side="qbo")
    with tenant(spine.company.pk):
        assert closed_books.refresh_due(row, clients.quickbooks_client(row))
        row.refresh_from_db()
        assert not closed_books.refresh_due(row, clients.quickbooks_client(row)), "twice a day is enough"


def test_a_held_date_in_closed_books_waits_and_goes_on_when_they_are_opened(spine):
    closed_in_november(spine)
    won(spine)
    rules(spine, closed_period="hold")
    spine.first_load()
    assert stands(opportunity_link(spine)) == ("waiting", "engine.closed_waits")
    assert not Problem.all_companies.filter(closed_at=None).exists(), "nothing is wrong and nobody is asked"
    open_again(spine)
    spine.carry()
    assert document(spine)["TxnDate"] == "2026-11-20"


@pytest.mark.parametrize(("choice", "day"), [("next_open", "2026-11-23"), ("hold", "2026-11-20")])
def test_a_person_decides_about_one_document_in_closed_books(spine, choice, day):
    closed_in_november(spine)
    won(spine)
    spine.first_load()
    link = opportunity_link(spine)
    assert stands(link) == ("data_error", "engine.closed_date")
    with tenant(spine.company.pk):
        closed_books.answer(link, choice, spine.person)
    spine.carry()
    if choice == "hold":
        assert stands(opportunity_link(spine)) == ("waiting", "engine.closed_waits")
        open_again(spine)
        spine.carry()
    assert document(spine)["TxnDate"] == day
    assert LinkBase.all_companies.get(link=link).held == {}, "the answer was for this document, which is made"
    with tenant(spine.company.pk), pytest.raises(Refused, match=r"closed\.exists_there"):
        closed_books.answer(link, choice, spine.person)


def test_documents_dated_before_go_live_are_not_made_unless_a_person_presses(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    line = {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100}
    an_opportunity(spine, "October", line, CloseDate="2026-10-31")
    an_opportunity(spine, "November", line, CloseDate="2026-11-01")
    rules(spine, go_live="2026-11-01")
    spine.first_load()
    assert document(spine)["TxnDate"] == "2026-11-01"
    old = RecordLink.all_companies.get(qbo_entity="Invoice", name="October")
    assert stands(old) == ("skipped", "engine.before_go_live")
    with tenant(spine.company.pk):
        found = reconcile.summary(Mapping.objects.get(key="opportunity_invoice"))
    assert [(one.documents, one.sf, one.qbo) for one in found.sums] == [(1, 200, 200)]
    assert [(one.standing, one.sf, one.qbo) for one in found.apart] == [("before", 200, 0)]
    spine.press(old, Side.QUICKBOOKS)
    assert len(spine.booked("Invoice")) == 2


def test_a_go_live_day_that_moves_back_lets_earlier_documents_go(spine):
    won(spine, CloseDate="2026-10-31")
    rules(spine, go_live="2026-11-01")
    spine.first_load()
    assert spine.booked("Invoice") == []
    rules(spine, go_live="2026-10-01")
    spine.first_load()
    assert document(spine)["TxnDate"] == "2026-10-31"


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"email": "yes"}, "NeedToSend"), ({"email": "field", "email_field": "IsPrivate"}, "NotSet")],
)
def test_the_document_is_put_on_the_list_to_be_sent_where_the_mapping_says_so(spine, asked, status):
    spine.make("Account", Name="Acme", QBO_Email__c="pay@acme.example", BillingStreet="1 Main St")
    won(spine)
    rules(spine, rules=asked)
    spine.first_load()
    invoice = document(spine)
    assert (invoice["BillEmail"]["Address"], invoice["EmailStatus"]) == ("pay@acme.example", status)


def test_an_unknown_product_stops_or_gives_way_to_the_default_item(spine):
    bench = a_product(spine, "Cedar: bench", "CB", 100)  # a name that QuickBooks refuses: it is never linked
    an_opportunity(spine, "Spring", {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100})
    rules(spine, unknown_product="stop")
    spine.first_load()
    link = opportunity_link(spine)
    assert stands(link) == ("data_error", "engine.unknown_product")
    rules(spine, unknown_product="default_item", default_item="Services")
    spine.press(link, None)
    assert sold(document(spine)) == [("Cedar: bench", 2, 100, 200)]


def test_the_rows_that_rules_make_go_with_the_rules_and_never_become_rows_of_the_draft(spine):
    rules(spine, rules={"due": "days", "due_days": 14})
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        published = specs.published_spec(mapping)
        assert published is not None
        assert published.fields[-1].key == "rule_due"
        mappings.discard_draft(mapping, spine.person)
        assert not mapping.rows.filter(key__startswith="rule_").exists()
        assert not mappings.draft_differs(mapping)
    rules(spine, rules={})
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        published = specs.published_spec(mapping)
        assert published is not None
        assert not any(row.key.startswith("rule_") for row in published.fields)
