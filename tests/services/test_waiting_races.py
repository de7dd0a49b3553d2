"""A parent is linked while another worker stores that its child waits for it: the child hears of it either way."""

from __future__ import annotations

import threading
import time
from uuid import UUID

import pytest
from django.db import connection, transaction

from syncapp.models import LinkWait, RecordLink
from syncapp.store import bulk, waits
from tests.builders import a_link

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "vault"])]

PATIENCE_S = 10


def child_and_parent() -> tuple[RecordLink, RecordLink]:
    parent = a_link(qbo_id=None, lifecycle="creating", attention="candidate")
    return a_link(parent.mapping, qbo_id=None, lifecycle="creating"), parent


def link(parent: RecordLink) -> dict[tuple[UUID | None, str], list[UUID]]:
    """What settling an answer does with the link it created the record of."""
    bulk.fetch("select id from syncapp_recordlink where id = %s for no key update", [parent.pk])
    RecordLink.all_companies.filter(pk=parent.pk).update(qbo_id="77", lifecycle="linked")
    return waits.release_children([parent.pk])


def wait_for(child: RecordLink, parent: RecordLink) -> set[UUID]:
    """What staging a child does whose decision was made before its parent was linked."""
    pairs = [(child.pk, parent.pk)]
    with transaction.atomic():
        waits.add(child.company_id, pairs, {child.pk: (None, "waiting")})
        return waits.already_over(pairs)


class Beside(threading.Thread):
    """A child's worker on a database connection of its own."""

    def __init__(self, child: RecordLink, parent: RecordLink) -> None:
        super().__init__(daemon=True)
        self.child, self.parent, self.awake = child, parent, set[UUID]()

    def run(self) -> None:
        try:
            self.awake = wait_for(self.child, self.parent)
        finally:
            connection.close()

    def begin(self) -> None:
        """Let it come as far as it can: to its end, or to where it waits for a lock."""
        self.start()
        end = time.monotonic() + PATIENCE_S
        while self.is_alive() and time.monotonic() < end and not _somebody_waits():
            time.sleep(0.01)


def _somebody_waits() -> bool:
    return bool(
        bulk.fetch(
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database() limit 1"
        )
    )


def test_a_wait_stored_while_its_parents_link_is_being_stored_is_over_at_once() -> None:
    child, parent = child_and_parent()
    worker = Beside(child, parent)
    with transaction.atomic():
        assert link(parent) == {}, "the wait is not there yet"
        worker.begin()
    worker.join(PATIENCE_S)
    assert worker.awake == {child.pk}
    assert not LinkWait.all_companies.exists()


def test_a_wait_that_was_stored_before_is_found_by_whoever_links_the_parent() -> None:
    child, parent = child_and_parent()
    assert wait_for(child, parent) == set()
    with transaction.atomic():
        assert link(parent) == {(None, ""): [child.pk]}
    assert not LinkWait.all_companies.exists()
