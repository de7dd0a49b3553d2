"""Whether two mappings' filters can let the same record in."""

from __future__ import annotations

from syncapp.engine.criteria_text import parse_criteria
from syncapp.engine.overlap import may_overlap


def overlap(one: str, other: str) -> bool:
    return may_overlap(parse_criteria(one), parse_criteria(other))


def test_filters_that_ask_for_different_values_of_one_field_keep_records_apart():
    assert not overlap("Generate is Invoice", "Generate is one of Estimate, Quote")
    assert not overlap("Type is Vendor", "any of:\n  Type is Customer\n  Type is empty")
    assert not overlap("Type is Customer\nType is Vendor", "Name is x")


def test_a_value_that_one_filter_excludes_and_the_other_asks_for_keeps_records_apart():
    assert not overlap("Type is not Vendor", "Type is vendor")
    assert not overlap("Type is not empty", "Type is empty")
    assert not overlap("Type is not Vendor\nType is not Supplier", "Type is one of Vendor, Supplier")
    assert overlap("Type is not Vendor", "Type is one of Vendor, Supplier")
    assert overlap("Type is not Vendor", "Type is not Supplier")


def test_what_cannot_be_told_apart_may_overlap():
    assert overlap("", "")
    assert overlap("Generate is one of Invoice, Estimate", "Generate is ESTIMATE")
    assert overlap("Amount > 5", "Amount < 3")
    assert overlap("Type is Vendor", "any of:\n  Type is Customer\n  Rating is Hot")
    assert overlap("formula: ISBLANK(Name)", "Type is Vendor")
