"""Reading a request body against an entity's field list: types, lengths, formats, unknown members.

Gives back a normalised copy: numbers and booleans sent as text are turned into what they mean, read-only members and
nulls are left out, empty texts stay (they clear a field in a sparse update). quickbooks.md 2.7, 3.1.2, 3.2, 8.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.definitions.parts import PARTS
from connectors.simulator.quickbooks.faults import ApiError, Fault
from connectors.simulator.quickbooks.model import Entity, Field

_EMAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+$")
_MAX_NUMBER = Decimal(10) ** 15
#: Amounts end at 99,999,999,999.99; more than seven decimals are refused everywhere (quickbooks.md 8.2).
_MAX_AMOUNT = Decimal(10) ** 11
_AMOUNTS = frozenset({"Amount", "TotalAmt", "Deposit", "OpenBalance", "OpeningBalance"})
_MAX_DECIMALS = 7
_REF_MEMBERS = {"value", "name", "type"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass
class Reader:
    """Collects the errors of one body; the first ones are told together."""

    entity: Entity
    errors: list[ApiError] = field(default_factory=list)

    def read(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The normalised body. Raises `Fault` (2010 at once; format errors together)."""
        clean = self._members(payload, self.entity.fields, self.entity.name, "")
        if self.errors:
            raise Fault(*self.errors)
        return clean

    def _members(
        self, payload: dict[str, Any], fields: dict[str, Field], class_name: str, path: str
    ) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for name, value in payload.items():
            known = fields.get(name)
            if known is None:
                raise faults.unknown_property(name, class_name, list(fields))
            if value is None or (known.read_only and not path and name != "Id"):
                continue
            element = f"{path}{name}"
            read = self._list(known, value, element) if known.is_list else self._one(known, value, element)
            if read is not None:
                clean[name] = read
        return clean

    def _list(self, known: Field, value: Any, element: str) -> list[Any]:
        items = value if isinstance(value, list) else [value]
        read = (self._one(known, item, element) for item in items if item is not None)
        return [item for item in read if item is not None]

    def _one(self, known: Field, value: Any, element: str) -> Any:
        if known.is_part:
            return self._part(known, value, element)
        if known.type == "any":
            return value
        if known.type == "ref":
            return self._ref(value, element)
        if isinstance(value, dict | list):
            raise faults.unreadable_body(f"Can not deserialize instance of {known.type} for {element}")
        return getattr(self, f"_{known.type}")(known, value, element)

    # -- sub-objects ----------------------------------------------------------------------------------------------

    def _part(self, known: Field, value: Any, element: str) -> Any:
        if not isinstance(value, dict):
            if value == "":
                return ""
            raise faults.unreadable_body(f"Can not deserialize instance of {known.type} for {element}")
        clean = self._members(value, PARTS[known.type], known.type, f"{element}.")
        if known.type == "EmailAddress":
            self._check_email(clean.get("Address", ""), element)
        elif known.type == "WebSiteAddress":
            uri = clean.get("URI", "")
            if uri and not re.match(r"https?://[^\s/]", uri, re.IGNORECASE):
                self.errors.append(faults.malformed_web_address(uri))
        elif known.type == "PhysicalAddress":
            total = sum(len(clean.get(f"Line{number}", "")) for number in range(1, 6))
            if total > 2000:
                self.errors.append(faults.too_long(f"{element}.Line", 0, 2000, total))
        return clean

    def _check_email(self, text: str, element: str) -> None:
        # Recorded: a customer's or vendor's one address field may hold several, separated by commas.
        if text and not all(_EMAIL.match(part.strip()) for part in text.split(",")):
            self.errors.append(faults.invalid_email(element, text))

    def _ref(self, value: Any, element: str) -> Any:
        if not isinstance(value, dict):
            if isinstance(value, str | int):  # some clients send the bare id
                return {"value": str(value)} if value != "" else ""
            raise faults.unreadable_body(f"Can not deserialize instance of ReferenceType for {element}")
        for name in value:
            if name not in _REF_MEMBERS:
                raise faults.unknown_property(name, "ReferenceType", sorted(_REF_MEMBERS))
        clean = {name: str(item) for name, item in value.items() if item not in (None, "")}
        return clean if "value" in clean else ("" if "value" in value else None)

    # -- simple values (found by type name) -------------------------------------------------------------------------

    def _str(self, known: Field, value: Any, element: str) -> str:
        text = _text(value).strip(" ") if element == known.name else _text(value)
        if known.maximum and len(text) > known.maximum:
            self.errors.append(faults.too_long(element, 0, known.maximum, len(text)))
        if _CONTROL.search(text):
            self.errors.append(faults.invalid_string(element, _CONTROL.sub("?", text)))
        return text

    def _bool(self, known: Field, value: Any, element: str) -> bool | None:
        if isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text in ("true", "false"):
            return text == "true"
        if text != "":
            self.errors.append(faults.invalid_boolean(element, str(value)))
        return None

    def _num(self, known: Field, value: Any, element: str) -> Decimal | None:
        number = self._number(known, value, element)
        if number is None:
            return None
        if abs(number) >= _MAX_AMOUNT and known.name in _AMOUNTS:
            self.errors.append(faults.invalid_amount(element, str(value)))
            return None
        if abs(number) >= _MAX_NUMBER or _decimals(number) > _MAX_DECIMALS:
            self.errors.append(faults.number_value(element, str(value), whole=False))
            return None
        return number

    def _int(self, known: Field, value: Any, element: str) -> int | None:
        number = self._number(known, value, element)
        if number is None:
            return None
        if abs(number) >= _MAX_NUMBER or number != int(number):
            self.errors.append(faults.number_value(element, str(value), whole=True))
            return None
        return int(number)

    def _number(self, known: Field, value: Any, element: str) -> Decimal | None:
        if value == "":
            return None
        try:
            number = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            self.errors.append(faults.number_format(element, str(value), whole=known.type == "int"))
            return None
        return number

    def _enum(self, known: Field, value: Any, element: str) -> str | None:
        text = _text(value)
        if text == "":
            return None
        if text not in known.options:
            self.errors.append(faults.invalid_enumeration(text))
            return None
        return text

    def _date(self, known: Field, value: Any, element: str) -> str | None:
        text = _text(value).strip()
        if text == "":
            return None
        try:
            return date.fromisoformat(text[:10]).isoformat()
        except ValueError:
            self.errors.append(faults.invalid_date(element, text))
            return None

    def _time(self, known: Field, value: Any, element: str) -> str | None:
        text = _text(value).strip()
        if text == "":
            return None
        try:
            datetime.fromisoformat(text)
        except ValueError:
            self.errors.append(faults.invalid_date(element, text))
            return None
        return text


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def is_blank(value: Any) -> bool:
    """Whether a sent member asks for the field to be cleared: an empty text, or an object of nothing but such."""
    if value == "":
        return True
    return isinstance(value, dict) and bool(value) and all(is_blank(item) for item in value.values())


def is_absent(value: Any) -> bool:
    """Whether a sent member says nothing at all: an empty object."""
    return isinstance(value, dict) and not value
