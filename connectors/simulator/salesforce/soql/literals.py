"""Right-hand sides: is this literal allowed for that field, and what is it in SQL?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from connectors.simulator.salesforce import ids
from connectors.simulator.salesforce.times import parse_date, parse_moment, wire

from . import ast
from .dates import days_of, instant
from .errors import SoqlError, bad_value, pointed_at

NUMERIC = frozenset({"double", "currency", "percent", "int", "long"})
TEXTUAL = frozenset({
    "string", "textarea", "picklist", "multipicklist", "phone", "email", "url", "encryptedstring",
    "combobox", "anyType",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What date literals are read against."""

    now: datetime
    zone: ZoneInfo
    fiscal_start: int = 1

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Span:
    """A literal that covers a range: `first` included, `end` not, as stored texts."""

    first: str
    end: str


Stored = str | int | float | None


def stored(value: ast.Value, kind: str, name: str, text: str, clock: Clockwork) -> Stored | Span:
    """The literal as the column stores it; date words become a Span. Raises SoqlError for a wrong type."""
    if isinstance(value, ast.Null):
        return None
    if kind in ("id", "reference"):
        return _id(value, name, text)
    if kind == "boolean":
        if isinstance(value, ast.Truth):
            return int(value.value)
        raise _wrong(value, name, "boolean", False, text)
    if kind in NUMERIC:
        if isinstance(value, ast.Number):
            return value.value
        raise _wrong(value, name, "int" if kind == "int" else kind, False, text)
    if kind in ("date", "datetime"):
        return _time(value, kind, name, text, clock)
    if isinstance(value, ast.Text):
        return value.value
    raise _wrong(value, name, "string", True, text)


def _wrong(value: ast.Value, name: str, kind: str, quoted: bool, text: str) -> SoqlError:
    should = "should" if quoted else "should not"
    sentence = f"value of filter criterion for field '{name}' must be of type {kind} and {should} be enclosed in quotes"
    return bad_value(text, value.at, sentence)


def _id(value: ast.Value, name: str, text: str) -> str:
    if not isinstance(value, ast.Text):
        raise _wrong(value, name, "ID", True, text)
    if value.value == "":
        return ""
    found = ids.to_18(value.value)
    if found is None:
        sentence = f"invalid ID field: {value.value}"
        raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", pointed_at(text, value.at, sentence))
    return found


def _time(value: ast.Value, kind: str, name: str, text: str, clock: Clockwork) -> Stored | Span:
    if isinstance(value, ast.DateWord):
        return _word(value, kind, text, clock)
    if kind == "date" and isinstance(value, ast.Day):
        day = parse_date(value.value)
        if day is not None:
            return day
    if kind == "datetime" and isinstance(value, ast.Moment):
        moment = parse_moment(value.value)
        if moment is not None:
            return _precise(moment)
    raise _wrong(value, name, "dateTime" if kind == "datetime" else "date", False, text)


def _precise(moment: datetime) -> str:
    """The instant as stored text; a fraction of a second stays comparable with whole ones."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def _word(value: ast.DateWord, kind: str, text: str, clock: Clockwork) -> Span:
    try:
        days = days_of(value.word, value.count, clock.today, clock.fiscal_start)
        if kind == "date":
            return Span(days.first.isoformat(), days.end.isoformat())
        return Span(wire(instant(days.first, clock.zone)), wire(instant(days.end, clock.zone)))
    except (OverflowError, ValueError) as error:
        raise bad_value(text, value.at, f"{value.word}: value out of range") from error
