"""What came while a mapping did not follow changes is looked at when it does again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.contracts import Priority, Side
from syncapp.models import Run
from syncapp.services import mappings, modes, prepare
from syncapp.store import leases
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine(settings: Any) -> Iterator[Spine]:
    settings.TIMING_DIVISOR = 40
    with a_spine() as made:
        made.account(Name="Pine")
        made.customer(DisplayName="Birch")
        made.first_load()
        yield made


def switch(spine: Spine, mode: str) -> Run | None:
    with tenant(spine.company.pk):
        run = modes.set_mode(spine.mapping, mode, spine.person)
    go_on(spine)
    return run


def go_on(spine: Spine) -> None:
    for run in Run.all_companies.filter(state="queued"):
        prepare.prepare(run.pk)
    spine.carry()


def something_happens(spine: Spine) -> None:
    spine.edit_account(str(spine.link("Pine").sf_id), Phone="(555) 010-2222")
    spine.edit_customer("Birch", PrimaryPhone={"FreeFormNumber": "(555) 010-3333"})
    spine.account(Name="Oak")
    spine.sync()


def made_due(spine: Spine) -> None:
    """Something else puts the records to work meanwhile: a parent, a merge, an answer."""
    with tenant(spine.company.pk):
        ids = [link.pk for link in spine.links]
        leases.make_due(spine.company.pk, ids, Priority.NORMAL, cause="Something else")
    spine.carry()


def customers(spine: Spine) -> dict[str, str]:
    """Every customer with its phone."""
    return {
        row["DisplayName"]: row.get("PrimaryPhone", {}).get("FreeFormNumber", "") for row in spine.customers()
    }


def accounts(spine: Spine) -> dict[str, str]:
    return {row["Name"]: row["Phone"] or "" for row in spine.accounts("Name, Phone")}


BEFORE = {"Pine": "", "Birch": "(555) 010-3333"}
AFTER = {"Pine": "(555) 010-2222", "Birch": "(555) 010-3333", "Oak": ""}


@pytest.mark.parametrize("mode", ["off", "schedule"])
@pytest.mark.parametrize("due", [True, False])
def test_what_came_meanwhile_follows_once_a_mapping_runs_as_records_change(
    spine: Spine, mode: str, due: bool
) -> None:
    switch(spine, mode)
    something_happens(spine)
    if due and mode == "off":
        made_due(spine)
    if mode == "schedule":
        spine.long_since()
    assert customers(spine) == BEFORE

    switch(spine, "changes")

    assert (customers(spine), accounts(spine)) == (AFTER, AFTER)


def test_what_waited_for_its_button_is_counted_and_goes_as_well(spine: Spine) -> None:
    switch(spine, "button")
    something_happens(spine)
    made_due(spine)
    spine.long_since()
    assert customers(spine) == BEFORE
    with tenant(spine.company.pk):
        assert modes.waiting(spine.mapping) == 3

    switch(spine, "changes")

    assert (customers(spine), accounts(spine)) == (AFTER, AFTER)
    with tenant(spine.company.pk):
        assert modes.waiting(spine.mapping) == 0


def test_what_another_mapping_of_its_object_saw_while_one_was_off_is_read_again(settings: Any) -> None:
    settings.TIMING_DIVISOR = 40
    with a_spine(recipes=("account_customer", "account_vendor"), winner="sf") as spine:
        spine.first_load()
        switch(spine, "off")
        spine.account(Name="Oak")
        spine.sync()
        spine.long_since()
        assert spine.customers() == []

        switch(spine, "changes")

        assert [row["DisplayName"] for row in spine.customers()] == ["Oak"]


@pytest.mark.parametrize("mode", ["changes", "schedule", "button"])
def test_records_that_are_recognised_in_another_way_are_read_again_and_then_created(
    spine: Spine, mode: str
) -> None:
    switch(spine, mode)
    with tenant(spine.company.pk):
        mapping = spine.mapping
        mapping.policies = {**mapping.policies, "options": {"go_live": "2020-01-01"}}
        mapping.save()
        mappings.publish(mapping, spine.person)
    spine.account(Name="Oak")

    go_on(spine)
    spine.sync()
    if mode == "button":
        assert "Oak" not in customers(spine)
        spine.press(spine.link("Oak"), Side.QUICKBOOKS)

    assert "Oak" in customers(spine)
