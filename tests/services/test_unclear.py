"""Writes whose outcome reading must tell, and those that only a person can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.contracts import Side
from syncapp.models import AuditEvent, BatchSend, LinkWork, RecordLink, WriteIntent
from syncapp.services import recover, sending, sweep, unclear
from syncapp.services.errors import Refused
from syncapp.store import bulk
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine
from tests.services.test_crash_matrix import carry, killed_at, loading

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine(settings: Any) -> Iterator[Spine]:
    settings.TIMING_DIVISOR = 40
    with a_spine() as made:
        yield made


def leave_unknown(spine: Spine) -> None:
    """A worker dies with the answer in hand; the sweeper has come by."""
    killed_at(sending, "settle", carry)
    bulk.execute("update syncapp_linkwork set lease_until = lb_now() where lease_until is not null")
    bulk.execute("update syncapp_batchsend set lease_until = lb_now() where state = 'sending'")
    sweep.sweep()


def look() -> None:
    bulk.execute("update syncapp_batchsend set next_at = lb_now() where state = 'unknown'")
    recover.recover()


def a_day_later() -> None:
    bulk.execute(
        "update syncapp_batchsend set first_sent_at = first_sent_at - interval '25 hours', sends = 9"
    )


def vanished(spine: Spine) -> None:
    """The made customer can no longer be found by its name."""
    [row] = spine.customers()
    spine.customer(Id=row["Id"], SyncToken=row["SyncToken"], sparse=True, DisplayName="Somebody else")


def an_unclear_create(spine: Spine) -> RecordLink:
    spine.account(Name="Pine")
    loading(spine)
    leave_unknown(spine)
    vanished(spine)
    a_day_later()
    look()
    return RecordLink.all_companies.get(sf_id__isnull=False)


@pytest.mark.trail_is_broken("nobody has said yet what came of the write")
def test_what_is_still_unclear_after_a_day_waits_for_a_person(spine: Spine) -> None:
    link = an_unclear_create(spine)

    assert (link.attention, link.attention_code) == ("unknown", "engine.outcome_unclear")
    assert list(WriteIntent.all_companies.values_list("state", flat=True)) == ["ask"]
    assert BatchSend.all_companies.get().state == "ask"
    assert LinkWork.all_companies.count() == 0
    assert len(spine.customers()) == 1


def test_a_person_says_that_it_exists_and_it_is_linked_without_a_further_write(spine: Spine) -> None:
    link = an_unclear_create(spine)
    [customer] = spine.customers()
    writes = len(spine.sim.quickbooks.log())

    with tenant(spine.company.pk):
        with pytest.raises(Refused, match=r"unclear\.which"):
            unclear.it_exists(link, spine.person)
        unclear.it_exists(link, spine.person, customer["Id"])

    link.refresh_from_db()
    assert (link.lifecycle, link.qbo_id) == ("linked", customer["Id"])
    assert len(spine.sim.quickbooks.log()) == writes
    trail = AuditEvent.all_companies.exclude(intent=None).values_list("side", "remote_id", "action")
    assert list(trail) == [("qbo", customer["Id"], "create")]
    with tenant(spine.company.pk), pytest.raises(Refused, match=r"unclear\.gone"):
        unclear.it_exists(link, spine.person)


@pytest.mark.trail_is_broken("the person is wrong: the write that they say did not happen did")
def test_a_person_says_that_it_does_not_exist_and_it_is_sent_under_a_new_number(spine: Spine) -> None:
    link = an_unclear_create(spine)
    first = BatchSend.all_companies.get().request_id

    with tenant(spine.company.pk):
        unclear.it_does_not(link, spine.person)
    spine.carry()

    link.refresh_from_db()
    assert (link.lifecycle, link.attention) == ("linked", "none")
    assert sorted(row["DisplayName"] for row in spine.customers()) == ["Pine", "Somebody else"]
    assert set(BatchSend.all_companies.filter(side="qbo").values_list("state", flat=True)) == {
        "cancelled",
        "applied",
    }
    assert BatchSend.all_companies.filter(request_id=first).count() == 1


def test_a_name_that_a_server_keeps_failing_on_is_looked_for_instead_of_sent_for_ever(spine: Spine) -> None:
    spine.account(Name="Pine")
    loading(spine)
    leave_unknown(spine)
    bulk.execute("update syncapp_batchsend set sends = 9")
    sent = len(spine.sim.quickbooks.log())

    look()

    assert len(spine.sim.quickbooks.log()) == sent
    link = RecordLink.all_companies.get(sf_id__isnull=False)
    assert (link.lifecycle, bool(link.qbo_id)) == ("linked", True)
    assert AuditEvent.all_companies.filter(side=Side.QUICKBOOKS.value, action="create").count() == 1


def test_an_edit_that_came_after_a_lost_write_is_carried_and_not_taken_for_ours(spine: Spine) -> None:
    account = spine.account(Name="Pine", Phone="(555) 010-1111")
    spine.first_load()
    spine.edit_customer(
        "Pine",
        PrimaryPhone={"FreeFormNumber": "(555) 010-2222"},
        BillAddr={"Line1": "1 Pine Way", "City": "Portland", "PostalCode": "97201"},
    )
    spine.capture()
    killed_at(sending, "settle", spine.carry)
    spine.edit_account(account, Phone="(555) 010-3333")
    bulk.execute("update syncapp_linkwork set lease_until = lb_now() where lease_until is not null")
    bulk.execute("update syncapp_batchsend set lease_until = lb_now() where state = 'sending'")
    sweep.sweep()
    look()
    spine.carry()

    customer = spine.customers()[0]
    assert customer["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-3333"
    assert spine.read_account(account)["BillingCity"] == "Portland"


def test_what_a_creation_of_unknown_outcome_may_have_made_is_not_created_again_on_the_other_side(
    spine: Spine,
) -> None:
    account = spine.account(Name="Pine")
    loading(spine)
    leave_unknown(spine)
    spine.edit_account(account, Name="Oak")
    spine.capture()

    carry()

    assert [row["Name"] for row in spine.accounts()] == ["Oak"]
    look()
    bulk.execute("update syncapp_linkwork set due_at = lb_now()")
    spine.sync()
    [link] = spine.links
    assert (link.lifecycle, link.sf_id, link.qbo_id) == ("linked", account, spine.customers()[0]["Id"])
    assert [row["Name"] for row in spine.accounts()] == ["Oak"]
    assert [row["DisplayName"] for row in spine.customers()] == ["Oak"]


def test_a_record_that_bears_the_id_of_a_write_of_unknown_outcome_waits_for_it(spine: Spine) -> None:
    spine.first_load()
    spine.customer(DisplayName="Birch")
    spine.capture()
    leave_unknown(spine)
    spine.capture()

    carry()

    assert set(RecordLink.all_companies.values_list("lifecycle", flat=True)) == {"creating"}
    look()
    bulk.execute("update syncapp_linkwork set due_at = lb_now()")
    spine.sync()
    [link] = spine.links
    assert (link.lifecycle, link.sf_id) == ("linked", spine.accounts()[0]["Id"])
    assert BatchSend.all_companies.filter(state="unknown").count() == 0


def test_what_was_there_before_a_creation_of_unknown_outcome_waits_for_nothing(spine: Spine) -> None:
    spine.account(Name="Pine")
    spine.customer(DisplayName="Birch")
    loading(spine)
    leave_unknown(spine)

    carry()

    assert sorted(row["Name"] for row in spine.accounts()) == ["Birch", "Pine"]
    look()


def test_a_body_that_was_refused_twice_is_not_sent_again_by_itself(spine: Spine) -> None:
    account = spine.account(Name="Pine")
    spine.scan()
    spine.sim.quickbooks.plan(
        {"action": "fault", "code": "2050", "status": 400, "match": {"path": "/customer"}, "count": 3}
    )
    spine.first_load()
    for n in range(3):
        spine.edit_account(account, Rating=("Hot", "Warm", "Cold")[n])
        spine.sync()
    refused = WriteIntent.all_companies.filter(state="refused", side="qbo")

    assert refused.count() == 2
    link = spine.link("Pine")
    assert (link.attention, link.attention_code) == ("data_error", "qbo.2050")
    spine.edit_account(account, Phone="(555) 010-7777")
    spine.sync()
    assert refused.count() == 3
    spine.press(spine.link("Pine"), Side.QUICKBOOKS)
    assert spine.link("Pine").attention == "none"
