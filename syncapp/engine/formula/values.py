"""Values of formulas: what a record's field is in a formula, and how one kind becomes another.

A value is None (empty), text, a Decimal, TRUE or FALSE, a date, or a time in UTC. Dates and times arrive as ISO text
and are known by their form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, DecimalException, Overflow
from enum import StrEnum
from typing import Any

from syncapp.engine.formula.limits import ARITHMETIC, MOST_TEXT

Value = str | Decimal | bool | date | datetime | None


class Kind(StrEnum):
    """What a part of a formula gives. ANY is a field of which nothing is known, EMPTY is NULL."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    DATE = "date"
    TIME = "time"
    ANY = "any"
    EMPTY = "empty"


KIND_WORDS = {
    Kind.TEXT: "text",
    Kind.NUMBER: "a number",
    Kind.BOOL: "true or false",
    Kind.DATE: "a date",
    Kind.TIME: "a date with time",
    Kind.ANY: "any value",
    Kind.EMPTY: "nothing",
}


class Unsuitable(Exception):
    """A value that is not what an operation needs; the text says why. The caller adds the position."""


_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)")


def from_body(raw: Any) -> Value:
    """A raw value of a body as formulas see it. What cannot be a value (a list, an object) is empty."""
    if raw is None or raw == "" or isinstance(raw, bool):
        return None if raw == "" else raw
    if isinstance(raw, str):
        return _from_text(raw)
    if isinstance(raw, int | float | Decimal):
        return _from_number(raw)
    if isinstance(raw, datetime):
        return raw.astimezone(UTC) if raw.tzinfo else raw.replace(tzinfo=UTC)
    return raw if isinstance(raw, date) else None


def _from_text(text: str) -> Value:
    if len(text) > MOST_TEXT:
        raise Unsuitable(f"A field holds a text of more than {MOST_TEXT:,} characters.")
    if len(text) < 10 or text[4] != "-" or not text[0].isdigit():
        return text
    return moment(text) or text


def _from_number(raw: int | float | Decimal) -> Decimal:
    try:
        number = Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw)
        if not number.is_finite():
            raise Unsuitable("A field holds something that is not a number.")
        return ARITHMETIC.plus(number)
    except DecimalException as error:
        raise Unsuitable("A field holds a number that is too large.") from error


def moment(text: str) -> date | datetime | None:
    """The date or the time that an ISO text names; None where it names none."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None


def kind_of(value: Value) -> Kind:
    """The kind of a value."""
    if value is None:
        return Kind.EMPTY
    if isinstance(value, bool):
        return Kind.BOOL
    if isinstance(value, str):
        return Kind.TEXT
    if isinstance(value, Decimal):
        return Kind.NUMBER
    return Kind.TIME if isinstance(value, datetime) else Kind.DATE


def is_blank(value: Value) -> bool:
    """Whether a value counts as empty: nothing, or a text of blanks only, as Salesforce's ISBLANK sees it."""
    return value is None or (isinstance(value, str) and not value.strip())


def as_text(value: Value) -> str:
    """Any value but TRUE and FALSE as text; empty is ''."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise Unsuitable('TRUE and FALSE are not text. Use IF(…, "yes", "no").')
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    return value.isoformat()


def number_text(number: Decimal) -> str:
    """A number without an exponent and without zeros that say nothing: 12.50 is 12.5."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def as_number(value: Value) -> Decimal:
    """A number; empty is 0."""
    if value is None:
        return Decimal(0)
    if isinstance(value, Decimal):
        return value
    raise Unsuitable(_not(value, Kind.NUMBER, " VALUE(…) makes a number of a text."))


def as_bool(value: Value) -> bool:
    """TRUE or FALSE; empty is FALSE."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    raise Unsuitable(_not(value, Kind.BOOL))


def as_date(value: Value) -> date | None:
    """A date, of a time its day in UTC; empty stays empty."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise Unsuitable(_not(value, Kind.DATE, " DATEVALUE(…) makes a date of a text."))


def as_time(value: Value) -> datetime | None:
    """A time in UTC, of a date its first second; empty stays empty."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return _time(value)
    raise Unsuitable(_not(value, Kind.TIME))


def _time(day: date | datetime) -> datetime:
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, tzinfo=UTC)


def as_whole(value: Value) -> int:
    """A whole number, what is behind the point left out."""
    return int(as_number(value))


def _not(value: Value, wanted: Kind, hint: str = "") -> str:
    shown = "TRUE" if value is True else "FALSE" if value is False else as_text(value)
    shown = shown if len(shown) <= 40 else f"{shown[:39]}…"
    return f"Here {KIND_WORDS[wanted]} is needed, but the value is “{shown}”.{hint}"


def bounded(text: str) -> str:
    """A text that is not too long to go on with."""
    if len(text) > MOST_TEXT:
        raise Unsuitable(f"The text becomes longer than {MOST_TEXT:,} characters.")
    return text


def shift(day: date | datetime, days: Decimal) -> date | datetime:
    """A date some days later; parts of a day count only for times."""
    try:
        if isinstance(day, datetime):
            seconds = int(ARITHMETIC.multiply(days, Decimal(86_400)).to_integral_value())
            return day + timedelta(seconds=seconds)
        return day + timedelta(days=int(days))
    except (OverflowError, ValueError) as error:
        raise Unsuitable("This date is outside the years 1 to 9999.") from error


def between(one: date | datetime, other: date | datetime) -> Decimal:
    """The days from `other` to `one`."""
    if isinstance(one, datetime) or isinstance(other, datetime):
        gap = _time(one) - _time(other)
        return ARITHMETIC.divide(Decimal(gap.days * 86_400 + gap.seconds), Decimal(86_400))
    return Decimal((one - other).days)


def guarded(compute: Callable[[], Decimal]) -> Decimal:
    """The number of a calculation, with its failures in words."""
    try:
        return compute()
    except Overflow as error:
        raise Unsuitable("The number becomes too large.") from error
    except DecimalException as error:
        zero = isinstance(error, ZeroDivisionError)
        raise Unsuitable(
            "A number is divided by zero." if zero else "This calculation has no result."
        ) from error
