"""Formulas: what they give, what they refuse and where."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from syncapp.engine.formula import (
    FUNCTIONS,
    Environment,
    FormulaError,
    Kind,
    NoSuchList,
    NotFound,
    check,
    compile_formula,
)
from syncapp.engine.formula.values import as_text

REGIONS = {"EU": "Europe", "US": "America"}


def look_up(name: str, value: Any) -> Any:
    if name != "Regions":
        raise NoSuchList(name)
    if value not in REGIONS:
        raise NotFound(value)
    return REGIONS[value]


WHERE = Environment(date(2026, 11, 21), datetime(2026, 11, 21, 12, tzinfo=UTC), look_up)


def gives(formula: str, **fields: Any) -> Any:
    return compile_formula(formula).evaluate(fields, WHERE)


def refusal(formula: str, **fields: Any) -> tuple[str, str]:
    """The sentence and the part of the formula that it is about."""
    with pytest.raises(FormulaError) as caught:
        gives(formula, **fields)
    return caught.value.sentence, formula[caught.value.start : caught.value.end]


def shown(value: Any) -> str:
    return str(value).upper() if isinstance(value, bool) else as_text(value)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_does_what_its_example_says(name: str) -> None:
    formula, result = FUNCTIONS[name].example
    assert (f"{name}(" in formula, shown(gives(formula))) == (True, result)


@pytest.mark.parametrize(
    ("formula", "fields", "result"),
    [
        ('IF(ISBLANK(Phone), "n/a", Phone)', {"Phone": None}, "n/a"),
        ('IF(ISBLANK(Phone), "n/a", Phone)', {"Phone": "555-0100"}, "555-0100"),
        ('FirstName & " " & LastName', {"FirstName": "Ada", "LastName": "Byron"}, "Ada Byron"),
        ("FirstName + LastName", {"FirstName": "Ada", "LastName": "Byron"}, "AdaByron"),
        ("FirstName + LastName", {}, None),
        ("Owner.Name", {"Owner": {"Name": "Ada"}}, "Ada"),
        ("BillAddr.City & ', ' & BillAddr.Country", {"BillAddr": {"City": "Kiel", "Country": "DEU"}}, "Kiel, DEU"),
        ("{Odd name.x}", {"Odd name": {"x": "1"}}, "1"),
        ("Amount * 0.19", {"Amount": Decimal("448.395")}, Decimal("85.19505")),
        ("1 / 3", {}, Decimal("0.3333333333333333333333333333333333")),
        ("0.1 + 0.2 = 0.3", {}, True),
        ("Amount = 0", {}, True),
        ("Amount < 1", {}, True),
        ('Name = ""', {}, True),
        ("Amount + 1", {}, Decimal(1)),
        ("Amount + 0.1", {"Amount": 0.2}, Decimal("0.3")),
        ("-2 ^ 2", {}, Decimal(-4)),
        ("2 ^ -1", {}, Decimal("0.5")),
        ("2 + 3 * 4 ^ 2", {}, Decimal(50)),
        ("10 - 2 - 3", {}, Decimal(5)),
        ('1 + 1 & "x"', {}, "2x"),
        ("TRUE || 1 / 0 = 1", {}, True),
        ("FALSE && 1 / 0 = 1", {}, False),
        ("!FALSE && NOT(FALSE)", {}, True),
        ("CloseDate + 30", {"CloseDate": "2026-11-21"}, date(2026, 12, 21)),
        ("DueDate - CloseDate", {"CloseDate": "2026-11-21", "DueDate": "2026-12-21"}, Decimal(30)),
        ('CloseDate > "2026-01-01"', {"CloseDate": "2026-11-21"}, True),
        ("CreatedDate >= TODAY()", {"CreatedDate": "2026-11-21T09:30:00.000+0000"}, True),
        ("CloseDate > TODAY()", {}, False),
        ("TEXT(Amount) & ' EUR'", {"Amount": Decimal("1200.50")}, "1200.5 EUR"),
        ("ROUND(1250, -2)", {}, Decimal(1300)),
        ("ROUND(-0.004, 2)", {}, Decimal(0)),
        ("ADDMONTHS(DATE(2024, 1, 30), 1)", {}, date(2024, 2, 29)),
        ("IF(Active, 'on', 'off')", {"Active": True}, "on"),
        ('CASE(Stage, "Won", "Invoice", "Quote", "Estimate", NULL)', {"Stage": "Quote"}, "Estimate"),
        ('CASE(Stage, "Won", "Invoice", "Quote", "Estimate", NULL)', {"Stage": "Lost"}, None),
        ('LOOKUP("Regions", Region__c, "?")', {"Region__c": "AF"}, "?"),
        ("/* the name */ name", {"name": "x"}, "x"),
        (r'"say \"hi\"" & "\n"', {}, 'say "hi"\n'),
        (r"'it\'s'", {}, "it's"),
        ("if(true, null, 1)", {}, None),
    ],
)  # fmt: skip
def test_a_formula_gives(formula: str, fields: dict[str, Any], result: Any) -> None:
    given = gives(formula, **fields)
    assert (type(given), given) == (type(result), result)


@pytest.mark.parametrize(
    ("formula", "sentence", "part"),
    [
        ("", "The formula ends too early: something is missing here.", ""),
        ("1 +", "The formula ends too early: something is missing here.", ""),
        ("LEFT(Name, 2", "This bracket is not closed.", "("),
        ("Name)", "This bracket closes nothing.", ")"),
        ('"open', "This text has no closing quotation mark.", '"open'),
        ("Name # 2", "“#” has no meaning in a formula.", "#"),
        ("1, 2", "A comma only separates the values of a function.", ","),
        ("Name Phone", "“Phone” cannot stand here.", "Phone"),
        ("LEFTT(Name, 2)", "There is no function LEFTT. Do you mean LEFT?", "LEFTT(Name, 2)"),
        (
            "1 + LEFT(Name)",
            "LEFT takes 2 values, here are 1. It is written LEFT(text, number).",
            "LEFT(Name)",
        ),
        (
            'CASE(Name, "a", 1, "b", 2)',
            "CASE needs a last value for everything else: CASE(value, case, result, …, else).",
            'CASE(Name, "a", 1, "b", 2)',
        ),
        (
            'ABS("a")',
            "Here a number is needed, but this is text. VALUE(…) makes a number of a text.",
            '"a"',
        ),
        (
            'IF(TRUE, "a", 1)',
            "The results of IF must be alike: one is text, this is a number.",
            "1",
        ),
        ('1 = "1"', "A number cannot be compared with text.", '"1"'),
        ("LOOKUP(Name, Region)", "The list of LOOKUP is named in quotation marks.", "Name"),
        ("TODAY() + TODAY()", "Two dates cannot be added. A number of days can.", "TODAY()"),
        ("Name__c.", "“.” has no meaning in a formula.", "."),
    ],
)
def test_a_formula_is_refused_with_the_place_before_it_is_used(
    formula: str, sentence: str, part: str
) -> None:
    [error] = check(formula)
    assert (error.sentence, formula[error.start : error.end]) == (sentence, part)


@pytest.mark.parametrize(
    ("formula", "fields", "sentence", "part"),
    [
        ("100 / Rate", {}, "A number is divided by zero.", "Rate"),
        ("1 + VALUE(Code)", {"Code": "12a"}, "“12a” is not a number.", "VALUE(Code)"),
        ("DATE(2026, 2, 30)", {}, "There is no such date: check year, month and day.", "DATE(2026, 2, 30)"),
        (
            "Amount * 2",
            {"Amount": "ten"},
            "Here a number is needed, but the value is “ten”. VALUE(…) makes a number of a text.",
            "2",
        ),
        ('LOOKUP("Regions", Code)', {"Code": "AF"}, "“Regions” has no entry for “AF”.", 'LOOKUP("Regions", Code)'),
        (
            'LOOKUP("Zones", Code)',
            {"Code": "AF"},
            "There is no value map or reference list named “Zones”.",
            'LOOKUP("Zones", Code)',
        ),
        ("10 ^ 60 * 10 ^ 60", {}, "The number becomes too large.", "10 ^ 60"),
        ("2 ^ 65", {}, "A power goes to 64 at most.", "65"),
        ("DATE(9999, 12, 31) + 1", {}, "This date is outside the years 1 to 9999.", "1"),
        ('LPAD("x", 40000)', {}, "The text becomes longer than 32,000 characters.", 'LPAD("x", 40000)'),
        (
            'SUBSTITUTE(A, "a", A)',
            {"A": "a" * 10_000},
            "The text becomes longer than 32,000 characters.",
            'SUBSTITUTE(A, "a", A)',
        ),
    ],
)  # fmt: skip
def test_a_record_that_a_formula_cannot_serve_is_told_with_the_place(
    formula: str, fields: dict[str, Any], sentence: str, part: str
) -> None:
    assert refusal(formula, **fields) == (sentence, part)


def test_all_that_is_wrong_is_told_at_once() -> None:
    errors = check('ABS("a") + LEFT(1) + Amount', {"Amount": Kind.BOOL})
    assert [error.position for error in errors] == [5, 12, 22]


def test_the_kinds_of_the_fields_count() -> None:
    kinds = {"Amount": Kind.NUMBER, "Name": Kind.TEXT, "CloseDate": Kind.DATE, "Active": Kind.BOOL}
    assert [error.sentence for error in check("Name * 2", kinds)] == [
        "Here a number is needed, but this is text. VALUE(…) makes a number of a text."
    ]
    assert [error.sentence for error in check("Active & Name", kinds)] == [
        'Here text is needed, but this is true or false. IF(…, "yes", "no") makes a text of it.'
    ]
    assert check("CloseDate + Amount", kinds, Kind.DATE) == []
    assert [error.sentence for error in check("CloseDate", kinds, Kind.NUMBER)] == [
        "Here a number is needed, but this is a date."
    ]


def test_a_formula_says_what_it_reads() -> None:
    formula = compile_formula(
        'Owner.Name & LOOKUP("Regions", Region__c, owner.name) & TEXT(TODAY()) & Owner.Name'
    )
    assert (formula.fields, formula.lists, formula.volatile, formula.kind) == (
        ("Owner.Name", "Region__c", "owner.name"),
        ("Regions",),
        True,
        Kind.TEXT,
    )


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("1" + " + 1" * 600, "The formula has too many parts: at most 1,000 are possible."),
        ("x" * 4_001, "The formula is too long: 4,001 characters, at most 4,000 are possible."),
        ("(" * 61 + "1" + ")" * 61, "The formula is nested too deeply: at most 60 levels are possible."),
        ("-" * 61 + "1", "The formula is nested too deeply: at most 60 levels are possible."),
        ("NOT(" * 61 + "TRUE" + ")" * 61, "The formula is nested too deeply: at most 60 levels are possible."),
        ("9" * 65, "This number has too many digits."),
    ],
)  # fmt: skip
def test_a_formula_has_limits(formula: str, sentence: str) -> None:
    assert [error.sentence for error in check(formula)] == [sentence]


def test_a_long_chain_is_not_deep() -> None:
    assert gives("0" + " + 1" * 480) == Decimal(480)


def test_work_is_bounded_whatever_the_formula() -> None:
    text = "x" * 32_000
    assert refusal("AND(" + ", ".join(['!CONTAINS(UPPER(A), "x")'] * 80) + ")", A=text)[0] == (
        "The formula does too much for one record."
    )
    assert refusal("LEN(" + " & ".join(["A"] * 120) + ")", A=text)[0] == (
        "The text becomes longer than 32,000 characters."
    )
