"""A run's figures: every record counts once, by what came of it."""

from __future__ import annotations

import pytest

from syncapp.models import Attempt, LinkWork, RecordLink, Run
from syncapp.services import run_progress, runs, sync
from syncapp.store import runs as counters
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def test_a_record_that_is_looked_at_again_after_its_write_counts_once() -> None:
    with a_spine() as spine:
        for number in range(3):
            spine.account(Name=f"Blue Pine {number}")
            spine.customer(DisplayName=f"Red Rock {number}")
        run = spine.first_load()
        progress = run_progress.progress(run)
        assert (run.created_count, run.unchanged_count) == (6, 0)
        assert (progress.done, progress.total) == (6, 6)


def test_a_pair_that_is_linked_and_waits_for_a_choice_counts_as_asked() -> None:
    with a_spine() as spine:
        spine.account(Name="Monarch Dental Cooperative", Phone="(555) 010-0000")
        spine.customer(
            DisplayName="MONARCH DENTAL COOPERATIVE", PrimaryPhone={"FreeFormNumber": "(555) 010-0000"}
        )
        run = spine.first_load()
        assert spine.link("Monarch Dental Cooperative").attention == "conflict"
        assert (run.asked_count, run.unchanged_count) == (1, 0)
        assert Attempt.all_companies.filter(run=run).latest("id").outcome == "asked"
        assert run_progress.progress(run).done == run_progress.progress(run).total == 1


def test_of_a_joined_pair_only_the_other_half_is_absorbed() -> None:
    with a_spine(seed="small") as spine:
        spine.first_load()
        absorbed = RecordLink.all_companies.exclude(absorbed_into=None)
        assert len(absorbed) == 3
        assert {(half.lifecycle, half.sf_id) for half in absorbed} == {("absorbed", None)}


def test_a_run_that_is_done_has_nothing_left() -> None:
    with a_spine() as spine:
        spine.account(Name="Monarch Dental Cooperative", Phone="(555) 010-0000")
        spine.customer(
            DisplayName="Monarch Dental Cooperative", PrimaryPhone={"FreeFormNumber": "(555) 010-0000"}
        )
        run = spine.first_load()
        progress = run_progress.progress(run)
        assert (run.state, progress.total - progress.done, progress.seconds_left) == ("done", 0, None)


def figures(run: Run) -> dict[str, int]:
    """The counters that are not zero, and the total."""
    run.refresh_from_db()
    return {name: number for name in ("total", *counters.COLUMN.values()) if (number := getattr(run, name))}


def pressed(spine: Spine, *names: str) -> Run:
    """A person chooses these records and lets them be synced; carried to the end."""
    with tenant(spine.company.pk):
        ids = [spine.link(name).pk for name in names]
        run = sync.request(ids, target=None, person=spine.person, cause="Button")
    spine.carry()
    return run


@pytest.mark.parametrize("seed", ["small", "60"])
def test_the_outcomes_of_a_first_load_add_up_to_its_records(seed: str) -> None:
    with a_spine(seed=seed) as spine:
        run = spine.first_load()
        assert (run.state, run.total, run.done_count) == ("done", len(spine.links), len(spine.links))


def test_a_record_written_on_both_sides_counts_as_updated_once() -> None:
    with a_spine() as spine:
        account = spine.account(Name="Blue Pine", Phone="(555) 010-0000")
        spine.first_load()
        spine.edit_account(account, Phone="(555) 010-0001")
        spine.edit_customer("Blue Pine", Fax={"FreeFormNumber": "(555) 010-0009"})
        before = spine.mark()
        run = pressed(spine, "Blue Pine")
        assert {row["object"] for row in spine.writes(before)} == {"Account", "Customer"}
        assert figures(run) == {"total": 1, "updated_count": 1}


def test_a_child_that_waited_for_its_parent_counts_as_what_came_of_it() -> None:
    with a_spine() as spine:
        parent = spine.account(Name="Zion Holding")
        spine.account(Name="Alder Branch", ParentId=parent)
        run = spine.first_load()
        assert figures(run) == {"total": 2, "created_count": 2}


def test_a_child_whose_parent_cannot_be_made_fails_with_it_and_goes_on_outside_the_run() -> None:
    with a_spine() as spine:
        spine.vendor(DisplayName="Zion Holding")
        parent = spine.account(Name="Zion Holding")
        spine.account(Name="Alder Branch", ParentId=parent)
        run = spine.first_load()
        assert figures(run) == {"total": 2, "failed_count": 2}
        spine.edit_account(parent, Name="Zion Holding North")
        again = pressed(spine, "Zion Holding")
        assert spine.link("Alder Branch").lifecycle == "linked"
        assert (figures(run), figures(again)) == (
            {"total": 2, "failed_count": 2},
            {"total": 1, "created_count": 1},
        )


def test_a_pair_of_which_both_halves_are_due_counts_once_as_linked() -> None:
    with a_spine() as spine:
        spine.account(Name="Monarch Dental", Phone="(555) 010-0000")
        spine.customer(
            DisplayName="Monarch Dental",
            CompanyName="Monarch Dental",
            PrimaryPhone={"FreeFormNumber": "(555) 010-0000"},
        )
        run = spine.first_load()
        assert spine.link("Monarch Dental").lifecycle == "linked"
        assert figures(run) == {"total": 1, "linked_count": 1}


def test_a_record_that_leaves_a_stopped_run_is_no_longer_counted_there() -> None:
    with a_spine() as spine:
        spine.account(Name="Blue Pine")
        spine.account(Name="Red Rock")
        spine.scan()
        spine_run = _stopped_load(spine)
        alone = pressed(spine, "Blue Pine")
        assert (figures(spine_run), figures(alone)) == ({"total": 1}, {"total": 1, "created_count": 1})
        with tenant(spine.company.pk):
            runs.resume(spine_run, spine.person)
        spine.carry()
        assert figures(spine_run) == {"total": 1, "created_count": 1}


def _stopped_load(spine: Spine) -> Run:
    from syncapp.services import prepare, setup

    with tenant(spine.company.pk):
        run = setup.switch_on(spine.integration, spine.person)
    prepare.prepare(run.pk)
    with tenant(spine.company.pk):
        runs.stop(run, spine.person)
    assert LinkWork.all_companies.filter(run=run).count() == 2
    return run


@pytest.mark.parametrize(
    ("outcomes", "counted"),
    [
        (["waiting", "created"], "created"),
        (["created", "updated", "nothing"], "created"),
        (["linked", "nothing"], "linked"),
        (["linked", "updated"], "updated"),
        (["created", "failed"], "failed"),
        (["failed", "nothing"], "nothing"),
        (["updated", "updated"], "updated"),
    ],
)
def test_a_record_counts_as_what_came_of_it_last(outcomes: list[str], counted: str) -> None:
    with a_spine() as spine:
        spine.account(Name="Blue Pine")
        spine.scan()
        run = _due_load(spine)
        link = spine.link("Blue Pine")
        for outcome in outcomes:
            counters.count([(link.pk, run.pk, outcome)])
        assert figures(run) == {"total": 1, counters.COLUMN[counted]: 1}


def _due_load(spine: Spine) -> Run:
    from syncapp.services import prepare, setup

    with tenant(spine.company.pk):
        run = setup.switch_on(spine.integration, spine.person)
    prepare.prepare(run.pk)
    return run
