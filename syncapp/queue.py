"""The doorbell: wakes workers after commit, by task name. A message says "there is work", never which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celery import current_app
from django.db import transaction

from connectors.contracts import Priority

INTERACTIVE, BULK, SYSTEM = "interactive", "bulk", "system"
READ_ON = {Priority.INTERACTIVE: INTERACTIVE, Priority.NORMAL: SYSTEM, Priority.BULK: BULK}
LONG_LANES = {"nightly"}
"""Lanes that read a day's changes at once."""
QUEUES = {Priority.INTERACTIVE: INTERACTIVE, Priority.NORMAL: BULK, Priority.BULK: BULK}


def wake(priority: Priority, company_id: int | None = None) -> None:
    """After this transaction: tell a worker that work of this class is due (of one company, where known)."""
    _ring("syncapp.tasks.carry", [priority.value, company_id], QUEUES[priority])


def prepare(run_id: Any, priority: Priority = Priority.NORMAL) -> None:
    """After this transaction: read both sides for a run of this class that was made."""
    _ring("syncapp.tasks.prepare", [str(run_id)], READ_ON[priority])


def capture(connection_id: Any, lane: str) -> None:
    """After this transaction: read what changed on one connection."""
    _ring("syncapp.tasks.capture", [str(connection_id), lane], BULK if lane in LONG_LANES else SYSTEM)


def look(asked: Mapping[str, Sequence[str]]) -> None:
    """After this transaction: look whether anything changed on these connections (id -> lanes)."""
    _ring("syncapp.tasks.look", [{id_: list(lanes) for id_, lanes in asked.items()}], SYSTEM)


def read_notices(connection_id: Any, in_seconds: float) -> None:
    """After this transaction: read the changes that notices told of, when their burst is over."""
    _ring("syncapp.tasks.read_notices", [str(connection_id)], SYSTEM, in_seconds)


def read_messages(connection_id: Any) -> None:
    """After this transaction: read the records that an org's messages named."""
    _ring("syncapp.tasks.read_messages", [str(connection_id)], SYSTEM)


def describe(connection_id: Any) -> None:
    """After this transaction: describe the objects of an org that mappings asked for."""
    _ring("syncapp.tasks.describe", [str(connection_id)], SYSTEM)


def take_requests(connection_id: Any) -> None:
    """After this transaction: look for new requests in an org, start them and tell it what came of earlier ones."""
    _ring("syncapp.tasks.take_requests", [str(connection_id)], INTERACTIVE)


def answer_requests(connection_id: Any) -> None:
    """After this transaction: tell an org what came of its requests."""
    _ring("syncapp.tasks.answer_requests", [str(connection_id)], INTERACTIVE)


def notify() -> None:
    """After this transaction: there may be something to tell people."""
    _ring("portal.notify.tasks.notify", [], SYSTEM)


def test_sync(test_id: int) -> None:
    """After this transaction: carry a test sync as far as it goes."""
    _ring("syncapp.tasks.test_sync", [test_id], INTERACTIVE)


def follow_up() -> None:
    """After this transaction: something is to be done for a document that was made."""
    _ring("syncapp.tasks.follow_up", [], SYSTEM)


def recover() -> None:
    """After this transaction: find out about writes whose outcome nobody knows."""
    _ring("syncapp.tasks.recover", [], SYSTEM)


def _ring(name: str, args: list[Any], queue: str, in_seconds: float = 0) -> None:
    transaction.on_commit(
        lambda: current_app.send_task(name, args=args, queue=queue, countdown=in_seconds or None), robust=True
    )
