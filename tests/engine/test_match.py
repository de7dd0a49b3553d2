from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contracts import Side
from syncapp.engine.mapping import FieldSpec, OnConflict, ValueType
from syncapp.engine.match import MatchKey, external_id, keys_of, match_rules, normal_name, rank, rank_of
from syncapp.recipes import Template, get, prepare
from tests.engine.builders import qbo_record, sf_record, spec

RECIPE = prepare(get("account_customer"), Template.BIDIRECTIONAL, OnConflict.SF).spec


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme & Sons, Inc.", "ACME and Sons"),
        ("Müller GmbH & Co. KG", "müller gmbh and"),
        ("Amy's Bird Sanctuary", "Amys Bird Sanctuary"),
        ("Smith-Jones  Ltd", "smith jones"),
        ("Thrifty Meats (deleted)", "Thrifty Meats"),
        ("Ａｃｍｅ", "acme"),
        ("A.B.C. LLC", "ABC"),
    ],
)
def test_names_are_compared_without_what_people_vary(one, other):
    assert normal_name(one) == normal_name(other)


def test_a_name_that_is_a_legal_form_stays():
    assert normal_name("Co.") == "co"
    assert normal_name("---") == ""


@given(st.text())
def test_normalising_a_name_twice_changes_nothing_more_than_its_ending(name):
    once = normal_name(name)
    assert normal_name(once) == once


def test_the_keys_of_both_sides_meet():
    sf = sf_record(
        {
            "Name": "Acme, Inc.",
            "Phone": "(520) 420-5638",
            "BillingPostalCode": "85 719",
            "Fax": "1",
            "Q__c": "99:Customer:7",
        }
    )
    qbo = qbo_record(
        {
            "DisplayName": "Acme",
            "CompanyName": "Acme Holding",
            "PrimaryPhone": {"FreeFormNumber": "+1 520 420 5638"},
            "BillAddr": {"PostalCode": "85719"},
        }
    )
    ours = keys_of(Side.SALESFORCE, sf, RECIPE)
    theirs = keys_of(Side.QUICKBOOKS, qbo, RECIPE, realm="99")
    assert ours == (("name", "acme"), ("postal", "85719"), ("phone", "5204205638"))
    assert theirs == (
        ("external", "99:Customer:7"),
        ("name", "acme"),
        ("name", "acme holding"),
        ("postal", "85719"),
        ("phone", "5204205638"),
    )
    found = rank(ours, theirs)
    assert found is not None
    assert (found.rank, found.kinds) == (4, ("name", "phone", "postal"))


def test_the_external_id_is_a_key_of_both_sides():
    mapping = spec(external_id_field="Q__c")
    ours = keys_of(
        Side.SALESFORCE, sf_record({"Name": "A", "Q__c": external_id("99", "Customer", "7")}), mapping
    )
    theirs = keys_of(Side.QUICKBOOKS, qbo_record({"DisplayName": "B"}), mapping, "99")
    found = rank(ours, theirs)
    assert found is not None
    assert found.rank == 2


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"external"}, 2),
        ({"code"}, 3),
        ({"name", "phone"}, 4),
        ({"name", "email"}, 4),
        ({"name"}, 5),
        ({"email"}, 5),
        ({"phone", "postal"}, None),
        (set(), None),
    ],
)
def test_the_ladder(kinds, expected):
    found = rank_of(kinds)
    assert (found.rank if found else None) == expected


def matching_on(*names: str, rows=()):
    mapping = spec(
        *rows,
        FieldSpec("name", "Name", "Name", "DisplayName"),
        FieldSpec("mail", "E-mail", "Email__c", "PrimaryEmailAddr.Address", type=ValueType.EMAIL),
    )
    return replace(mapping, policies=replace(mapping.policies, match_on=names))


SKU = FieldSpec("sku", "SKU", "ProductCode", "Sku")
NUMBERED = (
    FieldSpec("number", "Number", "Number__c", "DocNumber"),
    FieldSpec(
        "customer", "Customer", "AccountId", "CustomerRef", type=ValueType.REFERENCE, refers_to="accounts"
    ),
    FieldSpec("total", "Total", "Total__c", "TotalAmt", type=ValueType.DECIMAL),
)


def test_a_mapping_says_by_what_records_are_recognised():
    body = {"Name": "Acme", "Email__c": "A@b.example", "ProductCode": "AB  12"}
    kinds = {
        names: [
            key.kind for key in keys_of(Side.SALESFORCE, sf_record(body), matching_on(*names, rows=(SKU,)))
        ]
        for names in ((), ("sku",), ("email", "name"), ("no_such_field", "email"))
    }
    assert kinds == {
        (): ["code", "name", "email"],
        ("sku",): ["code"],
        ("email", "name"): ["name", "email"],
        ("no_such_field", "email"): ["email"],
    }


def test_a_code_is_the_same_in_any_case_and_with_any_blanks():
    mapping = matching_on("sku", rows=(SKU,))
    ours = keys_of(Side.SALESFORCE, sf_record({"Name": "A", "ProductCode": " AB  12"}), mapping)
    theirs = keys_of(Side.QUICKBOOKS, qbo_record({"DisplayName": "B", "Sku": "ab 12"}), mapping)
    assert ours == theirs == (("code", "sku|ab 12"),)
    assert rank(ours, theirs).rank == 3


def test_a_number_counts_with_its_customer_whose_ids_differ_on_both_sides():
    mapping = matching_on("number+customer+total", rows=NUMBERED)
    body = {"Name": "A", "Number__c": "1001", "AccountId": "001A", "Total__c": 10}
    ours = keys_of(Side.SALESFORCE, sf_record(body), mapping)
    theirs = keys_of(
        Side.QUICKBOOKS,
        qbo_record({"DocNumber": "1001", "CustomerRef": {"value": "7"}, "TotalAmt": Decimal("10.00")}),
        mapping,
    )
    assert ours == (("number", "number+customer+total|1001|10"), ("party", "customer=001A"))
    assert theirs == (("number", "number+customer+total|1001|10"), ("party", "customer=7"))
    assert keys_of(Side.SALESFORCE, sf_record({**body, "AccountId": None}), mapping) == ()
    assert (rank_of({"number"}).rank, rank_of({"code"}).rank) == (5, 3)


def test_what_stands_first_in_the_rules_is_looked_at_first():
    rules = match_rules(matching_on("email", "name"))
    assert rules.place({"email"}) < rules.place({"name", "phone"})
    assert rank_of({"name", "phone"}, rules).rank == 5
    assert rank_of({"phone", "postal"}, rules) is None


KEYS = st.lists(
    st.builds(MatchKey, st.sampled_from(["name", "email", "phone", "postal"]), st.sampled_from("abc")),
    max_size=5,
)


@given(KEYS, KEYS)
def test_ranking_is_symmetric_and_order_does_not_matter(ours, theirs):
    assert rank(ours, theirs) == rank(list(reversed(theirs)), ours)


def test_documents_are_not_recognised_by_the_address_of_their_customer():
    """Every invoice of a customer bears the same e-mail address: the second is no look-alike of the first."""
    invoices = replace(
        spec(FieldSpec("email", "E-mail", "Account.QBO_Email__c", "BillEmail.Address", type=ValueType.EMAIL)),
        sf_object="Opportunity",
        qbo_entity="Invoice",
    )
    assert match_rules(invoices).kinds == ()
    body = {"BillEmail": {"Address": "pay@acme.example"}}
    assert keys_of(Side.QUICKBOOKS, qbo_record(body), invoices) == ()
    assert rank_of(["email"], match_rules(invoices)) is None
