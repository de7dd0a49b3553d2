"""In the middle of a load the workers are killed and the broker is emptied, or the database restarts, with Celery and
beat as they are shipped: due work is a row, not a message (sync-semantics 12, C20 and C22)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import redis

from connectors.simulator.testing import Side
from tests import stack

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("installation")]

ACCOUNTS = 1500
PATIENCE = 240.0

LOAD = """
import time
from syncapp.services import companies, demo, setup
from syncapp.tenancy import tenant
company = companies.create(None, name="Blue Pine", zone="America/New_York", currency="USD", is_demo=True)
with tenant(company.pk):
    integration = demo._integration(company)
    setup.choose_template(integration, "sf_to_qbo", "sf", None)
    scan = setup.begin_scan(integration, None)
    while scan.state != "done":
        time.sleep(0.1)
        scan.refresh_from_db()
    setup.switch_on(integration, None)
"""


def test_a_load_survives_a_restart_of_the_database_and_an_emptied_broker_and_creates_nothing_twice() -> None:
    """One load meets both, because starting an installation takes longer than the load."""
    with stack.running(None, "--no-demo", SIM_SEED=str(ACCOUNTS), TIMING_DIVISOR="40") as running:
        simulated = Side(running.quickbooks_url, "")
        running.manage("shell", "-c", LOAD)
        _until_more_is_created(simulated)
        _restart_the_database(running)
        assert until(lambda: _state(running) == [("first_load", "running")])
        _until_more_is_created(simulated)

        for pid in _workers(running):
            os.kill(pid, signal.SIGKILL)
        redis.Redis.from_url(running.environment["REDIS_URL"]).flushall()
        assert _state(running) == [("first_load", "running")]

        assert until(lambda: _state(running) == [("first_load", "done")]), _state(running)
        names = Counter(entry["after"]["DisplayName"] for entry in _created(simulated))
        assert {name: count for name, count in names.items() if count > 1} == {}
        assert _in_step(running) == [("linked", "none", ACCOUNTS)]


def _until_more_is_created(simulated: Side) -> None:
    before = len(_created(simulated))
    assert until(lambda: len(_created(simulated)) > before)


def _restart_the_database(running: stack.Stack) -> None:
    """PostgreSQL ends every session and recovers as after a power cut, because one of its own processes was killed."""
    [(pid,)] = _rows(
        running,
        "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
        " and datname = current_database() order by backend_start limit 1",
    )
    os.kill(pid, signal.SIGKILL)


def _in_step(running: stack.Stack) -> list[tuple[Any, ...]]:
    return _rows(
        running,
        "select lifecycle, attention, count(*) from syncapp_recordlink"
        " where sf_id is not null and lifecycle <> 'absorbed' group by 1, 2",
    )


def _created(simulated: Side) -> list[dict[str, Any]]:
    return [
        entry for entry in simulated.log() if entry["operation"] == "create" and entry["object"] == "Customer"
    ]


def _workers(running: stack.Stack) -> list[int]:
    """Worker processes of this installation, parents and children."""
    table = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in table.splitlines()]
    ours = {str(running.process.pid)}
    for _ in range(4):
        ours |= {pid for pid, parent, *_ in rows if parent in ours}
    return [
        int(pid)
        for pid, _, *args in rows
        if pid in ours and "celery" in "".join(args) and " worker " in "".join(args)
    ]


def _state(running: stack.Stack) -> list[tuple[Any, ...]]:
    """Of the first load; nothing while the database does not answer."""
    try:
        return _rows(running, "select kind, state from syncapp_run where kind = 'first_load'")
    except psycopg.OperationalError:
        return []


def _rows(running: stack.Stack, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(running.environment["DATABASE_URL"]) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.1)
    return False
