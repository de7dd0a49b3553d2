"""Two workers that wait for each other's rows: the database breaks one off, and its work is done once more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, OperationalError, connection

from syncapp.models import Company
from syncapp.store import transactions
from tests.builders import a_company

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def rename(company: Company, to: str) -> None:
    Company.objects.filter(pk=company.pk).update(name=to)


def side_by_side(*works: Callable[[], object]) -> None:
    """Run these at once, each with a database connection of its own. Raises what one of them raised."""

    def one(work: Callable[[], object]) -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(one, work) for work in works]:
            future.result()


def crossing(first: Company, second: Company, to: str, meet: threading.Barrier, tries: list[str]) -> None:
    tries.append(to)
    rename(first, to)
    if len(tries) <= 2:
        meet.wait(5)  # both hold their first row now: neither can take its second
    rename(second, to)


def test_of_two_transactions_that_wait_for_each_other_both_are_done_in_the_end() -> None:
    one, two = a_company(), a_company()
    meet, tries, put_back = threading.Barrier(2), list[str](), list[str]()
    side_by_side(
        lambda: transactions.run(
            lambda: crossing(one, two, "forwards", meet, tries), undo=lambda: put_back.append("forwards")
        ),
        lambda: transactions.run(
            lambda: crossing(two, one, "backwards", meet, tries), undo=lambda: put_back.append("backwards")
        ),
    )
    assert (set(tries), len(tries), len(put_back)) == ({"forwards", "backwards"}, 3, 1)
    names = set(Company.objects.filter(pk__in=[one.pk, two.pk]).values_list("name", flat=True))
    assert names == {put_back[0]}, "the one that was broken off came last"


def test_an_error_of_the_work_itself_is_not_tried_again() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise IntegrityError("twice")

    with pytest.raises(IntegrityError):
        transactions.run(work)
    assert len(tries) == 1


def test_a_lost_database_is_not_taken_for_a_deadlock() -> None:
    assert not transactions.was_broken_off(OperationalError("server closed the connection unexpectedly"))
