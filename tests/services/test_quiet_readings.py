"""What is read once for several, and what costs next to nothing where nothing happened."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

from connectors.contracts import ChangePage
from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp.models import Connection, Cursor, Run
from syncapp.services import capture, setup
from syncapp.store import clock
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("account_customer", "product_item")) as made:
        yield made


@pytest.fixture
def quiet(spine: Spine) -> Spine:
    """A company in step; everything that its first load wrote has been read back."""
    spine.account(Name="Blue Pine")
    spine.first_load()
    spine.sync()
    return spine


def books(spine: Spine) -> Connection:
    return Connection.all_companies.get(company=spine.company, side="qbo")


def standing(spine: Spine) -> dict[str, Cursor]:
    return {row.object: row for row in Cursor.all_companies.filter(connection=books(spine), lane="cdc")}


def pages(names: list[str], failure: Failure | None = None) -> Iterator[ChangePage]:
    """An answer without news for each of these entities, and then perhaps none."""
    for name in names:
        yield ChangePage(name, (), clock.now(), last=True)
    if failure is not None:
        raise ConnectorError(failure)


def store(spine: Spine, found: Iterator[ChangePage]) -> int:
    versions = {name: cursor.version for name, cursor in standing(spine).items()}
    with tenant(spine.company.pk):
        return capture.store_read(books(spine), "cdc", found, versions)


def test_first_loads_that_are_switched_on_together_read_what_changed_once(spine: Spine) -> None:
    spine.account(Name="Blue Pine")
    spine.scan()
    spine.account(Name="Late Pine")
    with tenant(spine.company.pk):
        setup.switch_on(spine.integration, spine.person)

    spine._prepare()

    first, *others = Run.all_companies.filter(kind="first_load").order_by("id")
    assert first.calls > 0
    assert [run.calls for run in others] == [0]
    spine.carry()
    assert sorted(row["DisplayName"] for row in spine.customers()) == ["Blue Pine", "Late Pine"]


def test_a_reading_without_news_moves_all_its_cursors_in_one_statement(
    quiet: Spine,
) -> None:
    before = standing(quiet)
    with CaptureQueriesContext(connection) as seen:
        assert store(quiet, pages(sorted(before))) == 0

    moves = [one["sql"] for one in seen if one["sql"].strip().startswith("update syncapp_cursor")]
    assert len(moves) == 1
    after = standing(quiet)
    assert {name: row.version - before[name].version for name, row in after.items()} == dict.fromkeys(
        before, 1
    )
    assert all(row.watermark > before[name].watermark for name, row in after.items())
    assert {row.last_news_at for row in after.values()} == {row.last_news_at for row in before.values()}


def test_a_notice_that_came_during_a_reading_keeps_its_moment(quiet: Spine) -> None:
    name = min(standing(quiet))
    soon = clock.now() + timedelta(seconds=3)
    Cursor.all_companies.filter(pk=standing(quiet)[name].pk).update(hinted_at=clock.now(), next_at=soon)

    store(quiet, pages(sorted(standing(quiet))))

    due = {entity: row.next_at for entity, row in standing(quiet).items()}
    assert due.pop(name) == soon
    assert all(moment > soon + timedelta(minutes=30) for moment in due.values())


def test_what_was_read_before_a_failure_stays_read(quiet: Spine) -> None:
    before = standing(quiet)
    name = min(before)

    with pytest.raises(ConnectorError):
        store(quiet, pages([name], Failure(FailureKind.TRANSIENT, "qbo.server")))

    moved = {entity for entity, row in standing(quiet).items() if row.version > before[entity].version}
    assert moved == {name}


def test_threads_that_send_open_no_database_session(spine: Spine, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = BaseDatabaseWrapper.connect

    def connect(self: BaseDatabaseWrapper) -> None:
        opened.append(threading.current_thread().name)
        real(self)

    monkeypatch.setattr(BaseDatabaseWrapper, "connect", connect)
    for number in range(3):
        spine.account(Name=f"Pine {number}")

    spine.first_load()

    assert len(spine.customers()) == 3
    assert [name for name in opened if name.startswith("send")] == []
