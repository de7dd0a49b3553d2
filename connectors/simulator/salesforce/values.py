"""One value of a write: from JSON to what is stored, or the refusal Salesforce answers (reference 2.6, 4.9)."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from . import ids
from .errors import Refused, bad_json
from .objects.fields import NUMBER_TYPES, Field
from .times import parse_date, parse_moment, wire

Stored = str | int | float | None

_EMAIL = re.compile(
    r"[^@\s,;<>()\[\]\\\"]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?Z?")
_INT_LIMIT = 2**31 - 1


def to_stored(field: Field, value: Any, entity_label: str) -> Stored:
    """The value as the column keeps it; an empty text is null. Raises Refused."""
    if value is None or value == "":
        if field.type == "boolean":
            raise _cannot_read("boolean", value)
        return None
    kind = field.type
    if kind == "boolean":
        return _boolean(value)
    if kind == "int":
        return _whole(field, value)
    if kind in NUMBER_TYPES:
        return _number(field, value)
    if kind == "date":
        return _date(value)
    if kind == "datetime":
        return _datetime(value)
    if kind == "time":
        return _time(value)
    if kind in ("reference", "id"):
        return _id(field, value, entity_label)
    return _text(field, value)


def _cannot_read(kind: str, value: Any) -> Refused:
    token = (
        "VALUE_STRING" if isinstance(value, str) else "START_OBJECT" if isinstance(value, dict) else "VALUE"
    )
    return bad_json(
        f"Cannot deserialize instance of {kind} from {token} value {value if value is not None else ''}"
        " or request may be missing a required field at [line:1, column:1]"
    )


def _boolean(value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip().lower() in ("true", "false", "1", "0"):
        return int(value.strip().lower() in ("true", "1"))
    if value in (0, 1) and not isinstance(value, (dict, list)):
        return int(value)
    raise _cannot_read("boolean", value)


def _decimal(kind: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise _cannot_read(kind, value)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise _cannot_read(kind, value) from None
    if not number.is_finite():
        raise _cannot_read(kind, value)
    return number


def _whole(field: Field, value: Any) -> int:
    number = _decimal("int", value)
    if abs(number) > _INT_LIMIT:
        raise _out_of_range(field, value)
    if number != number.to_integral_value():
        raise _cannot_read("int", value)
    whole = int(number)
    if field.digits and len(str(abs(whole))) > field.digits:
        raise _out_of_range(field, value)
    return whole


def _number(field: Field, value: Any) -> float:
    """Rounded to the field's scale, half up, as the platform does on save."""
    number = _decimal("double" if field.type != "currency" else "currency", value)
    whole_digits = field.precision - field.scale
    if abs(number) >= Decimal(10) ** whole_digits:
        raise _out_of_range(field, value)
    return float(number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP))


def _out_of_range(field: Field, value: Any) -> Refused:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return Refused("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))


def _date(value: Any) -> str:
    if isinstance(value, str):
        day = parse_date(value.strip())
        if day is None and "T" in value:
            moment = parse_moment(value)
            day = moment.date().isoformat() if moment else None
        if day is not None:
            return day
    raise _cannot_read("date", value)


def _datetime(value: Any) -> str:
    if isinstance(value, str):
        moment = parse_moment(value)
        if moment is None and parse_date(value.strip()):
            moment = parse_moment(f"{value.strip()}T00:00:00Z")
        if moment is not None:
            return wire(moment)
    raise _cannot_read("datetime", value)


def _time(value: Any) -> str:
    if isinstance(value, str) and _TIME.fullmatch(value):
        bare = value.rstrip("Z")
        return f"{bare[:5]}:{(bare[6:8] or '00')}.{(bare[9:] or '000').ljust(3, '0')}Z"
    raise _cannot_read("time", value)


def _id(field: Field, value: Any, entity_label: str) -> str:
    found = ids.to_18(value) if isinstance(value, str) else None
    if found is None:
        label = field.label if field.type == "reference" else f"{entity_label} ID"
        raise Refused("MALFORMED_ID", f"{label}: id value of incorrect type: {value}", (field.name,))
    return found


def _text(field: Field, value: Any) -> Stored:
    if isinstance(value, (dict, list)):
        raise _cannot_read("string", value)
    text = value if isinstance(value, str) else _plain(value)
    text = text.strip()  # the platform trims every text on save
    if not text:
        return None
    if "\x00" in text:
        raise bad_json(
            "Illegal unquoted character ((CTRL-CHAR, code 0)) in a text value at [line:1, column:1]"
        )
    if field.length and len(text) > field.length and field.type not in ("picklist", "multipicklist"):
        shown = text if len(text) <= field.length + 40 else text[: field.length + 40]
        message = f"{field.label}: data value too large: {shown} (max length={field.length})"
        raise Refused("STRING_TOO_LONG", message, (field.name,))
    if field.type == "email" and not _EMAIL.fullmatch(text):
        raise Refused("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", (field.name,))
    if field.type == "picklist":
        return _choice(field, text)
    if field.type == "multipicklist":
        return _choices(field, text)
    return text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _choice(field: Field, text: str) -> str:
    if field.restricted:
        known = {choice.value.lower(): choice.value for choice in field.choices if choice.active}
        if text.lower() not in known:
            raise _bad_choice(field, text)
        return known[text.lower()]
    if len(text) > 255:
        message = f"{field.label}: data value too large: {text} (max length=255)"
        raise Refused("STRING_TOO_LONG", message, (field.name,))
    return text


def _choices(field: Field, text: str) -> str:
    parts = [part.strip() for part in text.split(";") if part.strip()]
    order = [choice.value for choice in field.choices]
    if field.restricted:
        for part in parts:
            if part not in order:
                raise _bad_choice(field, part)
    return ";".join(
        sorted(dict.fromkeys(parts), key=lambda part: order.index(part) if part in order else len(order))
    )


def _bad_choice(field: Field, text: str) -> Refused:
    message = f"{field.label}: bad value for restricted picklist field: {text}"
    return Refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))


def on_wire(field: Field, value: Stored) -> Any:
    """A stored value as JSON shows it."""
    return bool(value) if field.type == "boolean" and value is not None else value
