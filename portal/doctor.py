"""What `manage.py doctor` looks at around the domain: addresses, database role, broker, workers, beat, mail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from django.core.checks import run_checks
from django.core.mail import get_connection
from django.db import connections

from portal.celery import LAST_TICK, app
from syncapp.services.checks import Check, bad, good, warn

CALLBACKS = ("/oauth/salesforce/callback", "/oauth/quickbooks/callback")
WORK = ("interactive", "bulk", "system")
PATIENCE = 3.0  # seconds that workers get to answer
LATE_TICK = 60  # seconds without a tick: beat rings every five


def surroundings() -> Iterator[Check]:
    """Everything of the installation that is not the domain's. Never raises for what it is there to find."""
    yield from _addresses()
    yield from _system_checks()
    yield from _broker()
    yield from _workers()
    yield _beat()
    yield _mail()


def _addresses() -> Iterator[Check]:
    if settings.BASE_URL.startswith("https://"):
        yield good("address", "People reach it at", settings.BASE_URL)
    else:
        yield warn(
            "address", "Plain http", settings.BASE_URL, "Fine on this machine only; production wants https."
        )
    for path in CALLBACKS:
        yield good("callback", "Callback to register with the vendor", settings.BASE_URL + path)


def _system_checks() -> Iterator[Check]:
    """Django's own deployment checks and ours: database version and role among them."""
    found = run_checks(include_deployment_checks=not settings.DEVELOPMENT, databases=["default"])
    for message in found:
        make = bad if message.is_serious() else warn
        yield make(message.id or "check", str(message.msg), fix=str(message.hint or ""))
    if not any(message.is_serious() for message in found):
        with connections["default"].cursor() as cursor:
            cursor.execute("select current_user, current_setting('server_version')")
            role, version = cursor.fetchone()
        yield good("database", "Database and role are fit", f"PostgreSQL {version}, role {role}")


def _broker() -> Iterator[Check]:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) as client:
            facts: dict[str, Any] = client.info()
    except redis.RedisError as error:
        yield bad("broker", "Redis does not answer", type(error).__name__, "Check REDIS_URL and the server.")
        return
    yield good(
        "broker", "Redis answers", f"version {facts.get('valkey_version') or facts.get('redis_version')}"
    )
    if facts.get("maxmemory_policy") != "noeviction":
        yield bad("broker.policy", "Redis may throw messages away", fix="Set maxmemory-policy noeviction.")
    if not facts.get("aof_enabled"):
        yield warn("broker.aof", "Redis forgets its queue when it restarts", fix="Set appendonly yes.")


def _workers() -> Iterator[Check]:
    try:
        answers = app.control.inspect(timeout=PATIENCE).active_queues() or {}
    except (OSError, redis.RedisError) as error:
        yield bad("workers", "Workers cannot be asked", type(error).__name__)
        return
    served = {queue["name"] for queues in answers.values() for queue in queues}
    for work in WORK:
        if work in served:
            yield good(f"workers.{work}", f"A worker serves {work} work")
        else:
            yield bad(
                f"workers.{work}",
                f"No worker serves {work} work",
                fix=f"Start a worker with --queues {work}.",
            )


def _beat() -> Check:
    last = cache.get(LAST_TICK)
    if last is None:
        return bad("beat", "No tick was ever seen", fix="Start beat, and a worker with --queues system.")
    age = time.time() - float(last)
    if age > LATE_TICK:
        return bad(
            "beat",
            "The last tick is old",
            f"{age:.0f} s",
            "Start beat (exactly one) and a worker for system.",
        )
    return good("beat", "Beat ticks", f"{age:.0f} s ago")


def _mail() -> Check:
    if settings.SHOW_MAILS:
        return good("mail", "Mails are kept as files", f"{settings.BASE_URL}/dev/mails/")
    try:
        backend = get_connection()
        backend.open()
        backend.close()
    except OSError as error:
        return bad("mail", "The mail server cannot be reached", str(error), "Check EMAIL_URL.")
    return good("mail", "The mail server accepts us", settings.DEFAULT_FROM_EMAIL)
