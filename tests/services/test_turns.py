"""Where a rate bounds a load, one slice sends at a time; nothing depends on it but the speed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import connections

from syncapp.models import Connection, RunState
from syncapp.services import sending
from syncapp.store.turns import Turn
from tests.services.spine import a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def elsewhere(work: Callable[[], bool]) -> bool:
    """Do this in another worker: a session of its own."""
    got: list[bool] = []

    def run() -> None:
        got.append(work())
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return got[0]


def takes(connection_id: UUID) -> bool:
    return elsewhere(lambda: Turn(connection_id).take(0))


def test_a_connection_has_one_turn_that_is_given_on_or_ends_with_its_holder() -> None:
    one, other = uuid4(), uuid4()
    turn = Turn(one)
    assert turn.take(0)
    assert (takes(one), takes(other)) == (False, True)
    turn.close()
    assert (takes(one), takes(one)) == (True, True)  # the session that had it is gone


def test_a_turn_that_never_comes_delays_a_load_and_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "is_paced", lambda _: True)
    monkeypatch.setattr(sending, "SENDING_S", 0.2)
    with a_spine() as spine:
        for n in range(211):
            spine.account(Name=f"Pine {n}")
        somebody = Connection.all_companies.get(company=spine.company, side="qbo").pk
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            Turn(somebody).take(0)
            held.set()
            done.wait(60)
            connections.close_all()

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait(20)
        try:
            run = spine.first_load()
        finally:
            done.set()
            holder.join(20)
        assert (run.state, run.created_count) == (RunState.DONE, 211)
