"""A worker as a process that can be killed: the same calls as the Celery tasks make, without the broker.

Started from a fork server that has loaded Django once, so that twenty kills do not cost twenty starts.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import os
import time
from typing import Any

import django

if os.environ.get("DJANGO_SETTINGS_MODULE"):
    django.setup()


def start(database: str, redis_url: str, divisor: int) -> multiprocessing.context.ForkServerProcess:
    """Start a worker on this database; it works until it is killed or nothing was due for a while."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.services.worker_process"])
    process = context.Process(target=work, args=(database, redis_url, divisor), daemon=True)
    process.start()
    return process


def work(database: str, redis_url: str, divisor: int) -> None:
    """What a worker does, without end."""
    from django.conf import settings
    from django.db import connections

    settings.TIMING_DIVISOR = divisor
    settings.REDIS_URL = redis_url
    for alias in connections:
        settings.DATABASES[alias]["NAME"] = database
        connections[alias].settings_dict["NAME"] = database
    while True:
        if not _one_round():
            time.sleep(0.05)


def _one_round() -> int:
    from connectors.contracts import Priority
    from syncapp.models import Run
    from syncapp.services import prepare, recover, sweep, sync

    waiting: list[Any] = list(
        Run.all_companies.filter(state__in=["queued", "reading"]).values_list("pk", flat=True)
    )
    for run_id in waiting:
        prepare.prepare(run_id)
    carried = sync.carry(Priority.BULK, seconds=60) + recover.recover()
    sweep.sweep()
    return carried + len(waiting)
