"""Whatever puts a record back to work, a body that is refused again and again is stopped, told, and goes again once
something has changed or a person presses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from connectors.contracts import Priority
from connectors.errors import Failure
from syncapp.models import Attempt, Connection, Problem, RecordLink, WriteIntent
from syncapp.services import mappings, name_clash, poison
from syncapp.services.facts import CHANGED_AT
from syncapp.services.poison import MOST_REFUSALS
from syncapp.services.slice_context import SliceContext
from syncapp.store import bulk, clock, leases
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "vault"]),
]

CODE = "engine.sent_again"
SECONDS = 10
"""What goes round is broken off after that long: some dozens of times."""


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        yield made


def puts_back(context: SliceContext, link_ids: Collection[UUID]) -> None:
    """What a circle does: the refused record has no problem any more and is due."""
    RecordLink.objects.filter(id__in=link_ids).update(attention="none", attention_code="")
    leases.make_due(context.company_id, list(link_ids), Priority.NORMAL, cause="Put back to work")


@pytest.fixture
def circle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A waking rule that takes every refused name for settled."""

    def wake(context: SliceContext, refused: Sequence[tuple[UUID, Failure]]) -> None:
        puts_back(context, [link_id for link_id, _ in refused])

    monkeypatch.setattr(name_clash, "look_up", wake)


def refused(link: RecordLink) -> int:
    return WriteIntent.all_companies.filter(link=link, state="refused").count()


def run_round(spine: Spine) -> RecordLink:
    spine.capture()
    spine.carry(seconds=SECONDS)
    return spine.link("Cedar Supply")


def stopped(spine: Spine) -> RecordLink:
    """The record of a circle that the guard has ended."""
    spine.first_load()
    spine.vendor(DisplayName="Cedar Supply")
    spine.account(Name="Cedar Supply")
    link = run_round(spine)
    assert (refused(link), link.attention_code) == (MOST_REFUSALS, CODE)
    return link


@pytest.mark.usefixtures("circle")
def test_a_body_that_goes_round_is_stopped_and_told(spine: Spine) -> None:
    link = stopped(spine)

    problem = Problem.all_companies.get(link=link, closed_at=None)
    assert (link.attention, problem.code) == ("data_error", CODE)
    assert (problem.values["times"], problem.values["refusal"]) == (MOST_REFUSALS, "qbo.6240")
    with tenant(spine.company.pk):
        last = Attempt.objects.filter(link=link).latest("id")
    assert (last.outcome, last.failure_code) == ("failed", CODE)


@pytest.mark.usefixtures("circle")
def test_it_stays_stopped_however_often_it_is_put_back(spine: Spine) -> None:
    link = stopped(spine)
    tries = Attempt.all_companies.filter(link=link).count()

    for _ in range(2):
        with tenant(spine.company.pk):
            leases.make_due(spine.company.pk, [link.pk], Priority.NORMAL, cause="Put back to work")
        spine.carry(seconds=SECONDS)

    assert refused(link) == MOST_REFUSALS
    assert Attempt.all_companies.filter(link=link).count() == tries
    assert spine.link("Cedar Supply").attention_code == CODE


@pytest.mark.usefixtures("circle")
def test_each_press_sends_it_once(spine: Spine) -> None:
    link = stopped(spine)

    for press in (1, 2):
        spine.press(link, None)
        spine.carry(seconds=SECONDS)
        assert refused(link) == MOST_REFUSALS + press
        assert spine.link("Cedar Supply").attention_code == CODE


@pytest.mark.usefixtures("circle")
def test_another_value_is_another_body(spine: Spine) -> None:
    link = stopped(spine)

    spine.edit_account(str(link.sf_id), Phone="(555) 010-2222")
    link = run_round(spine)

    assert refused(link) == 2 * MOST_REFUSALS


@pytest.mark.usefixtures("circle")
def test_a_changed_mapping_lets_it_go_again(spine: Spine) -> None:
    link = stopped(spine)
    with tenant(spine.company.pk):
        mapping = spine.mapping
        mapping.qbo_filter = [{"path": "CompanyName", "operator": "ne", "value": "Not ours"}]
        mapping.save()
        mappings.publish(mapping, spine.person)
        leases.make_due(spine.company.pk, [link.pk], Priority.NORMAL, cause="The mapping changed")

    spine.carry(seconds=SECONDS)

    assert refused(link) == 2 * MOST_REFUSALS


@pytest.mark.usefixtures("circle")
def test_opened_books_let_it_go_again(spine: Spine) -> None:
    link = stopped(spine)
    with tenant(spine.company.pk):
        quickbooks = spine.integration.quickbooks
        assert quickbooks is not None
        quickbooks.facts = {**quickbooks.facts, CHANGED_AT: clock.now().isoformat()}
        quickbooks.save(update_fields=["facts"])
        leases.make_due(spine.company.pk, [link.pk], Priority.NORMAL, cause="The books are open again")

    spine.carry(seconds=SECONDS)

    assert refused(link) == 2 * MOST_REFUSALS


def test_refusals_that_are_far_apart_are_no_circle(spine: Spine) -> None:
    """A record that something real wakes every other day is tried each time, as it always was."""
    spine.first_load()
    spine.vendor(DisplayName="Cedar Supply")
    spine.account(Name="Cedar Supply")
    link = run_round(spine)
    for _ in range(MOST_REFUSALS):
        long_ago(link)
        with tenant(spine.company.pk):
            RecordLink.objects.filter(pk=link.pk).update(attention="none", attention_code="")
            leases.make_due(spine.company.pk, [link.pk], Priority.NORMAL, cause="Put back to work")
        spine.carry(seconds=SECONDS)

    assert refused(link) == MOST_REFUSALS + 1
    assert spine.link("Cedar Supply").attention_code == "qbo.6240"


def long_ago(link: RecordLink) -> None:
    for sql in (
        "update syncapp_writeintent set closed_at = closed_at - interval '2 hours' where link_id = %s",
        "update syncapp_attempt set finished_at = finished_at - interval '2 hours' where link_id = %s",
    ):
        bulk.execute(sql, [link.pk])


def test_a_record_that_never_failed_costs_no_look(spine: Spine, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*asked: Any) -> dict[Any, Any]:
        raise AssertionError(asked)

    monkeypatch.setattr(poison, "refusals", look)
    spine.first_load()
    spine.account(Name="Pine")
    spine.sync()

    assert spine.link("Pine").lifecycle == "linked"


NUMBER = "(555) 010-7777"


def a_refused_number(spine: Spine, **fields: Any) -> RecordLink:
    """A pair whose new number QuickBooks refuses every time, put back to work until the guard has ended it."""
    account = spine.account(Name="Cedar Supply", **fields)
    spine.first_load()
    spine.sim.quickbooks.plan(
        {
            "action": "fault",
            "code": "2050",
            "status": 400,
            "match": {"path": "/customer", "body": "010-7777"},
            "count": 50,
        }
    )
    spine.edit_account(account, Phone=NUMBER)
    link = run_round(spine)
    for _ in range(MOST_REFUSALS + 2):
        put_back(spine, link)
    assert (refused(link), spine.link("Cedar Supply").attention_code) == (MOST_REFUSALS, CODE)
    return link


def put_back(spine: Spine, link: RecordLink) -> None:
    with tenant(spine.company.pk):
        RecordLink.objects.filter(pk=link.pk).update(attention="none", attention_code="")
        leases.make_due(spine.company.pk, [link.pk], Priority.NORMAL, cause="Put back to work")
    spine.carry(seconds=SECONDS)


def test_an_update_goes_again_once_the_record_there_was_edited(spine: Spine) -> None:
    link = a_refused_number(spine)

    spine.edit_customer("Cedar Supply", PrintOnCheckName="Cedar")
    run_round(spine)

    assert refused(link) == MOST_REFUSALS + 1


def test_a_child_goes_again_once_its_parent_was_edited(spine: Spine) -> None:
    parent = spine.account(Name="Cedar Group")
    link = a_refused_number(spine, ParentId=parent)
    long_ago(link)
    before = clock.now() - timedelta(hours=3)
    Connection.all_companies.update(connected_at=before)
    RecordLink.all_companies.filter(sf_id=parent).update(sf_modified=before, qbo_modified=before)
    put_back(spine, link)
    assert refused(link) == MOST_REFUSALS

    spine.edit_account(parent, Phone="(555) 010-3333")
    run_round(spine)
    put_back(spine, link)

    assert refused(link) == MOST_REFUSALS + 1


def test_an_edit_that_ends_the_refusals_ends_the_problem(spine: Spine) -> None:
    link = a_refused_number(spine)

    spine.edit_account(str(link.sf_id), Phone="(555) 010-1111")
    link = run_round(spine)

    assert (link.attention, link.attention_code) == ("none", "")
    assert Problem.all_companies.filter(closed_at=None).count() == 0
    assert spine.customer_named("Cedar Supply")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-1111"


def test_passing_failures_are_no_circle(spine: Spine) -> None:
    """They have their own back-off, and go on for as long as it says."""
    account = spine.account(Name="Cedar Supply")
    spine.first_load()
    spine.sim.salesforce.post("locks", {"ids": [account], "times": MOST_REFUSALS + 2})
    spine.edit_customer("Cedar Supply", PrimaryPhone={"FreeFormNumber": NUMBER})
    link = run_round(spine)
    for _ in range(MOST_REFUSALS + 2):
        put_back(spine, link)

    assert refused(link) == MOST_REFUSALS + 2
    assert spine.link("Cedar Supply").attention == "none"
    assert spine.read_account(account)["Phone"] == NUMBER
