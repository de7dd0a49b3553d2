"""What follows when records are deleted, made inactive, brought back or merged over there; and when very many are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import (
    AuditEvent,
    Connection,
    LinkBase,
    LinkWork,
    MappingVersion,
    Problem,
    RecordLink,
    WriteIntent,
)
from syncapp.services import deletions, gone, matching, quarantine, setup, sync
from syncapp.services.errors import Refused
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine
from tests.services.test_crash_matrix import carry
from tests.services.test_unclear import leave_unknown, look

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine(settings: Any) -> Iterator[Spine]:
    settings.TIMING_DIVISOR = 40
    with a_spine() as made:
        yield made


def policies(spine: Spine, **chosen: Any) -> None:
    """Publish the mapping with these policies."""
    version = MappingVersion.all_companies.get(mapping=spine.mapping, number=spine.mapping.published_number)
    version.spec = {**version.spec, "policies": {**version.spec["policies"], **chosen}}
    version.save()
    specs._specs.clear()


def salesforce(spine: Spine) -> Connection:
    return Connection.all_companies.get(company=spine.company, side="sf")


def merge(spine: Spine, winner: str, loser: str) -> None:
    spine.sim.salesforce.post(
        "records", {"object": "Account", "action": "merge", "id": winner, "losers": [loser]}
    )


def test_a_deleted_account_leaves_its_customer_alone_unless_the_mapping_says_otherwise(spine: Spine) -> None:
    first, second = spine.account(Name="Pine"), spine.account(Name="Birch")
    spine.first_load()
    spine.delete_account(first)
    spine.sync()

    assert (spine.link("Pine").attention_code, spine.customer_named("Pine")["Active"]) == (
        "engine.sf_deleted",
        True,
    )
    policies(spine, sf_gone="inactivate")
    spine.delete_account(second)
    spine.sync()

    assert [row["Active"] for row in spine.customers() if row["DisplayName"].startswith("Birch")] == [False]
    assert spine.link("Birch").lifecycle == "gone"
    mine = AuditEvent.all_companies.filter(action="deactivate", link=spine.link("Birch"))
    trail = mine.values_list("before", "after")
    assert list(trail) == [({"Active": True}, {"Active": False})]


def test_an_account_that_comes_back_asks_before_its_customer_is_active_again(spine: Spine) -> None:
    account = spine.account(Name="Pine")
    spine.first_load()
    policies(spine, sf_gone="inactivate")
    spine.delete_account(account)
    spine.sync()
    spine.sim.salesforce.post("records", {"object": "Account", "action": "undelete", "id": account})
    spine.sync()

    link = RecordLink.all_companies.get(sf_id=account)
    assert (link.attention, link.attention_code) == ("gone", "engine.revive_ask")
    with tenant(spine.company.pk):
        gone.answer(link, "reactivate", spine.person)
    spine.carry()

    link.refresh_from_db()
    assert (link.lifecycle, link.attention) == ("linked", "none")
    assert [(row["DisplayName"], row["Active"]) for row in spine.customers()] == [("Pine", True)]
    with tenant(spine.company.pk), pytest.raises(Refused, match=r"gone\.not_asked"):
        gone.answer(link, "reactivate", spine.person)


def deleted_in_number(spine: Spine, count: int) -> None:
    accounts = [spine.account(Name=f"Pine {n:02}") for n in range(count)]
    spine.first_load()
    policies(spine, sf_gone="inactivate", delete_brake_floor=3)
    for account in accounts:
        spine.delete_account(account)
    spine.sync()


def active(spine: Spine) -> int:
    return sum(row["Active"] for row in spine.customers())


def test_very_many_deletions_at_once_are_not_followed_before_a_person_says_so(spine: Spine) -> None:
    deleted_in_number(spine, 5)

    assert active(spine) == 5
    assert {link.attention_code for link in spine.links} == {"engine.delete_brake"}
    assert salesforce(spine).deletions_stopped_count == 5
    problem = Problem.all_companies.get(subject=deletions.subject_of(salesforce(spine)))
    assert (problem.code, problem.values["count"]) == ("engine.delete_brake", 5)
    spine.sync()
    assert active(spine) == 5

    with tenant(spine.company.pk):
        assert deletions.decide(salesforce(spine), follow=True, person=spine.person) == 5
    spine.carry()

    assert active(spine) == 0
    assert {link.lifecycle for link in spine.links} == {"gone"}
    assert Problem.all_companies.filter(closed_at=None).count() == 0
    with tenant(spine.company.pk), pytest.raises(Refused, match=r"deletions\.not_stopped"):
        deletions.decide(salesforce(spine), follow=True, person=spine.person)


def test_deletions_that_a_person_ignores_change_nothing_on_the_other_side(spine: Spine) -> None:
    deleted_in_number(spine, 5)

    with tenant(spine.company.pk):
        deletions.decide(salesforce(spine), follow=False, person=spine.person)
    spine.carry()

    assert active(spine) == 5
    assert {(link.attention, link.attention_code) for link in spine.links} == {("gone", "engine.sf_deleted")}


def test_a_few_deletions_pass_the_brake(spine: Spine) -> None:
    deleted_in_number(spine, 3)

    assert active(spine) == 0
    assert salesforce(spine).deletions_stopped_at is None


def test_the_link_of_a_merged_account_follows_the_one_that_took_its_place(spine: Spine) -> None:
    loser = spine.account(Name="Pine", Phone="(555) 010-1111")
    spine.first_load()
    winner = spine.account(Name="Pine", Phone="(555) 010-1111")
    merge(spine, winner, loser)
    spine.sync()

    link = spine.link("Pine")
    assert (link.sf_id, link.lifecycle, link.attention) == (winner, "linked", "none")
    assert [row["DisplayName"] for row in spine.customers()] == ["Pine"]
    moved = AuditEvent.all_companies.get(action="link.followed_merge")
    assert (moved.before, moved.after) == ({"id": loser}, {"id": winner})
    spine.edit_account(winner, Phone="(555) 010-2222")
    spine.sync()
    assert spine.customers()[0]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-2222"


def test_an_account_that_was_unlinked_in_the_bin_gives_our_id_back_once_it_is_there_again(
    spine: Spine,
) -> None:
    account = spine.account(Name="Pine")
    spine.first_load()
    spine.delete_account(account)
    spine.sync()
    with tenant(spine.company.pk):
        matching.unlink(spine.link("Pine"), spine.person)
    spine.carry()
    spine.sim.salesforce.post("records", {"object": "Account", "action": "undelete", "id": account})
    spine.sync()

    assert spine.read_account(account)["QBO_Customer_Id__c"] is None
    assert not Problem.all_companies.filter(closed_at=None).exists()
    spine.edit_account(account, Phone="(555) 010-2222")
    spine.sync()
    assert "PrimaryPhone" not in spine.customer_named("Pine")


def test_two_linked_accounts_that_are_merged_wait_for_a_persons_choice(spine: Spine) -> None:
    winner, loser = spine.account(Name="Pine"), spine.account(Name="Birch")
    spine.first_load()
    merge(spine, winner, loser)
    spine.sync()

    assert (spine.link("Birch").attention, spine.link("Birch").attention_code) == (
        "conflict",
        "engine.sf_merged",
    )
    assert spine.link("Pine").attention == "none"
    assert sorted(row["DisplayName"] for row in spine.customers()) == ["Birch", "Pine"]


def test_of_two_new_accounts_that_are_merged_one_record_goes_on_and_asks_about_its_customers_name(
    spine: Spine,
) -> None:
    phone, address = "(555) 010-1111", {"City": "Elm", "Line1": "1 Oak Street"}
    spine.customer(DisplayName="Birch Inc.", PrimaryPhone={"FreeFormNumber": phone}, BillAddr=address)
    loser = spine.account(Name="Pine", Phone=phone)
    spine.scan()
    with tenant(spine.company.pk):
        setup.switch_on(spine.integration, spine.person)
    spine._prepare()
    winner = spine.account(Name="Birch", Phone=phone, BillingCity="Elm", BillingStreet="1 Oak Street")
    spine.capture()
    merge(spine, winner, loser)
    spine.capture()
    spine.carry()

    (link,) = spine.links
    assert (link.sf_id, link.lifecycle, link.attention) == (winner, "linked", "conflict")
    assert list(LinkBase.all_companies.get(link=link).held) == ["name"]
    assert [row["DisplayName"] for row in spine.customers()] == ["Birch Inc."]


def test_a_merge_into_an_account_that_was_unlinked_waits_until_our_id_has_left_that_one(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken: list[object] = []
    monkeypatch.setattr(quarantine, "set_aside", lambda *args: broken.append(args))
    loser, winner = spine.account(Name="Pine"), spine.account(Name="Birch")
    spine.first_load()
    moved = spine.link("Pine")
    merge(spine, winner, loser)
    spine.sim.salesforce.post("clock", {"advance": 2})  # the second of its stamp is over
    spine.capture()
    with tenant(spine.company.pk):
        sync.request([moved.pk], target=None, person=spine.person, cause="Button")
        matching.unlink(spine.link("Birch"), spine.person)
    carry()
    moved.refresh_from_db()
    assert (moved.sf_id, broken) == (winner, [])
    assert not spine.read_account(winner)["QBO_Customer_Id__c"]

    spine.a_minute_later()
    spine.sync()
    assert spine.read_account(winner)["QBO_Customer_Id__c"].endswith(f":{moved.qbo_id}")


def a_creation_in_salesforce_that_nobody_heard_of(spine: Spine, **fields: Any) -> str:
    """The worker died with the answer in hand; returns the account that was made."""
    before = {row["Id"] for row in spine.accounts()}
    spine.customer(**fields)
    spine.capture()
    leave_unknown(spine)
    [made] = {row["Id"] for row in spine.accounts()} - before
    return made


def test_an_account_merged_into_one_that_we_made_and_have_not_heard_of_waits_for_the_answer(
    spine: Spine,
) -> None:
    loser = spine.account(Name="Pine")
    spine.first_load()
    made = a_creation_in_salesforce_that_nobody_heard_of(spine, DisplayName="Birch")
    merge(spine, made, loser)
    spine.capture()
    carry()
    assert (spine.link("Pine").sf_id, spine.link("Pine").attention) == (loser, "none")

    look()
    spine.a_minute_later()
    spine.sync()
    assert [row["Id"] for row in spine.accounts()] == [made]
    assert (spine.link("Birch").sf_id, spine.link("Birch").attention) == (made, "none")
    assert spine.link("Pine").attention_code == "engine.sf_merged"
    assert sorted(row["DisplayName"] for row in spine.customers()) == ["Birch", "Pine"]


def test_an_account_that_we_made_and_have_not_heard_of_is_not_made_again_where_people_merged_it_away(
    spine: Spine,
) -> None:
    winner = spine.account(Name="Pine")
    spine.first_load()
    made = a_creation_in_salesforce_that_nobody_heard_of(spine, DisplayName="Birch")
    merge(spine, winner, made)
    spine.capture()
    look()
    spine.sync()

    assert [row["Id"] for row in spine.accounts()] == [winner]
    assert (spine.link("Birch").sf_id, spine.link("Birch").attention_code) == (made, "engine.sf_merged")
    assert (spine.link("Pine").sf_id, spine.link("Pine").attention) == (winner, "none")


def test_an_account_that_we_made_and_have_not_heard_of_is_not_made_again_where_people_deleted_it(
    spine: Spine,
) -> None:
    spine.account(Name="Pine")
    spine.first_load()
    made = a_creation_in_salesforce_that_nobody_heard_of(spine, DisplayName="Birch")
    spine.delete_account(made)
    spine.capture()
    look()
    spine.sync()

    assert [row["Name"] for row in spine.accounts()] == ["Pine"]
    assert (spine.link("Birch").sf_id, spine.link("Birch").attention_code) == (made, "engine.sf_deleted")
    assert spine.customer_named("Birch")["Active"]


def test_an_account_merged_into_one_that_still_gives_up_our_id_waits_for_that_write(spine: Spine) -> None:
    winner, loser = spine.account(Name="Birch"), spine.account(Name="Pine")
    spine.first_load()
    spine.sync()
    with tenant(spine.company.pk):
        matching.unlink(spine.link("Birch"), spine.person)
    leave_unknown(spine)
    merge(spine, winner, loser)
    spine.capture()
    carry()
    followed = RecordLink.all_companies.exclude(lifecycle="unlinked").get(sf_id=winner)
    assert (followed.attention, followed.attempts) == ("none", 0)
    assert LinkWork.all_companies.filter(link=followed).exists()

    look()
    spine.a_minute_later()
    spine.sync()
    assert not WriteIntent.all_companies.exclude(state__in=("applied", "superseded", "cancelled")).exists()
    assert spine.read_account(winner)["QBO_Customer_Id__c"].endswith(f":{followed.qbo_id}")
