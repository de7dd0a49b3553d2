"""Lines of ours that landed beside refused ones are agreed on both sides, in one order; those stay as they were."""

from __future__ import annotations

from typing import Any

import pytest

from syncapp.engine.compiled import compile_spec
from syncapp.engine.landing import landed_lines
from syncapp.engine.lines import CompiledLines
from syncapp.engine.mapping import Direction, FieldSpec, MappingSpec, ValueType


@pytest.fixture
def child() -> CompiledLines:
    """Lines with a quantity that goes both ways and an amount that Salesforce works out itself."""
    rows = (
        FieldSpec("lines", "Lines", "Lines__r", "Line", type=ValueType.LINES),
        FieldSpec(
            "quantity", "Quantity", "Quantity", "SalesItemLineDetail.Qty", ValueType.DECIMAL, part="lines"
        ),
        FieldSpec(
            "amount", "Total", "Total", "Amount", ValueType.DECIMAL, part="lines", direction=Direction.TO_QBO
        ),
    )
    made = MappingSpec("opportunity_invoice", "Invoices", 1, "Opportunity", "Invoice", rows)
    found = compile_spec(made).by_key["lines"].child
    assert found is not None
    return found


def line(id_: str, quantity: str = "", **more: Any) -> dict[str, Any]:
    known = {"id": id_} if id_ else {}
    return {**known, "kind": "item", **({"quantity": quantity} if quantity else {}), **more}


def pairs(sf: Any, qbo: Any) -> list[tuple[str, str | None, str, str | None]]:
    """(id and quantity in Salesforce, the same in QuickBooks) of each pair that is agreed."""
    zipped = zip(sf or (), qbo or (), strict=True)
    return [(one["id"], one.get("quantity"), other["id"], other.get("quantity")) for one, other in zipped]


BASES = ([line("a", "1"), line("b", "2"), line("c", "3")], [line("1", "1"), line("2", "2"), line("3", "3")])


def test_a_changed_line_that_landed_is_agreed_and_a_refused_one_stays_as_it_was(child):
    after = [line("a", "11"), line("b", "12"), line("c", same=True)]
    source = [line("1", "11"), line("2", "12"), line("3", "3")]

    sf, qbo = landed_lines(child, BASES, after, source, ["a", None], now=[line("c", "3")])

    assert pairs(sf, qbo) == [("a", "11", "1", "11"), ("b", "2", "2", "2"), ("c", "3", "3", "3")]


def test_a_removed_line_that_landed_is_gone_from_both_and_a_refused_one_stays(child):
    after = [line("a", same=True), line("b", gone=True), line("c", gone=True)]

    sf, qbo = landed_lines(child, BASES, after, [line("1", "1")], ["b", None], now=[line("a", "1")])

    assert pairs(sf, qbo) == [("a", "1", "1", "1"), ("c", "3", "3", "3")]


def test_a_new_line_that_landed_has_the_id_it_was_given_and_a_refused_one_is_in_neither(child):
    after = [*(line(id_, same=True) for id_ in "abc"), line("", "4"), line("", "5")]
    source = [*BASES[1], line("4", "4"), line("5", "5")]

    sf, qbo = landed_lines(child, BASES, after, source, [None, "e"], now=BASES[0])

    assert pairs(sf, qbo)[3:] == [("e", "5", "5", "5")]
    assert pairs(sf, qbo)[:3] == pairs(*BASES)


def test_what_nobody_has_read_since_has_the_amount_that_follows_from_what_was_sent(child):
    bases = ([line("a", "1", amount="100")], [line("1", "1", amount="100")])

    sf, _ = landed_lines(child, bases, [line("a", "11")], [line("1", "11", amount="1100")], ["a"])

    assert sf == [line("a", "11", amount="1100")]
