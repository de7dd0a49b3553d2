"""The Celery task of notifications: plans letters and sends what is due. It carries nothing in its arguments."""

from __future__ import annotations

from celery import shared_task

from portal.notify import planning, sending
from syncapp.store import clock, due_once


@shared_task
def notify() -> None:
    """There may be something to tell people."""
    planning.plan(clock.now())
    sending.send_due()
    if due_once.due("purge_letters", 86400):
        sending.purge()
