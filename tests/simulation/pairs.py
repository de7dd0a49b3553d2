"""The pairs of objects that the simulation knows, as data: another mapping joins by another `Pair`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]
QBO_MOST = 2000
"""Characters that QuickBooks' longest text takes (a customer's notes); nobody can type more there."""


@dataclass(frozen=True)
class Unit:
    """What a person types into at once: one field, or a group that merges as one. `value(n)` is the n-th new value;
    no two are equal."""

    name: str
    labels: tuple[str, ...]
    """Labels of the mapping's rows, as audit rows name them."""
    sf: tuple[str, ...]
    qbo: tuple[str, ...]
    value: Callable[[int], tuple[str, ...]]
    direction: str = "both"
    plain: Callable[[str], str] = lambda text: " ".join(text.split())
    """What counts of a value when two are compared."""
    gaps: bool = True
    """Whether people also empty it."""

    def paths(self, side: str) -> tuple[str, ...]:
        return self.sf if side == "sf" else self.qbo

    def read(self, side: str, record: Record) -> tuple[str, ...]:
        """The unit's values in a record as it is on the wire."""
        return tuple(self.plain(str(_get(record, path) or "")) for path in self.paths(side))

    def plain_value(self, n: int) -> tuple[str, ...]:
        return tuple(self.plain(part) for part in self.value(n))

    def body(self, side: str, values: tuple[str, ...]) -> dict[str, Any]:
        """What to send so that the record holds these values."""
        body: dict[str, Any] = {}
        for path, value in zip(self.paths(side), values, strict=True):
            _put(body, path, value if side == "sf" else value[:QBO_MOST])
        return body

    def goes(self, target: str) -> bool:
        return self.direction in ("both", "to_sf" if target == "sf" else "to_qbo")


@dataclass(frozen=True)
class Pair:
    """Two objects that are kept in step."""

    key: str
    sf_object: str
    qbo_entity: str
    units: tuple[Unit, ...]
    parent: tuple[str, str] = ("", "")
    """Paths of the reference to a record of the same pair, on both sides."""
    qbo_defaults: Mapping[str, Any] = field(default_factory=dict)

    def object(self, side: str) -> str:
        return self.sf_object if side == "sf" else self.qbo_entity

    def unit(self, name: str) -> Unit:
        return next(unit for unit in self.units if unit.name == name)

    @property
    def name(self) -> Unit:
        """The unit by which a record is found and recognised."""
        return self.units[0]


def _get(record: Record, path: str) -> Any:
    value: Any = record
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _put(body: dict[str, Any], path: str, value: str) -> None:
    *above, last = path.split(".")
    for part in above:
        body = body.setdefault(part, {})
    body[last] = value


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _address(text: str) -> str:
    return text.casefold().removeprefix("https://").removeprefix("http://").rstrip("/")


def _note(n: int) -> tuple[str, ...]:
    """Every third is longer than QuickBooks' field: it is cut there."""
    return (f"Note {n}" + (" and so on" * 250 if n % 3 == 0 else ""),)


def _beginning(text: str) -> str:
    return text[:20].partition(" and")[0]


CUSTOMERS = Pair(
    "account_customer",
    "Account",
    "Customer",
    (
        Unit("name", ("Name",), ("Name",), ("DisplayName",), lambda n: (f"Firm {n} Pine",), gaps=False),
        Unit(
            "phone",
            ("Phone",),
            ("Phone",),
            ("PrimaryPhone.FreeFormNumber",),
            lambda n: (f"(5{n // 10000 % 100:02d}) 010-{n % 10000:04d}",),
            plain=_digits,
        ),
        Unit(
            "website",
            ("Website",),
            ("Website",),
            ("WebAddr.URI",),
            lambda n: (f"https://w{n}.example.com",),
            plain=_address,
        ),
        Unit(
            "billing_address",
            ("Billing street", "Billing city"),
            ("BillingStreet", "BillingCity"),
            ("BillAddr.Line1", "BillAddr.City"),
            lambda n: (f"{n} Elm Street", f"Town {n}"),
        ),
        Unit(
            "notes",
            ("Description",),
            ("Description",),
            ("Notes",),
            _note,
            direction="to_qbo",
            plain=_beginning,
        ),
    ),
    parent=("ParentId", "ParentRef.value"),
)
PAIRS = (CUSTOMERS,)
