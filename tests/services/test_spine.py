"""The main job on a real database and a real simulator: accounts become customers and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contracts import Side
from syncapp.models import AuditEvent, RunState, WriteIntent
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        yield made


def test_the_first_load_makes_one_customer_per_account_and_a_second_run_writes_nothing(spine: Spine) -> None:
    ids = [spine.account(Name=f"Pine {n}", Phone=f"(555) 010-{n:04}") for n in range(40)]

    run = spine.first_load()

    assert (run.state, run.created_count, run.failed_count) == (RunState.DONE, 40, 0)
    customers = {row["DisplayName"]: row for row in spine.customers()}
    assert sorted(customers) == sorted(f"Pine {n}" for n in range(40))
    assert customers["Pine 7"]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-0007"
    assert {link.sf_id for link in spine.links} == set(ids)
    assert {link.lifecycle for link in spine.links} == {"linked"}
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []
    assert WriteIntent.all_companies.exclude(state="applied").count() == 0
    assert AuditEvent.all_companies.exclude(intent=None).count() == len(spine.writes()) - 40


def test_a_phone_changed_in_salesforce_reaches_quickbooks_by_the_button(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering", Phone="1")
    spine.first_load()
    spine.edit_account(account, Phone="(555) 010-7777")

    run = spine.press(spine.link("Blue Pine Catering"), Side.QUICKBOOKS)

    assert (run.state, run.updated_count) == (RunState.DONE, 1)
    assert spine.customers()[0]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-7777"
