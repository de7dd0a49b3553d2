"""Payments and applied credit out of Salesforce: what QuickBooks gets of each, to the cent, or why it gets nothing."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.contracts import FieldInfo, ObjectInfo, RecordState, RemoteRecord, Side, Token
from syncapp.engine.decide import decide
from syncapp.engine.decision import Decision, DecisionKind, ParentNeed, Situation
from syncapp.engine.mapping import MappingSpec, OnConflict
from syncapp.engine.projection import compose_create
from syncapp.recipes import RECIPES, Template, prepare
from tests.engine.builders import NOW, link

CASES = Path(__file__).with_name("payment_cases.csv")
LINE = "QBO_Payment_Line__c"
ACCOUNT = "001000000000001"
KINDS = {
    "inv": ("Invoice", "linked_invoice", "invoice_record"),
    "cm": ("Credit Memo", "linked_credit", "creditmemo_record"),
}


@dataclass(frozen=True)
class Part:
    """One line: the document that it names, its amount, and what is open on that document (None: nobody knows)."""

    document: str
    amount: Decimal
    open: Decimal | None

    @property
    def kind(self) -> str:
        return self.document.rstrip("0123456789")


@dataclass(frozen=True)
class Case:
    name: str
    type: str
    amount: Decimal | None
    parts: tuple[Part, ...]
    codes: tuple[str, ...]
    total: Decimal | None
    unapplied: Decimal | None


def _part(text: str) -> Part:
    text, _, left = text.partition(" of ")
    document, amount = text.split()
    return Part(document, Decimal(amount), Decimal(left) if left else None)


def read_cases() -> list[Case]:
    rows = [line for line in CASES.read_text().splitlines() if not line.startswith("#")]
    return [
        Case(
            row["case"],
            row["type"],
            Decimal(row["amount"]) if row["amount"] else None,
            tuple(_part(part) for part in row["lines"].split(" + ") if part),
            () if row["unapplied"] else tuple(f"engine.{code}" for code in row["result"].split()),
            Decimal(row["result"]) if row["unapplied"] else None,
            Decimal(row["unapplied"]) if row["unapplied"] else None,
        )
        for row in csv.DictReader(rows, delimiter=";")
    ]


@cache
def _spec() -> MappingSpec:
    recipe = RECIPES["payment_payment"]
    header = {row.spec.sf_path for row in recipe.rows if not row.spec.part}
    lines = {row.spec.sf_path for row in recipe.rows if row.spec.part}
    orgs: Any = {"sf": _described("QBO_Payment__c", header), "children": {LINE: _described(LINE, lines)}}
    return prepare(recipe, Template.BIDIRECTIONAL, OnConflict.SF, **orgs).spec


def _described(name: str, fields: set[str]) -> ObjectInfo:
    return ObjectInfo(name, name, tuple(FieldInfo(field, field, "string") for field in sorted(fields)))


def record(case: Case) -> dict[str, Any]:
    children = [
        {
            "Id": f"a03{number:012d}",
            "Name": f"QPL-{number:08d}",
            "Invoice__c": None if part.kind == "none" else part.document,
            "Invoice__r": None if part.kind == "none" else {"Type__c": KINDS.get(part.kind, KINDS["cm"])[0]},
            "Amount__c": part.amount,
        }
        for number, part in enumerate(case.parts, start=1)
    ]
    return {
        "Id": "a02000000000001",
        "Type__c": case.type,
        "Account__c": ACCOUNT,
        "Date__c": "2026-11-25",
        "Amount__c": case.amount,
        "Lines__r": {"records": children},
    }


def _needs(case: Case) -> tuple[ParentNeed, ...]:
    """Every document but a lost one is linked; its QuickBooks id is its name here."""
    found = [ParentNeed("account", "account_customer", Side.SALESFORCE, ACCOUNT, "linked", "7")]
    for part in case.parts:
        if part.kind in KINDS:
            _, key, mapping = KINDS[part.kind]
            found.append(
                ParentNeed(
                    key,
                    mapping,
                    Side.SALESFORCE,
                    part.document,
                    "linked",
                    part.document,
                    open_amount=part.open,
                )
            )
    return tuple(found)


def decided(case: Case) -> Decision:
    body = record(case)
    read = RemoteRecord(
        Side.SALESFORCE, "QBO_Payment__c", body["Id"], Token("1", NOW), RecordState.LIVE, body
    )
    creating = link(sf_id=body["Id"], qbo_id="", lifecycle="creating")
    return decide(Situation(_spec(), creating, read, None, NOW, parents=_needs(case)))


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_a_payment_is_sent_to_the_cent_or_told_why_not(case: Case):
    decision = decided(case)
    if case.codes:
        assert decision.kind is DecisionKind.HOLD
        assert tuple(reason.code for reason in decision.reasons) == case.codes
        return
    assert decision.kind is DecisionKind.CREATE, decision.reasons
    body = compose_create(Side.QUICKBOOKS, _spec(), decision.create_values)
    assert body["TotalAmt"] == case.total
    lines = body.get("Line") or []
    types = {"inv": "Invoice", "cm": "CreditMemo"}
    assert [
        (line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"], line["Amount"]) for line in lines
    ] == [(types[part.kind], part.document, part.amount) for part in case.parts]
    signs = {"Invoice": 1, "CreditMemo": -1}
    applied = sum((signs[line["LinkedTxn"][0]["TxnType"]] * line["Amount"] for line in lines), Decimal(0))
    assert body["TotalAmt"] - applied == case.unapplied


@pytest.mark.parametrize(
    ("state", "kind", "account"),
    [
        ("linked", DecisionKind.CREATE, ACCOUNT),
        ("skipped", DecisionKind.CREATE, None),
        ("unlinked", DecisionKind.WAIT, None),
    ],
)
def test_a_payment_of_a_customer_who_is_no_account_is_shown_without_one(state, kind, account):
    body = {"Id": "41", "TotalAmt": Decimal(5), "UnappliedAmt": Decimal(5), "CustomerRef": {"value": "7"}}
    read = RemoteRecord(Side.QUICKBOOKS, "Payment", "41", Token("1", NOW), RecordState.LIVE, body)
    whose = ParentNeed(
        "account", "account_customer", Side.QUICKBOOKS, "7", state, ACCOUNT if state == "linked" else ""
    )
    creating = link(sf_id="", qbo_id="41", lifecycle="creating")
    decision = decide(Situation(_spec(), creating, None, read, NOW, parents=(whose,)))
    assert (decision.kind, decision.create_values.get("account")) == (kind, account)
