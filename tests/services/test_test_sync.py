"""Test sync: an account and a won opportunity go through as any others would, are looked at, and are cleaned up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import Run, SyncTest, SyncTestState
from syncapp.services import prepare, sync_test, sync_test_records
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant
from tests.services.sales import DOCUMENTS, a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine
from tests.services.test_crash_matrix import killed_at

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    """Switched on, with two products in step."""
    with a_spine(recipes=(*DOCUMENTS, "invoice_record"), winner="sf") as made:
        a_product(made, "Cedar bench", "CB", 129.5)
        a_product(made, "Potting soil", "PS", 12.25)
        made.first_load()
        yield made


def begun(spine: Spine, opportunity: str = "") -> SyncTest:
    with tenant(spine.company.pk):
        test = sync_test.begin(spine.integration, spine.person, opportunity)
    return carried(spine, test)


def carried(spine: Spine, test: SyncTest) -> SyncTest:
    """What the workers do until the test waits for a person."""
    for _ in range(12):
        sync_test.advance(test.pk)
        for run in Run.all_companies.filter(state="queued"):
            prepare.prepare(run.pk)
        spine.carry()
        test.refresh_from_db()
        if test.state not in ("making", "sending", "taking_back", "deleting"):
            break
    return test


def cleaned(spine: Spine, test: SyncTest) -> SyncTest:
    with tenant(spine.company.pk):
        sync_test.clean_up(test, spine.person)
    return carried(spine, test)


def tick(test: SyncTest, key: str) -> dict[str, Any]:
    return next(one for one in test.ticks if one["key"] == key)


def beside(test: SyncTest, key: str) -> list[tuple[str, str, str]]:
    return [(row["label"], row["sf"], row["qbo"]) for row in tick(test, key)["rows"]]


def test_five_ticks_are_seen_on_both_sides(spine: Spine) -> None:
    test = begun(spine)
    assert (test.state, test.failure_code) == (SyncTestState.DONE, "")
    assert [one for one in test.ticks if not one["right"]] == []
    assert [(one["key"], one["right"]) for one in test.ticks] == [
        ("customer", True),
        ("document", True),
        ("lines", True),
        ("amounts", True),
        ("details", True),
    ]
    invoice = document(spine)
    assert beside(test, "document") == [
        ("Opportunity to invoice", test.name, f"Invoice {invoice['DocNumber']}")
    ]
    assert beside(test, "lines") == [
        ("Cedar bench", "2 × 129.50 = 259.00", "2 × 129.50 = 259.00"),
        ("Potting soil", "3 × 12.25 = 36.75", "3 × 12.25 = 36.75"),
    ]
    assert ("Total", "295.75", "295.75") in beside(test, "amounts")
    assert ("E-mail", "ledgerbridge-test@example.com", "ledgerbridge-test@example.com") in beside(
        test, "details"
    )
    assert spine.row("Opportunity", test.opportunity)["IsWon"] is True


def test_cleaning_up_leaves_nothing_that_lives_and_nothing_bounces(spine: Spine) -> None:
    test = begun(spine)
    spine.sync()
    assert len(spine.rows("SELECT Id FROM QBO_Invoice__c")) == 1

    test = cleaned(spine, test)

    assert (test.state, test.failure_code, test.left) == (SyncTestState.CLEAN, "", [])
    assert (document(spine)["TotalAmt"], document(spine)["Balance"]) == (0, 0)
    customer = next(row for row in spine.customers() if row["DisplayName"].startswith(test.name))
    assert customer["Active"] is False
    for object_ in ("Account", "Opportunity"):
        assert spine.rows(f"SELECT Id FROM {object_} WHERE Name = '{test.name}'") == []
    assert spine.rows("SELECT Id FROM QBO_Invoice__c") == []
    mark = spine.mark()
    spine.sync()
    spine.sync()
    assert spine.writes(mark) == []


def test_a_worker_that_dies_makes_nothing_twice(spine: Spine) -> None:
    """The test goes on from what is stored; a record whose making was not answered is found by its name."""
    with tenant(spine.company.pk):
        test = sync_test.begin(spine.integration, spine.person)
    killed_at(sync_test_records.audit, "wrote", lambda: sync_test.advance(test.pk))
    [lost] = [row["Id"] for row in spine.rows(f"SELECT Id FROM Account WHERE Name = '{test.name}'")]
    test = carried(spine, test)
    assert (test.state, test.account) == (SyncTestState.DONE, lost)
    assert len(spine.rows(f"SELECT Id FROM Account WHERE Name = '{test.name}'")) == 1


def test_an_opportunity_that_a_person_chose_is_won_and_gets_its_stage_back(spine: Spine) -> None:
    chosen = an_opportunity(spine, "Autumn", StageName="Prospecting", Pricebook2Id=None)
    entry = spine.rows("SELECT Id FROM PricebookEntry WHERE UnitPrice = 12.25")[0]["Id"]
    spine.edit("Opportunity", chosen, Pricebook2Id=spine.row("PricebookEntry", entry)["Pricebook2Id"])
    spine.make("OpportunityLineItem", OpportunityId=chosen, PricebookEntryId=entry, Quantity=4, UnitPrice=12)
    test = begun(spine, chosen)
    assert [one["right"] for one in test.ticks[:4]] == [True] * 4
    test = cleaned(spine, test)
    row = spine.row("Opportunity", chosen)
    assert (test.state, row["StageName"]) == (SyncTestState.CLEAN, "Prospecting")
    assert document(spine)["TotalAmt"] == 0
    assert spine.rows("SELECT Id FROM Account WHERE Name = 'Acme'") != []


def test_what_salesforce_refuses_is_said_and_can_be_cleaned_up(spine: Spine) -> None:
    with tenant(spine.company.pk), pytest.raises(Refused) as refused:
        sync_test.begin(spine.integration, spine.person, "hello")
    assert refused.value.code == "sync_test.no_opportunity"
    test = begun(spine, "006000000000001AAA")
    assert (test.state, test.failure_code) == (SyncTestState.FAILED, "locate.no_record")
    assert (
        begun(spine, "006000000000002AAA").pk != test.pk
    )  # nothing was made, so nothing is to be cleaned up
    assert cleaned(spine, test).state == SyncTestState.CLEAN


def test_a_second_press_joins_the_running_one_and_a_new_test_waits_for_the_cleaning(spine: Spine) -> None:
    with tenant(spine.company.pk):
        one = sync_test.begin(spine.integration, spine.person)
        assert sync_test.begin(spine.integration, spine.person) == one
    carried(spine, one)
    with tenant(spine.company.pk), pytest.raises(Refused) as refused:
        sync_test.begin(spine.integration, spine.person)
    assert refused.value.code == "sync_test.not_clean"
