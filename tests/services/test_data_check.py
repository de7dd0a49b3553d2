"""What in both sides' records will make trouble is found before the first load, from what was read already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import FieldMapping, Mapping, ValueMap, ValueMapEntry
from syncapp.services import data_check, mappings
from syncapp.tenancy import tenant
from tests.services.seen import a_customer, a_published_mapping, an_account
from tests.services.spine import Spine, a_spine


@pytest.fixture
def mapping(db: None) -> Iterator[Mapping]:
    """Accounts and customers with the e-mail field that an org of its own has."""
    made = a_published_mapping()
    with tenant(made.company_id):
        a_row(made, "email", "E-mail", "QBO_Email__c", "PrimaryEmailAddr.Address", type="email")
        yield made


def a_row(mapping: Mapping, key: str, label: str, sf_path: str, qbo_path: str, **values: str) -> None:
    """One more row, published."""
    FieldMapping.objects.create(
        mapping=mapping, position=99, key=key, label=label, sf_path=sf_path, qbo_path=qbo_path, **values
    )
    mappings.publish(mapping, None)
    mapping.refresh_from_db()


def lists(mapping: Mapping) -> dict[str, list[str]]:
    """The records of every list that has any, by the key of its question and the side."""
    found = {}
    for one in data_check.report(mapping.integration).findings:
        names = [row.name for row in data_check.listed(one.question)]
        assert len(names) == one.count
        if names:
            found[f"{one.question.key} {one.question.side.value}"] = names
    return found


ADDRESS = {"BillingStreet": "1 Main St", "BillingCity": "Salem"}


def test_accounts_with_the_same_name_are_listed_together(mapping: Mapping) -> None:
    an_account(mapping, "001A", Name="Blue Pine", QBO_Email__c="a@x.example", **ADDRESS)
    an_account(mapping, "001B", Name="Copper Kettle", QBO_Email__c="b@x.example", **ADDRESS)
    an_account(mapping, "001C", Name="  blue   PINE", QBO_Email__c="c@x.example", **ADDRESS)
    assert lists(mapping) == {"same_name sf": ["  blue   PINE", "Blue Pine"]}


def test_an_account_without_email_or_address_is_listed_and_one_with_either_part_is_not(
    mapping: Mapping,
) -> None:
    an_account(mapping, "001A", Name="Nothing", Phone="555-1000")
    an_account(mapping, "001B", Name="A city is enough", BillingCity="Salem", QBO_Email__c="b@x.example")
    an_account(mapping, "001C", Name="Blank", BillingStreet="  ", QBO_Email__c="c@x.example")
    assert lists(mapping) == {"no_email sf": ["Nothing"], "no_address sf": ["Blank", "Nothing"]}


def test_what_only_customers_lack_is_not_asked_of_accounts(mapping: Mapping) -> None:
    a_customer(mapping, "1", DisplayName="Only in QuickBooks")
    assert lists(mapping) == {}


def test_a_linked_account_whose_customer_has_the_address_lacks_nothing(mapping: Mapping) -> None:
    link = an_account(mapping, "001A", Name="Blue Pine")
    half = a_customer(
        mapping,
        "1",
        DisplayName="Blue Pine",
        PrimaryEmailAddr={"Address": "blue@pine.example"},
        BillAddr={"City": "Salem"},
    )
    half.delete()
    link.qbo_id, link.lifecycle = "1", "linked"
    link.save()
    assert lists(mapping) == {}


def test_owners_that_the_value_map_of_sales_reps_does_not_know_are_listed(mapping: Mapping) -> None:
    reps = ValueMap.objects.create(integration=mapping.integration, name="sales_reps")
    ValueMapEntry.objects.create(value_map=reps, sf_value="Ann Ray", qbo_value="AR")
    owner = {"direction": "to_qbo", "value_map": "sales_reps"}
    a_row(mapping, "sales_rep", "Sales rep", "Owner.Name", "CustomField.2", **owner)
    for id_, name in (("001A", "Ann Ray"), ("001B", "Bob Tan"), ("001C", "")):
        body = {
            "Name": f"Of {name}".strip(),
            "QBO_Email__c": "a@x.example",
            "Owner": {"Name": name},
            **ADDRESS,
        }
        an_account(mapping, id_, **body)
    assert lists(mapping) == {"no_sales_rep sf": ["Of", "Of Bob Tan"]}


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("Parent.Owner.Name", {"Parent": {"Owner": {"Name": ""}}}),
        ("QBO_Sales_Rep__c", {"QBO_Sales_Rep__c": None}),
    ],
)
def test_a_sales_rep_may_come_from_another_owner_or_from_a_field_of_its_own(
    mapping: Mapping, path: str, held: dict[str, Any]
) -> None:
    a_row(mapping, "sales_rep", "Sales Rep", path, "CustomField.2", direction="to_qbo")
    an_account(mapping, "001A", Name="Nobody's", QBO_Email__c="a@x.example", **ADDRESS, **held)
    assert lists(mapping) == {"no_sales_rep sf": ["Nobody's"]}


def test_what_nothing_is_mapped_for_is_named_instead_of_counted_as_none(mapping: Mapping) -> None:
    report = data_check.report(mapping.integration)
    assert [one.title for one in report.not_asked] == ["Products, codes and prices", "Sales reps"]


def test_the_file_begins_with_a_column_that_a_file_for_a_run_may_have(mapping: Mapping) -> None:
    an_account(mapping, "001A", Name="Nothing", QBO_Email__c="a@x.example")
    question = data_check.find(mapping.integration, mapping.pk, "no_address", "sf")
    assert question is not None
    heading, row = data_check.csv_rows(question)
    assert (heading[:2], row[:2]) == (("Salesforce id", "Name"), ("001A", "Nothing"))


# --- products, on the simulator ---


@pytest.fixture
def spine(transactional_db: None) -> Iterator[Spine]:
    with a_spine(recipes=("product_item",)) as made:
        yield made


def a_product(spine: Spine, name: str, code: str | None, price: float | None = 10) -> None:
    product = spine.make("Product2", Name=name, ProductCode=code, IsActive=True)
    book = spine.rows("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"]
    if price is not None:
        spine.make("PricebookEntry", Pricebook2Id=book, Product2Id=product, UnitPrice=price, IsActive=True)


def an_item(spine: Spine, name: str, sku: str = "") -> None:
    spine.book("Item", Name=name, Sku=sku, Type="Service", IncomeAccountRef={"value": "1"})


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_products_and_items_that_do_not_fit_together_are_listed_without_a_single_call(spine: Spine) -> None:
    usual = [row["Name"] for row in spine.booked("Item") if row["Type"] != "Category"]
    a_product(spine, "Cedar bench", "CB-1")
    a_product(spine, "Cedar bench, long", "CB-1")
    a_product(spine, "Without a code", None)
    a_product(spine, "Without a price", "NP-1", price=None)
    an_item(spine, "Bench of cedar", "cb-1")
    an_item(spine, "Hedge trim", "HT")
    an_item(spine, "Hedge trimming", "HT")
    spine.scan()
    calls = spine.sim.quickbooks.calls(), spine.sim.salesforce.calls()
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="product_item")
        found = lists(mapping)
        report = data_check.report(mapping.integration)
    assert found == {
        "no_code sf": ["Without a code"],
        "double_code sf": ["Cedar bench", "Cedar bench, long"],
        "double_code qbo": ["Hedge trim", "Hedge trimming"],
        "no_price sf": ["Without a price"],
        "no_item sf": ["Without a code", "Without a price"],
        "no_product qbo": sorted(["Hedge trim", "Hedge trimming", *usual]),
    }
    assert (spine.sim.quickbooks.calls(), spine.sim.salesforce.calls()) == calls
    assert report.read_at is not None
    assert (report.calls > 0, report.metered > 0, report.again_quickbooks) == (True, True, 1)
