"""Criteria: conditions in groups and formulas, as text, as a test of a record, and as a mapping's filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contracts import Condition, Group, Side
from syncapp.engine.criteria_text import CriteriaError, in_words, parse_criteria, print_criteria
from syncapp.engine.decide import decide
from syncapp.engine.filters import first_unmet, meets, paths_in
from syncapp.engine.mapping import Criteria, FormulaTest
from syncapp.engine.projection import fields_to_read
from tests.engine.builders import link, sf_record, situation, spec

TEXT = """Type is one of Customer, Partner
any of:
  Industry is Banking
  all of:
    AnnualRevenue is more than 1000
    Phone is not empty
formula: BEGINS(Name, "A")"""

RULES = (
    Condition("Type", "in", ["Customer", "Partner"]),
    Group(
        "any",
        (
            Condition("Industry", "eq", "Banking"),
            Group("all", (Condition("AnnualRevenue", "gt", "1000"), Condition("Phone", "blank", False))),
        ),
    ),
    FormulaTest('BEGINS(Name, "A")'),
)


def test_criteria_are_written_a_line_each_and_groups_are_indented():
    assert parse_criteria(TEXT) == RULES
    assert print_criteria(RULES) == TEXT


def test_short_signs_and_other_indentation_say_the_same():
    short = "Amount>=10\nType <> x\nany of:\n    A = true\n    B is empty"
    assert parse_criteria(short) == (
        Condition("Amount", "ge", "10"),
        Condition("Type", "ne", "x"),
        Group("any", (Condition("A", "eq", True), Condition("B", "blank", None))),
    )


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("Type", 1, "“Type” is not a field, a comparison and a value, such as “Type is Customer”."),
        ("Type is", 1, "A value is missing behind “Type is”."),
        ("Type is a\n  Name is b", 2, "This line is indented, but no group begins above it."),
        ("any of:\nType is a", 1, "This group is empty: indent the lines that belong to it."),
        ("  Type is a\nName is b", 2, "This line is indented less than the one it belongs to."),
        ("formula: LEFT(Name, 1)", 1, "Here true or false is needed, but this is text. (character 1 of the formula)"),
        ("Phone is empty now", 1, "“Phone is empty” takes no value."),
    ],
)  # fmt: skip
def test_a_line_that_is_no_criterion_is_named(text: str, line: int, sentence: str):
    with pytest.raises(CriteriaError) as caught:
        parse_criteria(text)
    assert (caught.value.line, caught.value.sentence) == (line, sentence)


def test_a_record_meets_all_lines_and_one_of_each_group():
    good = {"Type": "Customer", "Industry": "Shipping", "AnnualRevenue": 2000, "Phone": "1", "Name": "Acme"}
    assert first_unmet(RULES, good) is None
    unmet = first_unmet(RULES, {**good, "Phone": None})
    assert unmet is RULES[1]
    assert in_words(RULES[1]) == (
        "Industry is Banking or AnnualRevenue is more than 1000 and Phone is not empty"
    )
    assert first_unmet(RULES, {**good, "Name": "Bcme"}) is RULES[2]
    assert not meets(FormulaTest("1 / Rate > 1"), {})


def test_a_read_asks_for_every_field_that_criteria_name():
    assert tuple(paths_in(RULES)) == ("Type", "Industry", "AnnualRevenue", "Phone", "Name")
    mapping = spec(criteria=(Criteria("Big ones", Side.SALESFORCE, RULES),))
    assert {"Industry", "AnnualRevenue"} <= set(fields_to_read(Side.SALESFORCE, mapping))
    assert "Industry" not in fields_to_read(Side.QUICKBOOKS, mapping)


def test_named_criteria_of_a_side_are_alternatives_and_the_decision_names_them():
    mapping = spec(
        criteria=(
            Criteria("Banks", Side.SALESFORCE, (Condition("Industry", "eq", "Banking"),)),
            Criteria("Partners", Side.SALESFORCE, (Condition("Type", "eq", "Partner"),)),
            Criteria("Off", Side.SALESFORCE, (Condition("Name", "eq", "Acme"),), enabled=False),
        )
    )

    def reason(**body: str) -> tuple[str, object]:
        decision = decide(
            situation(
                mapping, sf_record({"Name": "Acme", **body}), None, link(qbo_id="", lifecycle="creating")
            )
        )
        return decision.reasons[0].code, decision.reasons[0].values.get("rule")

    assert reason(Industry="Shipping") == ("engine.no_criteria", "Banks or Partners")
    assert reason(Type="Partner")[0] != "engine.no_criteria"


_paths = st.sampled_from(["Name", "Owner.Name", "Custom__c"])
_values = st.sampled_from(["a", "1000", "two words", True])
conditions = st.one_of(
    st.builds(Condition, _paths, st.sampled_from(["eq", "ne", "lt", "ge", "contains", "starts"]), _values),
    st.builds(Condition, _paths, st.just("in"), st.lists(_values, min_size=1, max_size=3)),
    st.builds(Condition, _paths, st.just("blank"), st.sampled_from([None, False])),
    st.just(FormulaTest("ISBLANK(Name)")),
)
rules = st.recursive(
    conditions,
    lambda children: st.builds(
        lambda joined, members: Group(joined, tuple(members)),
        st.sampled_from(["all", "any"]),
        st.lists(children, min_size=1, max_size=3),
    ),
    max_leaves=4,
)


@given(st.lists(rules, max_size=4).map(tuple))
def test_what_is_printed_is_read_as_the_same_criteria(some):
    assert parse_criteria(print_criteria(some)) == some
