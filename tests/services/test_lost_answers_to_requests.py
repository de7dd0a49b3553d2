"""The answer to a request in Salesforce is written once, and the trail has one row for it, wherever a worker dies and
whatever becomes of Salesforce's own answer. That the trail and the log match is looked at after each of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.test import override_settings

from connectors.salesforce.client import SalesforceClient
from syncapp import tasks
from syncapp.models import AuditEvent, SyncRequest
from syncapp.services import request_answers, sweep
from syncapp.store import bulk
from tests.services.spine import Spine, a_spine
from tests.services.test_crash_matrix import killed_at
from tests.services.test_sync_requests import ask, look_for, org, take, told, work

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made, override_settings(TIMING_DIVISOR=40):
        made.first_load()
        look_for(made)
        yield made


def a_while_later() -> int:
    """What was left half-done is due again, and the sweeper comes by; how many orgs it rang for."""
    bulk.execute(
        "update syncapp_syncrequest set tell_at = lb_now() - interval '1 minute' where tell_at is not null"
    )
    return sweep.sweep()["requests"]


def answers(spine: Spine, request: str) -> int:
    """How often we wrote to this record in Salesforce."""
    log = spine.sim.salesforce.log()
    return len([one for one in log if one["id"] == request and not one["request_id"]])


def rows_of(request: str) -> list[tuple[str, str]]:
    """(status before, status after) of the trail's rows of this record."""
    rows = AuditEvent.all_companies.filter(object="QBO_Sync__c", remote_id=request).order_by("id")
    return [(row.before.get("Status", ""), row.after["Status"]) for row in rows]


def test_an_answer_that_stood_when_its_worker_died_is_not_written_again(spine: Spine) -> None:
    request = ask(spine, spine.account(Name="Blue Pine Catering"))
    killed_at(request_answers, "_told", lambda: take(spine))
    assert (told(spine, request)[0], rows_of(request)) == ("Queued", [])

    assert a_while_later() == 1
    take(spine)

    assert (answers(spine, request), rows_of(request)) == (1, [("New", "Queued")])
    row = SyncRequest.all_companies.get()
    assert (row.told_number, row.tell_at, row.telling) == (row.number, None, {})


def test_a_later_answer_is_written_after_the_one_that_stood_when_its_worker_died(spine: Spine) -> None:
    request = ask(spine, spine.account(Name="Blue Pine Catering"))
    killed_at(request_answers, "_told", lambda: take(spine))

    spine.carry()
    a_while_later()
    work(spine)

    assert told(spine, request)[0] == "Processed"
    assert (answers(spine, request), rows_of(request)) == (2, [("New", "Queued"), ("", "Processed")])


def test_an_answer_whose_worker_died_before_it_left_is_written(spine: Spine) -> None:
    request = ask(spine, spine.account(Name="Blue Pine Catering"))
    killed_at(SalesforceClient, "write", lambda: take(spine))
    assert told(spine, request)[0] == "New"

    a_while_later()
    take(spine)

    assert (answers(spine, request), rows_of(request)) == (1, [("New", "Queued")])


def test_an_answer_that_may_still_be_on_its_way_is_not_overtaken(spine: Spine) -> None:
    request = ask(spine, spine.account(Name="Blue Pine Catering"))
    killed_at(SalesforceClient, "write", lambda: take(spine))

    spine.carry()
    with patch.object(SalesforceClient, "write") as writes:
        tasks.answer_requests(str(org(spine).pk))

    writes.assert_not_called()
    a_while_later()
    work(spine)
    assert told(spine, request)[0] == "Processed"


def test_answers_that_landed_in_part_before_the_line_broke_are_each_written_once(spine: Spine) -> None:
    landed = [ask(spine, spine.account(Name=f"Customer {number}")) for number in range(2)]
    refused = ask(spine, spine.account(Name="Customer 2"))
    spine.sim.salesforce.post("locks", {"ids": [refused], "times": 1})
    spine.sim.salesforce.plan(
        {"method": "POST", "path": "/composite$", "body": "QBO_Sync__c.*Queued", "action": "reset_after"}
    )
    take(spine)
    assert [told(spine, request)[0] for request in (*landed, refused)] == ["Queued", "Queued", "New"]
    assert [rows_of(request) for request in (*landed, refused)] == [[], [], []]

    assert a_while_later() == 1
    take(spine)

    for request in (*landed, refused):
        assert (answers(spine, request), rows_of(request)) == (1, [("New", "Queued")])
    assert SyncRequest.all_companies.exclude(telling={}, tell_at=None).count() == 0


def set_back_to_new(spine: Spine, request: str) -> None:
    """Somebody in Salesforce asks again by the same record."""
    spine.sim.salesforce.post("clock", {"advance": 5})
    spine.edit("QBO_Sync__c", request, Status__c="New")


def test_an_outcome_that_stood_before_somebody_asked_again_has_its_row(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering")
    request = ask(spine, account)
    take(spine)
    spine.carry()
    a_while_later()
    killed_at(request_answers, "_told", lambda: tasks.answer_requests(str(org(spine).pk)))
    assert told(spine, request)[0] == "Processed"
    spine.edit_account(account, Phone="(555) 010-2222")
    set_back_to_new(spine, request)

    a_while_later()
    take(spine)
    spine.carry()
    a_while_later()
    work(spine)

    status, message = told(spine, request)
    assert (status, message.split(":")[0]) == ("Processed", "Updated")
    assert answers(spine, request) == len(rows_of(request)) == 4
    assert [after for _, after in rows_of(request)] == ["Queued", "Processed", "Queued", "Processed"]


def test_a_refusal_that_stood_before_somebody_corrected_the_request_has_its_row(spine: Spine) -> None:
    request = ask(spine, "001000000000AAAAAA")
    killed_at(request_answers, "_told", lambda: take(spine))
    assert (told(spine, request)[0], rows_of(request)) == ("Error", [])
    spine.edit("QBO_Sync__c", request, Record_Id__c=spine.account(Name="Blue Pine Catering"))
    set_back_to_new(spine, request)

    a_while_later()
    take(spine)
    take(spine)
    spine.carry()
    a_while_later()
    work(spine)

    assert told(spine, request)[0] == "Processed"
    assert [after for _, after in rows_of(request)] == ["Error", "Queued", "Processed"]
    assert answers(spine, request) == 3


@pytest.mark.trail_is_broken(
    "that a request was queued leaves nothing but its status, which somebody took back"
)
def test_that_a_request_was_queued_cannot_be_told_once_somebody_took_the_status_back(spine: Spine) -> None:
    request = ask(spine, spine.account(Name="Blue Pine Catering"))
    killed_at(request_answers, "_told", lambda: take(spine))
    set_back_to_new(spine, request)

    a_while_later()
    work(spine)
    a_while_later()
    work(spine)

    assert told(spine, request)[0] in ("Queued", "Processed")
    assert answers(spine, request) == len(rows_of(request)) + 1
