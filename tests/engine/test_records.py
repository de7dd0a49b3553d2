from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contracts import Side
from syncapp.engine.countries import find_country
from syncapp.engine.mapping import ValueType
from syncapp.engine.projection import from_json, to_json
from syncapp.engine.records import comparer, normalise
from tests.engine.builders import row, spec


@pytest.mark.parametrize("nothing", [None, "", "   ", "\r\n"])
@pytest.mark.parametrize("type", [t for t in ValueType if t is not ValueType.LINES])
def test_empty_text_blanks_and_null_are_one_value(type, nothing):
    assert normalise(type, nothing) is None or type is ValueType.DECIMAL


@pytest.mark.parametrize(
    ("type", "raw", "canonical"),
    [
        (ValueType.TEXT, "Cafe\u0301  ", "Café"),
        (ValueType.TEXT, "12 Main St\r\nSuite 4", "12 Main St\nSuite 4"),
        (ValueType.TEXT, Decimal("1E+2"), "100"),
        (ValueType.DECIMAL, "10.1", Decimal("10.10")),
        (ValueType.DECIMAL, 0.1, Decimal("0.10")),
        (ValueType.DECIMAL, "2.675", Decimal("2.68")),
        (ValueType.DECIMAL, "-0.001", Decimal("0.00")),
        (ValueType.DECIMAL, "twelve", "twelve"),
        (ValueType.DATE, "2026-11-21", date(2026, 11, 21)),
        (ValueType.DATE, "soon", "soon"),
        (ValueType.DATETIME, "2026-11-21T09:30:00.900+0000", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        (ValueType.DATETIME, "2020-09-29T05:58:07-07:00", datetime(2020, 9, 29, 12, 58, 7, tzinfo=UTC)),
        (ValueType.BOOL, "true", True),
        (ValueType.BOOL, False, False),
    ],
)
def test_raw_values_become_canonical(type, raw, canonical):
    assert normalise(type, raw) == canonical


@pytest.mark.parametrize(
    ("type", "one", "other", "same"),
    [
        (ValueType.TEXT, "Acme", "acme", False),
        (ValueType.PHONE, "(520) 420-5638", "520.420.5638", True),
        (ValueType.PHONE, "+1 520 420 5638", "5204205638", True),
        (ValueType.PHONE, "520 420 5638 x12", "520 420 5638 ext. 12", True),
        (ValueType.PHONE, "520 420 5638", "520 420 5639", False),
        (ValueType.PHONE, "call me", "Call me", True),
        (ValueType.COUNTRY, "United States", "USA", True),
        (ValueType.COUNTRY, "DE", "Deutschland", True),
        (ValueType.COUNTRY, "Narnia", "USA", False),
        (ValueType.STATE, "California", "CA", True),
        (ValueType.STATE, "Washington", "Western Australia", False),
        (ValueType.URL, "example.com", "https://Example.com/", True),
        (ValueType.URL, "http://example.com", "https://example.com", False),
        (ValueType.URL, "example.com/A", "example.com/a", False),
        (ValueType.DECIMAL, Decimal("1.50"), Decimal("1.5"), True),
        (ValueType.TEXT, None, None, True),
        (ValueType.PHONE, None, "1", False),
    ],
)
def test_equality_is_by_type(type, one, other, same):
    subject = row(type=type)
    assert comparer(subject.type)(one, other) is same
    assert comparer(subject.type)(other, one) is same


def test_every_country_is_found_by_its_codes_and_name():
    country = find_country("south korea")
    assert country is not None
    assert {find_country(text) for text in (country.alpha2, country.alpha3, country.name)} == {country}


MOMENTS = st.integers(0, 4 * 10**9).map(
    lambda seconds: datetime.fromtimestamp(seconds, timezone(timedelta(hours=-7)))
)
RAW = {
    ValueType.TEXT: st.text(),
    ValueType.PHONE: st.text(alphabet="0123456789+ ()-x"),
    ValueType.DECIMAL: st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12
    ),
    ValueType.DATE: st.dates(),
    ValueType.DATETIME: MOMENTS,
    ValueType.BOOL: st.booleans(),
}


@pytest.mark.parametrize("type", list(RAW))
def test_normalising_twice_is_normalising_once(type):
    @given(RAW[type])
    def check(raw):
        once = normalise(type, raw)
        assert normalise(type, once) == once

    check()


@pytest.mark.parametrize("type", list(RAW))
def test_a_stored_projection_comes_back_as_it_was(type):
    mapping = spec(row("value", type=type))

    @given(RAW[type])
    def check(raw):
        value = normalise(type, raw)
        projection = {} if value is None else {"value": value}
        stored = json.loads(json.dumps(to_json(mapping, projection)))
        assert from_json(mapping, stored) == projection

    check()


@given(st.text(), st.text(), st.sampled_from(list(ValueType)))
def test_equality_is_symmetric(one, other, type):
    subject = row(type=type)
    assert comparer(subject.type)(one, other) == comparer(subject.type)(other, one)
    assert comparer(subject.type)(one, one)


def test_sides_know_their_other():
    assert Side.SALESFORCE.other is Side.QUICKBOOKS
