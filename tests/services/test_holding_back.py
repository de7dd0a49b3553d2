"""What is left of the vendors' allowances is kept for people: repetitions keep to their budget, and near the end of the
org's daily calls large loads wait (sync-semantics 14 and 17, salesforce.md 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.contracts import Priority, Side
from connectors.limits import RETRIES_ALWAYS, RETRY_WINDOW_S
from syncapp.models import Connection, LinkWork, RecordLink
from syncapp.services import daily_calls, prepare, setup, sync
from syncapp.services.limiters import limiter_for
from syncapp.store import bulk, clock
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine(settings: Any) -> Iterator[Spine]:
    settings.SIM_LIMITS = "real"
    with a_spine() as made:
        made.account(Name="Pine")
        made.account(Name="Birch")
        yield made


def due(spine: Spine) -> None:
    """A first load whose links are due and nobody has begun."""
    spine.scan()
    with tenant(spine.company.pk):
        run = setup.switch_on(spine.integration, spine.person)
    prepare.prepare(run.pk)


def press(spine: Spine, name: str, target: Side = Side.QUICKBOOKS) -> None:
    with tenant(spine.company.pk):
        sync.request([spine.link(name).pk], target=target, person=spine.person, cause="Button")
    sync.carry(Priority.INTERACTIVE, seconds=60)


def names(spine: Spine) -> list[str]:
    return sorted(row["DisplayName"] for row in spine.customers())


def connection(spine: Spine, side: str) -> Connection:
    return Connection.all_companies.get(company=spine.company, side=side)


def test_repetitions_over_the_budget_wait_for_the_next_window_and_a_press_does_not(spine: Spine) -> None:
    due(spine)
    RecordLink.all_companies.update(attempts=1)
    limiter_for(connection(spine, "qbo")).retry(1000)

    sync.carry(Priority.BULK, seconds=60)

    assert names(spine) == []
    waits = [
        (at - clock.now()).total_seconds() for at in LinkWork.all_companies.values_list("due_at", flat=True)
    ]
    assert len(waits) == 2
    assert all(0 < wait <= RETRY_WINDOW_S for wait in waits)
    press(spine, "Pine")
    assert names(spine) == ["Pine"]


def test_what_never_failed_does_not_wait_for_what_did(spine: Spine) -> None:
    due(spine)
    RecordLink.all_companies.filter(name="Birch").update(attempts=1)
    limiter_for(connection(spine, "qbo")).retry(1000)

    sync.carry(Priority.BULK, seconds=60)

    assert names(spine) == ["Pine"]


def test_repetitions_within_the_budget_go_at_once_and_are_counted_by_the_call(spine: Spine) -> None:
    due(spine)
    RecordLink.all_companies.update(attempts=1)

    sync.carry(Priority.BULK, seconds=60)

    assert names(spine) == ["Birch", "Pine"]
    limiter = limiter_for(connection(spine, "qbo"))
    granted = [limiter.retry(1) for _ in range(RETRIES_ALWAYS)]
    assert granted[:-1] == [0.0] * (RETRIES_ALWAYS - 1)
    assert granted[-1] > 0


def test_near_the_end_of_the_orgs_calls_large_loads_stop_and_the_button_works(settings: Any) -> None:
    settings.SIM_LIMITS = "real"
    with a_spine() as spine:
        for name in ("Pine", "Birch"):
            spine.customer(DisplayName=name)
        spine.sim.quickbooks.post("clock", {"advance": 5})  # they are old news by now
        due(spine)
        org = connection(spine, "sf")
        plenty = daily_calls.of(org)
        assert plenty is not None
        assert not plenty.large_loads_wait
        limiter_for(org).observed(85_000, 100_000)

        sync.carry(Priority.BULK, seconds=60)

        scarce = daily_calls.of(org)
        assert scarce is not None
        assert (scarce.left, scarce.large_loads_wait, scarce.only_people) == (15_000, True, False)
        assert spine.accounts() == []
        assert LinkWork.all_companies.filter(due_at__gt=clock.now()).count() == 2
        press(spine, "Pine", Side.SALESFORCE)
        assert [row["Name"] for row in spine.accounts()] == ["Pine"]
        limiter_for(org).observed(1_000, 100_000)
        bulk.execute("update syncapp_linkwork set due_at = lb_now()")
        sync.carry(Priority.BULK, seconds=60)
        assert sorted(row["Name"] for row in spine.accounts()) == ["Birch", "Pine"]
