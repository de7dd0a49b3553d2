"""Answers that have come are stored together; what cannot be stored with the others does not take them along."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection

from connectors.contracts import Priority
from syncapp.models import BatchSend, Company
from syncapp.services import applied, prepare, setup, sync
from syncapp.store import bulk
from syncapp.tenancy import tenant
from tests.builders import a_company
from tests.services.spine import Spine, a_spine
from tests.services.test_crash_matrix import another_worker

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def test_changes_that_leave_together_are_one_statement() -> None:
    one, two = a_company(), a_company()
    statements: list[str] = []

    def counted(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(counted), bulk.together():
        bulk.update(Company, [{"id": one.pk, "name": "One"}])
        bulk.execute("update syncapp_company set name = %s where id = %s", ["Two", two.pk])

    names = list(
        Company.objects.filter(pk__in=[one.pk, two.pk]).order_by("pk").values_list("name", flat=True)
    )
    assert (names, len(statements)) == (["One", "Two"], 1)


def test_an_error_in_the_block_changes_nothing() -> None:
    company = a_company()

    def half() -> None:
        with bulk.together():
            bulk.update(Company, [{"id": company.pk, "name": "Other"}])
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        half()
    assert Company.objects.get(pk=company.pk).name == company.name


def test_an_answer_that_cannot_be_stored_does_not_take_the_others_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three batches are answered; one record fails in our own code. The other two are stored."""
    with a_spine() as spine:
        _two_of_three_are_stored(spine, monkeypatch)


def _two_of_three_are_stored(spine: Spine, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(70):
        spine.account(Name=f"Pine {n:02}")
    spine.scan()
    with tenant(spine.company.pk):
        run = setup.switch_on(spine.integration, spine.person)
    prepare.prepare(run.pk)
    real, broken = applied.take, []

    def fails_on_the_first(place: Any, intent: Any, *rest: Any) -> None:
        broken[:] = broken or [intent.id]
        if intent.id in broken:
            raise RuntimeError("our own mistake")
        real(place, intent, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(applied, "take", fails_on_the_first)
        sync.carry(Priority.BULK, seconds=120)

    sizes = Counter(BatchSend.all_companies.filter(side="qbo").values_list("state", flat=True))
    assert (sizes["applied"], sizes["sending"]) in ((2, 1), (3, 1)), sizes
    another_worker(spine)
    assert set(BatchSend.all_companies.values_list("state", flat=True)) == {"applied"}


def test_a_frozen_process_holds_its_locks_for_five_minutes_at_most() -> None:
    assert bulk.fetch("show idle_in_transaction_session_timeout") == [("5min",)]
