"""Criteria as triggers: a field in Salesforce that comes to fit starts the sync within one look at the changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.sales import DOCUMENTS, a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=DOCUMENTS, winner="sf") as made:
        yield made


def test_an_opportunity_becomes_an_invoice_when_its_stage_becomes_won(spine: Spine) -> None:
    bench = a_product(spine, "Cedar bench", "CB", 100)
    line = {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100}
    made = an_opportunity(spine, "Spring order", line, StageName="Prospecting")
    spine.first_load()
    spine.sync()
    assert spine.booked("Invoice") == []

    spine.edit("Opportunity", made, StageName="Closed Won")
    spine.sync()

    assert document(spine)["TotalAmt"] == 200
    assert spine.row("Opportunity", made)["QBO_Doc_Status__c"] == "Open"


def test_filling_generate_makes_the_document_that_it_names(spine: Spine) -> None:
    bench = a_product(spine, "Cedar bench", "CB", 100)
    line = {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100}
    made = an_opportunity(spine, "Spring order", line, QBO_Generate__c=None)
    spine.first_load()
    assert (spine.booked("Invoice"), spine.booked("SalesReceipt")) == ([], [])

    spine.edit("Opportunity", made, QBO_Generate__c="Sales Receipt")
    spine.sync()

    assert (document(spine, "SalesReceipt")["TotalAmt"], spine.booked("Invoice")) == (100, [])


def test_both_fields_at_once_in_a_record_that_nobody_has_seen(spine: Spine) -> None:
    bench = a_product(spine, "Cedar bench", "CB", 100)
    spine.first_load()

    an_opportunity(spine, "Autumn order", {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100})
    spine.sync()

    assert document(spine)["TotalAmt"] == 100
