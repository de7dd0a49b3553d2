"""What is known of a Salesforce record that we wrote to, until the next look shows it as it is now: Salesforce gives no
body back, and what was read before our write would look like somebody who takes it back (sync-semantics G1, G3)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from syncapp.services import capture as capturing
from syncapp.services import sending, sync
from syncapp.services.sending import Sent
from syncapp.services.slice_context import SliceContext
from syncapp.store import bulk, observations
from syncapp.store.intents import Batch
from syncapp.tasks import capture
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

OVER = (
    "update syncapp_linkwork set lease_until = lb_now() - interval '1 second' where lease_until is not null"
)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("account_customer",)) as made:
        yield made


class Killed(BaseException):
    """The process is gone."""


def test_a_worker_that_dies_once_its_answers_are_stored_leaves_no_old_reading_behind(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = edited_on_both_sides(spine)
    spine.capture()

    def dies(_context: object, _decisions: object, sent: Sent) -> None:
        if any(settled.applied for settled in sent.settled):
            raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(sync, "_agree", dies)
        with pytest.raises(Killed):
            spine.carry()
    bulk.execute(OVER)
    spine.carry()

    assert both(spine, account) == ("(555) 010-0002", "https://two.example.com")


def test_a_page_that_was_read_before_our_write_and_is_stored_after_it_takes_nothing_back(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = edited_on_both_sides(spine)
    time.sleep(1.1)  # the second of its stamp is over: what is read now is settled
    spine.capture()
    note, pages = observations.note, list[object]()

    def stored_late(*given: Any, **more: Any) -> set[str]:
        late.undo()
        pages.append(given[2])
        spine.carry()
        return note(*given, **more)

    with monkeypatch.context() as late:
        late.setattr(capturing.observations, "note", stored_late)
        capture(str(spine.integration.salesforce_id), "fast")
    spine.carry()

    assert pages
    assert both(spine, account) == ("(555) 010-0002", "https://two.example.com")


def test_the_half_of_a_merge_that_was_refused_is_decided_again_without_taking_back_the_other(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = edited_on_both_sides(spine)
    spine.capture()
    send = sending.send

    def meanwhile(context: SliceContext, batches: Sequence[Batch], deadline: float) -> Sent:
        if batches and not moved:
            moved.append(
                spine.edit_customer("Pine", Title="Dr")
            )  # the version that we send is not the newest any more
        return send(context, batches, deadline)

    moved: list[object] = []
    with monkeypatch.context() as moving:
        moving.setattr(sending, "send", meanwhile)
        spine.carry()

    assert moved
    assert both(spine, account) == ("(555) 010-0002", "https://two.example.com")


def edited_on_both_sides(spine: Spine) -> str:
    """An account whose telephone number was changed there, and the website of its customer in QuickBooks."""
    account = spine.account(Name="Pine", Phone="(555) 010-0001", Website="https://one.example.com")
    spine.first_load()
    spine.sync()
    spine.edit_account(account, Phone="(555) 010-0002")
    spine.edit_customer("Pine", WebAddr={"URI": "https://two.example.com"})
    return account


def both(spine: Spine, account: str) -> tuple[str, str]:
    """Telephone number and website, which are the same on both sides."""
    row, customer = spine.read_account(account), spine.customer_named("Pine")
    found = (row["Phone"], row["Website"])
    assert (customer["PrimaryPhone"]["FreeFormNumber"], customer["WebAddr"]["URI"]) == found
    assert spine.link("Pine").attention == "none"
    return found
