"""Exact money: Decimal with a fixed number of places, rounded half up as both vendors do (quickbooks.md 3.18)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_NO_MINOR_UNITS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())  # noqa: SIM905
_THREE_PLACES = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def round_to(amount: Decimal, places: int = 2) -> Decimal:
    """`amount` with so many decimal places, halves away from zero; minus zero becomes zero."""
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0


def places_of(currency: str) -> int:
    """How many decimal places a currency has (ISO 4217): 2 for most, 0 for yen, 3 for dinars."""
    if currency in _NO_MINOR_UNITS:
        return 0
    return 3 if currency in _THREE_PLACES else 2


def line_amount(quantity: Decimal, price: Decimal, places: int = 2) -> Decimal:
    """Quantity times price, rounded: what a line of a document comes to."""
    return round_to(quantity * price, places)


def percent_of(amount: Decimal, percent: Decimal, places: int = 2) -> Decimal:
    """So many percent of an amount, rounded (a document discount)."""
    return round_to(amount * percent / 100, places)


def to_the_cent(one: Decimal, other: Decimal, places: int = 2) -> bool:
    """Whether two amounts are equal once both are rounded to the currency's places."""
    return round_to(one, places) == round_to(other, places)
