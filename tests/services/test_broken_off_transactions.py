"""Two workers that wait for each other's rows: the database breaks one off, and its work is done once more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, OperationalError, connection

from syncapp.models import Company, RecordLink
from syncapp.store import transactions
from tests.builders import a_company, a_link, a_mapping

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
    # On a busy machine the second try may meet the other one once more.
    assert (set(tries), len(tries) - 2) == ({"forwards", "backwards"}, len(put_back))
    names = set(Company.objects.filter(pk__in=[one.pk, two.pk]).values_list("name", flat=True))
    assert names == {put_back[-1]}, "the one that was broken off came last"


def test_a_record_that_capture_sees_between_our_look_and_our_write_is_taken_in_by_the_second_try() -> None:
    link = a_link(a_mapping(), qbo_id=None)
    seen = threading.Barrier(2)
    tries: list[int] = []

    def capture() -> None:
        a_link(link.mapping, sf_id=None, qbo_id="77")
        seen.wait(5)

    def settle() -> None:
        tries.append(1)
        if len(tries) == 1:
            seen.wait(5)  # the look came before, and found nothing
        else:
            RecordLink.all_companies.filter(qbo_id="77").update(lifecycle="absorbed")
        RecordLink.all_companies.filter(pk=link.pk).update(qbo_id="77")

    side_by_side(capture, lambda: transactions.run(settle))
    assert (len(tries), RecordLink.all_companies.get(pk=link.pk).qbo_id) == (2, "77")


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
