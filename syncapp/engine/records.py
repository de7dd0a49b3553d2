"""Canonical values: how one field's value is held, compared and stored, by its type (sync-semantics section 2).

A canonical value is None, str, Decimal, bool, date, datetime (UTC, whole seconds) or, for lines, a list. The empty
string, null and an absent member are one value: None. A value that cannot be read as its type stays text, so that
reading never fails; `checks.check_compiled` refuses it before it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from types import NoneType
from typing import Any
from unicodedata import normalize

from syncapp.engine.countries import countries_agree, states_agree
from syncapp.engine.mapping import ValueType

Normaliser = Callable[[Any], Any]
Comparer = Callable[[Any, Any], bool]


def normalise(type: ValueType, value: Any, places: int = 2) -> Any:
    """The canonical value of what a side sent: NFC, no trailing blanks, LF line ends, UTC, `places` decimals."""
    return normaliser(type, places)(value)


def normaliser(type: ValueType, places: int = 2) -> Normaliser:
    """The function that brings raw values of a type into canonical form; make it once per row, not per value."""
    if type is ValueType.DECIMAL:
        return _decimal_reader(places)
    return _READERS.get(type, read_text)


def read_text(value: Any) -> str | None:
    """Text after NFC, with LF line ends and without trailing blanks; None when nothing is left."""
    if value is None:
        return None
    if value.__class__ is not str:
        value = _as_text(value)
    if not value.isascii():
        value = normalize("NFC", value)
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return value.rstrip() or None


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def _decimal_reader(places: int) -> Normaliser:
    step = Decimal(1).scaleb(-places)

    def read(value: Any) -> Any:
        if value is None or value == "":
            return None
        try:
            number = value if value.__class__ is Decimal else Decimal(str(value).strip())
            return number.quantize(step, ROUND_HALF_UP) + 0
        except InvalidOperation:
            return read_text(value)

    return read


def _read_date(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).date() if value.tzinfo else value.date()
    if value is None or isinstance(value, date):
        return value
    text = read_text(value)
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return text


def _read_datetime(value: Any) -> Any:
    text = None if isinstance(value, datetime) else read_text(value)
    if value is None or (text is None and not isinstance(value, datetime)):
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(text or "")
    except ValueError:
        return text
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.replace(microsecond=0)


def _read_bool(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    text = read_text(value)
    return {"true": True, "1": True, "false": False, "0": False}.get(text.casefold(), text) if text else None


def _read_lines(value: Any) -> Any:
    return list(value) if value else None


_READERS: dict[ValueType, Normaliser] = {
    ValueType.DATE: _read_date,
    ValueType.DATETIME: _read_datetime,
    ValueType.BOOL: _read_bool,
    ValueType.LINES: _read_lines,
}


def comparer(type: ValueType) -> Comparer:
    """The equality of a type, for canonical values (section 2.3). Decimals count by value, a phone by its digits, a
    country or state by what it means, a web address without the scheme that one of them lacks."""
    return _COMPARERS.get(type, _same)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other)


def _both_text(agree: Callable[[str, str], bool]) -> Comparer:
    def compare(one: Any, other: Any) -> bool:
        if one == other:
            return True
        if not isinstance(one, str) or not isinstance(other, str):
            return False
        return agree(one, other)

    return compare


def phone_digits(text: str) -> str:
    """What of a phone number dials: its digits, an extension after `x`; a leading `+`, `00` or North American 1 does
    not count. Text without digits stays as it is, case folded."""
    number, mark, extension = text.casefold().replace("ext.", "x").replace("ext", "x").partition("x")
    digits = "".join(filter(str.isdigit, number))
    if not digits:
        return text.casefold()
    digits = digits.removeprefix("00")
    if len(digits) == 11 and digits.startswith("1"):
        digits = digits[1:]
    dialled = "".join(filter(str.isdigit, extension))
    return f"{digits}x{dialled}" if mark and dialled else digits


def _phones_agree(one: str, other: str) -> bool:
    return phone_digits(one) == phone_digits(other)


def _web_parts(text: str) -> tuple[str, str]:
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "", text
    host, slash, path = rest.partition("/")
    return scheme.casefold(), (host.casefold() + slash + path).rstrip("/")


def _web_addresses_agree(one: str, other: str) -> bool:
    (scheme, address), (other_scheme, other_address) = _web_parts(one), _web_parts(other)
    return address == other_address and (not scheme or not other_scheme or scheme == other_scheme)


_COMPARERS: dict[ValueType, Comparer] = {
    ValueType.PHONE: _both_text(_phones_agree),
    ValueType.COUNTRY: _both_text(countries_agree),
    ValueType.STATE: _both_text(states_agree),
    ValueType.URL: _both_text(_web_addresses_agree),
}


_JSON_AS_IT_IS = frozenset({str, NoneType, bool, int})


def value_to_json(value: Any) -> Any:
    """One canonical value as JSON holds it: decimals as text, dates and times in ISO form."""
    if value.__class__ in _JSON_AS_IT_IS:  # nearly every value is text or nothing
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: value_to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [value_to_json(item) for item in value]
    return value


def values_to_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Any mapping of canonical values (a change's `values`, a reason's values) as plain JSON."""
    return {key: value_to_json(value) for key, value in values.items()}
