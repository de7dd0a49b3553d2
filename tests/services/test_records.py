"""The list of records: pages by key, states, search by name, id and pasted address, and the counts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syncapp.models import LinkWait, Mapping, RecordLink
from syncapp.services import addresses, records
from syncapp.tenancy import tenant
from tests.builders import a_company, a_connection, a_link, a_mapping, an_integration, some_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping()


def names(page: records.Page) -> list[str]:
    return [row.name for row in page.rows]


def look(of: Mapping, **question: object) -> records.Page:
    with tenant(of.company_id):
        return records.page(**question)  # type: ignore[arg-type]


def test_pages_follow_one_another_without_gap_or_repetition(mapping: Mapping) -> None:
    wanted = sorted((a_link(mapping).pk for _ in range(120)), reverse=True)
    seen: list[UUID] = []
    before = ""
    for size in (50, 50, 20):
        page = look(mapping, before=before)
        assert len(page.rows) == size
        seen += [row.id for row in page.rows]
        before = page.older
    assert (seen, before) == (wanted, "")


def test_a_page_costs_the_same_queries_whatever_is_on_it(mapping: Mapping) -> None:
    parent = a_link(mapping, name="Parent")
    for number in range(60):
        child = a_link(mapping, attention="waiting" if number % 2 else "none")
        if number % 2:
            LinkWait.all_companies.create(company_id=mapping.company_id, child=child, parent=parent)
    with tenant(mapping.company_id), CaptureQueriesContext(connection) as queries:
        page = records.page()
    assert (len(page.rows), len(queries)) == (50, 3)
    assert {row.state.about for row in page.rows if row.state.key == "waiting"} == {"customer Parent"}


def test_a_record_that_several_mappings_look_at_is_listed_once_with_the_one_that_keeps_it(
    mapping: Mapping,
) -> None:
    kept = a_mapping(mapping.integration, key="records", label="Records", sf_object="Invoice__c")
    other = a_mapping(mapping.integration, key="orders", label="Orders", sf_object="Order")
    half = {"lifecycle": "creating", "attention": "skipped", "sf_id": None}
    a_link(mapping, name="1028", qbo_id="28", **half)
    a_link(kept, name="1028", qbo_id="28", qbo_entity=mapping.qbo_entity)
    a_link(other, name="1028", qbo_id="28", qbo_entity=mapping.qbo_entity, **half)
    a_link(mapping, name="1029", qbo_id="29", **half)
    a_link(other, name="1029", qbo_id="29", qbo_entity=mapping.qbo_entity, **half)
    page = look(mapping)
    assert [(row.name, row.mapping) for row in page.rows] == [("1029", mapping.label), ("1028", "Records")]
    assert page.folded == 3
    with tenant(mapping.company_id):
        assert records.listed(records.counts()) == len(page.rows), "the figure of the list is what it shows"
    assert [row.mapping for row in look(mapping, query="1028").rows] == ["Records"]
    assert names(look(mapping, state="skipped")) == ["1029", "1029", "1028", "1028"]
    assert names(look(mapping, mapping=other.pk)) == ["1029", "1028"]


def test_a_page_is_filled_though_most_of_what_is_new_is_left_out(mapping: Mapping) -> None:
    kept = a_mapping(mapping.integration, key="records", label="Records", sf_object="Invoice__c")
    wanted = []
    for number in range(70):
        end = {"qbo_id": f"9{number}", "qbo_entity": mapping.qbo_entity, "name": f"R{number}"}
        wanted.append(a_link(kept, **end).pk)
        a_link(mapping, lifecycle="creating", attention="skipped", sf_id=None, **end)
    first = look(mapping)
    second = look(mapping, before=first.older)
    assert [row.id for row in (*first.rows, *second.rows)] == wanted[::-1]
    assert (len(first.rows), second.older) == (50, "")


def test_another_companys_records_are_never_listed_found_or_counted(mapping: Mapping) -> None:
    theirs = a_link(a_mapping(), name="Secret Ltd")
    for question in ({}, {"query": "secret"}, {"query": theirs.sf_id}, {"query": theirs.qbo_id}):
        assert names(look(mapping, **question)) == []
    with tenant(mapping.company_id):
        assert records.counts()["all"] == 0


STATES = {
    "in_sync": {},
    "waiting": {"attention": "waiting", "lifecycle": "creating", "qbo_id": None},
    "needs_attention": {"attention": "data_error"},
    "conflict": {"attention": "conflict"},
    "changed": {"attention": "drift"},
    "deleted_there": {"attention": "gone"},
    "not_synced": {"lifecycle": "creating", "qbo_id": None},
    "skipped": {"attention": "skipped"},
    "unlinked": {"lifecycle": "unlinked"},
}


def one_of_each(mapping: Mapping) -> None:
    for state, values in STATES.items():
        a_link(mapping, name=state, **values)
    now = timezone.now()
    some_work(a_link(mapping, name="syncing"), lease_until=now + timedelta(minutes=1))
    some_work(a_link(mapping, name="queued", attention="data_error"))


def test_each_filter_shows_its_records_and_no_others(mapping: Mapping) -> None:
    one_of_each(mapping)
    shown = {state: names(look(mapping, state=state)) for state in records.FILTERS}
    assert shown == {state: [state] for state in records.FILTERS}


def test_each_filter_keeps_to_itself_in_a_search_as_well(mapping: Mapping) -> None:
    one_of_each(mapping)
    shown = {state: names(look(mapping, state=state, query=state[:3])) for state in records.FILTERS}
    assert shown == {state: [state] for state in records.FILTERS}


def test_the_counts_add_up(mapping: Mapping) -> None:
    one_of_each(mapping)
    with tenant(mapping.company_id):
        figures = records.counts()
    every = len(records.FILTERS)
    assert figures == {**dict.fromkeys(records.FILTERS, 1), "kept": every - 2, "all": every}


def test_the_states_are_in_the_one_vocabulary(mapping: Mapping) -> None:
    from portal.states import STATES as LOOKS

    one_of_each(mapping)
    a_link(mapping, name="changed there", attention="drift", attention_values={"side": "sf"})
    a_link(mapping, name="ignored", attention="skipped", attention_code=records.IGNORED)
    keys = {row.name: row.state.key for row in look(mapping).rows}
    assert set(keys.values()) <= set(LOOKS)
    assert (keys["changed"], keys["changed there"]) == ("changed_qbo", "changed_sf")
    assert (keys["ignored"], keys["queued"], keys["syncing"]) == ("ignored", "queued", "syncing")


def test_a_name_is_found_by_its_beginning_in_any_case_in_the_order_of_names(mapping: Mapping) -> None:
    for name in ("Zebra", "Nordlys Diesel", "nordlys marine", "Nordkapp", "Ørsted"):
        a_link(mapping, name=name)
    assert names(look(mapping, query=" NORD")) == ["Nordkapp", "Nordlys Diesel", "nordlys marine"]
    assert names(look(mapping, query="ø")) == ["Ørsted"]
    assert names(look(mapping, query="diesel")) == []


def test_a_search_goes_on_page_by_page_though_names_repeat(mapping: Mapping) -> None:
    made = [a_link(mapping, name="Same name").pk for _ in range(70)]
    first = look(mapping, query="same")
    second = look(mapping, query="same", before=first.older)
    assert [row.id for row in (*first.rows, *second.rows)] == sorted(made)
    assert (len(first.rows), second.older) == (50, "")


@pytest.mark.parametrize(
    "pasted",
    [
        "001Hp00002vXc3TIAS",
        "001Hp00002vXc3T",
        "https://halvorsen.my.salesforce.com/001Hp00002vXc3T",
        "https://halvorsen.lightning.force.com/lightning/r/Account/001Hp00002vXc3TIAS/view",
        "https://halvorsen.lightning.force.com/one/one.app#/sObject/001Hp00002vXc3TIAS/view",
        "1182",
        "https://app.qbo.intuit.com/app/customerdetail?nameId=1182",
        "https://app.sandbox.qbo.intuit.com/app/invoice?txnId=1182&foo=1",
    ],
)
def test_a_record_is_found_by_either_id_and_by_a_pasted_address(mapping: Mapping, pasted: str) -> None:
    a_link(mapping, name="Other", sf_id="001Hp00002vXc3tIAS")
    a_link(mapping, name="Solveig Aurora", sf_id="001Hp00002vXc3TIAS", qbo_id="1182")
    assert names(look(mapping, query=pasted)) == ["Solveig Aurora"]


def test_a_half_that_was_joined_with_its_other_half_is_no_record_any_more(mapping: Mapping) -> None:
    whole = a_link(mapping, name="Monarch", qbo_id="58")
    a_link(mapping, name="Monarch", sf_id=None, qbo_id="58", lifecycle="absorbed", absorbed_into=whole)
    for question in ({}, {"query": "mon"}, {"query": "58"}, {"state": "in_sync"}):
        assert [row.id for row in look(mapping, **question).rows] == [whole.pk]
    assert look(mapping, state="unlinked").rows == []
    with tenant(mapping.company_id):
        counted = records.counts()
    assert (counted["all"], counted["in_sync"], counted["unlinked"]) == (1, 1, 0)


def test_an_unlinked_record_is_still_found_by_its_id(mapping: Mapping) -> None:
    a_link(mapping, name="Left", sf_id="001Hp00002vXc3TIAS", lifecycle="unlinked")
    assert names(look(mapping, query="001Hp00002vXc3TIAS")) == ["Left"]


def test_a_number_that_is_no_id_is_looked_for_as_a_name(mapping: Mapping) -> None:
    a_link(mapping, name="1048 Harbour Road")
    assert names(look(mapping, query="1048")) == ["1048 Harbour Road"]


@pytest.mark.parametrize(
    "text", ["", "acme", "'; drop table", "https://", "https://[::1", "a" * 18, "\U0010ffff"]
)
def test_any_text_can_be_searched_for(mapping: Mapping, text: str) -> None:
    assert look(mapping, query=text).rows == []
    assert look(mapping, before=text).rows == []


def test_a_mapping_narrows_every_list(mapping: Mapping) -> None:
    other = a_mapping(mapping.integration, key="other", sf_object="Contact")
    a_link(mapping, name="Acme")
    a_link(other, name="Acme Vendor", attention="conflict")
    assert names(look(mapping, mapping=other.pk)) == ["Acme Vendor"]
    assert names(look(mapping, mapping=mapping.pk, query="acm")) == ["Acme"]
    assert names(look(mapping, mapping=mapping.pk, state="conflict")) == []
    with tenant(mapping.company_id):
        assert records.counts(other.pk) == {
            **dict.fromkeys(records.FILTERS, 0),
            "conflict": 1,
            "kept": 1,
            "all": 1,
        }


def test_addresses_follow_the_environment() -> None:
    company = a_company()
    sandbox = a_connection(company, "qbo", environment="sandbox")
    production = a_connection(company, "qbo", environment="production")
    salesforce = a_connection(company, "sf", environment="production")
    assert (
        addresses.url(sandbox, "Customer", "58")
        == "https://app.sandbox.qbo.intuit.com/app/customerdetail?nameId=58"
    )
    assert (
        addresses.url(production, "Customer", "9") == "https://app.qbo.intuit.com/app/customerdetail?nameId=9"
    )
    assert addresses.url(salesforce, "Account", "001x").startswith("https://halvorsen.my.salesforce.com/")
    assert addresses.url(salesforce, "Account", None) == addresses.url(None, "Account", "001x") == ""
    simulated = a_connection(company, "sf", environment="simulator", base_url="http://127.0.0.1:8801")
    assert addresses.url(simulated, "Account", "001x").startswith("http://127.0.0.1:8801/")
    books = a_connection(company, "qbo", environment="simulator", remote_id="9130")
    assert addresses.url(books, "Customer", "58").endswith("/app/9130/customer/58")


def test_a_list_does_not_look_at_the_connections_of_unrelated_pairs(mapping: Mapping) -> None:
    an_integration(mapping.company)
    a_link(mapping)
    assert RecordLink.all_companies.count() == 1
    assert look(mapping).rows[0].sf_url
