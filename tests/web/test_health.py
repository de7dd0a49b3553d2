"""The health pages that supervisors and load balancers ask."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings


def test_the_live_page_asks_nothing_but_the_process(client: Client) -> None:
    answer = client.get("/healthz/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_the_ready_page_names_database_and_cache(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok", "cache": "ok"})


@pytest.mark.django_db
def test_the_ready_page_says_what_is_down(client: Client, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["cache"]) == (503, "down")
