"""Webhook deliveries at a steady rate, from a process of its own: sending does not slow the measured one down.

Deliveries leave at their times whether earlier ones were answered or not, as a vendor's do.
"""

from __future__ import annotations

import http.client
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

SENDERS = 32


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST: path, headers, body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back: milliseconds from sending to the whole answer, and from the planned moment; statuses."""

    answered_ms: list[float]
    planned_ms: list[float]
    statuses: Counter[int]
    seconds: float


def send(port: int, deliveries: Sequence[Delivery], rate: float) -> Answers:
    """Send all of them, so many a second."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, port, list(deliveries), rate), daemon=True)
    process.start()
    answers: Answers = ours.recv()
    process.join(10)
    return answers


def _run(pipe: object, port: int, deliveries: list[Delivery], rate: float) -> None:
    local, began = threading.local(), time.monotonic() + 0.5

    def one(numbered: tuple[int, Delivery]) -> tuple[float, float, int]:
        number, delivery = numbered
        planned = began + number / rate
        time.sleep(max(0.0, planned - time.monotonic()))
        sent = time.monotonic()
        status = _post(local, port, delivery)
        ended = time.monotonic()
        return (ended - sent) * 1000, (ended - planned) * 1000, status

    with ThreadPoolExecutor(SENDERS) as pool:
        found = list(pool.map(one, enumerate(deliveries)))
    seconds = time.monotonic() - began
    statuses = Counter(status for _, _, status in found)
    answers = Answers([a for a, _, _ in found], [p for _, p, _ in found], statuses, seconds)
    send_back: Callable[[object], None] = pipe.send  # type: ignore[attr-defined]
    send_back(answers)


def _post(local: threading.local, port: int, delivery: Delivery) -> int:
    """The status; 0 where the connection was closed without an answer that could be read, as it is while a body that is
    too large is still on its way."""
    for _ in range(2):
        connection = getattr(local, "connection", None)
        if connection is None:
            connection = local.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", delivery.path, delivery.body, delivery.headers)
            answer = connection.getresponse()
            answer.read()
        except (http.client.HTTPException, OSError):
            connection.close()
            local.connection = None
        else:
            return answer.status
    return 0
