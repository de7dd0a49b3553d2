"""Workers die at any moment; at the end there is one customer per account and nobody had to help (G2, G10)."""

from __future__ import annotations

import multiprocessing.context
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from syncapp.models import BatchSend, LinkWork, PreviewItem, Run, RunState
from syncapp.services import setup
from syncapp.store.clock import SqlNow
from syncapp.tenancy import tenant
from tests.services import worker_process
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

DIVISOR = 60
ACCOUNTS = 150
PATIENCE = 240.0
IN_A_LOOP = int(os.environ.get("CRASH_RECORDS", "300"))
"""`make crash` asks for more."""


@pytest.mark.parametrize("seed", range(20))
def test_a_worker_killed_at_any_time_leaves_one_customer_per_account(seed: int) -> None:
    chance = random.Random(seed)
    with a_spine(str(ACCOUNTS), random_seed=seed + 1) as spine:
        run = _a_load(spine)
        _work_with_kills(run, chance, kills=1 + seed % 3)
        _nothing_lost_nothing_twice(spine, run)


@pytest.mark.slow
def test_workers_killed_again_and_again_during_a_load_lose_nothing_and_double_nothing() -> None:
    chance = random.Random(7)
    with a_spine(str(IN_A_LOOP), random_seed=7) as spine:
        run = _a_load(spine)
        kills, deadline = 0, time.monotonic() + PATIENCE + IN_A_LOOP
        while not _ended(run) and kills < IN_A_LOOP // 20:
            assert time.monotonic() < deadline, _standing(run)
            worker = _a_worker()
            worker.join(chance.uniform(0.5, 3))
            _kill(worker)
            kills += 1
        last = _a_worker()
        try:
            assert _until(lambda: _ended(run), PATIENCE + IN_A_LOOP), _standing(run)
        finally:
            _kill(last)

        assert kills
        _nothing_lost_nothing_twice(spine, run)


@pytest.mark.slow
def test_a_worker_frozen_past_its_lease_sends_nothing_twice_when_it_wakes() -> None:
    """C21. It freezes while the answers to its first batches are on the way; others take over before it wakes."""
    with a_spine("100", random_seed=3) as spine:
        run = _a_load(spine)
        spine.sim.quickbooks.plan(
            {"action": "delay", "after": True, "seconds": 5, "match": {"path": "/batch$"}, "count": 6}
        )
        frozen = _a_worker()
        try:
            assert _until(_all_batches_are_out)
            os.kill(frozen.pid or 0, signal.SIGSTOP)
            assert _until(lambda: not LinkWork.all_companies.filter(lease_until__gt=SqlNow()).exists())
            other = _a_worker()
            try:
                assert _until(lambda: _ended(run)), _standing(run)
            finally:
                _kill(other)
            os.kill(frozen.pid or 0, signal.SIGCONT)
            _carries_a_change(spine)
        finally:
            _kill(frozen)

        _nothing_lost_nothing_twice(spine, run)


def _all_batches_are_out() -> bool:
    states = set(BatchSend.all_companies.filter(side="qbo").values_list("state", flat=True))
    return states == {"sending"}


def _carries_a_change(spine: Spine) -> None:
    """The only worker there is brings a change over: it works again."""
    link = next(link for link in spine.links if link.sf_id and link.qbo_id)
    spine.edit_account(str(link.sf_id), Phone="(555) 010-7777")
    spine.capture()
    assert _until(
        lambda: (
            spine.read_customer(str(link.qbo_id)).get("PrimaryPhone") == {"FreeFormNumber": "(555) 010-7777"}
        )
    )
    assert _until(lambda: not LinkWork.all_companies.exists())


def _a_load(spine: Spine) -> Run:
    spine.scan()
    with tenant(spine.company.pk):
        return setup.switch_on(spine.integration, spine.person)


def _a_worker() -> multiprocessing.context.ForkServerProcess:
    return worker_process.start(str(connection.settings_dict["NAME"]), settings.REDIS_URL, DIVISOR)


def _kill(worker: multiprocessing.context.ForkServerProcess) -> None:
    worker.kill()
    worker.join()


def _until(true: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False


def _work_with_kills(run: Run, chance: random.Random, kills: int) -> None:
    for left in range(kills, -1, -1):
        worker = _a_worker()
        try:
            if left:
                worker.join(chance.uniform(0.05, 1.5))
            else:
                assert _until(lambda: _ended(run)), _standing(run)
        finally:
            _kill(worker)


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
    """Every account has one customer of its own but for those that the plan would ask about; each was made at most
    once."""
    customers = {row["Id"]: row["DisplayName"] for row in _all_customers(spine)}
    accounts = {row["Id"] for row in spine.accounts()}
    log = spine.sim.quickbooks.log()
    created = [
        entry["id"] for entry in log if (entry["operation"], entry["object"]) == ("create", "Customer")
    ]
    asked = {link.id for link in spine.links if link.lifecycle == "candidate"}
    linked = [link for link in spine.links if link.id not in asked]
    states = Counter((link.lifecycle, link.attention) for link in linked)
    partners = {link.sf_id: link.qbo_id for link in linked}
    alike = PreviewItem.all_companies.filter(group="alike").exclude(link__lifecycle="absorbed")

    assert [name for name, count in Counter(customers.values()).items() if count > 1] == []
    assert asked == set(alike.values_list("link", flat=True)), run
    assert accounts == {link.sf_id for link in spine.links if link.sf_id}, run
    assert len(set(partners.values()) & set(customers)) == len(partners)
    assert len(set(created)) == len(created)
    assert {lifecycle for lifecycle, _ in states} == {"linked"}, states
    assert {attention for _, attention in states} <= {"none", "conflict"}, (
        states
    )  # pairs that differed before


def _all_customers(spine: Spine) -> list[dict[str, Any]]:
    """All pages: QuickBooks gives at most 1,000 at a time."""
    rows: list[dict[str, Any]] = []
    while True:
        query = f"select * from Customer startposition {len(rows) + 1} maxresults 1000"
        page = spine.qbo("GET", f"query?query={quote(query)}")["QueryResponse"].get("Customer", [])
        rows += page
        if len(page) < 1000:
            return rows
