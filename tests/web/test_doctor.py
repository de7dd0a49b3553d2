"""`manage.py doctor`: what it finds and how it says so."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from pytest_django import Settings

from portal import doctor
from portal.celery import LAST_TICK
from syncapp.services import doctor as domain
from syncapp.services.checks import Check, Level

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PATIENCE", 0.1)


def found(checks: object, key: str) -> Check:
    return next(check for check in checks if check.key == key)  # type: ignore[attr-defined]


def test_a_missing_worker_is_named_with_the_way_to_start_it():
    check = found(doctor.surroundings(), "workers.bulk")
    assert (check.level, check.title) == (Level.BAD, "No worker serves bulk work")
    assert "--queues bulk" in check.fix


def test_an_old_tick_means_that_beat_is_gone():
    assert found(doctor.surroundings(), "beat").title == "No tick was ever seen"
    cache.set(LAST_TICK, time.time() - 600)
    assert found(doctor.surroundings(), "beat").title == "The last tick is old"
    cache.set(LAST_TICK, time.time())
    assert found(doctor.surroundings(), "beat").level is Level.GOOD


def test_a_broker_that_does_not_answer_is_said_without_its_password(settings: Settings):
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"
    check = found(doctor.surroundings(), "broker")
    assert check.level is Level.BAD
    assert "hunter2" not in check.detail


def test_both_callback_addresses_can_be_copied(settings: Settings):
    addresses = [check.detail for check in doctor.surroundings() if check.key == "callback"]
    assert addresses == [
        f"{settings.BASE_URL}/oauth/salesforce/callback",
        f"{settings.BASE_URL}/oauth/quickbooks/callback",
    ]


def test_the_database_is_up_to_date_and_its_clock_agrees():
    levels = {check.key: check.level for check in domain.installation()}
    assert levels["migrations"] is levels["clock"] is levels["keys"] is Level.GOOD


def test_broken_things_make_the_command_fail_and_are_counted():
    out = StringIO()
    with pytest.raises(CommandError, match=r"\d+ things need attention"):
        call_command("doctor", "--no-connections", stdout=out)
    assert "BAD   No worker serves interactive work" in out.getvalue()
