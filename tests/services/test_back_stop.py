"""Every notice of a day is lost: the readings that need no notice find all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from syncapp import queue, tasks
from syncapp.models import Delivery
from syncapp.services import sweep
from syncapp.store import bulk, clock
from tests.services.spine import a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@contextmanager
def later(by: timedelta) -> Iterator[None]:
    """The database's clock shows another time."""
    bulk.execute("select set_config('app.now', %s, false)", [(clock.now() + by).isoformat()])
    try:
        yield
    finally:
        bulk.execute("select set_config('app.now', '', false)")


def test_all_notices_of_a_day_are_lost_and_every_change_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[tuple[str, str]] = []
    looks: list[dict[str, list[str]]] = []
    monkeypatch.setattr(queue, "capture", lambda connection, lane: rung.append((str(connection), lane)))
    monkeypatch.setattr(queue, "look", looks.append)
    with a_spine() as spine:
        for n in range(3):
            spine.account(Name=f"Pine {n}")
        spine.first_load()
        spine.capture()
        for row in spine.customers():
            phone = {"FreeFormNumber": f"(555) 010-77{row['Id'].zfill(2)[-2:]}"}
            spine.customer(Id=row["Id"], SyncToken=row["SyncToken"], sparse=True, PrimaryPhone=phone)
        expected = {row["DisplayName"]: row["PrimaryPhone"]["FreeFormNumber"] for row in spine.customers()}

        with later(timedelta(hours=24)):
            sweep.ring_due_lanes()
        assert {lane for _, lane in rung} == {"nightly", "cdc"}
        assert [sorted(lanes) for asked in looks for lanes in asked.values()] == [["fast", "trailing"]]
        for asked in looks:
            tasks.look(asked)
        for connection, lane in rung:
            tasks.capture(connection, lane)
        spine.carry()

        assert {row["Name"]: row["Phone"] for row in spine.accounts("Name, Phone")} == expected
        assert Delivery.objects.count() == 0
