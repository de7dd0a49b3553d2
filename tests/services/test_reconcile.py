"""Both totals of documents, what makes the difference up, and where every record stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.contracts import Side
from syncapp.models import Mapping, Observation, RecordLink
from syncapp.services import accounted, reconcile
from syncapp.tenancy import tenant
from tests.builders import NOW, a_link, a_mapping, some_work

pytestmark = pytest.mark.django_db

INVOICE: dict[str, Any] = {
    "key": "opportunity_invoice",
    "label": "Opportunity to invoice",
    "recipe": "opportunity_invoice",
    "sf_object": "Opportunity",
    "qbo_entity": "Invoice",
    "create_in_sf": False,
}


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping(rows=(), **INVOICE)


def an_invoice(
    mapping: Mapping, sf: str, qbo: str, *, tax: tuple[str, str] = ("0.00", "0.00"), **values: Any
) -> RecordLink:
    """A document of customer 7 in November whose one line comes to these amounts."""

    def base(amount: str, tax_: str) -> dict[str, Any]:
        return {
            "customer": "7",
            "date": "2026-11-20",
            "doc_tax": tax_,
            "lines": [{"kind": "item", "amount": amount}],
        }

    return a_link(mapping, sf_base=base(sf, tax[0]), qbo_base=base(qbo, tax[1]), **values)


def totals(mapping: Mapping) -> list[tuple[Any, ...]]:
    with tenant(mapping.company_id):
        return [
            (one.name, one.month, one.documents, one.differing, one.sf, one.qbo, one.difference)
            for one in reconcile.summary(mapping).groups
        ]


def reasons(mapping: Mapping) -> list[tuple[str, Decimal, str]]:
    with tenant(mapping.company_id):
        return [(one.name, one.difference, one.reason) for one in reconcile.summary(mapping).documents]


def test_a_customers_documents_of_a_month_come_to_one_total_on_each_side(mapping: Mapping) -> None:
    parent = a_mapping(mapping.integration)
    a_link(parent, name="Acme", qbo_id="7")
    an_invoice(mapping, "100.00", "100.00", tax=("8.25", "8.25"))
    an_invoice(mapping, "10.10", "10.10")
    assert totals(mapping) == [
        ("Acme", "2026-11", 2, 0, Decimal("118.35"), Decimal("118.35"), Decimal("0.00"))
    ]
    assert reasons(mapping) == []


def test_each_difference_names_its_documents_and_its_reason(mapping: Mapping) -> None:
    an_invoice(mapping, "100.00", "90.00", name="Edited", attention="drift")
    an_invoice(mapping, "100.00", "107.00", name="Quarrel", attention="conflict")
    an_invoice(mapping, "100.00", "0.00", name="Voided", attention="gone", qbo_state="voided")
    an_invoice(mapping, "100.00", "100.00", name="Taxed", tax=("0.00", "5.00"))
    an_invoice(mapping, "33.33", "33.34", name="Rounded")
    an_invoice(mapping, "50.00", "53.00", name="Other")
    assert set(reasons(mapping)) == {
        ("Edited", Decimal("-10.00"), "changed"),
        ("Quarrel", Decimal("7.00"), "conflict"),
        ("Voided", Decimal("-100.00"), "voided"),
        ("Taxed", Decimal("5.00"), "tax"),
        ("Rounded", Decimal("0.01"), "rounding"),
        ("Other", Decimal("3.00"), "lines"),
    }
    [(_, _, documents, differing, _, _, difference)] = totals(mapping)
    assert (documents, differing, difference) == (6, 6, Decimal("-94.99"))


def test_lines_on_hold_count_as_each_side_holds_them_now(mapping: Mapping) -> None:
    lines = [{"kind": "item", "amount": "12.00"}]
    held = {"lines": {"why": "drift", "sf": {}, "qbo": {"lines": lines}}}
    an_invoice(mapping, "10.00", "10.00", name="Held", attention="drift", held=held)
    assert reasons(mapping) == [("Held", Decimal("2.00"), "changed")]


def test_a_discount_line_is_taken_off(mapping: Mapping) -> None:
    item, less = {"kind": "item", "amount": "20.00"}, {"kind": "discount", "amount": "5.00"}
    base = {"customer": "7", "date": "2026-11-20"}
    a_link(
        mapping,
        sf_base={**base, "lines": [{"kind": "item", "amount": "15.00"}]},
        qbo_base={**base, "lines": [item, less]},
    )
    assert totals(mapping)[0][4:] == (Decimal("15.00"), Decimal("15.00"), Decimal("0.00"))


def test_no_other_companys_documents_are_counted(mapping: Mapping) -> None:
    an_invoice(mapping, "1.00", "1.00")
    stranger = a_mapping(rows=(), **INVOICE)
    with tenant(stranger.company_id):
        assert reconcile.summary(mapping) == reconcile.Summary((), (), (), (), ())


def a_half(mapping: Mapping, side: str, amount: str, name: str, **values: Any) -> RecordLink:
    """A document of account 001A, which is customer 7, that is on one side only."""
    customer = "001A" if side == "sf" else "7"
    seen = {"customer": customer, "date": "2026-11-21", "lines": [{"kind": "item", "amount": amount}]}
    other = {"qbo_id": None, "qbo_state": "none"} if side == "sf" else {"sf_id": None, "sf_state": "none"}
    wide = {"sf_base": None, "qbo_base": None, "seen": {side: seen} if amount else {}}
    return a_link(mapping, name=name, lifecycle="creating", **{**other, **wide, **values})


def test_documents_on_one_side_only_are_part_of_the_totals_and_say_why(mapping: Mapping) -> None:
    a_link(a_mapping(mapping.integration), name="Acme", sf_id="001A", qbo_id="7")
    an_invoice(mapping, "5.00", "5.00")
    a_half(mapping, "sf", "100.00", "Waits", attention="waiting")
    a_half(mapping, "sf", "70.00", "Troubled", attention="data_error")
    a_half(mapping, "sf", "60.00", "New")
    a_half(mapping, "qbo", "20.00", "Theirs", attention="candidate")
    assert totals(mapping) == [
        ("Acme", "2026-11", 5, 4, Decimal("235.00"), Decimal("25.00"), Decimal("-210.00"))
    ]
    assert reasons(mapping) == [
        ("Waits", Decimal("-100.00"), "sf_waiting"),
        ("Troubled", Decimal("-70.00"), "sf_problem"),
        ("New", Decimal("-60.00"), "sf_way"),
        ("Theirs", Decimal("20.00"), "qbo_problem"),
    ]


def test_what_is_left_out_by_rule_or_before_go_live_is_told_beside_the_totals(mapping: Mapping) -> None:
    an_invoice(mapping, "5.00", "5.00")
    a_half(mapping, "sf", "30.00", "Filtered", attention="skipped", attention_code="engine.filtered")
    a_half(mapping, "sf", "40.00", "Old", attention="skipped", attention_code="engine.before_go_live")
    a_half(mapping, "qbo", "41.00", "Older", attention="skipped", attention_code="engine.before_go_live")
    with tenant(mapping.company_id):
        found = reconcile.summary(mapping)
        listed = {(row[0], row[10]) for row in list(reconcile.csv_rows(mapping))[1:]}
    assert [(one.documents, one.sf, one.qbo) for one in found.sums] == [(1, 5, 5)]
    assert [(one.standing, one.documents, one.sf, one.qbo) for one in found.apart] == [
        ("before", 2, Decimal("40.00"), Decimal("41.00")),
        ("rule", 1, Decimal("30.00"), Decimal(0)),
    ]
    assert reasons(mapping) == []
    assert {("Filtered", "rule"), ("Old", "before"), ("Older", "before")} < listed


def test_a_document_whose_amount_nobody_has_read_is_counted_as_such(mapping: Mapping) -> None:
    a_half(mapping, "sf", "", "Unread")
    with tenant(mapping.company_id):
        found = reconcile.summary(mapping)
    assert (found.unread, reasons(mapping)) == (1, [("Unread", Decimal(0), "unread")])


def test_what_was_voided_or_deleted_on_a_side_comes_to_nothing_there(mapping: Mapping) -> None:
    an_invoice(mapping, "9.00", "9.00", name="Voided", attention="gone", qbo_state="voided")
    an_invoice(mapping, "8.00", "8.00", name="Deleted", attention="gone", sf_state="deleted")
    an_invoice(mapping, "7.00", "7.00", name="Both", lifecycle="gone", sf_state="deleted")
    assert reasons(mapping) == [
        ("Voided", Decimal("-9.00"), "voided"),
        ("Deleted", Decimal("8.00"), "sf_deleted"),
    ]


def seen(mapping: Mapping, id_: str, **values: Any) -> None:
    Observation.all_companies.create(
        company_id=mapping.company_id,
        connection=mapping.integration.salesforce,
        object=mapping.sf_object,
        remote_id=id_,
        source="scan",
        **{"seen_at": NOW, "fresh": False, **values},
    )


def test_every_record_of_a_side_is_accounted_for(mapping: Mapping) -> None:
    a_link(mapping)
    a_link(mapping, attention="waiting", lifecycle="creating", qbo_id=None)
    some_work(a_link(mapping))
    a_link(mapping, attention="data_error")
    a_link(mapping, attention="skipped", lifecycle="creating", qbo_id=None)
    a_half(mapping, "sf", "1.00", "Old", attention="skipped", attention_code="engine.before_go_live")
    seen(mapping, "006NoLink")
    seen(mapping, "006Hinted", seen_at=None, fresh=True, hinted_at=NOW)
    with tenant(mapping.company_id):
        [salesforce, quickbooks] = accounted.accounts()
        assert accounted.rest(mapping.pk, Side.SALESFORCE) == ["006Hinted"]
    assert salesforce.counts == {"in_sync": 1, "way": 2, "asks": 1, "before": 1, "rule": 2, "rest": 1}
    assert quickbooks.counts == {"in_sync": 1, "way": 1, "asks": 1, "before": 0, "rule": 0, "rest": 0}
    assert (salesforce.total, quickbooks.total) == (8, 3)
