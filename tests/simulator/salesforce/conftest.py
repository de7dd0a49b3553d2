"""One simulator with demo data for each module of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.simulator.testing import Side, Simulator, simulator
from tests.simulator.salesforce.caller import Caller, caller_of


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with simulator(seed="small") as started:
        yield started


@pytest.fixture
def side(running: Simulator) -> Side:
    return running.salesforce


@pytest.fixture
def sf(side: Side) -> Caller:
    """The integration user of the default org."""
    return caller_of(side)
