"""Tax beyond what was to be expected is told rate by rate (promise G6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncapp.engine import taxes
from syncapp.engine.lists import Entry, listed
from syncapp.engine.pricing import Terms
from syncapp.services.money_check import _why

TERMS = Terms(
    lists={
        "TaxCode": listed(
            "TaxCode",
            [
                Entry("2", "GST", more={"rates": ["11"]}),
                Entry("3", "GST/PST BC", more={"rates": ["11", "12"]}),
            ],
        ),
        "TaxRate": listed(
            "TaxRate",
            [Entry("11", "GST 5%", more={"rate": "5"}), Entry("12", "PST 7%", more={"rate": "7"})],
        ),
    }
)


def line(amount: str, code: str = "2", kind: str = "item") -> dict[str, Any]:
    return {"kind": kind, "amount": Decimal(amount), "tax_code": code}


def taxed(rate: str, percent: str, base: str, amount: str) -> dict[str, Any]:
    detail = {"TaxRateRef": {"value": rate}, "TaxPercent": percent, "NetAmountTaxable": base}
    return {"Amount": amount, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}


def told(lines: list[dict[str, Any]], *tax_lines: dict[str, Any]) -> list[str]:
    found = taxes.by_rate(lines, {"TxnTaxDetail": {"TaxLine": list(tax_lines)}}, TERMS)
    return [_why(one) for one in found]


def test_what_agrees_to_a_cent_per_rate_is_not_told():
    assert told([line("100.10")], taxed("11", "5", "100.10", "5.00")) == []


def test_another_percentage_is_named():
    assert told([line("200")], taxed("11", "6", "200.00", "12.00")) == [
        "GST 5%: QuickBooks takes 6 %, the list that was read of it says 5 %; 12.00 in place of 10.00."
    ]


def test_another_taxed_amount_is_named():
    assert told([line("200"), line("50", "")], taxed("11", "5", "250.00", "12.50")) == [
        "GST 5%: QuickBooks takes 5 % of 250.00, of 200.00 it would be 10.00."
    ]


def test_a_rate_that_nobody_asked_for_and_one_that_is_missing_are_told_the_greatest_first():
    assert told([line("100")], taxed("12", "7", "100", "7")) == [
        "PST 7%: 7 % of 100 is asked for by no line.",
        "GST 5%: 5 % of 100.00 was expected, and QuickBooks left it out.",
    ]


def test_a_tax_that_somebody_typed_over_is_told_as_such():
    assert told([line("100")], taxed("11", "5", "100.00", "9.99")) == [
        "GST 5%: 5 % of 100.00 comes to 5.00, QuickBooks holds 9.99."
    ]


def test_a_discount_lowers_what_is_taxed():
    lines = [line("100"), line("100", "3"), line("20", "", "discount")]
    assert told(lines, taxed("11", "5", "180.00", "9.00"), taxed("12", "7", "90.00", "6.30")) == []
