"""Looks at Salesforce orgs where mostly nothing happens: cheap, together, and without losing what they find."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection as database

from syncapp import tasks
from syncapp.models import ApiUsage, Connection, Cursor
from syncapp.services import looking, sweep, sync_requests
from syncapp.services.clients import salesforce_client
from syncapp.store import bulk
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine, connect

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

BOTH = ["fast", "requests"]


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        made.account(Name="Pine")
        made.first_load()
        with tenant(made.company.pk):
            sync_requests.look_for(org(made), salesforce_client(org(made)))
        made.capture()  # what was just written comes in once more, and is known
        yield made


def org(spine: Spine) -> Connection:
    return Connection.all_companies.get(company=spine.company, side="sf")


def look(*spines: Spine, lanes: list[str] = BOTH) -> None:
    tasks.look({str(org(one).pk): lanes for one in spines})


def nothing_new(spine: Spine) -> None:
    """All that was ever changed lies before what the next look asks for."""
    bulk.execute(
        "update syncapp_cursor set watermark = lb_now() + interval '1 hour' where connection_id = %s",
        [org(spine).pk],
    )


def positions(spine: Spine, lane: str = "fast") -> dict[str, int]:
    rows = Cursor.all_companies.filter(connection=org(spine), lane=lane)
    return dict(rows.values_list("object", "version"))


def another(spine: Spine, number: int) -> Spine:
    """A second company whose connections lead to the same org and books under other names."""
    Connection.all_companies.update(remote_id=f"other-{number}")
    return _loaded(connect(spine.sim))


def _loaded(made: Spine) -> Spine:
    made.first_load()
    return made


def test_a_look_at_two_orgs_is_a_call_each_and_as_many_queries_as_for_one(
    spine: Spine, django_assert_max_num_queries: Any
) -> None:
    second = another(spine, 1)
    look(spine, second)  # this process has built their mappings then
    for one in (spine, second):
        nothing_new(one)
    before, calls = positions(second), spine.sim.salesforce.calls()["total"]

    both = {str(org(one).pk): ["fast"] for one in (spine, second)}
    with patch.object(looking, "TOGETHER_S", 30), django_assert_max_num_queries(6):
        tasks.look(both)

    assert spine.sim.salesforce.calls()["total"] - calls == 2
    assert positions(second) == {name: version + 1 for name, version in before.items()}


def test_what_changed_is_found_and_carried(spine: Spine) -> None:
    id_ = spine.link("Pine").sf_id
    spine.edit_account(id_, Phone="(555) 010-4444")

    with patch("syncapp.queue.wake") as rung:
        look(spine)
    spine.carry()

    assert rung.called
    assert spine.customer_named("Pine")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-4444"


def test_a_request_is_found_by_the_call_that_reads_the_changes(spine: Spine) -> None:
    nothing_new(spine)
    spine.make("QBO_Sync__c", Record_Id__c=spine.link("Pine").sf_id)

    with patch("syncapp.queue.take_requests") as rung:
        look(spine)

    rung.assert_called_once_with(org(spine).pk)


def test_a_deleted_request_and_one_that_was_answered_are_none(spine: Spine) -> None:
    nothing_new(spine)
    gone = spine.make("QBO_Sync__c", Record_Id__c=spine.link("Pine").sf_id)
    spine.sf("DELETE", f"sobjects/QBO_Sync__c/{gone}")
    spine.make("QBO_Sync__c", Record_Id__c=spine.link("Pine").sf_id, Status__c="Processed")

    with patch("syncapp.queue.take_requests") as rung:
        look(spine)

    rung.assert_not_called()


def test_a_refused_sign_in_is_renewed_by_a_reading_of_its_own(spine: Spine) -> None:
    before = positions(spine)
    spine.sim.salesforce.plan({"action": "expire_token", "match": {"path": "/composite$"}, "nth": 1})

    with patch("syncapp.queue.take_requests") as requests, patch("syncapp.queue.capture") as alone:
        look(spine)

    assert positions(spine) == before
    alone.assert_called_once_with(org(spine).pk, "fast")
    requests.assert_called_once_with(org(spine).pk)
    tasks.capture(str(org(spine).pk), "fast")
    assert positions(spine) == {name: version + 1 for name, version in before.items()}


def test_the_next_look_goes_on_with_the_client_of_the_last_and_with_a_sign_in_of_its_own(
    spine: Spine,
) -> None:
    nothing_new(spine)
    look(spine)
    version = org(spine).token_version
    spine.sim.salesforce.plan({"action": "expire_token", "match": {"path": "/composite$"}, "nth": 1})
    tasks.capture(str(org(spine).pk), "fast")
    assert org(spine).token_version > version
    nothing_new(spine)
    before = positions(spine)

    with patch("connectors.registry.salesforce_client") as made:
        look(spine)

    made.assert_not_called()
    assert positions(spine) == {name: version + 1 for name, version in before.items()}


def test_looks_that_take_long_are_made_at_the_same_time(spine: Spine) -> None:
    second = another(spine, 4)
    for one in (spine, second):
        nothing_new(one)
    delays = {"action": "delay", "seconds": 2, "match": {"path": "/composite$"}}
    for number in (1, 2):
        spine.sim.salesforce.plan({**delays, "nth": number})

    began = time.monotonic()
    look(spine, second)

    assert 2 <= time.monotonic() - began < 3.5


def test_an_org_in_trouble_is_no_matter_to_the_others(spine: Spine) -> None:
    second = another(spine, 2)
    Connection.all_companies.filter(pk=org(spine).pk).update(base_url="http://127.0.0.1:9")
    nothing_new(second)
    before = positions(second)

    look(spine, second)

    assert positions(second) == {name: version + 1 for name, version in before.items()}
    assert org(spine).breaker_failures == 1
    assert org(second).breaker_failures == 0


def test_an_org_that_hangs_costs_a_look_its_own_time_only_and_the_others_are_looked_at(spine: Spine) -> None:
    second = another(spine, 3)
    for one in (spine, second):
        nothing_new(one)
    before = {id(one): positions(one) for one in (spine, second)}
    hang = {"action": "delay", "seconds": 8, "match": {"path": "/composite$"}, "nth": 1}
    spine.sim.salesforce.plan(hang)

    began = time.monotonic()
    with patch.object(looking, "LOOK_S", 1.5):
        look(spine, second, lanes=["fast"])
    took = time.monotonic() - began

    (hung,) = [one for one in (spine, second) if positions(one) == before[id(one)]]
    other = second if hung is spine else spine
    assert positions(other) == {name: version + 1 for name, version in before[id(other)].items()}
    assert (org(hung).breaker_failures, org(other).breaker_failures) == (1, 0)
    assert took < 6


def test_a_position_that_somebody_else_moved_meanwhile_stays(spine: Spine) -> None:
    nothing_new(spine)
    store = looking._store_quiet

    def late(answered: Any) -> None:
        bulk.execute("update syncapp_cursor set version = version + 10, watermark = '2030-01-01'")
        store(answered)

    before = positions(spine)
    with patch.object(looking, "_store_quiet", late):
        look(spine)

    assert positions(spine) == {name: version + 10 for name, version in before.items()}
    moved = Cursor.all_companies.filter(connection=org(spine), lane="fast").values_list(
        "watermark", flat=True
    )
    assert {at.year for at in moved} == {2030}


def test_very_many_changes_have_a_reading_of_their_own(spine: Spine) -> None:
    before = positions(spine)
    spine.account(Name="Fir")
    with patch.object(looking, "MOST_HERE", 0), patch("syncapp.queue.capture") as alone:
        look(spine, lanes=["fast"])
    alone.assert_called_once_with(org(spine).pk, "fast")
    assert positions(spine) == before


def test_calls_of_looks_are_counted(spine: Spine) -> None:
    def counted() -> int:
        row = ApiUsage.all_companies.filter(connection=org(spine), endpoint="POST composite").first()
        return row.calls if row else 0

    nothing_new(spine)
    before = counted()
    look(spine, lanes=["fast", "trailing"])
    assert counted() - before == 2


def test_due_lanes_of_many_orgs_are_rung_for_in_few_messages(spine: Spine) -> None:
    second = another(spine, 3)
    bulk.execute("update syncapp_cursor set next_at = lb_now() - interval '1 minute' where lane <> 'nightly'")
    bulk.execute("update syncapp_cursor set next_at = lb_now() + interval '1 hour' where lane = 'nightly'")

    with patch("syncapp.queue.look") as together, patch("syncapp.queue.capture") as alone:
        sweep.ring_due_lanes()

    ((asked,), _), *more = together.call_args_list
    assert not more
    assert {id_: set(lanes) for id_, lanes in asked.items()} == {
        str(org(spine).pk): {"fast", "trailing", "requests"},
        str(org(second).pk): {"fast", "trailing"},
    }
    assert {lane for (_, lane), _ in alone.call_args_list} == {"cdc"}


def test_threads_that_look_open_no_connection_to_the_database(spine: Spine) -> None:
    asked: list[str] = []

    def counted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append(sql)
        return execute(sql, params, many, context)

    nothing_new(spine)
    connecting = patch("django.db.backends.base.base.BaseDatabaseWrapper.connect")
    with connecting as opened, database.execute_wrapper(counted):
        look(spine)
    assert asked
    opened.assert_not_called()
