"""A run's figures: every record counts once, by what came of it."""

from __future__ import annotations

import pytest

from syncapp.models import Attempt, RecordLink
from syncapp.services import runs
from tests.services.spine import a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def test_a_record_that_is_looked_at_again_after_its_write_counts_once() -> None:
    with a_spine() as spine:
        for number in range(3):
            spine.account(Name=f"Blue Pine {number}")
            spine.customer(DisplayName=f"Red Rock {number}")
        run = spine.first_load()
        progress = runs.progress(run)
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
        assert Attempt.all_companies.filter(run=run, outcome="asked").count() == 1
        assert runs.progress(run).done == runs.progress(run).total


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
        progress = runs.progress(run)
        assert (run.state, progress.total - progress.done, progress.seconds_left) == ("done", 0, None)
