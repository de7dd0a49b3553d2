"""Rate limits and latency on demand (quickbooks.md 7.1)."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

from connectors.simulator.testing import simulator
from tests.simulator.wire_client import Books


def test_more_than_forty_batches_a_minute_get_the_recorded_throttle_body() -> None:
    with simulator(only="quickbooks", limits="real") as sim:
        books = Books.of(sim)
        item = {"bId": "1", "Query": "select count(*) from Term"}
        answers = [books.call("POST", "batch", {"BatchItemRequest": [item]}) for _ in range(42)]
        other = Books.of(sim, 1).call("POST", "batch", {"BatchItemRequest": [item]})
        plain = books.call("GET", "companyinfo/1")
    assert [got.status for got in answers] == [200] * 40 + [429] * 2
    assert answers[-1].headers["content-type"] == "application/xml"
    assert b"message=ThrottleExceeded; errorCode=003001; statusCode=429" in answers[-1].body
    assert "retry-after" not in answers[-1].headers
    assert (other.status, plain.status) == (200, 200)  # per company, and batches have a limit of their own


def test_five_hundred_calls_a_minute_are_the_most() -> None:
    with simulator(only="quickbooks", limits="real") as sim:
        books = Books.of(sim)
        statuses = [books.call("GET", "companyinfo/1").status for _ in range(505)]
        sim.quickbooks.post(
            "clock", {"advance": 3600}
        )  # the limits go by real time: moving the clock is no way out
    assert statuses == [200] * 500 + [429] * 5


def test_more_than_ten_at_once_are_refused() -> None:
    with simulator(only="quickbooks", limits="real") as sim, ExitStack() as held:
        books = Books.of(sim)
        sim.quickbooks.plan({"action": "delay", "seconds": 3600, "count": 10})
        for _ in range(10):
            _hold_open(books, held)
        deadline = time.monotonic() + 60
        while sim.quickbooks.get("faults")["faults"][0]["struck"] < 10:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        eleventh = books.call("GET", "companyinfo/1").status
        other = Books.of(sim, 1).call("GET", "companyinfo/1").status
    assert (eleventh, other) == (429, 200)  # per company


def _hold_open(books: Books, held: ExitStack) -> None:
    """A call that is sent and not answered before the stack ends."""
    connection = held.enter_context(closing(HTTPConnection(urlsplit(books.base).netloc, timeout=60)))
    path = urlsplit(books.base).path + "/companyinfo/1"
    connection.request("GET", path, headers={"Authorization": f"Bearer {books.credentials['access_token']}"})


def test_real_latency_takes_time_and_pages_do_not() -> None:
    with simulator(only="quickbooks", latency="real") as sim:
        books = Books.of(sim)
        began = time.monotonic()
        for _ in range(5):
            books.call("GET", "companyinfo/1")
        waited = time.monotonic() - began
    assert waited > 0.1


def test_a_planned_throttle_is_the_vendors_own() -> None:
    with simulator(only="quickbooks") as sim:
        books = Books.of(sim)
        sim.quickbooks.plan({"action": "throttle", "match": {"path": "companyinfo"}})
        assert books.call("GET", "companyinfo/1").status == 429
        assert books.call("GET", "companyinfo/1").status == 200
        sim.quickbooks.plan(
            {
                "action": "fault",
                "code": "10000",
                "message": "An application error",
                "detail": "System Failure Error",
            }
        )
        got = books.call("GET", "companyinfo/1")
    assert (got.status, got.code, got.json["Fault"]["type"]) == (500, "10000", "SystemFault")
