"""Financial locks: what money forbids is refused before any call, and nothing is ever unlocked or forced."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.contracts import RecordState, Side
from syncapp.engine import entities, reasons
from syncapp.engine.bases import held_after
from syncapp.engine.decide import decide
from syncapp.engine.decision import Decision, DecisionKind, LinkView
from syncapp.engine.entities import locks
from syncapp.engine.entities.locks import Books
from syncapp.engine.entities.traits import EntityTraits
from syncapp.engine.existence import RECORD
from syncapp.engine.locking import offers, unit_locks
from syncapp.engine.mapping import Direction, FieldSpec, MappingPolicies, MappingSpec, ValueType
from tests.engine.builders import agreed_link, qbo_record, sf_record, situation

BILL = EntityTraits(
    side=Side.QUICKBOOKS,
    object="Document",
    label="Document",
    plural="Documents",
    name_path="DocNumber",
    locks=locks.all_of(locks.closed_books, locks.deposited, locks.paid, locks.linked_to("Invoice")),
    date_path="TxnDate",
)
MAPPING = MappingSpec(
    key="opportunity_document",
    label="Opportunity and Document",
    version=1,
    sf_object="Opportunity",
    qbo_entity="Document",
    fields=(
        FieldSpec("number", "Number", "Name", "DocNumber", direction=Direction.TO_QBO),
        FieldSpec("memo", "Memo", "Description", "PrivateNote", direction=Direction.TO_QBO),
        FieldSpec("date", "Date", "CloseDate", "TxnDate", type=ValueType.DATE, direction=Direction.TO_QBO),
        FieldSpec(
            "amount", "Amount", "Amount", "TotalAmt", type=ValueType.DECIMAL, direction=Direction.TO_QBO
        ),
    ),
)
OPPORTUNITY = {"Name": "1001", "Description": "Deck", "CloseDate": "2026-03-01", "Amount": Decimal("300.00")}
DOCUMENT = {
    "DocNumber": "1001",
    "PrivateNote": "Deck",
    "TxnDate": "2026-03-01",
    "TotalAmt": Decimal("300.00"),
    "Balance": Decimal("300.00"),
}


@pytest.fixture(autouse=True)
def _document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(entities._KNOWN, (Side.QUICKBOOKS, "Document"), BILL)
    entities.traits.cache_clear()
    yield
    entities.traits.cache_clear()


def decided(
    edit: dict[str, Any], document: dict[str, Any], *, books: Books = locks.OPEN_BOOKS, **view: Any
) -> tuple[Decision, LinkView]:
    mapping = replace(MAPPING)
    qbo = qbo_record({**DOCUMENT, **document})
    link = agreed_link(mapping, sf_record(OPPORTUNITY), qbo, **view)
    return decide(situation(mapping, sf_record({**OPPORTUNITY, **edit}), qbo, link, books=books)), link


def held(decision: Decision) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(hold.unit, hold.code, hold.offers) for hold in decision.holds]


@pytest.mark.parametrize(
    ("document", "books", "code"),
    [
        ({"Balance": Decimal("200.00")}, Books(), reasons.LOCKED_PAID),
        ({"LinkedTxn": [{"TxnId": "9", "TxnType": "Deposit"}]}, Books(), reasons.LOCKED_DEPOSITED),
        ({}, Books(date(2026, 3, 1)), reasons.LOCKED_CLOSED),
        ({"LinkedTxn": [{"TxnId": "9", "TxnType": "Invoice"}]}, Books(), reasons.LOCKED_LINKED),
    ],
)
def test_money_that_hangs_on_a_document_holds_its_amount_and_lets_the_memo_go_on(document, books, code):
    decision, _ = decided(
        {"Amount": Decimal("400.00"), "Description": "Deck and stairs"}, document, books=books
    )
    assert held(decision) == [("amount", code, ("leave",))]
    assert [change.unit for change in decision.changes] == ["memo"]
    assert (decision.attention, decision.reasons[0].code) == ("data_error", code)
    assert decision.reasons[0].values["total"] == "300.00"


def test_a_document_without_money_on_it_is_written_as_it_is_decided():
    decision, _ = decided({"Amount": Decimal("400.00")}, {}, books=Books(date(2026, 2, 28)))
    assert (decision.kind, [change.unit for change in decision.changes]) == (DecisionKind.UPDATE, ["amount"])


def test_a_date_in_a_closed_period_is_refused_before_the_call():
    decision, _ = decided({"CloseDate": "2026-01-31"}, {}, books=Books(date(2026, 1, 31)))
    assert [(hold.unit, hold.why) for hold in decision.holds] == [("date", "data")]
    assert decision.reasons[0].code == reasons.CLOSED_DATE


def test_a_lock_is_judged_anew_when_the_payment_is_taken_off():
    decision, link = decided({"Amount": Decimal("400.00")}, {"Balance": Decimal(0)})
    stored = held_after(link, decision)
    assert stored["amount"]["details"]["paid"] == "300.00"
    again, _ = decided({"Amount": Decimal("400.00")}, {}, held=stored)
    assert [change.unit for change in again.changes] == ["amount"]
    assert again.released == ("amount",)


def test_only_an_offer_that_covers_what_was_paid_may_be_sent():
    [lines, party] = locks.paid({**DOCUMENT, "Balance": Decimal("200.00")}, Books())
    assert offers(lines, Decimal("100.00")) == ("sf", "leave")
    assert offers(lines, Decimal("99.99")) == ("leave",)
    assert offers(lines, None) == ("leave",)
    assert offers(party, Decimal("500.00")) == ("leave",)


def test_a_person_may_send_lines_that_cover_what_was_paid_but_never_into_a_deposit(monkeypatch):
    total = Decimal("400.00")
    monkeypatch.setattr("syncapp.engine.decide.new_total", lambda *_: total)
    answer = {"amount": {"why": "locked", "answer": {"side": "sf"}, "sf": {"amount": "400.00"}}}
    paid = {"Balance": Decimal("200.00")}
    first, link = decided({"Amount": total}, paid)
    assert held(first) == [("amount", reasons.LOCKED_PAID, ("sf", "leave"))]
    stored = held_after(link, first)
    stored["amount"]["answer"] = {**answer["amount"]["answer"]}
    sent, _ = decided({"Amount": total}, paid, held=stored)
    assert [(change.unit, change.reason) for change in sent.changes] == [("amount", reasons.ANSWERED)]
    deposited = {"LinkedTxn": [{"TxnId": "9", "TxnType": "Deposit"}]}
    refused, _ = decided({"Amount": total}, deposited, held=stored)
    assert held(refused) == [("amount", reasons.LOCKED_DEPOSITED, ("leave",))]


def test_the_total_of_new_lines_counts_discounts_and_the_tax_as_it_is():
    body = {"TxnTaxDetail": {"TotalTax": Decimal("8.00")}, "GlobalTaxCalculation": "TaxExcluded"}
    made = {
        "Line": [
            {"Amount": Decimal("100.00"), "DetailType": "SalesItemLineDetail"},
            {"Amount": Decimal("100.00"), "DetailType": "SubTotalLineDetail"},
            {"Amount": Decimal("10.00"), "DetailType": "DiscountLineDetail"},
        ]
    }
    assert locks.total_with_tax(body, made) == Decimal("98.00")
    assert locks.total_with_tax({**body, "GlobalTaxCalculation": "TaxInclusive"}, made) == Decimal("90.00")


def test_an_object_that_carries_no_money_has_no_locks():
    from syncapp.engine.compiled import compile_spec

    plain = replace(MAPPING, qbo_entity="Customer")
    assert unit_locks(compile_spec(plain), DOCUMENT, Books(date(2030, 1, 1))) == {}


class TestVoiding:
    """A document whose opportunity was deleted: voided only by a person's word, and never under a lock."""

    DELETED = RecordState.DELETED

    @pytest.fixture(autouse=True)
    def _voidable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.modules[EntityTraits.__module__], "VOIDABLE", {"Document"})

    def decide(self, document: dict[str, Any], *, rule: str = "void", answer: str = ""):
        mapping = replace(MAPPING, policies=MappingPolicies(sf_gone=rule))
        qbo = qbo_record({**DOCUMENT, **document})
        held = {RECORD: {"why": "gone", "answer": {"side": answer}}} if answer else {}
        link = agreed_link(mapping, sf_record(OPPORTUNITY), qbo, held=held)
        return decide(situation(mapping, sf_record({}, state=self.DELETED), qbo, link))

    @pytest.mark.parametrize(
        ("asked", "kind", "code"),
        [
            ({}, DecisionKind.HOLD, reasons.VOID_ASK),
            ({"rule": "leave"}, DecisionKind.SKIP, reasons.SF_DELETED),
            ({"answer": "leave"}, DecisionKind.SKIP, reasons.SF_DELETED),
            ({"answer": "void"}, DecisionKind.UPDATE, reasons.VOIDED),
        ],
    )
    def test_nothing_is_voided_without_a_persons_word(self, asked, kind, code):
        decision = self.decide({}, **asked)
        assert (decision.kind, decision.reasons[0].code) == (kind, code)
        assert (decision.set_state is not None) is (kind is DecisionKind.UPDATE)

    @pytest.mark.parametrize(
        ("asked", "kind", "code"),
        [
            ({}, DecisionKind.HOLD, reasons.VOID_BY_HAND),
            ({"rule": "leave"}, DecisionKind.SKIP, reasons.SF_DELETED),
            ({"answer": "leave"}, DecisionKind.SKIP, reasons.SF_DELETED),
            ({"answer": "void"}, DecisionKind.HOLD, reasons.VOID_BY_HAND),
        ],
    )
    def test_what_cannot_be_voided_is_told_and_left_alone(self, monkeypatch, asked, kind, code):
        monkeypatch.setattr(sys.modules[EntityTraits.__module__], "VOIDABLE", set())
        decision = self.decide({}, **asked)
        assert (decision.kind, decision.reasons[0].code, decision.set_state) == (kind, code, None)

    def test_a_paid_document_is_not_voided_whatever_a_person_said(self):
        decision = self.decide({"Balance": Decimal(0)}, answer="void")
        assert (decision.kind, decision.reasons[0].code) == (DecisionKind.HOLD, reasons.LOCKED_PAID)
        assert decision.set_state is None

    def test_what_a_voided_document_holds_goes_to_salesforce_and_it_is_never_written(self):
        status = FieldSpec("status", "Status", "Status__c", "TxnStatus", direction=Direction.TO_SF)
        mapping = replace(MAPPING, fields=(*MAPPING.fields, status))
        before = qbo_record({**DOCUMENT, "TxnStatus": "Open"})
        link = agreed_link(mapping, sf_record({**OPPORTUNITY, "Status__c": "Open"}), before)
        voided = qbo_record(
            {**DOCUMENT, "TotalAmt": Decimal(0), "TxnStatus": "Voided"}, state=RecordState.VOIDED
        )
        sf = sf_record({**OPPORTUNITY, "Status__c": "Open", "Description": "Deck and stairs"})
        decision = decide(situation(mapping, sf, voided, link))
        assert [(change.unit, change.target) for change in decision.changes] == [("status", Side.SALESFORCE)]
        assert (decision.attention, decision.reasons[0].code) == ("gone", reasons.QBO_VOIDED)
