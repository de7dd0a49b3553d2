"""Requests made in Salesforce (QBO_Sync__c): started at once and exactly once, and told what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.test import override_settings

from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp import tasks
from syncapp.models import Connection, Cursor, LinkWork, Run, SyncRequest
from syncapp.services import sweep, sync_requests
from syncapp.services.clients import salesforce_client
from syncapp.services.timing import current_timing
from syncapp.store import bulk
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made, override_settings(TIMING_DIVISOR=40):
        made.first_load()
        look_for(made)
        yield made


def org(spine: Spine) -> Connection:
    return Connection.all_companies.get(company=spine.company, side="sf")


def realm(spine: Spine) -> str:
    return str(Connection.all_companies.get(company=spine.company, side="qbo").remote_id)


def look_for(spine: Spine) -> bool:
    with tenant(spine.company.pk):
        return sync_requests.look_for(org(spine), salesforce_client(org(spine)))


def ask(spine: Spine, record: str, **fields: Any) -> str:
    """Somebody's Flow makes a request; its id."""
    return spine.make("QBO_Sync__c", Record_Id__c=record, **fields)


def take(spine: Spine) -> None:
    tasks.take_requests(str(org(spine).pk))


def killed_at(step: str, spine: Spine) -> None:
    """The worker dies where it was about to do this."""
    with (
        patch(f"syncapp.services.sync_requests.{step}", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        take(spine)


def told(spine: Spine, request: str) -> tuple[str, str]:
    row = spine.row("QBO_Sync__c", request)
    return row["Status__c"], row["Message__c"] or ""


def work(spine: Spine) -> None:
    """The workers do what is due, and what they were rung for."""
    spine.carry()
    tasks.answer_requests(str(org(spine).pk))


def test_a_request_sends_a_record_that_nobody_had_noticed_and_is_told_what_came_of_it(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering")
    request = ask(spine, account, Platform__c="Salesforce", QB_Company_Id__c=realm(spine))

    take(spine)
    assert told(spine, request) == ("Queued", "")
    work(spine)

    made = spine.customer_named("Blue Pine Catering")
    row = spine.row("QBO_Sync__c", request)
    assert (row["Status__c"], row["Message__c"], row["QBO_Object__c"], row["QBO_Id__c"]) == (
        "Processed",
        f"Created: Customer {made['Id']} in QuickBooks.",
        "Customer",
        made["Id"],
    )
    assert row["QBO_Url__c"].endswith(f"/customer/{made['Id']}")
    assert row["Processed_At__c"] is not None


def test_a_request_is_interactive_work(spine: Spine) -> None:
    ask(spine, spine.account(Name="Blue Pine Catering"))
    take(spine)
    assert list(LinkWork.all_companies.values_list("priority", "forced")) == [(0, "qbo")]


def test_an_id_of_quickbooks_is_fetched_into_salesforce(spine: Spine) -> None:
    made = spine.customer(DisplayName="Red Fir Catering")
    request = ask(spine, made["Id"], Platform__c="QuickBooks Online", QBO_Object__c="Customer")

    take(spine)
    work(spine)

    assert [row["Name"] for row in spine.accounts()] == ["Red Fir Catering"]
    assert told(spine, request)[0] == "Processed"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"QB_Company_Id__c": "999"}, "Unknown QuickBooks company."),
        ({"QBO_Object__c": "Bill Payment"}, "No mapping for the type Bill Payment."),
        ({"Record_Id__c": "001000000000001AAA"}, "There is no such record."),
        ({"Record_Id__c": "nonsense!"}, "This is no record id."),
        ({"Record_Id__c": None}, "This is no record id."),
        ({"Operation__c": "Delete"}, "Delete is not offered."),
    ],
    ids=["company", "type", "record", "no id", "empty", "operation"],
)
def test_what_cannot_be_started_is_told_in_plain_words(
    spine: Spine, fields: dict[str, Any], words: str
) -> None:
    account = spine.account(Name="Blue Pine Catering")
    request = ask(spine, **{"record": account, **{k: v for k, v in fields.items() if k != "Record_Id__c"}})
    if "Record_Id__c" in fields:
        spine.edit("QBO_Sync__c", request, Record_Id__c=fields["Record_Id__c"])

    take(spine)

    status, message = told(spine, request)
    assert (status, message.startswith(words)) == ("Error", True), message
    assert (spine.customers(), Run.all_companies.filter(kind="button").count()) == ([], 0)


def test_a_contact_stands_for_its_account(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering")
    contact = spine.make("Contact", LastName="Roe", AccountId=account)
    request = ask(spine, contact)

    take(spine)
    work(spine)

    assert told(spine, request)[0] == "Processed"
    assert [row["DisplayName"] for row in spine.customers()] == ["Blue Pine Catering"]


def test_kills_repeats_and_doubled_rings_start_a_request_once(spine: Spine) -> None:
    request = ask(spine, spine.account(Name="Blue Pine Catering"))

    killed_at("_begin", spine)  # after it was stored
    killed_at("request_answers.tell", spine)  # after it was started: over there it still says New
    assert told(spine, request)[0] == "New"
    take(spine)
    take(spine)
    work(spine)
    take(spine)

    assert told(spine, request)[0] == "Processed"
    assert (len(spine.customers()), Run.all_companies.filter(kind="button").count()) == (1, 1)
    assert SyncRequest.all_companies.count() == 1


def test_what_could_not_be_told_is_told_again(spine: Spine) -> None:
    request = ask(spine, spine.account(Name="Blue Pine Catering"))
    spine.sim.salesforce.plan(
        {"method": "POST", "path": "/composite$", "nth": 2, "action": "status", "status": 503}
    )
    take(spine)
    bulk.execute("update syncapp_syncrequest set tell_at = lb_now() - interval '1 minute'")

    assert sweep.sweep()["requests"] == 1
    work(spine)

    assert told(spine, request)[0] == "Processed"


def test_a_request_set_back_to_new_asks_again(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering")
    request = ask(spine, account)
    take(spine)
    work(spine)
    spine.edit_account(account, Phone="(555) 010-2222")
    spine.sim.salesforce.post("clock", {"advance": 5})

    spine.edit("QBO_Sync__c", request, Status__c="New")
    take(spine)
    work(spine)

    status, message = told(spine, request)
    assert (status, message.split(":")[0]) == ("Processed", "Updated")
    assert spine.customer_named("Blue Pine Catering")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-2222"


def test_many_requests_are_read_and_told_in_few_calls(spine: Spine) -> None:
    requests = [ask(spine, spine.account(Name=f"Customer {number}")) for number in range(60)]
    before = spine.sim.salesforce.calls()["total"]

    take(spine)
    taking = spine.sim.salesforce.calls()["total"] - before
    spine.carry()
    before = spine.sim.salesforce.calls()["total"]
    tasks.answer_requests(str(org(spine).pk))
    answering = spine.sim.salesforce.calls()["total"] - before

    rows = spine.rows("SELECT Id, Status__c FROM QBO_Sync__c")
    assert {row["Id"]: row["Status__c"] for row in rows} == dict.fromkeys(requests, "Processed")
    # one look, one reading of the records, one call that tells all (kind and prefix of the object were asked once)
    assert (taking <= 5, answering) == (True, 1)
    assert Run.all_companies.filter(kind="button").values_list("total", flat=True).get() == 60


def test_a_failing_record_says_so_and_is_told_anew_when_it_was_mended(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering")
    spine.vendor(DisplayName="Blue Pine Catering")
    request = ask(spine, account)
    take(spine)
    work(spine)
    status, message = told(spine, request)
    assert (status, "QuickBooks" in message) == ("Error", True), message

    spine.edit_account(account, Name="Blue Pine Catering Co")
    spine.sync()
    take(spine)

    assert told(spine, request)[0] == "Processed"


def test_where_the_org_has_no_such_object_nothing_is_polled(spine: Spine) -> None:
    missing = ConnectorError(Failure(FailureKind.MISSING, "sf.NOT_FOUND", "no such object"))
    with patch("connectors.salesforce.client.SalesforceClient.describe", side_effect=missing):
        assert look_for(spine) is False

    assert not Cursor.all_companies.filter(lane="requests").exists()


def test_new_requests_are_looked_for_every_fifteen_seconds(spine: Spine) -> None:
    bulk.execute("update syncapp_cursor set next_at = lb_now() where lane = 'requests'")
    bulk.execute("update syncapp_cursor set next_at = lb_now() + interval '1 hour' where lane <> 'requests'")
    with patch("syncapp.queue.look") as rung:
        assert (sweep.ring_due_lanes(), sweep.ring_due_lanes()) == (1, 0)
    rung.assert_called_once_with({str(org(spine).pk): ["requests"]})
    ahead = bulk.fetch(
        "select extract(epoch from next_at - lb_now()) from syncapp_cursor where lane = 'requests'"
    )[0][0]
    assert float(ahead) <= 10  # due again when lanes are rung for next
    assert 10 < current_timing().lanes * 40 <= 15


def test_a_look_costs_one_call_and_few_queries(spine: Spine, django_assert_max_num_queries: Any) -> None:
    take(spine)
    before = spine.sim.salesforce.calls()["total"]
    with django_assert_max_num_queries(8):
        take(spine)
    assert spine.sim.salesforce.calls()["total"] - before == 1
