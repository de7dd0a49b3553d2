"""The mappings that one schedule starts are read together: the changes of both connections once, not once each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from syncapp.models import Run, Schedule
from syncapp.services import prepare, schedules
from syncapp.store import clock
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("account_customer", "product_item"), winner="sf") as made:
        made.account(Name="Pine")
        made.first_load()
        yield made


def started(spine: Spine) -> list[Run]:
    """The runs that one schedule over the whole integration starts now, in the order of their asking."""
    now = clock.now()
    Schedule.all_companies.get_or_create(
        company=spine.company,
        integration=spine.integration,
        defaults={"cadence": "daily", "at_time": (now - timedelta(hours=1)).time()},
    )
    Schedule.all_companies.update(next_at=now)
    before = set(Run.all_companies.values_list("pk", flat=True))
    assert schedules.start_due() == 1
    return list(Run.all_companies.exclude(pk__in=before).order_by("pk"))


def calls(spine: Spine) -> int:
    return sum(side.calls()["total"] for side in (spine.sim.salesforce, spine.sim.quickbooks))


def read(run: Run) -> None:
    prepare.prepare(run.pk)


def test_the_second_mapping_of_a_schedule_makes_no_call_and_has_what_the_first_has_read(spine: Spine) -> None:
    first, second = started(spine)
    accounts = first if first.mapping_id == spine.link("Pine").mapping_id else second
    products = second if accounts is first else first
    spine.edit_account(spine.link("Pine").sf_id, Phone="(555) 010-7000")

    read(products)
    before = calls(spine)
    read(accounts)
    assert calls(spine) == before
    spine.carry()

    accounts.refresh_from_db()
    assert (accounts.state, accounts.total, accounts.updated_count) == ("done", 1, 1)
    assert spine.customer_named("Pine")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-7000"


def test_what_changed_after_an_earlier_tick_is_read_by_the_next_one(spine: Spine) -> None:
    for run in started(spine):
        read(run)
    spine.carry()
    spine.edit_account(spine.link("Pine").sf_id, Phone="(555) 010-8000")

    for run in started(spine):
        read(run)
    spine.carry()

    assert spine.customer_named("Pine")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-8000"


def test_a_run_reads_for_itself_while_the_other_is_still_reading(spine: Spine) -> None:
    first, second = started(spine)
    Run.all_companies.filter(pk=first.pk).update(state="reading")
    before = calls(spine)
    read(second)
    assert calls(spine) > before
