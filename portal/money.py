"""Amounts as people read them. The number of decimals of a currency comes from ISO 4217."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "INR": "₹"}
_NO_DECIMALS = {
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
}
_THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


def decimals(currency: str) -> int:
    """How many digits follow the point in this currency."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def as_money(amount: Decimal, currency: str) -> str:
    """`$18,460.00`, `-$250.25`, `NOK 1,204,350.00`."""
    step = Decimal(1).scaleb(-decimals(currency))
    text = f"{abs(amount).quantize(step, ROUND_HALF_UP):,}"
    mark = SIGNS.get(currency, f"{currency} ")
    return f"{'-' if amount < 0 else ''}{mark}{text}"
