from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contracts import Side
from syncapp.engine.display import display_name
from syncapp.engine.mapping import Condition, Direction, FieldSpec, OnConflict, ValueType
from syncapp.engine.projection import (
    compose,
    compose_create,
    fields_to_read,
    from_json,
    project,
    to_json,
    unknown_units,
)
from syncapp.engine.records import normalise
from syncapp.engine.transforms import UnknownTransform, join_lines, split_lines, strip_deleted
from syncapp.recipes import Template, get, prepare
from tests.engine.builders import qbo_record, row, sf_record, spec

SF, QBO = Side.SALESFORCE, Side.QUICKBOOKS
RECIPE = prepare(get("account_customer"), Template.BIDIRECTIONAL, OnConflict.SF).spec
ACCOUNT = {
    "Name": "Acme",
    "BillingStreet": "12 Main St\r\nSuite 4",
    "BillingCity": "Tucson",
    "BillingState": "Arizona",
    "BillingCountry": "United States",
    "Phone": "(520) 420-5638",
}
CUSTOMER = {
    "DisplayName": "Acme (deleted)",
    "BillAddr": {
        "Id": "6",
        "Line1": "12 Main St",
        "Line2": "Suite 4",
        "City": "Tucson",
        "Lat": "32",
        "Note": "gate",
    },
    "PrimaryPhone": {"FreeFormNumber": "(520) 420-5638"},
    "ParentRef": {"value": "3", "name": "Parent"},
}


def test_both_sides_are_read_into_the_same_keys():
    assert project(SF, sf_record(ACCOUNT), RECIPE) == {
        "name": "Acme",
        "company_name": "Acme",
        "billing_street": "12 Main St\nSuite 4",
        "billing_city": "Tucson",
        "billing_state": "Arizona",
        "billing_country": "United States",
        "phone": "(520) 420-5638",
    }
    assert project(QBO, qbo_record(CUSTOMER), RECIPE) == {
        "name": "Acme",
        "billing_street": "12 Main St\nSuite 4",
        "billing_city": "Tucson",
        "phone": "(520) 420-5638",
        "parent": "3",
    }


def test_an_address_is_sent_whole_without_what_only_quickbooks_writes():
    values = {
        "billing_street": "1 New Rd",
        "billing_city": None,
        "billing_state": "AZ",
        "billing_postal_code": None,
        "billing_country": "USA",
    }
    assert compose(QBO, RECIPE, values, current=qbo_record(CUSTOMER)) == {
        "BillAddr": {
            "Line1": "1 New Rd",
            "Line2": "",
            "City": "",
            "CountrySubDivisionCode": "AZ",
            "Country": "USA",
            "Note": "gate",
        }
    }


def test_clearing_is_null_to_salesforce_and_empty_text_to_quickbooks():
    assert compose(SF, RECIPE, {"phone": None}, current=sf_record(ACCOUNT)) == {"Phone": None}
    assert compose(QBO, RECIPE, {"phone": None}, current=qbo_record(CUSTOMER)) == {
        "PrimaryPhone": {"FreeFormNumber": ""}
    }


def test_a_parent_makes_a_job_and_no_parent_ends_it():
    assert compose(QBO, RECIPE, {"parent": "9"}) == {"ParentRef": {"value": "9"}, "Job": True}
    assert compose(QBO, RECIPE, {"parent": None}) == {"ParentRef": {"value": ""}, "Job": False}


def test_a_new_record_carries_only_what_is_filled():
    assert compose_create(QBO, RECIPE, {"name": "Acme", "phone": None, "billing_city": "Tucson"}) == {
        "DisplayName": "Acme",
        "BillAddr": {"City": "Tucson"},
    }


def test_clearing_an_unread_number_is_null():
    mapping = spec(row("amount", type=ValueType.DECIMAL))
    assert compose(QBO, mapping, {"amount": None}) == {"AmountQ": None}
    assert compose(QBO, mapping, {"amount": Decimal("1.50")}) == {"AmountQ": Decimal("1.50")}


def test_fields_to_read_are_system_mapped_filtered_and_external_ones_each_once():
    mapping = spec(external_id_field="QBO_Id__c", sf_filter=(Condition("Type", "eq", "Customer"),))
    assert fields_to_read(SF, mapping) == (
        "Id",
        "Name",
        "SystemModstamp",
        "IsDeleted",
        "MasterRecordId",
        "LastModifiedBy.Name",
        "Phone",
        "QBO_Id__c",
        "Type",
    )


def test_relationship_paths_are_read_through_their_parent():
    mapping = spec(row("owner", sf_path="Owner.Name", direction=Direction.TO_QBO))
    assert project(SF, sf_record({"Owner": {"Name": "Ann"}}), mapping) == {"owner": "Ann"}
    assert project(SF, sf_record({"Owner": None}), mapping) == {}


def test_constants_are_read_from_the_row():
    mapping = spec(FieldSpec("kind", "Kind", "", "Kind", constant="Customer", direction=Direction.TO_QBO))
    assert project(SF, sf_record({}), mapping) == {"kind": "Customer"}


def test_a_name_is_shown_without_the_suffix_of_inactive_records():
    assert display_name(QBO, qbo_record(CUSTOMER), RECIPE) == "Acme"
    assert strip_deleted("Acme (deleted) (deleted)") == "Acme"


def test_an_unknown_transform_is_refused_by_name():
    with pytest.raises(UnknownTransform, match="shout"):
        project(SF, sf_record({}), spec(row("name", transform="shout")))


def test_a_base_that_lacks_a_row_is_unknown_for_its_unit_only():
    mapping = spec(row("one"), row("two"), row("three", group="pair"), row("four", group="pair"))
    full = to_json(mapping, {"one": "1"})
    assert full == {"one": "1", "two": None, "three": None, "four": None}
    assert unknown_units(mapping, full, full) == frozenset()
    assert unknown_units(mapping, {"one": "1", "two": None, "three": None}, full) == {"pair"}
    assert unknown_units(mapping, None, full) == {"one", "two", "pair"}
    assert to_json(mapping, {"one": "1"}, unknown=frozenset({"pair", "two"})) == {"one": "1"}
    assert from_json(mapping, None) is None


@given(st.lists(st.text(alphabet="ab \n", min_size=0, max_size=6), max_size=9))
def test_a_street_comes_back_from_its_lines(lines):
    text = "\n".join(lines)
    stored = split_lines(text)
    assert len(stored) <= 5
    assert split_lines(join_lines(stored)) == stored


TEXTS = st.text(min_size=1).map(lambda text: text.strip()).filter(bool)
PARTS = st.fixed_dictionaries(
    {"name": TEXTS},
    optional=dict.fromkeys(("phone", "billing_city", "billing_postal_code", "notes"), TEXTS),
)


@given(PARTS, st.sampled_from(list(Side)))
def test_what_is_composed_is_what_is_read_back(values, side):
    made = project(side, compose_create(side, RECIPE, values), RECIPE)
    expected = {key: normalise(ValueType.TEXT, value) for key, value in values.items()}
    assert {key: made.get(key) for key in expected} == expected
