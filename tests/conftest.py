"""Fixtures of every test: a real PostgreSQL database and a real Valkey, both only when a test asks for them.

`db` and `django_db` work as everywhere with pytest-django. A test that reads what the token store wrote (alias
`vault`: the same database over a second connection) needs `django_db(transaction=True, databases=["default",
"vault"])`: what a test's transaction has not committed, the other connection cannot see.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from portal.local import testing
from tests import databases

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.stack import Stack


# A busy machine is no failure: what a property takes is no part of what it says.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the group behind a test's id, where the distributor of `--dist loadgroup` looks for it. pytest-xdist 3.8 does
    so in an attribute that pytest 9.2 no longer reads: every group was spread over all processes."""
    from _pytest.nodeid import coerce_node_id

    for item in items if getattr(config.option, "loadgroup", False) else ():
        group = item.get_closest_marker("xdist_group")
        if group is not None and "@" not in item.nodeid.rpartition("]")[2]:
            item._id = coerce_node_id(f"{item.nodeid}@{group.args[0]}")


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: looking through it for garbage again and again took a tenth of the run's
    computing time. What tests leave behind is still collected, only in larger portions."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Point both aliases to a fresh clone of a migrated database."""
    from django.db import connections

    testing.ensure_servers()
    with django_db_blocker.unblock():
        databases.use_fresh()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", databases.wipe)
        yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(scope="session")
def redis_server() -> str:
    """Address of the run's Valkey: this worker's own database of it."""
    from django.conf import settings

    testing.ensure_servers()
    return str(settings.REDIS_URL)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """Address of an empty Valkey database."""
    import redis

    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
    return redis_server


@pytest.fixture(autouse=True)
def _fast_and_separate(request: pytest.FixtureRequest) -> None:
    """Tests with a database start with an empty cache and hash passwords quickly."""
    if request.node.get_closest_marker("django_db") or {"db", "transactional_db"} & set(request.fixturenames):
        settings = request.getfixturevalue("settings")
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        request.getfixturevalue("redis_url")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless browser for the whole session; `tests.browser.visitor(chromium)` makes a person of it."""
    from tests import browser

    with pytest.MonkeyPatch.context() as patch, browser.chromium() as launched:
        # Its event loop stays in this thread, and tests with a database may follow. None of them is asynchronous.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield launched


@pytest.fixture(scope="session")
def demo_installation() -> Iterator[Stack]:
    """What `make run` starts, with the demo company; whoever uses it leaves the company in step."""
    from tests import stack

    with stack.running() as running:
        yield running
