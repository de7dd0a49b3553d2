"""Who is served next: no company and no class of work keeps the others waiting (sync-semantics section 17)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from connectors.contracts import Priority, Side
from connectors.errors import Failure, FailureKind
from portal.local import programs
from syncapp import queue
from syncapp.engine.timing import Timing
from syncapp.models import Connection, LinkWork, Mapping
from syncapp.services import sync
from syncapp.store import breaker, leases
from syncapp.store.leases import Slice
from syncapp.tenancy import tenant
from tests.builders import a_link, a_mapping, some_work
from tests.services.spine import a_spine

pytestmark = pytest.mark.django_db

TIMING = Timing()


def due(mapping: Mapping, rank: int, count: int = 1, minutes: int = 1) -> None:
    """Links of this mapping that are due since so many minutes, in the class of this rank."""
    at = timezone.now() - timedelta(minutes=minutes)
    for _ in range(count):
        some_work(a_link(mapping), priority=rank, due_at=at)


def claim(size: int = 1, **options: bool) -> Slice | None:
    return leases.claim("worker", Priority.INTERACTIVE, Priority.BULK, size, TIMING, **options)


def claimed(times: int, **options: bool) -> list[tuple[int, str]]:
    """Company and class of so many claims, one after another."""
    found = [claim(**options) for _ in range(times)]
    return [(one.company_id, one.priority.value) for one in found if one is not None]


def test_the_company_with_the_fewest_slices_comes_first_then_the_oldest_work() -> None:
    large, small = a_mapping(), a_mapping()
    due(large, 1, count=4, minutes=60)
    due(small, 1, count=2, minutes=5)
    order = [company for company, _ in claimed(4)]
    assert order == [large.company_id, small.company_id, large.company_id, small.company_id]


def test_a_company_takes_at_most_half_of_the_workers_while_another_waits_with_lower_work() -> None:
    busy, patient = a_mapping(), a_mapping()
    due(busy, 1, count=6)
    due(patient, 2, count=3)
    order = [company for company, _ in claimed(6)]
    assert (order.count(busy.company_id), order.count(patient.company_id)) == (3, 3)


def test_a_company_alone_may_use_every_worker() -> None:
    alone = a_mapping()
    due(alone, 1, count=5)
    assert len(claimed(5)) == 5


def test_what_a_person_waits_for_is_never_put_behind() -> None:
    busy, patient = a_mapping(), a_mapping()
    due(busy, 0, count=4)
    due(patient, 2, count=2)
    assert [kind for _, kind in claimed(4)] == ["interactive"] * 4


def test_a_lower_class_has_its_turn() -> None:
    mapping = a_mapping()
    due(mapping, 1, count=3)
    due(mapping, 2, count=3)
    assert [kind for _, kind in claimed(2)] == ["normal", "normal"]
    assert [kind for _, kind in claimed(1, lowest_first=True)] == ["bulk"]


def pause_over(connection: Connection) -> None:
    Connection.all_companies.filter(pk=connection.pk).update(
        breaker_open_until=timezone.now() - timedelta(seconds=1)
    )


def test_five_failures_stop_a_connection_and_one_slice_finds_out_whether_it_works_again() -> None:
    mapping = a_mapping()
    connection = mapping.integration.quickbooks
    assert connection is not None
    due(mapping, 1, count=4)
    down = Failure(FailureKind.TRANSIENT, "net.connect")
    for _ in range(5):
        breaker.record(connection.pk, down, TIMING)
    assert claim() is None

    pause_over(connection)
    probe = claim()
    assert probe is not None
    assert claim() is None  # the others wait for what the first one finds

    breaker.record(connection.pk, None, TIMING)
    assert claim() is not None
    connection.refresh_from_db()
    assert (connection.breaker_step, connection.breaker_open_until) == (0, None)


def test_a_probe_that_fails_doubles_the_pause() -> None:
    mapping = a_mapping()
    connection = mapping.integration.salesforce
    assert connection is not None
    down = Failure(FailureKind.TRANSIENT, "net.connect")
    pauses = []
    for count in (5, 1, 1):
        for _ in range(count):
            breaker.record(connection.pk, down, TIMING)
        connection.refresh_from_db()
        assert connection.breaker_open_until is not None
        pauses.append(round((connection.breaker_open_until - timezone.now()).total_seconds()))
    assert pauses == [30, 60, 120]


def test_a_refusal_of_data_opens_no_breaker() -> None:
    mapping = a_mapping()
    connection = mapping.integration.salesforce
    assert connection is not None
    due(mapping, 1)
    for _ in range(9):
        breaker.record(connection.pk, Failure(FailureKind.DATA, "sf.STRING_TOO_LONG"), TIMING)
    assert claim() is not None
    assert LinkWork.all_companies.filter(lease_until__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True, databases=["default", "vault"])
def test_reads_that_fail_stop_the_connection_and_one_that_works_ends_the_pause() -> None:
    with a_spine() as spine:
        spine.account(Name="Blue Pine")
        spine.first_load()
        link = spine.link("Blue Pine")
        quickbooks = spine.integration.quickbooks
        assert quickbooks is not None
        gone = quickbooks.base_url
        Connection.all_companies.filter(pk=quickbooks.pk).update(base_url="http://127.0.0.1:1")
        with tenant(spine.company.pk):
            sync.request([link.pk], target=Side.QUICKBOOKS, person=spine.person, cause="Button")
        for _ in range(5):
            sync.carry(Priority.BULK, seconds=1)
            LinkWork.all_companies.update(due_at=timezone.now())
        quickbooks.refresh_from_db()
        assert quickbooks.resting_until is not None

        pause_over(quickbooks)
        Connection.all_companies.filter(pk=quickbooks.pk).update(base_url=gone)
        LinkWork.all_companies.update(due_at=timezone.now())
        spine.carry()
        quickbooks.refresh_from_db()
        assert (quickbooks.breaker_step, quickbooks.resting_until) == (0, None)


def test_the_readings_of_loads_stay_out_of_the_processes_of_people(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with (
        patch("syncapp.queue.current_app.send_task") as sent,
        django_capture_on_commit_callbacks(execute=True),
    ):
        for priority in (Priority.INTERACTIVE, Priority.NORMAL, Priority.BULK):
            queue.prepare("run", priority)
        queue.capture("connection", "cdc")
        queue.capture("connection", "nightly")
    rung = [call.kwargs["queue"] for call in sent.call_args_list]
    assert rung == ["interactive", "system", "bulk", "system", "bulk"]
    assert programs.QUEUES["interactive"] == "interactive"
