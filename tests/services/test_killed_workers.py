"""Workers die at any moment; at the end there is one customer per account and nobody had to help (G2, G10)."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from django.conf import settings
from django.db import connection

from syncapp.models import Run, RunState
from syncapp.services import setup
from syncapp.tenancy import tenant
from tests.services import worker_process
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

DIVISOR = 40
ACCOUNTS = 150
PATIENCE = 240.0


@pytest.mark.parametrize("seed", range(20))
def test_a_worker_killed_at_any_time_leaves_one_customer_per_account(seed: int) -> None:
    chance = random.Random(seed)
    with a_spine(str(ACCOUNTS), random_seed=seed + 1) as spine:
        spine.scan()
        with tenant(spine.company.pk):
            run = setup.switch_on(spine.integration, spine.person)
        _work_with_kills(run, chance, kills=1 + seed % 3)
        _nothing_lost_nothing_twice(spine, run)


def _work_with_kills(run: Run, chance: random.Random, kills: int) -> None:
    deadline = time.monotonic() + PATIENCE
    for left in range(kills, -1, -1):
        worker = worker_process.start(str(connection.settings_dict["NAME"]), settings.REDIS_URL, DIVISOR)
        try:
            if left:
                worker.join(chance.uniform(0.05, 1.5))
            else:
                while not _ended(run):
                    assert time.monotonic() < deadline, _standing(run)
                    time.sleep(0.1)
        finally:
            worker.kill()
            worker.join()


def _ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.state == RunState.DONE


def _standing(run: Run) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select state, count(*) from syncapp_batchsend group by 1")
        batches = cursor.fetchall()
        cursor.execute("select count(*), min(due_at), max(lease_until) from syncapp_linkwork")
        work = cursor.fetchall()
    return f"run {run.state}, batches {batches}, work {work}"


def _nothing_lost_nothing_twice(spine: Spine, run: Run) -> None:
    names = Counter(row["DisplayName"] for row in spine.customers())
    accounts = {row["Name"] for row in spine.accounts()}
    created = [entry for entry in spine.sim.quickbooks.log() if entry["operation"] == "create"]
    states = Counter((link.lifecycle, link.attention) for link in spine.links)

    assert [name for name, count in names.items() if count > 1] == []
    assert accounts - set(names) == set(), run
    assert len({entry["id"] for entry in created}) == len(created)
    assert set(states) == {("linked", "none")}, states
