"""What a worker holds while it carries is one slice, however many records are due."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.contracts import Priority
from syncapp.services import sync
from syncapp.services.timing import current_timing
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

SLICE = 20


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        made.first_load()
        yield made


def many_accounts(spine: Spine, count: int, area: str) -> None:
    """Accounts that the next slices create in QuickBooks."""
    rows = [
        {"attributes": {"type": "Account"}, "Name": f"Oak {area} {number}", "Description": "d" * 500}
        for number in range(count)
    ]
    spine.sf("POST", "composite/sobjects", {"records": rows})
    spine.capture()


def held_at_most(count: int) -> int:
    """Carry what is due; the bytes that Python held at most meanwhile, beyond what it held before."""
    tracemalloc.start()
    try:
        assert sync.carry(Priority.BULK, timing=replace(current_timing(), slice_size=SLICE)) >= count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_eight_slices_hold_no_more_memory_than_two(spine: Spine, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_slice = sync.carry_slice

    def tidied(*given: Any, **more: Any) -> Any:
        gc.collect()  # what nobody holds counts for nothing; left to itself, Python clears it away at some time
        return carry_slice(*given, **more)

    monkeypatch.setattr(sync, "carry_slice", tidied)
    many_accounts(spine, SLICE, "first")
    held_at_most(SLICE)  # what is kept for good is made now

    many_accounts(spine, 2 * SLICE, "few")
    few = held_at_most(2 * SLICE)
    many_accounts(spine, 8 * SLICE, "many")
    many = held_at_most(8 * SLICE)

    assert many < 1.3 * few, (few, many)
    spine.carry()
    assert len(spine.customers()) == 11 * SLICE
