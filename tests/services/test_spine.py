"""The main job on a real database and a real simulator: accounts become customers and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from connectors.contracts import Side
from syncapp.models import Attempt, AuditEvent, Connection, LinkBase, Problem, RunState, WriteIntent
from syncapp.services import answers, naming
from syncapp.services.errors import Refused
from syncapp.tasks import capture
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "vault"]),
]


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        yield made


def test_the_first_load_makes_one_customer_per_account_and_a_second_run_writes_nothing(spine: Spine) -> None:
    ids = [spine.account(Name=f"Pine {n}", Phone=f"(555) 010-{n:04}") for n in range(40)]

    run = spine.first_load()

    assert (run.state, run.created_count, run.failed_count) == (RunState.DONE, 40, 0)
    customers = {row["DisplayName"]: row for row in spine.customers()}
    assert sorted(customers) == sorted(f"Pine {n}" for n in range(40))
    assert customers["Pine 7"]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-0007"
    assert {link.sf_id for link in spine.links} == set(ids)
    assert {link.lifecycle for link in spine.links} == {"linked"}
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []
    assert WriteIntent.all_companies.exclude(state="applied").count() == 0
    assert AuditEvent.all_companies.exclude(intent=None).count() == len(spine.writes()) - 40


def test_a_phone_changed_in_salesforce_reaches_quickbooks_by_the_button(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering", Phone="(555) 010-1111")
    spine.first_load()
    spine.edit_account(account, Phone="(555) 010-7777")

    run = spine.press(spine.link("Blue Pine Catering"), Side.QUICKBOOKS)

    assert (run.state, run.updated_count) == (RunState.DONE, 1)
    assert spine.customers()[0]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-7777"


def test_a_customer_changed_in_quickbooks_reaches_salesforce_by_the_button(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering")
    spine.first_load()
    spine.edit_customer("Blue Pine Catering", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})

    run = spine.press(spine.link("Blue Pine Catering"), Side.SALESFORCE)

    assert (run.state, run.updated_count) == (RunState.DONE, 1)
    assert spine.read_account(account)["Phone"] == "(555) 010-2222"
    [change] = Attempt.all_companies.filter(run=run).get().changes
    assert (change["label"], change["before"], change["after"]) == ("Phone", None, "(555) 010-2222")


def test_changes_noticed_by_polling_and_change_data_capture_flow_both_ways_without_an_echo(
    spine: Spine,
) -> None:
    one, two = spine.account(Name="Pine One"), spine.account(Name="Pine Two")
    spine.first_load()
    spine.edit_account(one, Phone="(555) 010-1111")
    spine.edit_customer("Pine Two", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})

    spine.sync()

    assert spine.customer_named("Pine One")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-1111"
    assert spine.read_account(two)["Phone"] == "(555) 010-2222"
    mark = spine.mark()
    spine.sync()
    spine.sync()
    assert spine.writes(mark) == []


def test_different_fields_changed_on_both_sides_are_both_kept(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering", Phone="1")
    spine.first_load()
    spine.edit_account(account, Phone="(555) 010-1111")
    spine.edit_customer("Blue Pine Catering", Fax={"FreeFormNumber": "(555) 010-9999"})

    spine.sync()

    assert spine.customer_named("Blue Pine Catering")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-1111"
    assert spine.read_account(account)["Fax"] == "(555) 010-9999"
    assert spine.link("Blue Pine Catering").attention == "none"


def test_the_same_field_changed_on_both_sides_waits_for_a_person_who_decides(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering", Phone="(555) 010-0000")
    spine.first_load()
    spine.edit_account(account, Phone="(555) 010-1111")
    spine.edit_customer("Blue Pine Catering", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    mark = spine.mark()

    spine.sync()

    link = spine.link("Blue Pine Catering")
    assert spine.writes(mark) == []
    assert link.attention == "conflict"
    held = LinkBase.all_companies.get(link=link).held["phone"]
    assert (held["sf"], held["qbo"], held["base_sf"]) == (
        {"phone": "(555) 010-1111"},
        {"phone": "(555) 010-2222"},
        {"phone": "(555) 010-0000"},
    )
    with tenant(spine.company.pk):
        answers.answer(link, "phone", Side.QUICKBOOKS, spine.person)
    spine.carry()
    assert spine.read_account(account)["Phone"] == "(555) 010-2222"
    assert spine.link("Blue Pine Catering").attention == "none"


def test_a_customer_born_in_quickbooks_becomes_an_account_with_its_id(spine: Spine) -> None:
    spine.first_load()
    customer = spine.customer(DisplayName="Born There", PrimaryPhone={"FreeFormNumber": "(555) 010-3333"})

    spine.sync()

    [row] = spine.accounts("Id, Name, Phone, QBO_Customer_Id__c")
    realm = spine.sim.quickbooks.credentials()["realm_id"]
    assert (row["Name"], row["Phone"]) == ("Born There", "(555) 010-3333")
    assert row["QBO_Customer_Id__c"] == f"{realm}:Customer:{customer['Id']}"
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_a_name_that_a_vendor_has_is_explained_and_turns_green_when_it_is_changed(spine: Spine) -> None:
    account = spine.account(Name="Cedar Supply")
    spine.vendor(DisplayName="Cedar Supply")

    run = spine.first_load()

    assert run.failed_count == 1
    problem = Problem.all_companies.get(closed_at=None)
    assert problem.code == "qbo.6240"
    assert (problem.values["holder_type"], problem.values["holder_name"]) == ("Vendor", "Cedar Supply")
    spine.edit_account(account, Name="Cedar Supply Customer")
    run = spine.press(spine.link("Cedar Supply"), Side.QUICKBOOKS)
    assert (run.state, run.created_count) == (RunState.DONE, 1)
    assert Problem.all_companies.filter(closed_at=None).count() == 0
    assert spine.link("Cedar Supply Customer").attention == "none"


def test_a_name_that_a_vendor_has_goes_with_something_behind_it_when_a_person_says_so(spine: Spine) -> None:
    account = spine.account(Name="Cedar Supply", Phone="(555) 010-0000")
    spine.vendor(DisplayName="Cedar Supply")
    spine.first_load()

    with tenant(spine.company.pk):
        naming.add_suffix(spine.link("Cedar Supply"), "", spine.person)
    spine.carry()

    link = spine.link("Cedar Supply")
    assert (link.lifecycle, link.attention) == ("linked", "none")
    assert [row["DisplayName"] for row in spine.customers()] == ["Cedar Supply (Customer)"]
    assert Problem.all_companies.filter(closed_at=None).count() == 0
    assert LinkBase.all_companies.get(link=link).held == {}
    mark = spine.mark()
    spine.sync()
    assert (spine.writes(mark), spine.read_account(account)["Name"]) == ([], "Cedar Supply")

    spine.edit_account(account, Phone="(555) 010-1111")
    spine.sync()
    assert spine.customer_named("Cedar Supply (Customer)")["PrimaryPhone"] == {
        "FreeFormNumber": "(555) 010-1111"
    }


@pytest.mark.parametrize(("typed", "code"), [("a:b", "naming.forbidden"), ("x" * 41, "naming.forbidden")])
def test_what_cannot_stand_in_a_name_is_refused_and_changes_nothing(
    spine: Spine, typed: str, code: str
) -> None:
    spine.account(Name="Cedar Supply")
    spine.vendor(DisplayName="Cedar Supply")
    spine.first_load()
    with tenant(spine.company.pk), pytest.raises(Refused) as refused:
        naming.add_suffix(spine.link("Cedar Supply"), typed, spine.person)
    assert (refused.value.code, spine.customers()) == (code, [])


def test_a_name_too_long_for_a_field_is_told_before_any_call(spine: Spine) -> None:
    spine.account(Name="Blue Pine", Phone="(555) 010-0000 extension 12345678")
    spine.first_load()

    link = spine.link("Blue Pine")

    assert link.attention == "data_error"
    assert Problem.all_companies.get(closed_at=None).code == "engine.too_long"


def test_records_that_exist_on_both_sides_are_linked_not_made_twice(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering", Phone="(555) 010-1111")
    spine.customer(DisplayName="Blue Pine Catering", PrimaryPhone={"FreeFormNumber": "555 010 1111"})

    run = spine.first_load()

    assert (run.state, run.created_count) == (RunState.DONE, 0)
    assert [link.sf_id for link in spine.links] == [account]
    assert len(spine.customers()) == 1


def test_two_records_that_complete_each_other_when_they_are_linked_keep_what_each_had() -> None:
    with a_spine(winner="sf") as spine:
        complete_each_other(spine)


def complete_each_other(spine: Spine) -> None:
    account = spine.account(Name="Monarch Dental", Phone="(555) 010-1111")
    spine.customer(
        DisplayName="MONARCH DENTAL",
        PrimaryPhone={"FreeFormNumber": "(555) 010-1111"},
        PrimaryEmailAddr={"Address": "office@monarch.example"},
        Fax={"FreeFormNumber": "(555) 010-9999"},
    )

    spine.first_load()

    [customer] = spine.customers()
    assert (customer["DisplayName"], customer["PrimaryEmailAddr"]) == (
        "Monarch Dental",
        {"Address": "office@monarch.example"},
    )
    assert customer["Fax"] == {"FreeFormNumber": "(555) 010-9999"}
    found = spine.read_account(account)
    assert (found["QBO_Email__c"], found["Fax"]) == ("office@monarch.example", "(555) 010-9999")
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_a_child_account_waits_for_its_parent_and_becomes_a_sub_customer(spine: Spine) -> None:
    parent = spine.account(Name="Parent Pine")
    child = spine.account(Name="Child Pine", ParentId=parent)

    run = spine.first_load()

    assert run.state == RunState.DONE
    customers = {row["DisplayName"]: row for row in spine.customers()}
    assert customers["Child Pine"]["ParentRef"]["value"] == customers["Parent Pine"]["Id"]
    assert {link.attention for link in spine.links} == {"none"}
    assert spine.link("Child Pine").sf_id == child


def test_an_edit_of_an_account_that_we_just_made_is_not_overwritten_unseen(spine: Spine) -> None:
    """Nobody has read the new account yet, and QuickBooks' change is noticed first."""
    spine.customer(DisplayName="Blue Pine")
    spine.first_load()
    (account,) = spine.accounts()
    spine.edit_account(account["Id"], Name="Red Pine")
    spine.edit_customer("Blue Pine", DisplayName="Green Pine")

    capture(str(spine.integration.quickbooks_id), "cdc")
    spine.carry()

    (link,) = spine.links
    assert (link.attention, spine.accounts()[0]["Name"]) == ("conflict", "Red Pine")


def test_an_account_deleted_in_salesforce_leaves_the_customer_alone(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering")
    spine.first_load()
    spine.delete_account(account)
    mark = spine.mark()

    spine.sync()

    link = spine.link("Blue Pine Catering")
    assert spine.writes(mark) == []
    assert (link.sf_state, link.attention) == ("deleted", "gone")
    assert spine.customers()[0]["Active"] is True


def test_a_customer_made_inactive_in_quickbooks_is_flagged_and_not_made_again(spine: Spine) -> None:
    spine.account(Name="Blue Pine Catering")
    spine.first_load()
    spine.edit_customer("Blue Pine Catering", Active=False)
    mark = spine.mark()

    spine.sync()

    link = spine.link("Blue Pine Catering")
    assert spine.writes(mark) == []
    assert (link.qbo_state, link.attention) == ("inactive", "gone")


# --- trouble on the wire costs nothing but time ------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "reset_after", "match": {"path": "/batch$"}, "nth": 2},
        {"action": "reset_before", "match": {"path": "/batch$"}, "nth": 2},
        {"action": "status", "status": 503, "match": {"path": "/batch$"}, "nth": 2, "after": True},
        {"action": "truncate", "match": {"path": "/batch$"}, "nth": 1},
        {
            "action": "throttle",
            "match": {"path": "/batch$"},
            "nth": 2,
            "count": 2,
            "headers": {"Retry-After": "1"},
        },
        {"action": "expire_token", "match": {"path": "/batch$"}, "nth": 2},
    ],
    ids=["lost answer", "reset", "gateway error after the work", "cut answer", "429", "expired token"],
)
def test_quickbooks_trouble_in_the_middle_of_a_load_loses_and_doubles_nothing(
    spine: Spine, settings: object, fault: dict[str, object]
) -> None:
    settings.TIMING_DIVISOR = 100  # type: ignore[attr-defined]
    for n in range(90):
        spine.account(Name=f"Pine {n}")
    spine.scan()
    spine.sim.quickbooks.plan(fault)

    spine.first_load()
    spine.a_minute_later()

    assert Counter(row["DisplayName"] for row in spine.customers()) == Counter(f"Pine {n}" for n in range(90))
    assert Counter((link.lifecycle, link.attention) for link in spine.links) == {("linked", "none"): 90}
    assert WriteIntent.all_companies.filter(state__in=["planned", "sending", "unknown", "ask"]).count() == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "reset_after", "match": {"path": "/composite$"}, "nth": 1},
        {"action": "expire_token", "match": {"path": "/composite$"}, "nth": 1},
        {"action": "status", "status": 503, "match": {"path": "/composite$"}, "nth": 1, "after": True},
    ],
    ids=["lost answer", "expired token", "gateway error after the work"],
)
def test_salesforce_trouble_while_ids_are_written_back_heals(
    spine: Spine, settings: object, fault: dict[str, object]
) -> None:
    settings.TIMING_DIVISOR = 100  # type: ignore[attr-defined]
    for n in range(10):
        spine.account(Name=f"Pine {n}")
    spine.scan()
    spine.sim.salesforce.plan(
        {**fault, "match": {"path": "/composite$", "body": "QBO_Customer_Id__c.{0,4}:"}}
    )

    spine.first_load()
    spine.sync()

    rows = spine.accounts("Id, Name, QBO_Customer_Id__c")
    assert all(row["QBO_Customer_Id__c"] for row in rows)
    assert len(spine.customers()) == 10


def test_a_rotated_refresh_token_in_the_middle_of_a_load_is_kept(spine: Spine) -> None:
    spine.sim.quickbooks.post("knobs", {"rotate": "always"})
    for n in range(60):
        spine.account(Name=f"Pine {n}")
    spine.scan()
    before = Connection.all_companies.get(company=spine.company, side="qbo")
    spine.sim.quickbooks.plan({"action": "expire_token", "match": {"path": "/batch$"}, "nth": 1})

    run = spine.first_load()

    after = Connection.all_companies.get(company=spine.company, side="qbo")
    assert (run.state, run.created_count) == (RunState.DONE, 60)
    assert after.token_version == before.token_version + 1
    assert after.refresh_token != before.refresh_token


def test_a_slice_that_creates_and_updates_accounts_is_divided_into_calls_that_salesforce_takes(
    spine: Spine,
) -> None:
    for n in range(2):
        spine.account(Name=f"Pine {n}")
    spine.first_load()
    for n in range(801):  # five collections of 200, and the two updates are a sixth
        spine.customer(DisplayName=f"Rock {n}")
    for n in range(2):
        spine.edit_customer(f"Pine {n}", Fax={"FreeFormNumber": "(555) 010-0009"})
    before = spine.mark()

    spine.capture()
    spine.carry(seconds=60)

    done = Counter((row["object"], row["operation"]) for row in spine.writes(before))
    assert done["Account", "update"] == 2
    assert Counter((link.lifecycle, link.attention) for link in spine.links) == {("linked", "none"): 803}
    assert WriteIntent.all_companies.filter(state__in=["planned", "sending", "unknown", "ask"]).count() == 0


@pytest.mark.parametrize("nth", [1, 2], ids=["while it is read", "while ids are written back"])
def test_a_rotated_salesforce_refresh_token_in_the_middle_of_a_load_costs_nothing_but_time(
    spine: Spine, nth: int
) -> None:
    spine.sim.salesforce.post("settings", {"refresh_rotation": True})
    for n in range(60):
        spine.account(Name=f"Pine {n}")
    before = Connection.all_companies.get(company=spine.company, side="sf")
    path = {1: "/query$", 2: "/composite$"}[nth]
    spine.sim.salesforce.plan({"action": "expire_token", "match": {"path": path}, "nth": 1})

    run = spine.first_load()

    after = Connection.all_companies.get(company=spine.company, side="sf")
    assert (run.state, run.total, run.created_count) == (RunState.DONE, 60, 60)
    assert after.token_version == before.token_version + 1
    assert after.refresh_token != before.refresh_token
    assert (after.status, Problem.all_companies.count()) == ("live", 0)
    assert all(row["QBO_Customer_Id__c"] for row in spine.accounts("Id, Name, QBO_Customer_Id__c"))


def test_a_record_with_a_question_open_is_not_decided_from_what_our_own_write_has_overtaken(
    spine: Spine,
) -> None:
    account = spine.account(Name="Monarch Dental Cooperative", Phone="(555) 010-0000")
    spine.customer(
        DisplayName="MONARCH DENTAL COOPERATIVE", PrimaryPhone={"FreeFormNumber": "(555) 010-0000"}
    )
    spine.first_load()
    assert spine.link("Monarch Dental Cooperative").attention == "conflict"
    spine.edit_account(account, Website="https://monarch.example")
    spine.edit_customer("MONARCH DENTAL COOPERATIVE", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    spine.sync()
    assert spine.read_account(account)["Phone"] == "(555) 010-2222"

    spine.edit_customer("MONARCH DENTAL COOPERATIVE", Notes="Pays late")
    capture(str(Connection.all_companies.get(company=spine.company, side="qbo").pk), "cdc")
    spine.carry()

    customer = spine.customer_named("MONARCH DENTAL COOPERATIVE")
    assert customer["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-2222"
    assert spine.read_account(account)["Phone"] == "(555) 010-2222"
