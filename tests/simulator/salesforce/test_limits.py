"""Limits on demand: the daily calls and the long ones (reference/salesforce.md 6)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from connectors.simulator.testing import Side, simulator
from tests.simulator.salesforce.caller import Caller, Reply, caller_of


@pytest.fixture(scope="module")
def strict() -> Iterator[Side]:
    with simulator(seed="empty", limits="real") as running:
        yield running.salesforce


def test_above_the_daily_number_every_call_is_refused_until_a_day_has_passed(strict: Side) -> None:
    caller = caller_of(strict)
    strict.post("settings", {"daily_api_requests": 3})
    answers = [caller.get("/limits") for _ in range(5)]
    free = caller.call("GET", "/services/data/")
    strict.post("clock", {"advance": 25 * 3600})
    later = caller_of(strict).get("/limits")
    strict.post("settings", {"daily_api_requests": 1000})
    strict.post("clock", {"reset": True})

    assert [one.status for one in answers] == [200, 200, 200, 403, 403]
    assert answers[2].headers["sforce-limit-info"] == "api-usage=3/3"
    assert answers[3].json == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    assert (free.status, later.status) == (200, 200)


def test_as_many_long_calls_as_allowed_keep_others_out(strict: Side) -> None:
    caller = Caller(strict, strict.credentials()["all"][2]["access_token"])
    strict.plan({"action": "delay", "seconds": 2, "count": 5, "match": {"path": "/sobjects$"}})
    slow: list[Reply] = []
    threads = [threading.Thread(target=lambda: slow.append(caller.get("/sobjects"))) for _ in range(5)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 5
    while sum(plan["struck"] for plan in strict.get("faults")["faults"]) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    strict.post("clock", {"advance": 30})
    crowded = caller.get("/limits")
    for thread in threads:
        thread.join()
    free = caller.get("/limits")
    strict.post("clock", {"reset": True})

    assert (crowded.status, crowded.code) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert crowded.json[0]["message"].startswith("ConcurrentRequests")
    assert ([one.status for one in slow], free.status) == ([200] * 5, 200)
