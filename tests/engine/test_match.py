from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contracts import Side
from syncapp.engine.mapping import OnConflict
from syncapp.engine.match import MatchKey, external_id, keys_of, normal_name, rank, rank_of
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


KEYS = st.lists(
    st.builds(MatchKey, st.sampled_from(["name", "email", "phone", "postal"]), st.sampled_from("abc")),
    max_size=5,
)


@given(KEYS, KEYS)
def test_ranking_is_symmetric_and_order_does_not_matter(ours, theirs):
    assert rank(ours, theirs) == rank(list(reversed(theirs)), ours)
