"""The Celery application. Its settings are the CELERY_* names in `portal.settings`."""

from __future__ import annotations

import os
import time
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

LAST_TICK = "last-tick"  # in the cache: when a worker last ran the tick, in seconds of the epoch

app = Celery("ledgerbridge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_kwargs: object) -> None:
    """Celery installs its own handlers unless somebody listens here; ours redact, its do not."""


@task_prerun.connect
def note_the_tick(task: Any = None, **_kwargs: object) -> None:
    """Remember that beat rings and a worker listens; `manage.py doctor` asks."""
    if task is not None and task.name == app.conf.beat_schedule["tick"]["task"]:
        from django.core.cache import cache

        cache.set(LAST_TICK, time.time(), timeout=None)
