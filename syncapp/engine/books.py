"""What a QuickBooks company is like, as far as documents depend on it: country, currency, tax, switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Books:
    """The settings of one QuickBooks company that decide how a document is made (quickbooks.md 3.14 to 3.19)."""

    closed_until: date | None = None
    """The closing date; None: the books are open."""
    country: str = "US"
    currency: str = "USD"
    multicurrency: bool = False
    tax: str = "automated"
    """off | automated | manual: who calculates sales tax."""
    custom_numbers: bool = False
    discounts: bool = True
    shipping: bool = True
    discount_account: str = ""
    classes: str = ""
    """"" | header | line: where a document's class belongs."""
    locations: bool = False

    @property
    def us(self) -> bool:
        """Whether lines take the codes TAX and NON and `GlobalTaxCalculation` must not be sent (3.17)."""
        return self.country.upper() in ("US", "USA")


def books_of(facts: Mapping[str, Any]) -> Books:
    """The books that a connection's facts (of its health check) describe; the usual ones where they say nothing."""
    return Books(
        country=str(facts.get("country") or "US"),
        currency=str(facts.get("currency") or "USD"),
        multicurrency=bool(facts.get("multicurrency")),
        tax=str(facts.get("tax") or "automated"),
        custom_numbers=bool(facts.get("custom_numbers")),
        closed_until=_day(facts.get("closing_date")),
        discounts=bool(facts.get("discounts", True)),
        shipping=bool(facts.get("shipping", True)),
        discount_account=str(facts.get("discount_account") or ""),
        classes=str(facts.get("classes") or ""),
        locations=bool(facts.get("locations")),
    )


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


OPEN_BOOKS = Books()
