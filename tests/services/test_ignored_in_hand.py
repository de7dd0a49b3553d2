"""A person ignores a record that a worker holds just then: the decision of the person stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncapp.models import LinkWait, LinkWork, WriteIntent
from syncapp.services import matching, staging
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine(settings: Any) -> Iterator[Spine]:
    settings.TIMING_DIVISOR = 40
    with a_spine() as made:
        yield made


def as_soon_as_it_is_decided(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], None]) -> None:
    """Do this between a worker's decision and the storing of it, once."""
    real, left = staging.stage, [deed]

    def stage(*args: Any) -> staging.Staged:
        if left:
            left.pop()()
        return real(*args)

    monkeypatch.setattr(staging, "stage", stage)


def ignored(spine: Spine, name: str) -> Callable[[], None]:
    def ignore() -> None:
        with tenant(spine.company.pk):
            matching.ignore(spine.link(name), spine.person)

    return ignore


def test_a_record_ignored_while_a_worker_holds_it_is_neither_written_nor_said_to_wait(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine.first_load()
    parent = spine.account(Name="Pine")
    spine.account(Name="Pine Yard", ParentId=parent)
    spine.capture()
    as_soon_as_it_is_decided(monkeypatch, ignored(spine, "Pine Yard"))
    spine.carry()

    link = spine.link("Pine Yard")
    assert (link.paused, link.attention, link.attention_code) == (True, "skipped", "person.ignored")
    assert (link.lifecycle, link.qbo_id) == ("creating", None)
    assert [row["DisplayName"] for row in spine.customers()] == ["Pine"]
    assert not WriteIntent.all_companies.filter(link=link).exists()
    assert not LinkWait.all_companies.filter(child=link).exists()
    assert not LinkWork.all_companies.exists(), "nobody holds it any longer"


def test_a_record_watched_again_goes_on_from_the_change_that_came_while_it_was_ignored(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = spine.account(Name="Birch")
    spine.first_load()
    spine.edit_account(account, Phone="(555) 010-2222")
    spine.capture()
    as_soon_as_it_is_decided(monkeypatch, ignored(spine, "Birch"))
    spine.carry()
    assert "PrimaryPhone" not in spine.customer_named("Birch")

    with tenant(spine.company.pk):
        matching.watch_again(spine.link("Birch"), spine.person)
    spine.carry()
    assert spine.customer_named("Birch")["PrimaryPhone"] == {"FreeFormNumber": "(555) 010-2222"}
    assert (spine.link("Birch").attention, spine.link("Birch").lifecycle) == ("none", "linked")
