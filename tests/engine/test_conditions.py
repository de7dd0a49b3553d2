"""A filter box takes what people type, and says at which character it does not understand."""

from __future__ import annotations

import pytest

from connectors.contracts import Condition
from syncapp.engine.conditions import FilterError, looks_like_conditions, parse


@pytest.mark.parametrize(
    "text", ["Id = '001A'", 'Id="001A"', "Id = ‘001A’", "Id = ’001A‘", "Id = “001A”", "Id=001A"]
)
def test_quotes_may_be_straight_curly_or_left_out(text: str) -> None:
    assert parse(text) == ((Condition("Id", "eq", "001A"),),)


def test_and_binds_closer_than_or_and_brackets_bind_closest() -> None:
    a, b, c = (Condition(name, "gt", "1") for name in "ABC")
    assert parse("A > 1 OR B > 1 and C > 1") == ((a,), (b, c))
    assert parse("(A > 1 or B > 1) AND C > 1") == ((a, c), (b, c))


def test_words_of_both_vendors_and_of_people() -> None:
    assert parse("Name LIKE 'Blue%'") == ((Condition("Name", "starts", "Blue"),),)
    assert parse("Name like '%ue P%'") == ((Condition("Name", "contains", "ue P"),),)
    assert parse("Name starts with Blue") == ((Condition("Name", "starts", "Blue"),),)
    assert parse("BillAddr.City IN ('Bern', Basel)") == (
        (Condition("BillAddr.City", "in", ["Bern", "Basel"]),),
    )
    assert parse("Phone != null and Fax is empty") == (
        (Condition("Phone", "blank", False), Condition("Fax", "blank", True)),
    )
    assert parse("Fax IS NOT NULL") == ((Condition("Fax", "blank", False),),)
    assert parse("Type not in (A, B)") == ((Condition("Type", "ne", "A"), Condition("Type", "ne", "B")),)
    assert parse(r"Name = 'Amy\'s Birds'") == ((Condition("Name", "eq", "Amy's Birds"),),)
    assert parse("") == ()


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("Name", "filter.no_operator", 5),
        ("Name =", "filter.no_value", 7),
        ("= 'x'", "filter.no_field", 1),
        ("Name = 'x", "filter.open_quote", 8),
        ("(Name = x", "filter.open_bracket", 1),
        ("Name = x y", "filter.rest", 10),
        ("Name like 'a%b'", "filter.like", 11),
        ("Name in x", "filter.no_list", 9),
        ("Name ! x", "filter.letter", 6),
        ("Fax is big", "filter.no_value", 8),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, code: str, position: int) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.position) == (code, position)


def test_a_name_is_no_condition() -> None:
    assert not looks_like_conditions("Blue Pine Catering")
    assert looks_like_conditions("Name = 'Blue'")
