"""Loading history: told what it takes, in the lowest class, resumed where it was, cancelled for good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from connectors.contracts import Priority
from syncapp.models import LinkWork, Mapping, Run, RunState
from syncapp.services import finding, history, prepare, run_progress, runs
from syncapp.services.daily_calls import DailyCalls
from syncapp.services.errors import Refused
from syncapp.store import leases
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    """A company that is switched on, whose mapping runs by button only, so that nothing comes by itself."""
    with a_spine() as made:
        made.first_load()
        Mapping.all_companies.update(mode="button")
        for number in range(5):
            made.account(Name=f"Pine {number}")
        yield made


@pytest.fixture
def small_pages() -> Iterator[None]:
    """Salesforce gives two records a page."""
    from connectors.salesforce.client import SalesforceClient

    find = SalesforceClient.find

    def two_at_a_time(self: Any, name: str, fields: Any, conditions: Any, cursor: str = "") -> Any:
        from dataclasses import replace

        page = find(self, name, fields, conditions)
        start = int(cursor or 0)
        behind = str(start + 2) if start + 2 < len(page.records) else ""
        return replace(page, records=page.records[start : start + 2], next=behind)

    with patch.object(SalesforceClient, "find", two_at_a_time):
        yield


def load(spine: Spine, direction: str = "to_qbo", since: date | None = None, **more: bool) -> Run:
    with tenant(spine.company.pk):
        return history.start(spine.mapping, direction, since, spine.person, **more)


def names(spine: Spine) -> set[str]:
    return {row["DisplayName"] for row in spine.customers()}


PINES = {f"Pine {number}" for number in range(5)}


def test_history_syncs_what_nothing_brought_by_itself(spine: Spine) -> None:
    run = load(spine)
    prepare.prepare(run.pk)
    spine.carry()
    run.refresh_from_db()
    assert (run.state, run.priority, run.created_count) == (RunState.DONE, leases.RANK[Priority.BULK], 5)
    assert names(spine) == PINES


def test_only_records_changed_since_the_day_are_loaded(spine: Spine) -> None:
    tomorrow = timezone.now().date() + timedelta(days=2)
    run = load(spine, since=tomorrow)
    prepare.prepare(run.pk)
    spine.carry()
    run.refresh_from_db()
    assert (run.state, run.total, names(spine)) == (RunState.DONE, 0, set())


def test_a_preview_plans_the_same_and_writes_nothing(spine: Spine) -> None:
    run = load(spine, only_preview=True)
    prepare.prepare(run.pk)
    run.refresh_from_db()
    assert (run.kind, run.state, run.total, names(spine)) == ("preview", RunState.DONE, 5, set())


def test_history_overwrites_nothing_that_people_disagree_on(spine: Spine) -> None:
    run = load(spine)
    prepare.prepare(run.pk)
    spine.carry()
    spine.edit_account(str(spine.link("Pine 1").sf_id), Phone="(555) 010-1111")
    spine.edit_customer("Pine 1", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    again = load(spine)
    prepare.prepare(again.pk)
    spine.carry()
    again.refresh_from_db()
    assert (again.state, again.asked_count) == (RunState.DONE, 1)
    assert spine.customer_named("Pine 1")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-2222"


def test_what_it_takes_is_told_before_with_one_call(spine: Spine) -> None:
    with tenant(spine.company.pk):
        to_qbo = history.forecast(spine.mapping, "to_qbo", None)
        none = history.forecast(spine.mapping, "to_qbo", timezone.now().date() + timedelta(days=2))
        to_sf = history.forecast(spine.mapping, "to_sf", None)
    assert (to_qbo.records, to_qbo.cost.qbo_calls, to_qbo.cost.metered_reads) == (5, 1, 0)
    assert (none.records, none.cost.qbo_calls) == (0, 0)
    assert to_sf.records == len(spine.customers())


def test_a_forecast_says_that_the_calls_of_the_day_will_not_suffice(spine: Spine) -> None:
    with (
        tenant(spine.company.pk),
        patch.object(history.daily_calls, "of", return_value=DailyCalls(8000, 10_000)),
    ):
        assert history.forecast(spine.mapping, "to_qbo", None).waits == "calls"


def test_a_worker_that_dies_between_pages_costs_one_page(spine: Spine, small_pages: None) -> None:
    run = load(spine)
    taken: list[int] = []
    take = finding._take

    def dies(of: Run, fresh: Any, found: finding.Found, plan: Any) -> None:
        if len(taken) == 1:
            raise KeyboardInterrupt
        taken.append(len(fresh))
        take(of, fresh, found, plan)

    with patch.object(finding, "_take", dies), pytest.raises(KeyboardInterrupt):
        prepare.prepare(run.pk)
    Run.all_companies.filter(pk=run.pk).update(lease_until=None)
    with patch.object(finding, "_take", side_effect=take) as rest:
        prepare.prepare(run.pk)
    spine.carry()
    run.refresh_from_db()
    assert (taken, rest.call_count) == ([2], 2)
    assert (run.state, run.total, run.created_count, names(spine)) == (RunState.DONE, 5, 5, PINES)


def test_a_load_that_is_paused_while_it_looks_goes_on_where_it_was(spine: Spine, small_pages: None) -> None:
    run = load(spine)
    take = finding._take

    def paused_after_a_page(of: Run, fresh: Any, found: finding.Found, plan: Any) -> None:
        take(of, fresh, found, plan)
        runs.stop(of, None)

    with patch.object(finding, "_take", paused_after_a_page):
        prepare.prepare(run.pk)
    spine.carry()
    run.refresh_from_db()
    assert (run.state, run.total, names(spine)) == (RunState.STOPPED, 2, set())
    with tenant(spine.company.pk):
        runs.resume(run, spine.person)
    assert run.state == RunState.READING
    prepare.prepare(run.pk)
    spine.carry()
    run.refresh_from_db()
    assert (run.state, run.total, names(spine)) == (RunState.DONE, 5, PINES)


def test_a_cancelled_load_leaves_the_rest_and_what_people_pressed_goes_on(spine: Spine) -> None:
    run = load(spine)
    prepare.prepare(run.pk)
    pressed = LinkWork.all_companies.filter(run=run).first()
    assert pressed is not None
    LinkWork.all_companies.filter(pk=pressed.pk).update(priority=0)
    with tenant(spine.company.pk):
        runs.cancel(run, spine.person)
        with pytest.raises(Refused, match=r"run\.is_over"):
            runs.cancel(run, spine.person)
        with pytest.raises(Refused, match=r"run\.not_stopped"):
            runs.resume(run, spine.person)
    left = list(LinkWork.all_companies.values_list("link_id", "run_id"))
    assert (run.state, left) == (RunState.CANCELLED, [(pressed.link_id, None)])


def test_what_a_worker_holds_when_a_load_is_cancelled_is_finished_and_counted(spine: Spine) -> None:
    from syncapp.services import sending

    run, settle, patching = load(spine), sending.settle, pytest.MonkeyPatch()
    prepare.prepare(run.pk)

    def cancelled_meanwhile(*args: Any, **kwargs: Any) -> Any:
        patching.undo()
        with tenant(spine.company.pk):
            runs.cancel(run, spine.person)
        return settle(*args, **kwargs)

    patching.setattr(sending, "settle", cancelled_meanwhile)
    spine.carry()
    run.refresh_from_db()
    assert (run.state, run.created_count, names(spine)) == (RunState.CANCELLED, 5, PINES)
    assert not LinkWork.all_companies.filter(run=run).exists()


def test_a_second_start_joins_the_load_that_is_under_way(spine: Spine) -> None:
    assert load(spine) == load(spine)
    assert load(spine) != load(spine, "to_sf")


def test_live_work_goes_before_history(spine: Spine) -> None:
    run = load(spine)
    prepare.prepare(run.pk)
    with tenant(spine.company.pk):
        link = LinkWork.objects.filter(run=run).last()
        assert link is not None
        leases.make_due(spine.company.pk, [link.link_id], Priority.NORMAL, cause="As it changes")
    first = [priority for priority, _ in leases.due_classes()]
    assert min(first, key=leases.RANK.__getitem__) is Priority.NORMAL


# --- how fast and how long ---


def test_the_rate_is_that_of_now(spine: Spine) -> None:
    run = load(spine)
    Run.all_companies.filter(pk=run.pk).update(
        state="running", total=1000, created_count=100, started_at=timezone.now() - timedelta(hours=1)
    )
    run.refresh_from_db()
    now = timezone.now()
    with patch.object(run_progress.timezone, "now", return_value=now):
        slow = run_progress.progress(run).per_minute
    run.created_count = 160
    with patch.object(run_progress.timezone, "now", return_value=now + timedelta(seconds=60)):
        seen = run_progress.progress(run)
    assert (round(slow, 1), seen.per_minute) == (1.7, 60.0)
    assert seen.seconds_left == 840.0


def test_before_anything_is_done_the_time_left_is_what_the_vendors_allow(spine: Spine) -> None:
    run = load(spine)
    Run.all_companies.filter(pk=run.pk).update(state="running", total=3000)
    run.refresh_from_db()
    left = run_progress.progress(run).seconds_left
    assert left is not None
    assert left >= 3000 / 30 / 38 * 60


def test_a_load_that_waits_for_calls_says_so(spine: Spine) -> None:
    run = load(spine)
    with (
        tenant(spine.company.pk),
        patch.object(run_progress.daily_calls, "of", return_value=DailyCalls(8500, 10_000)),
    ):
        assert [wait.code for wait in run_progress.what_it_waits_for(run)] == ["run.waits_for_calls"]
