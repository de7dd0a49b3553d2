"""From a record saved in Salesforce to the books, by the simulator's own outbound messages through the real door."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.test import override_settings

from syncapp import tasks
from syncapp.models import Connection, Delivery
from syncapp.services import org_messages, sweep, sync_requests
from syncapp.services.clients import salesforce_client
from syncapp.store import bulk
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine(live_server: Any) -> Iterator[Spine]:
    with a_spine() as made, override_settings(TIMING_DIVISOR=40, BASE_URL=live_server.url):
        made.first_load()
        with tenant(made.company.pk):
            sync_requests.look_for(org(made), salesforce_client(org(made)))
            org_messages.renew_address(org(made), made.person)
        yield made


def org(spine: Spine) -> Connection:
    return Connection.all_companies.get(company=spine.company, side="sf")


def subscribe(spine: Spine, name: str) -> None:
    spine.sim.salesforce.post("webhooks", {"object": name, "url": org_messages.address_of(org(spine))})


def pending(spine: Spine) -> int:
    return int(spine.sim.salesforce.post("webhooks", {})["pending"])


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not what() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert what()


def test_a_request_told_by_message_becomes_a_customer_without_waiting_for_the_look(spine: Spine) -> None:
    subscribe(spine, "QBO_Sync__c")
    with patch("syncapp.queue.take_requests") as rung:
        request = spine.make("QBO_Sync__c", Record_Id__c=spine.account(Name="Blue Pine Catering"))
        wait_for(lambda: Delivery.objects.filter(object="QBO_Sync__c").exists() and pending(spine) == 0)
        rung.assert_called_with(org(spine).pk)

    tasks.take_requests(str(org(spine).pk))
    spine.carry()
    tasks.answer_requests(str(org(spine).pk))

    assert spine.row("QBO_Sync__c", request)["Status__c"] == "Processed"
    assert [row["DisplayName"] for row in spine.customers()] == ["Blue Pine Catering"]


def test_a_saved_record_is_read_and_synced(spine: Spine) -> None:
    subscribe(spine, "Account")
    spine.account(Name="Blue Pine Catering")
    wait_for(Delivery.objects.exists)

    tasks.read_messages(str(org(spine).pk))
    assert not Delivery.objects.filter(read_at=None).exists()
    spine.carry()  # writes our id into the account, which is told of in turn

    assert [row["DisplayName"] for row in spine.customers()] == ["Blue Pine Catering"]


def test_a_message_that_is_not_acknowledged_comes_again(spine: Spine) -> None:
    """The net of Salesforce: what could not be stored is not acknowledged."""
    subscribe(spine, "Account")
    with patch("syncapp.store.deliveries.store_messages", side_effect=RuntimeError("the database is gone")):
        spine.account(Name="Blue Pine Catering")
        time.sleep(0.5)
    assert (pending(spine), Delivery.objects.count()) == (1, 0)

    spine.sim.salesforce.post("clock", {"advance": 60})
    wait_for(lambda: pending(spine) == 0)

    assert Delivery.objects.filter(object="Account").count() == 1


def test_messages_whose_reader_died_are_rung_for_again(spine: Spine) -> None:
    subscribe(spine, "Account")
    spine.account(Name="Blue Pine Catering")
    wait_for(Delivery.objects.exists)
    bulk.execute("update syncapp_delivery set received_at = received_at - interval '40 seconds'")

    with patch("syncapp.queue.read_messages") as rung:
        assert sweep.sweep()["messages"] == 1
    rung.assert_called_once_with(org(spine).pk)
