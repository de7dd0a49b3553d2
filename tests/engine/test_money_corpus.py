"""A corpus of awkward money: every document comes to exactly what its case says, on both sides, to the cent (G6)."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from syncapp.engine import documents, money
from syncapp.engine.books import Books
from syncapp.engine.decide import decide
from syncapp.engine.decision import Decision, DecisionKind, ParentNeed, Situation
from syncapp.engine.lists import Entry, Lists, listed
from syncapp.engine.mapping import MappingSpec, OnConflict
from syncapp.engine.projection import compose_create
from syncapp.recipes import RECIPES, Template, prepare
from tests.engine.builders import NOW, link

CASES = Path(__file__).with_name("money_cases.csv")


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    currency: str
    country: str
    policy: str
    lines: tuple[tuple[Decimal, Decimal, Decimal | None, Decimal | None], ...]
    discount: Decimal
    shipping: Decimal
    calculation: str
    rates: tuple[Decimal, ...]
    amounts: tuple[Decimal, ...]
    discount_line: Decimal
    net: Decimal
    tax: Decimal | None


def _line(text: str) -> tuple[Decimal, Decimal, Decimal | None, Decimal | None]:
    text, _, total = text.partition("=")
    text, _, percent = text.partition("@")
    quantity, _, price = text.partition("x")
    return (
        Decimal(quantity),
        Decimal(price),
        Decimal(percent) if percent else None,
        Decimal(total) if total else None,
    )


def read_cases() -> list[Case]:
    """Every case of the table."""
    text = [line for line in CASES.read_text().splitlines() if not line.startswith("#")]
    return [
        Case(
            row["case"],
            row["currency"],
            row["country"],
            row["policy"],
            tuple(_line(part) for part in row["lines"].split(" + ")),
            Decimal(row["discount"]),
            Decimal(row["shipping"]),
            row["calculation"],
            tuple(Decimal(rate) for rate in row["rates"].split("+") if rate),
            tuple(Decimal(amount) for amount in row["amounts"].split()),
            Decimal(row["discount_line"]),
            Decimal(row["net"]),
            Decimal(row["tax"]) if row["tax"] else None,
        )
        for row in csv.DictReader(text, delimiter=";")
    ]


@cache
def _spec() -> MappingSpec:
    return prepare(RECIPES["opportunity_invoice"], Template.SF_TO_QBO, OnConflict.SF).spec


def spec_of(case: Case) -> MappingSpec:
    """The shipped mapping of opportunities and invoices, with the case's policies."""
    spec = _spec()
    places = money.places_of(case.currency)
    rows = tuple(replace(row, places=max(places, 2)) if row.key == "amount" else row for row in spec.fields)
    lines = {
        **spec.options["lines"],
        "discount": case.policy,
        "discount_path": "Discount__c",
        "shipping_path": "Shipping__c",
        "single": {},
    }
    options = {**spec.options, "lines": lines, "tax_calculation": case.calculation, "price_books": []}
    return replace(spec, fields=rows, options=options, sf_filter=())


def opportunity(case: Case) -> dict[str, Any]:
    """The opportunity as Salesforce shows it: each line's total rounded half up to the currency."""
    step = Decimal(1).scaleb(-money.places_of(case.currency))
    children = []
    for number, (quantity, price, percent, total) in enumerate(case.lines, start=1):
        exact = quantity * price * (100 - (percent or 0)) / 100
        shown = exact.quantize(step, ROUND_HALF_UP) if total is None else total
        children.append(
            {
                "Id": f"00k{number:012d}",
                "SortOrder": number,
                "Product2Id": "01t000000000001",
                "Quantity": quantity,
                "UnitPrice": price,
                "Discount": percent,
                "TotalPrice": shown,
            }
        )
    return {
        "Id": "006000000000001",
        "Name": case.name,
        "AccountId": "001000000000001",
        "CloseDate": "2026-11-20",
        "Discount__c": case.discount,
        "Shipping__c": case.shipping,
        "OpportunityLineItems": {"records": children},
    }


def lists_of(case: Case) -> Lists:
    rates = [Entry(f"r{n}", f"Rate {n}", more={"rate": rate}) for n, rate in enumerate(case.rates)]
    code = Entry("5", "Code", more={"rates": [rate.id for rate in rates]})
    item = Entry("9", "Item", more={"taxable": True, "tax_code": "5" if case.rates else ""})
    return {
        "Item": listed("Item", [item]),
        "TaxCode": listed("TaxCode", [code, Entry("TAX", "TAX"), Entry("NON", "NON")]),
        "TaxRate": listed("TaxRate", rates),
    }


def books_of(case: Case) -> Books:
    return Books(country=case.country, currency=case.currency, tax="manual" if case.rates else "automated")


def decided(case: Case, spec: MappingSpec) -> Decision:
    body = opportunity(case)
    record = RemoteRecord(Side.SALESFORCE, "Opportunity", body["Id"], Token("1", NOW), RecordState.LIVE, body)
    parents = tuple(
        ParentNeed(key, mapping, Side.SALESFORCE, remote, "linked", other)
        for key, mapping, remote, other in (
            ("customer", "account_customer", body["AccountId"], "7"),
            ("item", "product_item", "01t000000000001", "9"),
        )
    )
    return decide(
        Situation(
            spec,
            link(sf_id=body["Id"], qbo_id="", lifecycle="creating"),
            record,
            None,
            NOW,
            parents=parents,
            books=books_of(case),
            lists=lists_of(case),
        )
    )


def test_the_corpus_is_large_enough_and_names_each_case_once():
    names = [case.name for case in read_cases()]
    assert len(names) >= 300
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_a_document_comes_to_the_cent(case: Case):
    spec = spec_of(case)
    decision = decided(case, spec)
    assert decision.kind is DecisionKind.CREATE, decision.reasons
    lines = decision.create_values["lines"]
    sums = money.add_up(lines)
    assert [line["amount"] for line in lines if line["kind"] == "item"] == list(case.amounts)
    assert (sums.discount, sums.net) == (case.discount_line, case.net)
    body = compose_create(Side.QUICKBOOKS, spec, decision.create_values)
    _quickbooks_takes(body, money.places_of(case.currency))
    if case.tax is not None:
        taxed = [money.TaxedLine(amount, case.rates) for amount in case.amounts]
        assert money.forecast_tax(taxed, case.discount_line) == case.tax
    assert (
        documents.disagreement(spec, decision.create_values, answer_to(body, case), books_of(case), {})
        is None
    )


def _quickbooks_takes(body: dict[str, Any], places: int) -> None:
    """What QuickBooks checks of a line: the amount is the rounded product of what else is sent (fault 6070)."""
    for line in body["Line"]:
        detail = line.get("SalesItemLineDetail") or {}
        if detail.get("Qty") is None or detail.get("UnitPrice") is None:
            continue
        product = (detail["Qty"] * detail["UnitPrice"]).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        assert product == line["Amount"]
        assert -detail["UnitPrice"].as_tuple().exponent <= 7


def answer_to(body: dict[str, Any], case: Case) -> dict[str, Any]:
    """What QuickBooks stores of a document: the lines as sent, with ids, and a subtotal of its own."""
    lines = [{"Id": str(n), "LineNum": n, **line} for n, line in enumerate(body["Line"], start=1)]
    subtotal = {"Amount": case.net, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    tax = {"TotalTax": case.tax or Decimal(0)}
    return {**body, "Line": [*lines, subtotal], "CurrencyRef": {"value": case.currency}, "TxnTaxDetail": tax}


def test_a_cent_more_in_quickbooks_is_a_difference_that_says_by_how_much():
    case = next(case for case in read_cases() if case.name == "awkward-002")
    spec = spec_of(case)
    values = decided(case, spec).create_values
    answer = answer_to(compose_create(Side.QUICKBOOKS, spec, values), case)
    answer["Line"][0]["Amount"] += Decimal("0.01")
    found = documents.disagreement(spec, values, answer, books_of(case), {})
    assert found == documents.Disagreement(money.Difference("line", Decimal("448.40"), Decimal("448.41"), 1))
    assert found.figure.by == Decimal("0.01")


@pytest.mark.parametrize(
    ("country", "lines", "refused"),
    [
        ("US", 750, {}),
        ("US", 751, {"engine.too_many_lines": ("751", "750")}),
        ("CA", 751, {}),
        ("CA", 10_001, {"engine.too_many_lines": ("10,001", "10,000")}),
    ],
)
def test_more_lines_than_quickbooks_takes_are_refused_before_the_call(country, lines, refused):
    plain = next(case for case in read_cases() if case.country == country and not case.discount)
    case = replace(plain, lines=plain.lines[:1] * lines)
    told = {
        reason.code: (reason.values["count"], reason.values["limit"])
        for reason in decided(case, spec_of(case)).reasons
        if reason.code == "engine.too_many_lines"
    }
    assert told == refused
