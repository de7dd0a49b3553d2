"""Statements and ids: what a person typed never becomes syntax."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from connectors.quickbooks import query
from connectors.salesforce import soql
from connectors.salesforce.ids import is_id, to_18


def test_a_soql_query_is_put_together_from_checked_parts() -> None:
    text = soql.select(
        "Account",
        ["Id", "Owner.Name"],
        where=[soql.equals("Name", "O'Re\\il\"y\n"), soql.within("Id", ["a", "b"])],
        order_by=["Id"],
        limit=5,
    )
    assert text == (
        "SELECT Id, Owner.Name FROM Account WHERE Name = 'O\\'Re\\\\il\\\"y\\n' AND Id IN ('a','b') ORDER BY Id LIMIT 5"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (Decimal("10.50"), "10.50"),
        (date(2026, 11, 21), "2026-11-21"),
        (datetime(2026, 11, 21, 10, 30, tzinfo=timezone(timedelta(hours=1))), "2026-11-21T09:30:00Z"),
        ("\\' OR Name != '", "'\\\\\\' OR Name != \\''"),
    ],
)
def test_soql_literals(value: soql.Value, text: str) -> None:
    assert soql.literal(value) == text


@pytest.mark.parametrize("name", ["Id FROM Account--", "Na me", "", "x;", "A.B.C.D.E.F.G", "1x"])
def test_a_name_that_is_none_is_refused_in_both_languages(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        soql.name(name)
    if name.count(".") < 6:
        with pytest.raises(ValueError, match="not a name"):
            query.name(name)


def test_a_statement_escapes_the_backslash_before_the_quote() -> None:
    text = query.select(
        "Customer", where=[query.equals("DisplayName", "O'Brien\\"), query.ALL_STATES], order_by="Id"
    )
    assert text == (
        "SELECT * FROM Customer WHERE DisplayName = 'O\\'Brien\\\\' AND Active IN (true, false) ORDERBY Id"
    )


def test_statements_quote_numbers_and_say_the_offset_of_a_time() -> None:
    assert query.literal(Decimal("300.00")) == "'300.00'"
    assert query.literal(True) == "true"
    assert (
        query.literal(datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=-8))))
        == "'2026-11-21T09:30:00+00:00'"
    )


def test_times_without_a_zone_and_empty_lists_are_refused() -> None:
    for each in (soql, query):
        with pytest.raises(ValueError, match="zone"):
            each.literal(datetime(2026, 1, 1))  # noqa: DTZ001
        with pytest.raises(ValueError, match="at least one"):
            each.within("Id", [])


@pytest.mark.parametrize(("start", "limit"), [(0, None), (1, 0), (1, 1001)])
def test_pages_begin_at_one_and_hold_up_to_a_thousand(start: int, limit: int | None) -> None:
    with pytest.raises(ValueError, match="pages"):
        query.select("Customer", start=start, limit=limit)


@pytest.mark.parametrize(
    "long", ["001D000000IRFmaIAH", "0035500001H9kZuAAJ", "0065500000KPywjAAD", "00D1a000000H3O9EAK"]
)
def test_short_ids_become_long_ones_as_recorded(long: str) -> None:
    assert to_18(long[:15]) == long == to_18(long)


def test_other_texts_are_no_ids() -> None:
    assert to_18("not an id") == "not an id"
    assert [is_id(text) for text in ("001D000000IRFma", "001D000000IRFmaIAH", "001D", "001D000000IRFm!")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_query_at_the_newest_instant_is_in_utc() -> None:
    assert soql.at_or_after("SystemModstamp", datetime(2026, 1, 2, 3, 4, 5, 999, UTC)) == (
        "SystemModstamp >= 2026-01-02T03:04:05Z"
    )


@given(some.text())
def test_no_text_ends_its_own_literal(text: str) -> None:
    for literal in (soql.literal(text), query.literal(text)):
        inside = literal[1:-1]
        rest = inside.replace("\\\\", "").replace("\\'", "")
        assert "'" not in rest
        assert not rest.endswith("\\")
