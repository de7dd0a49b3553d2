"""The rules of lines, of tax and of names on the page of a mapping's draft, and faults at the row that they concern."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from connectors.contracts import Side
from portal.people.models import Role
from syncapp.engine.lines import rule_of
from syncapp.engine.projection import fields_to_read, project
from syncapp.models import FieldMapping, Mapping
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.builders import a_mapping
from tests.web.builders import a_browser, the_form, words

pytestmark = pytest.mark.django_db
RULE = {
    "sf_object": "OpportunityLineItem",
    "parent_field": "OpportunityId",
    "sort": ["SortOrder", "Id"],
    "single": {"amount": "Amount", "text": "Name", "item": ""},
}
POSTED = {
    "lines_sf_object": "OpportunityLineItem",
    "lines_parent_field": "OpportunityId",
    "lines_filter": "",
    "lines_sort": "SortOrder, Id",
    "lines_discount": "line_price",
    "lines_discount_path": "",
    "lines_shipping_path": "",
    "lines_single_amount": "Amount",
    "lines_single_sku": "",
    "lines_single_text": "Name",
}
ROWS = (
    {"key": "lines", "label": "Lines", "sf_path": "OpportunityLineItems", "qbo_path": "Line", "type": "lines",
     "direction": "to_qbo"},
)  # fmt: skip


def documents(country: str = "US") -> Mapping:
    mapping = a_mapping(
        key="opportunity_invoice",
        label="Opportunity to invoice",
        recipe="opportunity_invoice",
        sf_object="Opportunity",
        qbo_entity="Invoice",
        rows=ROWS,
        policies={"options": {"price_books": ["Standard"], "unknown_product": "create", "lines": RULE}},
    )
    quickbooks = mapping.integration.quickbooks
    quickbooks.facts = {**quickbooks.facts, "country": country}
    quickbooks.save(update_fields=["facts"])
    return mapping


def posted(mapping: Mapping, **changes: Any) -> dict[str, Any]:
    usual = {"price_books": "Standard", "unknown_product": "create", **POSTED}
    return the_form(mapping, **{**usual, **changes})


def browser(mapping: Mapping) -> Client:
    return a_browser(Role.ADMIN, mapping.company)


def address(mapping: Mapping) -> str:
    return f"/mappings/{mapping.pk}/change/"


def test_lines_are_filtered_sorted_and_discounted_as_the_page_says() -> None:
    mapping = documents()
    person = browser(mapping)
    page = words(person.get(address(mapping)))
    for part in (
        "Lines and discounts",
        "Only these lines",
        "In this order",
        "Discount of a line",
        "Shipping",
    ):
        assert part in page
    person.post(
        address(mapping),
        posted(
            mapping,
            lines_filter="Quantity is more than 0",
            lines_sort="ServiceDate, Id",
            lines_discount="discount_line",
            lines_shipping_path="Shipping__c",
            lines_single_sku="Product_SKU__c",
        ),
    )
    mapping.refresh_from_db()
    with tenant(mapping.company_id):
        rule = rule_of(specs.draft_spec(mapping))
    assert (rule.sort, rule.discount, rule.shipping_path) == (
        ("ServiceDate", "Id"), "discount_line", "Shipping__c",
    )  # fmt: skip
    assert [(one.path, one.operator, one.value) for one in rule.conditions] == [("Quantity", "gt", "0")]
    assert rule.single == {"amount": "Amount", "text": "Name", "item": "", "sku": "Product_SKU__c"}
    assert (rule.sf_object, rule.parent_field) == ("OpportunityLineItem", "OpportunityId")


def test_a_record_without_lines_makes_none_once_its_amount_is_taken_off() -> None:
    mapping = documents()
    browser(mapping).post(address(mapping), posted(mapping, lines_single_amount="", lines_single_text=""))
    mapping.refresh_from_db()
    assert "single" not in mapping.policies["options"]["lines"]


def test_lines_saved_as_they_are_leave_nothing_to_publish() -> None:
    mapping = documents()
    person = browser(mapping)
    person.post(address(mapping), posted(mapping))
    assert "Nothing: the draft is what runs" in words(person.get(f"/mappings/{mapping.pk}/"))


CHOSEN = """any of:
  Quantity is more than 10
  all of:
    UnitPrice is at least 5
    formula: Product2.Family = "Service"
"""


def test_lines_are_chosen_by_groups_and_formulas_like_records() -> None:
    mapping = documents()
    person = browser(mapping)
    person.post(address(mapping), posted(mapping, lines_filter=CHOSEN))
    mapping.refresh_from_db()
    with tenant(mapping.company_id):
        spec = specs.draft_spec(mapping)
    read = fields_to_read(Side.SALESFORCE, spec)
    assert {f"OpportunityLineItems[].{name}" for name in ("Quantity", "UnitPrice", "Product2.Family")} <= set(
        read
    )
    family = {"Service": {"Family": "Service"}, "Goods": {"Family": "Goods"}}
    lines = [
        {"Id": "1", "Quantity": 11, "UnitPrice": 1, "Product2": family["Goods"]},
        {"Id": "2", "Quantity": 1, "UnitPrice": 5, "Product2": family["Service"]},
        {"Id": "3", "Quantity": 1, "UnitPrice": 5, "Product2": family["Goods"]},
        {"Id": "4", "Quantity": 1, "UnitPrice": 4, "Product2": family["Service"]},
    ]
    chosen = project(Side.SALESFORCE, {"OpportunityLineItems": {"records": lines}}, spec)["lines"]
    assert [line["id"] for line in chosen] == ["1", "2"]
    assert "any of:" in person.get(address(mapping)).content.decode()
    assert "Only these lines" in words(person.get(f"/mappings/{mapping.pk}/"))


def test_a_formula_over_lines_that_is_none_is_told_at_its_line() -> None:
    mapping = documents()
    answer = browser(mapping).post(address(mapping), posted(mapping, lines_filter="formula: Quantity >"))
    assert "Line 1:" in words(answer)


def test_a_row_can_belong_to_each_line() -> None:
    mapping = documents()
    person = browser(mapping)
    assert "Each line of Lines" in words(person.get(address(mapping)))
    data = posted(mapping)
    number = data["rows-TOTAL_FORMS"]
    data["rows-TOTAL_FORMS"] = number + 1
    new = {
        "label": "Class", "enabled": "on", "sf_path": "Class__c", "qbo_path": "SalesItemLineDetail.ClassRef",
        "type": "reference", "lookup": "Class", "part": "lines", "direction": "to_qbo", "on_conflict": "sf",
        "on_drift": "leave", "initial": "sf", "places": 2, "write": "always",
    }  # fmt: skip
    person.post(address(mapping), data | {f"rows-{number}-{name}": value for name, value in new.items()})
    row = FieldMapping.all_companies.get(mapping=mapping, label="Class")
    assert row.part == "lines"
    assert "of each line" in words(person.get(address(mapping)))


def test_a_company_outside_the_united_states_says_how_prices_and_lines_are_taxed() -> None:
    mapping = documents(country="CA")
    person = browser(mapping)
    person.post(address(mapping), posted(mapping, tax_calculation="TaxInclusive", default_tax_code="HST ON"))
    mapping.refresh_from_db()
    options = mapping.policies["options"]
    assert (options["tax_calculation"], options["default_tax_code"]) == ("TaxInclusive", "HST ON")


def test_a_company_in_the_united_states_has_no_such_choice() -> None:
    mapping = documents()
    assert "Tax code of lines without one" not in words(browser(mapping).get(address(mapping)))


def test_the_addresses_of_the_account_or_the_record_become_rows() -> None:
    mapping = documents()
    person = browser(mapping)
    FieldMapping.all_companies.create(
        company_id=mapping.company_id, mapping=mapping, key="customer", label="Account", sf_path="AccountId",
        qbo_path="CustomerRef", type="reference", refers_to="account_customer", direction="to_qbo", position=2,
    )  # fmt: skip
    person.post(address(mapping), posted(mapping, rule_addresses="account"))
    mapping.refresh_from_db()
    with tenant(mapping.company_id):
        fields = specs.draft_spec(mapping).fields
    ruled = {row.qbo_path: row.sf_path for row in fields if row.group == "billing_address"}
    assert ruled == {
        "BillAddr.Line1": "Account.BillingStreet",
        "BillAddr.City": "Account.BillingCity",
        "BillAddr.CountrySubDivisionCode": "Account.BillingState",
        "BillAddr.PostalCode": "Account.BillingPostalCode",
        "BillAddr.Country": "Account.BillingCountry",
    }


def test_a_name_that_is_taken_is_linked_or_gets_the_suffix_of_the_page() -> None:
    mapping = a_mapping()
    person = browser(mapping)
    person.post(address(mapping), the_form(mapping, name_clash="suffix", name_suffix="(Client)"))
    mapping.refresh_from_db()
    assert (mapping.policies["name_clash"], mapping.policies["options"]) == (
        "suffix", {"name_suffix": " (Client)"},
    )  # fmt: skip
    wrong = person.post(address(mapping), the_form(mapping, name_clash="suffix", name_suffix="a:b"))
    assert "no colons" in words(wrong)


def test_documents_have_no_names_that_could_be_taken() -> None:
    mapping = documents()
    assert "has the name already" not in words(browser(mapping).get(address(mapping)))


def test_what_is_wrong_is_said_at_its_row_on_the_page_of_the_draft() -> None:
    mapping = a_mapping()
    FieldMapping.all_companies.filter(mapping=mapping, key="phone").update(qbo_path="")
    page = browser(mapping).get(address(mapping)).content.decode()
    assert "1 to put right before it can be published" in page
    row = page[page.index(f'id="row-{FieldMapping.all_companies.get(mapping=mapping, key="phone").pk}"') :]
    assert "row-doubts" in row[: row.index('<div class="rules">')]
