"""Lines of a lost call that were made or removed in part: what landed has its row in the trail and is not written
again, what was refused is written later. The log and the trail are compared after each of these tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import FieldMapping
from syncapp.services import mappings
from syncapp.tenancy import tenant
from tests.services.sales import a_product, an_opportunity, document, invoices_shown, link_of
from tests.services.spine import Spine, a_spine
from tests.services.test_audit_per_record import LINE, a_line
from tests.services.test_partly_landed import logged, lose_the_answer, recovered

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])
INVOICE = "QBO_Invoice__c"


@pytest.fixture
def spine(settings: Any) -> Iterator[Spine]:
    """A company whose invoices are shown in Salesforce as records with lines."""
    settings.TIMING_DIVISOR = 40
    with invoices_shown() as made:
        yield made


def an_invoice(spine: Spine, *texts: str) -> dict[str, Any]:
    customer = spine.customer(DisplayName="Acme")["Id"]
    lines = [a_line(spine, text, number) for number, text in enumerate(texts, 1)]
    made = spine.book("Invoice", CustomerRef={"value": customer}, Line=lines, TxnDate="2026-11-20")
    spine.first_load()
    spine.sync()
    return made


def lines_there(spine: Spine) -> dict[str, str]:
    return {row["Description__c"]: row["Id"] for row in spine.rows(f"SELECT Id, Description__c FROM {LINE}")}


def shown(spine: Spine) -> str:
    return str(spine.rows(f"SELECT Id FROM {INVOICE}")[0]["Id"])


def test_new_lines_that_a_lost_call_made_beside_a_refused_document_are_made_once(spine: Spine) -> None:
    made = an_invoice(spine, "Benches")
    mark = spine.mark()[0]
    new = [a_line(spine, text, n) for n, text in enumerate(("Tables", "Chairs"), 2)]
    spine.book("Invoice", **{**made, "Line": [made["Line"][0], *new]})
    spine.capture()
    spine.sim.salesforce.post("locks", {"ids": [shown(spine)], "times": 1})
    lose_the_answer(spine.sim.salesforce, "/composite$", "Tables")

    spine.carry()
    recovered(spine)

    there = lines_there(spine)
    assert there.keys() == {"Benches", "Chairs", "Tables"}
    assert logged(spine.sim.salesforce, LINE, mark) == {
        (there["Chairs"], "create"): 1,
        (there["Tables"], "create"): 1,
    }


def test_lines_that_a_lost_call_removed_beside_refused_ones_are_removed_once(spine: Spine) -> None:
    made = an_invoice(spine, "Benches", "Tables", "Chairs")
    mark, there = spine.mark()[0], lines_there(spine)
    spine.book("Invoice", **{**made, "Line": made["Line"][:1]})
    spine.capture()
    spine.sim.salesforce.post("locks", {"ids": [shown(spine), there["Chairs"]], "times": 1})
    lose_the_answer(spine.sim.salesforce, "/composite$", there["Chairs"])

    spine.carry()
    recovered(spine)

    assert lines_there(spine).keys() == {"Benches"}
    assert logged(spine.sim.salesforce, LINE, mark) == {
        (there["Chairs"], "delete"): 1,
        (there["Tables"], "delete"): 1,
    }


def test_of_new_lines_that_a_lost_call_made_in_part_the_refused_one_is_made_later(spine: Spine) -> None:
    made = an_invoice(spine, "Benches")
    mark = spine.mark()[0]
    new = [a_line(spine, text, n) for n, text in enumerate(("Tables", "Chairs"), 2)]
    spine.book("Invoice", **{**made, "Line": [made["Line"][0], *new]})
    spine.capture()
    spine.sim.salesforce.post("locks", {"ids": [shown(spine)], "times": 1})
    spine.sim.salesforce.post(
        "settings",
        {
            "validation_rules": [
                {"object": LINE, "condition": "Quantity__c = 3", "message": "No chairs today."}
            ]
        },
    )
    lose_the_answer(spine.sim.salesforce, "/composite$", "Tables")

    spine.carry()
    recovered(spine)
    assert lines_there(spine).keys() == {"Benches", "Tables"}
    spine.sim.salesforce.post("settings", {"validation_rules": []})
    spine.press(link_of(spine), None)

    there = lines_there(spine)
    assert there.keys() == {"Benches", "Chairs", "Tables"}
    assert logged(spine.sim.salesforce, LINE, mark) == {
        (there["Chairs"], "create"): 1,
        (there["Tables"], "create"): 1,
    }


@pytest.fixture
def sales(settings: Any) -> Iterator[Spine]:
    """A company whose lines of opportunities and invoices go both ways."""
    settings.TIMING_DIVISOR = 40
    with a_spine(recipes=("account_customer", "product_item", "opportunity_invoice"), winner="sf") as made:
        with tenant(made.company.pk):
            mapping = made.integration.mappings.get(key="opportunity_invoice")
            both = {"lines", "quantity", "unit_price"}
            FieldMapping.objects.filter(mapping=mapping, key__in=both).update(direction="both")
            mappings.publish(mapping, made.person)
        made.make("Account", Name="Acme", BillingStreet="1 Main St", QBO_Email__c="pay@acme.example")
        made.entry = a_product(made, "Cedar bench", "CB", 100)
        made.first_load()
        made.sync()
        yield made


def opportunity_lines(spine: Spine) -> dict[str, tuple[str, float]]:
    rows = spine.rows("SELECT Id, Description, Quantity FROM OpportunityLineItem")
    return {row["Description"]: (row["Id"], row["Quantity"]) for row in rows}


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "answered"])
def test_of_lines_that_go_both_ways_what_was_refused_is_written_later_and_nothing_is_taken_back(
    sales: Spine, *, lost: bool
) -> None:
    spine = sales
    line = {"PricebookEntryId": spine.entry, "UnitPrice": 100}
    an_opportunity(spine, "Deal", *({**line, "Quantity": n, "Description": f"Bench {n}"} for n in (1, 2, 3)))
    spine.sync()
    spine.sync()
    mark, before = spine.mark(), opportunity_lines(spine)
    made = document(spine)
    new = [more(row, 10) for row in made["Line"] if row["DetailType"] == "SalesItemLineDetail"]
    spine.book("Invoice", **{**made, "Line": new})
    spine.capture()
    spine.sim.salesforce.post("locks", {"ids": [before["Bench 2"][0]], "times": 1})
    if lost:
        lose_the_answer(spine.sim.salesforce, "/composite$", before["Bench 2"][0])

    spine.carry()
    recovered(spine)

    assert opportunity_lines(spine) == {
        text: (id_, quantity + 10) for text, (id_, quantity) in before.items()
    }
    assert logged(spine.sim.salesforce, "OpportunityLineItem", mark[0]) == {
        (id_, "update"): 1 for id_, _ in before.values()
    }
    assert sum(logged(spine.sim.quickbooks, "Invoice", mark[1]).values()) == 1  # the person's own


def more(row: dict[str, Any], pieces: int) -> dict[str, Any]:
    """A sold line of so many pieces more."""
    detail = row["SalesItemLineDetail"]
    quantity = detail["Qty"] + pieces
    amount = quantity * detail["UnitPrice"]
    return {**row, "Amount": amount, "SalesItemLineDetail": {**detail, "Qty": quantity}}
