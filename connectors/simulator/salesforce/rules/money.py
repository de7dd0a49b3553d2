"""Line arithmetic in exact decimals (reference/salesforce.md 8.3)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

Stored = str | int | float | None
_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)


def exact(value: Stored) -> Decimal:
    """A stored number as the decimal it was written as; null counts as zero."""
    return Decimal(str(value)) if value is not None else Decimal(0)


def cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)


def stored(value: Decimal) -> float:
    return float(cents(value))


def share(discount: Stored) -> Decimal:
    """What is left after a discount in percent."""
    return 1 - exact(discount) / _HUNDRED


def total_price(quantity: Stored, unit_price: Stored, discount: Stored) -> Decimal:
    return cents(exact(quantity) * exact(unit_price) * share(discount))


def unit_price(total: Stored, quantity: Stored, discount: Stored) -> Decimal:
    """The price that gives this total; zero where nothing can be divided."""
    divisor = exact(quantity) * share(discount)
    return cents(exact(total) / divisor) if divisor else Decimal(0)
