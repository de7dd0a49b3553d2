"""The simulation's time: one moment that moves only when something takes time or the plan says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from types import ModuleType
from typing import Any

import pytest

from tests.simulation import actors

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


class Clock:
    """Stands for the module `time` in the services, and for the stand-ins' clock."""

    def __init__(self) -> None:
        self.moment = START
        self.late_seconds = 0.0
        self.skew_seconds = 0.0
        self.moved = True

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def time(self) -> float:
        return self.moment.timestamp()

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def time_ns(self) -> int:
        return int(self.moment.timestamp() * 1000) * 1_000_000

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        actors.step("sleep")


class Chance:
    """Stands for the module `random` (and `secrets`) in the services; drawn from the action in hand."""

    def __init__(self) -> None:
        self.draw = Random(0)

    def random(self) -> float:
        return self.draw.random()

    def randbits(self, bits: int) -> int:
        return self.draw.getrandbits(bits)

    def uniform(self, low: float, high: float) -> float:
        return self.draw.uniform(low, high)


@contextmanager
def in_charge(clock: Clock, chance: Chance) -> Iterator[None]:
    """While this lasts, what the services take for time and chance is ours."""
    import connectors.http
    import connectors.quickbooks.client
    import connectors.quickbooks.oauth
    import connectors.salesforce.client
    import connectors.transport
    import syncapp.ids
    from syncapp.services import looking, quarantine, refused, sending, sync, tokens

    patch = pytest.MonkeyPatch()
    timed: list[ModuleType] = [
        connectors.http,
        connectors.transport,
        syncapp.ids,
        sync,
        sending,
        looking,
        tokens,
    ]
    for module in timed:
        patch.setattr(module, "time", clock)
    drawn: list[Any] = [sync, refused, quarantine]
    for module in drawn:
        patch.setattr(module, "random", chance)
    patch.setattr(syncapp.ids, "secrets", chance)
    patch.setattr("django.utils.timezone.now", clock.now)
    shown = type("datetime", (datetime,), {"now": classmethod(lambda _, zone: clock.moment.astimezone(zone))})
    dated: list[ModuleType] = [
        connectors.quickbooks.client,
        connectors.quickbooks.oauth,
        connectors.salesforce.client,
    ]
    for module in dated:
        patch.setattr(module, "datetime", shown)
    try:
        yield
    finally:
        patch.undo()
