"""A write that comes to several records in Salesforce, a document with its lines or a product with its price, leaves
one audit row for each record (G8), and is still one deed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syncapp.models import AuditEvent
from syncapp.services import sending, undo
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine
from tests.services.test_crash_matrix import another_worker, carry, killed_at

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)
LINE = "QBO_Invoice_Line__c"


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("account_customer", "product_item", "invoice_record"), winner="sf") as made:
        income = next(row for row in made.booked("Account") if row["AccountType"] == "Income")
        made.bench = made.book(
            "Item", Name="Bench", Type="Service", IncomeAccountRef={"value": income["Id"]}, UnitPrice=100
        )["Id"]
        yield made


def a_line(spine: Spine, text: str, quantity: int) -> dict[str, Any]:
    return {
        "Amount": quantity * 100,
        "DetailType": "SalesItemLineDetail",
        "Description": text,
        "SalesItemLineDetail": {"ItemRef": {"value": spine.bench}, "Qty": quantity, "UnitPrice": 100},
    }


def an_invoice(spine: Spine, *lines: dict[str, Any]) -> dict[str, Any]:
    """An invoice of QuickBooks with these lines, as a record in Salesforce."""
    customer = spine.customer(DisplayName="Acme")["Id"]
    made = spine.book("Invoice", CustomerRef={"value": customer}, Line=list(lines), TxnDate="2026-11-20")
    spine.first_load()
    spine.sync()
    return made


def told(spine: Spine, after: int = 0) -> list[tuple[int, str, str]]:
    """(part, object, action) of the rows of the invoice's writes to Salesforce, in their order."""
    rows = AuditEvent.all_companies.filter(side="sf", link__qbo_entity="Invoice").exclude(intent=None)
    return list(rows.order_by("intent", "part").values_list("part", "object", "action"))[after:]


def test_each_line_that_is_written_has_its_own_row(spine: Spine) -> None:
    made = an_invoice(spine, a_line(spine, "Benches", 2), a_line(spine, "More benches", 1))

    assert told(spine) == [
        (0, "QBO_Invoice__c", "upsert"),
        (0, LINE, "create"),
        (1, LINE, "create"),
    ]
    lines = AuditEvent.all_companies.filter(object=LINE).order_by("part")
    assert [row.after["Description"] for row in lines] == ["Benches", "More benches"]
    assert {row.intent_id for row in lines} == {lines[0].intent_id}
    assert set(lines.values_list("remote_id", flat=True)) == {
        row["Id"] for row in spine.rows(f"SELECT Id FROM {LINE}")
    }

    before = len(told(spine))
    first = {**made["Line"][0], "Description": "Cedar benches"}
    spine.book("Invoice", **{**made, "Line": [first]})
    spine.sync()

    changed, gone = AuditEvent.all_companies.filter(object=LINE).order_by("-id")[:2][::-1]
    assert [one[1:] for one in told(spine, before)] == [
        ("QBO_Invoice__c", "update"),
        (LINE, "update"),
        (LINE, "delete"),
    ]
    assert (changed.before["Description"], changed.after["Description"]) == ("Benches", "Cedar benches")
    assert (gone.before["Description"], gone.after) == ("More benches", {})


def test_more_lines_take_no_more_statements(spine: Spine) -> None:
    made = an_invoice(spine, a_line(spine, "Benches", 2))

    def statements(quantity: int, lines: int) -> int:
        now = spine.booked("Invoice")[0]
        more = [a_line(spine, f"Bench {number}", quantity) for number in range(lines)]
        spine.book("Invoice", Id=made["Id"], SyncToken=now["SyncToken"], sparse=True, Line=more)
        spine.capture()
        with CaptureQueriesContext(connection) as taken:
            spine.carry()
        return len(taken)

    few, many = statements(3, 2), statements(4, 40)
    assert AuditEvent.all_companies.filter(object=LINE).count() >= 40
    assert many <= few


def test_lines_whose_answer_was_lost_are_told_of_once_they_are_found(spine: Spine) -> None:
    made = an_invoice(spine, a_line(spine, "Benches", 2), a_line(spine, "More benches", 1))
    before = len(told(spine))
    lines = [{**made["Line"][0], "Description": "Cedar benches"}, made["Line"][1], a_line(spine, "Tables", 1)]
    spine.book("Invoice", **{**made, "Line": lines})
    spine.capture()
    killed_at(sending, "settle", carry)
    another_worker(spine)
    spine.sync()

    assert [one[1:] for one in told(spine, before)] == [
        ("QBO_Invoice__c", "update"),
        (LINE, "update"),
        (LINE, "create"),
    ]


def test_a_write_of_several_records_is_undone_once(spine: Spine) -> None:
    an_invoice(spine, a_line(spine, "Benches", 2), a_line(spine, "More benches", 1))
    write = AuditEvent.all_companies.filter(object=LINE).first()
    assert write is not None
    assert write.link_id is not None

    with tenant(spine.company.pk):
        deeds = undo._deeds({"link_id__in": [write.link_id]})

    assert list(deeds) == [write.link_id]
    (lines,) = [one for one in deeds[write.link_id].units if one.unit == "lines"]
    assert not any(lines.before.values())
