"""Running simulators for tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.simulator.testing import Simulator, simulator
from tests.simulator.wire_client import Books


@pytest.fixture
def empty_sim() -> Iterator[Simulator]:
    """The QuickBooks side alone, with lists and no people."""
    with simulator(only="quickbooks", seed="empty") as running:
        yield running


@pytest.fixture(scope="module")
def small_sim() -> Iterator[Simulator]:
    """The QuickBooks side alone with the small seed, shared by a file's tests."""
    with simulator(only="quickbooks", seed="small") as running:
        yield running


@pytest.fixture
def books(small_sim: Simulator) -> Books:
    """The default company: US, sales tax by hand."""
    return Books.of(small_sim)
