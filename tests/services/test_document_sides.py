"""The lines and sums of a document on both sides, as its record page shows them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.contracts import Priority, Side
from syncapp.models import RecordLink
from syncapp.services import clients, mappings, sides
from syncapp.services.document_sides import DocumentSides, LineSides
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.services.sales import DOCUMENTS, a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=(*DOCUMENTS, "invoice_record"), winner="sf") as made:
        yield made


def the_document(link: RecordLink) -> DocumentSides:
    with tenant(link.company_id):
        found = sides.sides(link).document
    assert found is not None
    return found


def read_now(link: RecordLink) -> DocumentSides:
    """As somebody sees it who presses Look again."""
    integration = link.mapping.integration
    with tenant(link.company_id):
        pair = {
            Side.SALESFORCE: clients.client_for(integration.salesforce, Priority.INTERACTIVE),
            Side.QUICKBOOKS: clients.client_for(integration.quickbooks, Priority.INTERACTIVE),
        }
        found = sides.read_now(link, pair).document
    assert found is not None
    return found


def opportunity(spine: Spine) -> RecordLink:
    return RecordLink.all_companies.exclude(lifecycle="absorbed").get(sf_object="Opportunity")


def amounts(line: LineSides) -> tuple[Any, Any]:
    return line.sf and line.sf.amount, line.qbo and line.qbo.amount


def two_benches(spine: Spine, **fields: Any) -> str:
    bench, soil = a_product(spine, "Cedar bench", "CB", 129.5), a_product(spine, "Potting soil", "PS", 12.25)
    return an_opportunity(
        spine,
        "Spring order",
        {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 129.5, "Description": "Two benches"},
        {"PricebookEntryId": soil, "Quantity": 3, "UnitPrice": 12.25, **fields},
    )


def test_a_document_in_step_is_the_same_to_the_cent_and_names_its_products(spine: Spine) -> None:
    two_benches(spine, Discount=7)
    spine.first_load()
    shown = the_document(opportunity(spine))
    assert [(line.qbo and line.qbo.name, *amounts(line)) for line in shown.lines] == [
        ("Cedar bench", Decimal("259.00"), Decimal("259.00")),
        ("Potting soil", Decimal("34.18"), Decimal("34.18")),
    ]
    assert [(figure.label, figure.sf, figure.qbo) for figure in shown.figures] == [
        ("Subtotal", Decimal("293.18"), Decimal("293.18")),
        ("Tax", Decimal("0.00"), Decimal("0.00")),
        ("Total", Decimal("293.18"), Decimal("293.18")),
        ("Open balance", Decimal("293.18"), Decimal("293.18")),
    ]
    assert (shown.differences, shown.both, shown.currency) == (0, True, "USD")


def test_an_edit_in_quickbooks_is_marked_by_line_and_cent(spine: Spine) -> None:
    two_benches(spine)
    spine.first_load()
    invoice = document(spine)
    first = next(line for line in invoice["Line"] if line.get("Id") == "1")
    first["SalesItemLineDetail"]["UnitPrice"], first["Amount"] = 130, 260
    spine.book("Invoice", Id=invoice["Id"], SyncToken=invoice["SyncToken"], sparse=True, Line=invoice["Line"])
    spine.capture()
    shown = the_document(opportunity(spine))
    bench, soil = shown.lines
    assert (bench.differing, bench.by) == ({"unit_price", "amount"}, Decimal("1.00"))
    assert soil.agrees
    assert {figure.label: figure.by for figure in shown.figures if figure.by} == {
        "Subtotal": Decimal("1.00"),
        "Total": Decimal("1.00"),
        "Open balance": Decimal("1.00"),
    }


def test_a_line_that_one_side_lacks_is_said_to_be_missing_there(spine: Spine) -> None:
    made = two_benches(spine)
    spine.first_load()
    entry = spine.rows("SELECT Id FROM PricebookEntry WHERE UnitPrice = 12.25")[0]["Id"]
    spine.make("OpportunityLineItem", OpportunityId=made, PricebookEntryId=entry, Quantity=1, UnitPrice=12.25)
    shown = read_now(opportunity(spine))
    assert [line.missing for line in shown.lines] == ["", "", "qbo"]


def test_a_discount_line_that_the_mapping_makes_is_no_difference(spine: Spine) -> None:
    with tenant(spine.company.pk):
        row = spine.integration.mappings.get(key="opportunity_invoice")
        options = dict(row.policies.get("options") or specs.draft_spec(row).options)
        row.policies = {
            **row.policies,
            "options": {**options, "lines": {**options["lines"], "discount": "discount_line"}},
        }
        row.save()
        mappings.publish(row, spine.person)
    two_benches(spine, Discount=50)
    spine.first_load()
    shown = the_document(opportunity(spine))
    assert shown.differences == 0
    assert [figure.label for figure in shown.figures][:3] == ["Subtotal", "Discount", "Total before tax"]
    assert shown.figures[1].qbo == Decimal("18.37")


def test_what_is_not_over_there_yet_shows_the_one_side(spine: Spine) -> None:
    spine.first_load()
    made = two_benches(spine)
    spine.edit("Opportunity", made, AccountId=None)
    spine.sync()
    shown = the_document(opportunity(spine))
    assert [amounts(line) for line in shown.lines] == [(Decimal("259.00"), None), (Decimal("36.75"), None)]
    assert [(figure.label, figure.sf, figure.by) for figure in shown.figures] == [
        ("Subtotal", Decimal("295.75"), None)
    ]
    assert (shown.both, shown.differences) == (False, 0)


def test_the_record_that_mirrors_an_invoice_agrees_line_by_line(spine: Spine) -> None:
    two_benches(spine)
    spine.first_load()
    spine.sync()
    mirror = RecordLink.all_companies.exclude(lifecycle="absorbed").get(sf_object="QBO_Invoice__c")
    shown = the_document(mirror)
    assert [amounts(line) for line in shown.lines] == [(Decimal("259.00"),) * 2, (Decimal("36.75"),) * 2]
    assert shown.differences == 0
    assert opportunity(spine).qbo_id == mirror.qbo_id
