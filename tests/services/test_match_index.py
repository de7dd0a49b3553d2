"""Which records look alike: found for a whole slice at once, judged in both directions."""

from __future__ import annotations

import pytest

from connectors.contracts import RecordState
from syncapp.models import DoNotMatch, Mapping, MatchKey, RecordLink
from syncapp.store import match_index
from tests.services.builders import a_company, a_link, a_mapping, an_integration, an_observation

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping(an_integration(a_company()))


def account(mapping: Mapping, remote_id: str, **keys: str) -> RecordLink:
    match_index.put_keys(mapping.integration.salesforce, "Account", [(remote_id, keys.items())])
    return a_link(mapping, sf_id=remote_id, name=keys.get("name", ""))


def customer(mapping: Mapping, remote_id: str, **keys: str) -> RecordLink:
    match_index.put_keys(mapping.integration.quickbooks, "Customer", [(remote_id, keys.items())])
    return a_link(mapping, qbo_id=remote_id, name=keys.get("name", ""))


def ranks(mapping: Mapping, link: RecordLink) -> list[tuple[str, int, bool]]:
    found = match_index.candidates(mapping, [link])[link.id]
    return [(candidate.id, candidate.rank, candidate.unique_backwards) for candidate in found]


def test_name_and_phone_together_are_class_4_and_unique_both_ways(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine", phone="5551", email="a@b.c")
    other = customer(mapping, "7", name="blue pine", phone="5551")
    assert ranks(mapping, link) == [("7", 4, True)]
    assert ranks(mapping, other) == [("001A", 4, True)]


def test_a_name_alone_or_an_email_alone_is_class_5(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine", email="a@b.c")
    customer(mapping, "7", name="blue pine", phone="1")
    customer(mapping, "8", name="other", email="a@b.c")
    assert ranks(mapping, link) == [("7", 5, True), ("8", 5, True)]


def test_a_shared_postal_code_alone_is_no_match(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine", postal="94110", phone="1")
    customer(mapping, "7", name="other", postal="94110", phone="1")
    assert ranks(mapping, link) == []


def test_an_external_id_comes_before_everything(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine", phone="1", external="99:Customer:8")
    customer(mapping, "7", name="blue pine", phone="1", external="99:Customer:7")
    customer(mapping, "8", name="renamed since", external="99:Customer:8")
    assert [row[:2] for row in ranks(mapping, link)] == [("8", 2), ("7", 4)]


def test_two_accounts_with_the_same_keys_are_not_unique_backwards(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine", phone="1")
    account(mapping, "001B", name="blue pine", phone="1")
    customer(mapping, "7", name="blue pine", phone="1")
    assert ranks(mapping, link) == [("7", 4, False)]


def test_a_weaker_rival_does_not_spoil_a_stronger_match(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine", phone="1")
    account(mapping, "001B", name="blue pine")
    customer(mapping, "7", name="blue pine", phone="1")
    assert ranks(mapping, link) == [("7", 4, True)]


def test_a_rival_that_is_linked_already_does_not_count(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine", phone="1")
    match_index.put_keys(
        mapping.integration.salesforce, "Account", [("001B", [("name", "blue pine"), ("phone", "1")])]
    )
    a_link(mapping, sf_id="001B", qbo_id="9")
    customer(mapping, "7", name="blue pine", phone="1")
    assert ranks(mapping, link) == [("7", 4, True)]


def test_a_candidate_that_another_link_holds_names_its_holder(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine")
    match_index.put_keys(mapping.integration.quickbooks, "Customer", [("7", [("name", "blue pine")])])
    holder = a_link(mapping, sf_id="001Z", qbo_id="7", name="Blue Pine Ltd")
    (candidate,) = match_index.candidates(mapping, [link])[link.id]
    assert (candidate.holder, candidate.name, candidate.reasons) == (
        str(holder.id),
        "Blue Pine Ltd",
        ("name",),
    )


def test_an_inactive_record_is_a_candidate_and_a_deleted_one_is_none(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine")
    customer(mapping, "7", name="blue pine")
    customer(mapping, "8", name="blue pine")
    an_observation(mapping.integration.quickbooks, "Customer", "7", state="inactive")
    an_observation(mapping.integration.quickbooks, "Customer", "8", state="deleted")
    found = match_index.candidates(mapping, [link])[link.id]
    assert [(candidate.id, candidate.state) for candidate in found] == [("7", RecordState.INACTIVE)]


def test_a_refused_pair_is_left_out_in_both_directions(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="blue pine")
    other = customer(mapping, "7", name="blue pine")
    DoNotMatch.all_companies.create(
        company_id=mapping.company_id,
        integration=mapping.integration,
        sf_object="Account",
        sf_id="001A",
        qbo_entity="Customer",
        qbo_id="7",
    )
    assert ranks(mapping, link) == []
    assert ranks(mapping, other) == []


def test_new_keys_replace_the_old_ones_of_these_records_only(mapping: Mapping) -> None:
    connection = mapping.integration.salesforce
    match_index.put_keys(
        connection, "Account", [("001A", [("name", "old"), ("phone", "1")]), ("001B", [("name", "b")])]
    )
    match_index.put_keys(connection, "Account", [("001A", [("name", "new"), ("name", "new"), ("email", "")])])
    rows = MatchKey.all_companies.order_by("remote_id").values_list("remote_id", "kind", "value")
    assert list(rows) == [("001A", "name", "new"), ("001B", "name", "b")]


def test_a_key_longer_than_the_column_is_told_apart(mapping: Mapping) -> None:
    link = account(mapping, "001A", name="x" * 300 + "a")
    customer(mapping, "7", name="x" * 300 + "b")
    customer(mapping, "8", name="x" * 300 + "a")
    assert [row[0] for row in ranks(mapping, link)] == ["8"]


def test_a_slice_of_a_thousand_costs_a_fixed_number_of_queries(
    mapping: Mapping, django_assert_max_num_queries: object
) -> None:
    rows = [(f"{n}", [("name", f"n{n}"), ("phone", f"{n}")]) for n in range(1000)]
    match_index.put_keys(mapping.integration.salesforce, "Account", rows)
    match_index.put_keys(mapping.integration.quickbooks, "Customer", rows)
    links = RecordLink.all_companies.bulk_create(
        RecordLink(
            company_id=mapping.company_id,
            integration=mapping.integration,
            mapping=mapping,
            sf_object="Account",
            qbo_entity="Customer",
            sf_id=row[0],
        )
        for row in rows
    )
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        found = match_index.candidates(mapping, links)
    assert all([candidate.id for candidate in found[link.id]] == [link.sf_id] for link in links)
