"""What a first load would do is shown before anything is written to either side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.contracts import Side
from syncapp.models import LinkWork, Mapping, MappingPass, Observation, PreviewItem, Run, WriteIntent
from syncapp.services import matching, preview, run_progress, runs, scope, setup
from syncapp.services.errors import Refused
from syncapp.store import leases, passes
from syncapp.tenancy import tenant
from tests.services.builders import a_company, a_person
from tests.services.seen import a_customer, a_published_mapping, an_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Iterator[Mapping]:
    made = a_published_mapping()
    with tenant(made.company_id):
        yield made


def planned(mapping: Mapping) -> tuple[Run, setup.FirstLoadPlan]:
    """Plan in this process what a worker would plan after reading both sides."""
    run = setup.begin_scan(mapping.integration, None)
    Run.objects.filter(pk=run.pk).update(state="reading")
    preview.plan_run(run)
    run.refresh_from_db()
    return run, setup.plan(mapping.integration)


def groups(run: Run) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for item in PreviewItem.objects.filter(run=run).select_related("link"):
        found.setdefault(item.group, set()).add(item.link.sf_id or item.link.qbo_id or "")
    return found


def test_every_record_is_counted_once_in_the_group_that_says_what_would_happen(mapping: Mapping) -> None:
    an_account(mapping, "001A", Name="Blue Pine Catering", Phone="555-1000")
    a_customer(mapping, "1", DisplayName="Blue Pine Catering", PrimaryPhone={"FreeFormNumber": "555-1000"})
    an_account(mapping, "001B", Name="Copper Kettle")
    a_customer(mapping, "2", DisplayName="Copper Kettle Ltd")
    an_account(mapping, "001C", Name="Only in Salesforce")
    a_customer(mapping, "3", DisplayName="Only in QuickBooks")
    run, plan = planned(mapping)
    assert groups(run) == {
        "linked": {"001A"},
        "partner": {"1", "2"},
        "alike": {"001B"},
        "new_qbo": {"001C"},
        "new_sf": {"3"},
    }
    assert (plan.linked, plan.alike, plan.new_qbo, plan.new_sf, plan.skipped) == (1, 1, 1, 1, 0)
    assert (plan.scanning, plan.calls_estimate, plan.minutes_estimate) == (False, 2, 1)


def test_a_plan_writes_nothing_and_makes_nothing_due(mapping: Mapping) -> None:
    an_account(mapping, "001C", Name="Only in Salesforce")
    run, _ = planned(mapping)
    assert run.state == "done"
    assert not WriteIntent.objects.exists()
    assert not LinkWork.objects.exists()


def test_a_killed_plan_goes_on_where_it_was(mapping: Mapping, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        an_account(mapping, f"001{number}", Name=f"Account {number}")
    monkeypatch.setattr(preview, "BATCH", 2)
    run = setup.begin_scan(mapping.integration, None)
    Run.objects.filter(pk=run.pk).update(state="reading")
    run.refresh_from_db()
    ids = scope.next_links(run, preview.BATCH)
    preview.plan_links(run, ids)
    scope.move_on(run, ids)
    preview.plan_run(run)
    run.refresh_from_db()
    assert (run.state, run.total, len(groups(run)["new_qbo"])) == ("done", 5, 5)


def test_a_second_press_joins_the_scan_that_is_under_way(mapping: Mapping) -> None:
    first = setup.begin_scan(mapping.integration, None)
    assert setup.begin_scan(mapping.integration, None) == first


def test_without_a_template_nothing_is_scanned() -> None:
    company = a_company()
    with tenant(company.id), pytest.raises(Refused, match=r"setup\.not_connected"):
        setup.begin_scan(setup.start_integration(company), None)


def test_switching_on_needs_a_finished_scan() -> None:
    mapping = a_published_mapping(scanned=False)
    with tenant(mapping.company_id), pytest.raises(Refused, match=r"setup\.scan_first"):
        setup.switch_on(mapping.integration, None)


def test_switching_on_twice_is_one_first_load(mapping: Mapping) -> None:
    person = a_person("ann@acme.example")
    first = setup.switch_on(mapping.integration, person)
    assert setup.switch_on(mapping.integration, person) == first
    assert (mapping.integration.state, mapping.integration.switched_on_by) == ("active", "ann@acme.example")
    assert (first.kind, first.state, first.priority) == ("first_load", "queued", 2)
    assert Run.objects.filter(kind="first_load").count() == 1


def test_the_wizard_shows_the_first_step_that_is_not_done(mapping: Mapping) -> None:
    integration = mapping.integration
    assert setup.progress(None).current == "welcome"
    assert setup.progress(integration).current == "health"
    for side in (integration.salesforce, integration.quickbooks):
        side.facts_at = mapping.created_at
        side.save()
    assert setup.progress(integration).current == "start"
    MappingPass.objects.filter(side=Side.QUICKBOOKS.value).delete()
    assert setup.progress(integration).current == "match"


def test_a_scan_made_for_another_template_reads_everything_as_news_again(mapping: Mapping) -> None:
    an_account(mapping, "001A", Name="Blue Pine", Phone="555-1000")
    assert not seen_again(mapping)
    passes.reset(mapping.pk)
    assert not passes.barrier_open(mapping.pk)
    assert seen_again(mapping)


def seen_again(mapping: Mapping) -> bool:
    """Whether the same page of a scan brings news."""
    before = Observation.objects.get().seen_at
    an_account(mapping, "001A", Name="Blue Pine", Phone="555-1000")
    return bool(Observation.objects.get().seen_at != before)


# --- what a person decides before switching on ---


def test_linking_two_look_alikes_moves_them_in_the_plan(mapping: Mapping) -> None:
    link = an_account(mapping, "001B", Name="Copper Kettle")
    other = a_customer(mapping, "2", DisplayName="Copper Kettle Ltd")
    run, _ = planned(mapping)
    winner = matching.link_to(link, "2", None)
    other.refresh_from_db()
    assert (winner.pk, winner.qbo_id, winner.lifecycle) == (link.pk, "2", "linked")
    assert (other.lifecycle, other.absorbed_into_id) == ("absorbed", link.pk)
    assert groups(run) == {"linked": {"001B"}}
    assert not LinkWork.objects.exists()


def test_create_new_keeps_the_two_apart_on_both_sides_of_the_plan(mapping: Mapping) -> None:
    link = an_account(mapping, "001B", Name="Copper Kettle")
    a_customer(mapping, "2", DisplayName="Copper Kettle Ltd")
    run, _ = planned(mapping)
    matching.create_new(link, None)
    assert groups(run) == {"new_qbo": {"001B"}, "new_sf": {"2"}}


def test_ignoring_takes_a_record_out_of_the_plan(mapping: Mapping) -> None:
    link = an_account(mapping, "001C", Name="Only in Salesforce")
    run, _ = planned(mapping)
    matching.ignore(link, None)
    assert groups(run) == {}
    assert (link.attention, link.attention_code, link.paused) == ("skipped", "person.ignored", True)
    matching.watch_again(link, None)
    assert groups(run) == {"new_qbo": {"001C"}}


# --- stopping ---


def a_running_run(mapping: Mapping, links: list[Any]) -> Run:
    run = Run.objects.create(
        integration=mapping.integration,
        mapping=mapping,
        kind="first_load",
        state="running",
        total=len(links),
        priority=2,
    )
    leases.make_due(
        mapping.company_id, [link.pk for link in links], leases.PRIORITY[2], cause="x", run_id=run.pk
    )
    return run


def test_a_stopped_run_keeps_its_work_aside_until_it_is_resumed(mapping: Mapping) -> None:
    links = [an_account(mapping, f"001{number}", Name=f"Account {number}") for number in range(3)]
    run = a_running_run(mapping, links)
    runs.stop(run, None)
    assert (run.state, run.stop_requested, run.finished_at is None) == ("stopped", True, False)
    assert leases.due_classes() == []
    runs.resume(run, None)
    assert (run.state, run.stop_requested, run.finished_at) == ("running", False, None)
    assert all(work.due_at.year < 2100 for work in LinkWork.objects.filter(run=run))


def test_a_stopped_scan_reads_again_when_resumed(mapping: Mapping) -> None:
    run = setup.begin_scan(mapping.integration, None)
    runs.stop(run, None)
    preview.plan_run(run)
    run.refresh_from_db()
    assert run.state == "stopped"
    runs.resume(run, None)
    assert run.state == "queued"


def test_only_a_stopped_run_can_be_resumed(mapping: Mapping) -> None:
    with pytest.raises(Refused, match=r"run\.not_stopped"):
        runs.resume(a_running_run(mapping, [an_account(mapping, "001A", Name="A")]), None)


def test_progress_tells_rate_and_time_left(mapping: Mapping) -> None:
    run = a_running_run(mapping, [])
    Run.objects.filter(pk=run.pk).update(
        total=300, created_count=100, started_at=run.created_at, finished_at=None
    )
    run.refresh_from_db()
    run.started_at = run.created_at
    seen = run_progress.progress(run)
    assert (seen.total, seen.done, seen.state) == (300, 100, "running")
    assert seen.seconds_left == pytest.approx(200 * 60 / seen.per_minute)


def test_asking_twice_for_a_mapping_reads_once(mapping: Mapping) -> None:
    with pytest.raises(Refused, match=r"sync\.not_switched_on"):
        runs.request_mapping(mapping, None, "Run now")
    setup.switch_on(mapping.integration, None)
    first = runs.request_mapping(mapping, None, "Run now")
    assert runs.request_mapping(mapping, None, "Run now") == first
