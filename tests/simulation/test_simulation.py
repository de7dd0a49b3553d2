"""A hundred plans of chance: whatever happens, every promise holds (sync-semantics sections 0 and 18).

A failing seed prints the command that shows it again and makes it small; `make simulate SEEDS=2000` runs more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.simulation.plans import has_schedules, has_switches
from tests.simulation.running import run
from tests.simulation.world import Installation

SEEDS = 104
AT_ONCE = 8


@pytest.fixture(scope="module")
def installation(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Installation]:
    """One installation for all plans of this process; nothing of it stays behind."""
    logging.disable(logging.CRITICAL)  # the stories say more, and a hundred plans log a lot
    try:
        with django_db_blocker.unblock():
            made = Installation()
            yield made
            made.close()
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_every_promise_holds_whatever_happens(installation: Installation, first: int) -> None:
    outcomes = [run(installation, seed) for seed in range(first, first + AT_ONCE)]

    assert [outcome.told() for outcome in outcomes if outcome.violations] == []


def test_a_time_starts_its_schedule_once_whoever_looks_and_whatever_happens(
    installation: Installation,
) -> None:
    seeds = [seed for seed in range(SEEDS + 1, SEEDS + 100) if has_schedules(seed)][:AT_ONCE]

    outcomes = [run(installation, seed) for seed in seeds]

    assert [outcome.told() for outcome in outcomes if outcome.violations] == []


def test_what_comes_while_a_mapping_is_switched_off_follows_later(installation: Installation) -> None:
    seeds = [seed for seed in range(SEEDS + 1, SEEDS + 200) if has_switches(seed)][:AT_ONCE]

    outcomes = [run(installation, seed) for seed in seeds]

    assert [outcome.told() for outcome in outcomes if outcome.violations] == []


def test_the_same_seed_is_the_same_story(installation: Installation) -> None:
    assert run(installation, 7).story == run(installation, 7).story
