"""Records that look alike among themselves: one is made, about the others a person is asked, whatever the slices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from syncapp.engine.timing import Timing
from syncapp.models import PreviewItem, RecordLink
from syncapp.services import matching, setup, timing
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        yield made


def plan_of(spine: Spine) -> dict[str, str]:
    """Group of the plan by the record's id over there, where it has one side only."""
    items = PreviewItem.all_companies.exclude(group="partner").select_related("link")
    return {item.link.sf_id or item.link.qbo_id or "": item.group for item in items if item.link}


def states(spine: Spine) -> dict[str, tuple[str, str]]:
    return {
        link.sf_id or "": (link.lifecycle, link.attention)
        for link in RecordLink.all_companies.exclude(lifecycle="absorbed")
    }


@pytest.mark.parametrize("slice_size", [1000, 2, 1])
def test_the_load_makes_and_asks_what_the_plan_said_however_it_is_cut_into_slices(
    spine: Spine, slice_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sized = replace(Timing(), slice_size=slice_size)
    monkeypatch.setattr(timing, "_divided", lambda by: sized)
    first = spine.account(Name="Harbor Lights, Inc.", Phone="(555) 010-1000")
    alone = spine.account(Name="Copper Kettle")
    second = spine.account(Name="Harbor Lights", Phone="(555) 010-1000")
    third = spine.account(Name="harbor lights LLC")
    spine.scan()
    with tenant(spine.company.pk):
        shown = setup.plan(spine.integration)
    assert plan_of(spine) == {first: "new_qbo", alone: "new_qbo", second: "alike", third: "alike"}
    assert (shown.new_qbo, shown.alike) == (2, 2)

    run = spine.first_load()

    assert sorted(row["DisplayName"] for row in spine.customers()) == ["Copper Kettle", "Harbor Lights, Inc."]
    assert states(spine) == {
        first: ("linked", "none"),
        alone: ("linked", "none"),
        second: ("candidate", "candidate"),
        third: ("candidate", "candidate"),
    }
    assert (run.created_count, run.asked_count, run.waiting_count, run.failed_count) == (2, 2, 0, 0)


def test_the_question_names_the_record_that_went_first_and_create_new_makes_the_other_one_too(
    spine: Spine,
) -> None:
    spine.account(Name="Harbor Lights", Phone="(555) 010-1000")
    second = spine.account(Name="Harbor Lights LLC", Phone="(555) 010-1000")
    spine.first_load()
    link = RecordLink.all_companies.get(sf_id=second)
    assert (link.attention_code, link.attention_values["name"]) == ("engine.match_held", "Harbor Lights")

    with tenant(spine.company.pk):
        matching.create_new(link, spine.person)
    spine.carry()

    assert sorted(row["DisplayName"] for row in spine.customers()) == ["Harbor Lights", "Harbor Lights LLC"]


def test_a_twin_that_a_person_has_to_see_to_first_keeps_nobody_waiting(spine: Spine) -> None:
    spine.vendor(DisplayName="Harbor Lights")
    first = spine.account(Name="Harbor Lights", Phone="(555) 010-1000")
    second = spine.account(Name="Harbor Lights LLC", Phone="(555) 010-1000")
    spine.first_load()
    assert states(spine) == {first: ("creating", "data_error"), second: ("linked", "none")}


def test_a_job_that_shares_its_customers_address_is_no_look_alike(spine: Spine) -> None:
    address = {"PrimaryEmailAddr": {"Address": "dock@harbor.example"}}
    parent = spine.customer(DisplayName="Harbor Lights", **address)
    inside = {"Job": True, "ParentRef": {"value": parent["Id"]}}
    spine.customer(DisplayName="55 Twin Lane", **inside, **address)
    spine.customer(DisplayName="Ocean View Road", **inside, **address)
    run = spine.first_load()
    assert sorted(row["Name"] for row in spine.accounts()) == [
        "55 Twin Lane",
        "Harbor Lights",
        "Ocean View Road",
    ]
    assert (run.created_count, run.asked_count) == (3, 0)


def test_customers_of_quickbooks_that_look_alike_make_one_account(spine: Spine) -> None:
    one = spine.customer(DisplayName="Harbor Lights", PrimaryEmailAddr={"Address": "dock@harbor.example"})
    two = spine.customer(DisplayName="Lights of Harbor", PrimaryEmailAddr={"Address": "dock@harbor.example"})
    spine.scan()
    assert plan_of(spine) == {one["Id"]: "new_sf", two["Id"]: "alike"}
    spine.first_load()
    assert [row["Name"] for row in spine.accounts()] == ["Harbor Lights"]


@pytest.mark.parametrize("side", ["sf", "qbo"])
def test_what_a_person_unlinked_is_linked_with_another_record_by_a_person_only(
    spine: Spine, side: str
) -> None:
    account, phone = spine.account(Name="Harbor Lights", Phone="(555) 010-1000"), "(555) 010-1000"
    spine.first_load()
    old = spine.link("Harbor Lights")
    with tenant(spine.company.pk):
        matching.unlink(old, spine.person)
    spine.carry()
    if side == "sf":
        spine.edit_customer("Harbor Lights", DisplayName="Closed", PrimaryPhone={"FreeFormNumber": "1"})
        spine.customer(DisplayName="Harbor Lights Inc", PrimaryPhone={"FreeFormNumber": phone})
    else:
        spine.edit_account(account, Name="Closed", Phone="1")
        spine.account(Name="Harbor Lights Inc", Phone=phone)
    mark = spine.mark()
    spine.sync()

    (link,) = spine.links
    assert (link.attention, link.attention_code) == ("candidate", "engine.match_let_go")
    assert spine.writes(mark) == []

    with tenant(spine.company.pk):
        matching.link_to(link, str(old.sf_id if side == "sf" else old.qbo_id), spine.person)
    spine.carry()

    (link,) = spine.links
    assert (link.lifecycle, old.sf_id == link.sf_id, old.qbo_id == link.qbo_id) == (
        "linked",
        side == "sf",
        side == "qbo",
    )
    field = spine.mapping.external_id_field
    assert str(spine.read_account(str(link.sf_id))[field]).endswith(f":Customer:{link.qbo_id}")
