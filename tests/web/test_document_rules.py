"""The rules for documents on the page of a mapping's draft."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from portal.people.models import Role
from syncapp.models import Connection, FollowUp, Mapping
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.builders import a_link, a_mapping
from tests.web.builders import a_browser, the_form, words

pytestmark = pytest.mark.django_db
LINES = (
    {"key": "date", "label": "Close date", "sf_path": "CloseDate", "qbo_path": "TxnDate", "direction": "to_qbo"},
    {
        "key": "lines", "label": "Lines", "sf_path": "OpportunityLineItems", "qbo_path": "Line", "type": "lines",
        "direction": "to_qbo",
    },
)  # fmt: skip


@pytest.fixture
def documents() -> Mapping:
    return a_mapping(
        key="opportunity_invoice",
        label="Opportunity to invoice",
        recipe="opportunity_invoice",
        sf_object="Opportunity",
        qbo_entity="Invoice",
        rows=LINES,
        policies={
            "options": {"price_books": ["Standard"], "unknown_product": "create", "lines": {"sf_object": "X"}}
        },
    )


@pytest.fixture
def browser(documents: Mapping) -> Client:
    return a_browser(Role.ADMIN, documents.company)


def test_what_is_chosen_becomes_options_and_rows_of_the_draft(browser: Client, documents: Mapping) -> None:
    page = words(browser.get(f"/mappings/{documents.pk}/change/"))
    assert "Rules for documents" in page
    browser.post(
        f"/mappings/{documents.pk}/change/",
        the_form(
            documents,
            price_books="Standard\nDealers",
            unknown_product="default_item",
            default_item="Services",
            without_email="stop",
            closed_period="next_open",
            rule_number="salesforce",
            rule_number_field="Name",
            rule_number_prefix="SF-",
            rule_due="days",
            rule_due_days="14",
        ),
    )
    documents.refresh_from_db()
    assert documents.policies["options"] == {
        "price_books": ["Standard", "Dealers"],
        "unknown_product": "default_item",
        "default_item": "Services",
        "without_email": "stop",
        "closed_period": "next_open",
        "lines": {"sf_object": "X"},
        "rules": {
            "number": "salesforce",
            "number_field": "Name",
            "number_prefix": "SF-",
            "due": "days",
            "due_days": 14,
        },
    }
    with tenant(documents.company_id):
        fields = specs.draft_spec(documents).fields
    made = {row.qbo_path: row.formula for row in fields if row.key.startswith("rule_")}
    assert made == {
        "DocNumber": 'IF(ISBLANK({Name}), NULL, "SF-" & {Name})',
        "DueDate": "IF(ISBLANK({CloseDate}), NULL, {CloseDate} + 14)",
    }
    again = browser.get(f"/mappings/{documents.pk}/change/").content.decode()
    assert 'value="SF-"' in again
    assert "Dealers" in again


def test_saving_it_unchanged_leaves_nothing_to_publish(browser: Client, documents: Mapping) -> None:
    form = the_form(documents, price_books="Standard", unknown_product="create")
    browser.post(f"/mappings/{documents.pk}/change/", form)
    assert "Nothing: the draft is what runs" in words(browser.get(f"/mappings/{documents.pk}/"))


def test_a_choice_without_what_it_needs_is_named_and_stores_nothing(
    browser: Client, documents: Mapping
) -> None:
    form = the_form(documents, unknown_product="create", rule_number="salesforce")
    answer = browser.post(f"/mappings/{documents.pk}/change/", form)
    assert "Needed for what is chosen above." in words(answer)
    documents.refresh_from_db()
    assert "rules" not in documents.policies["options"]


def test_the_currency_of_documents_is_chosen_and_a_code_that_is_none_is_named(
    browser: Client, documents: Mapping
) -> None:
    address = f"/mappings/{documents.pk}/change/"
    assert "Always the company's home currency" in words(browser.get(address))
    common = {"unknown_product": "create", "rule_currency": "fixed"}
    assert "Needed for what is chosen above." in words(browser.post(address, the_form(documents, **common)))
    wrong = the_form(documents, **common, rule_currency_code="Euro")
    assert "A currency has three letters, such as EUR." in words(browser.post(address, wrong))
    browser.post(address, the_form(documents, **common, rule_currency_code="eur"))
    documents.refresh_from_db()
    assert documents.policies["options"]["rules"] == {"currency": "fixed", "currency_code": "EUR"}
    with tenant(documents.company_id):
        [row] = [row for row in specs.draft_spec(documents).header if row.key == "currency"]
    assert (row.constant, row.qbo_path) == ("EUR", "CurrencyRef.value")


def test_a_currency_that_the_books_do_not_keep_stands_in_the_way(browser: Client, documents: Mapping) -> None:
    Connection.all_companies.filter(company=documents.company, side="qbo").update(
        facts={"currency": "USD", "multicurrency": False}
    )
    form = the_form(documents, unknown_product="create", rule_currency="fixed", rule_currency_code="EUR")
    browser.post(f"/mappings/{documents.pk}/change/", form)
    assert "QuickBooks does not keep EUR" in words(browser.get(f"/mappings/{documents.pk}/"))


def test_a_mapping_of_a_list_has_no_such_rules() -> None:
    mapping = a_mapping()
    browser = a_browser(Role.ADMIN, mapping.company)
    assert "Rules for documents" not in words(browser.get(f"/mappings/{mapping.pk}/change/"))


def test_a_customer_mapping_chooses_which_contact_is_the_customers() -> None:
    mapping = a_mapping()
    browser = a_browser(Role.ADMIN, mapping.company)
    assert "Contact of the customer" in words(browser.get(f"/mappings/{mapping.pk}/change/"))
    browser.post(f"/mappings/{mapping.pk}/change/", the_form(mapping, rule_contact="field"))
    mapping.refresh_from_db()
    assert mapping.policies["options"] == {"rules": {"contact": "field"}}


def test_a_document_s_page_says_whether_it_was_e_mailed_and_attached() -> None:
    mapping = a_mapping(key="opportunity_invoice", sf_object="Opportunity", qbo_entity="Invoice", rows=())
    link = a_link(mapping, name="Spring")
    rows = {"company": mapping.company, "link": link, "remote_id": "42"}
    FollowUp.all_companies.create(**rows, kind="email", state="done", done_at=timezone.now())
    FollowUp.all_companies.create(**rows, kind="pdf", state="failed", failure_code="sf.X")
    text = words(a_browser(Role.VIEWER, mapping.company).get(f"/records/{link.pk}/"))
    assert "E-mail Sent by QuickBooks" in text
    assert "PDF Not attached" in text
