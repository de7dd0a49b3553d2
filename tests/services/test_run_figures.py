"""A run's figures: every record counts once, by what came of it."""

from __future__ import annotations

import pytest

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
