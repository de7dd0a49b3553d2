"""Records that wait for others never wait in vain: whatever becomes of the parent, its children hear of it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from syncapp.models import LinkWait, LinkWork, Observation, Problem, RecordLink
from syncapp.services import mappings, matching
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "vault"])]


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        yield made


def how(link: RecordLink) -> tuple[str, str, str]:
    return link.lifecycle, link.attention, link.attention_code


def problem_of(link: RecordLink) -> Problem:
    return Problem.all_companies.get(link=link, closed_at=None)


def names_of_waits() -> set[tuple[str, str]]:
    rows = LinkWait.all_companies.values_list("child__name", "parent__name")
    return {(child, parent) for child, parent in rows}


def test_a_child_is_blocked_because_of_the_parent_that_waits_for_a_person_and_follows_it(
    spine: Spine,
) -> None:
    spine.customer(DisplayName="Parent Pine")
    parent = spine.account(Name="Parent Pine")
    spine.account(Name="Child Pine", ParentId=parent)
    spine.first_load()

    child, blocking = spine.link("Child Pine"), RecordLink.all_companies.get(sf_id=parent)
    assert how(child) == ("creating", "blocked", "engine.parent_problem")
    assert problem_of(child).values["parent_link"] == str(blocking.pk)
    assert problem_of(child).values["parent"] == "Parent Pine"

    with tenant(spine.company.pk):
        found = matching.candidates(blocking)
        matching.link_to(blocking, found[0].id, spine.person)
    spine.carry()
    assert how(spine.link("Child Pine"))[:2] == ("linked", "none")
    assert not Problem.all_companies.filter(link=child, closed_at=None).exists()
    assert names_of_waits() == set()


def test_a_parent_that_was_linked_by_its_match_lets_its_children_go(spine: Spine) -> None:
    number = {"FreeFormNumber": "(555) 010-0000"}
    spine.customer(DisplayName="Parent Pine", CompanyName="Parent Pine", PrimaryPhone=number)
    parent = spine.account(Name="Parent Pine", Phone="(555) 010-0000")
    spine.account(Name="Child Pine", ParentId=parent)
    spine.first_load()
    assert {how(link)[:2] for link in spine.links} == {("linked", "none")}


def test_an_ignored_parent_blocks_its_children_and_watching_it_again_frees_them(spine: Spine) -> None:
    spine.customer(DisplayName="Parent Pine")
    parent = spine.account(Name="Parent Pine")
    spine.account(Name="Child Pine", ParentId=parent)
    spine.first_load()
    with tenant(spine.company.pk):
        matching.ignore(RecordLink.objects.get(sf_id=parent), spine.person)
    spine.carry()
    assert how(spine.link("Child Pine"))[1:] == ("blocked", "engine.parent_skipped")
    with tenant(spine.company.pk):
        link = RecordLink.objects.get(sf_id=parent)
        matching.watch_again(link, spine.person)
        matching.create_new(link, spine.person)
    spine.carry()
    assert how(spine.link("Child Pine"))[1] == "blocked"  # the name is still taken


def test_a_ring_of_parents_is_named_and_comes_to_rest(spine: Spine) -> None:
    first = spine.account(Name="Ash")
    second = spine.account(Name="Birch", ParentId=first)
    third = spine.account(Name="Cedar", ParentId=second)
    outside = spine.account(Name="Dogwood", ParentId=third)
    spine.edit_account(first, ParentId=third)
    spine.first_load()

    assert not LinkWork.all_companies.exists()
    ring = {link.name: how(link)[1:] for link in spine.links}
    assert ring == {
        "Ash": ("blocked", "engine.cycle"),
        "Birch": ("blocked", "engine.cycle"),
        "Cedar": ("blocked", "engine.cycle"),
        "Dogwood": ("blocked", "engine.parent_problem"),
    }
    assert problem_of(spine.link("Ash")).values["ring"] == "Ash → Cedar → Birch → Ash"
    assert spine.customers() == []

    spine.edit_account(first, ParentId=None)
    spine.sync()
    assert {how(link)[:2] for link in spine.links} == {("linked", "none")}
    assert outside


def test_a_parent_that_nobody_has_seen_is_read_and_made_first(spine: Spine) -> None:
    spine.first_load()
    parent = spine.account(Name="Parent Pine")
    spine.account(Name="Child Pine", ParentId=parent)
    spine.capture()
    RecordLink.all_companies.filter(sf_id=parent).delete()
    Observation.all_companies.filter(remote_id=parent).delete()
    spine.carry()
    assert {(link.name, *how(link)[:2]) for link in spine.links} == {
        ("Parent Pine", "linked", "none"),
        ("Child Pine", "linked", "none"),
    }


def test_two_children_of_one_parent_are_woken_each_by_its_own_wait(spine: Spine) -> None:
    parent = spine.account(Name="Parent Pine")
    for name in ("Ash", "Birch"):
        spine.account(Name=name, ParentId=parent)
    spine.first_load()
    assert {how(link)[:2] for link in spine.links} == {("linked", "none")}
    assert names_of_waits() == set()


def test_an_edit_that_waits_for_a_new_parent_survives_a_new_version_of_the_mapping(spine: Spine) -> None:
    child = spine.account(Name="Child Pine")
    spine.first_load()
    parent = spine.account(Name="Parent Pine")
    spine.edit_account(child, ParentId=parent, Phone="(555) 010-7777")
    time.sleep(2.1)  # the stamps have settled, so that a reading of them is no news
    spine.capture()
    with tenant(spine.company.pk):
        mapping = spine.mapping
        mapping.qbo_filter = [{"path": "DisplayName", "operator": "ne", "value": "Not ours"}]
        mapping.save()
        mappings.publish(mapping, spine.person)

    spine.carry()

    there = spine.customer_named("Child Pine")
    assert there["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-7777"
    assert there["ParentRef"]["value"] == spine.customer_named("Parent Pine")["Id"]
