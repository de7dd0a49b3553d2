"""The arithmetic of sales documents, exact to the cent (quickbooks.md 3.17, 3.18; promise G6).

QuickBooks multiplies quantity by price, rounds half up and refuses an amount that is not the product (fault 6070); a
Salesforce line may carry a discount that no price of two decimals can say. So each line is given the price that makes
its amount exactly what Salesforce shows, or an amount alone where no price does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

ZERO, ONE, HUNDRED = Decimal(0), Decimal(1), Decimal(100)
PRICE_PLACES = 7
"""Decimals of a unit price that QuickBooks keeps (quickbooks.md 3.6)."""
WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF", "XPF"})
THREE_PLACES = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def places_of(currency: str) -> int:
    """How many decimals amounts of this currency have; two where none is named."""
    code = (currency or "").upper()
    return 0 if code in WITHOUT_CENTS else 3 if code in THREE_PLACES else 2


def rounded(value: Decimal, places: int = 2) -> Decimal:
    """Half up, away from zero, to this many decimals."""
    return value.quantize(ONE.scaleb(-places), ROUND_HALF_UP) + ZERO


def product(quantity: Decimal, price: Decimal, places: int = 2) -> Decimal:
    """The amount of a line as QuickBooks computes it."""
    return rounded(quantity * price, places)


def discounted(amount: Decimal, percent: Decimal | None, places: int = 2) -> Decimal:
    """What is left of an amount after a discount in percent, rounded."""
    return rounded(amount * (HUNDRED - (percent or ZERO)) / HUNDRED, places)


@dataclass(frozen=True, slots=True)
class Priced:
    """A line as QuickBooks is to be told: quantity and price are None where only the amount can say it."""

    amount: Decimal
    quantity: Decimal | None = None
    price: Decimal | None = None


def price_line(
    quantity: Decimal | None,
    price: Decimal | None,
    *,
    percent: Decimal | None = None,
    total: Decimal | None = None,
    places: int = 2,
    net: bool = True,
) -> Priced:
    """One line's quantity, price and amount.

    `total` is what Salesforce shows for the line (after its discount) and wins over our own product. `net` puts the
    discount into the price; without it the line keeps its list price, for a discount line to take off.
    """
    count = ONE if quantity is None else quantity
    if not net and price is not None:
        return Priced(product(count, price, places), count, price)
    if total is None:
        total = discounted(count * (price or ZERO), percent, places)
    amount = rounded(total, places)
    if price is not None and product(count, price, places) == amount and not percent:
        return Priced(amount, count, price)
    fitting = price_for(count, amount, places)
    return Priced(amount, count, fitting) if fitting is not None else Priced(amount)


def price_for(quantity: Decimal, amount: Decimal, places: int = 2) -> Decimal | None:
    """The shortest unit price whose product with the quantity is exactly this amount; None where none of up to seven
    decimals is (a quantity of millions), or where the quantity is nothing and the amount is not."""
    if quantity == 0:
        return ZERO if amount == 0 else None
    exact = amount / quantity
    for decimals in range(places, PRICE_PLACES + 1):
        candidate = rounded(exact, decimals)
        if product(quantity, candidate, places) == amount:
            return candidate
    return None


@dataclass(frozen=True, slots=True)
class Sum:
    """What a document's lines come to: goods and services, the discount taken off, shipping, and what is left."""

    lines: Decimal = ZERO
    discount: Decimal = ZERO
    shipping: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """Lines less discount plus shipping: the total before tax."""
        return self.lines - self.discount + self.shipping


def add_up(lines: Iterable[Mapping[str, object]]) -> Sum:
    """The sum of canonical lines (`engine.lines`), each of a kind: item, discount, shipping; text counts nothing."""
    totals = {"item": ZERO, "group": ZERO, "discount": ZERO, "shipping": ZERO}
    for line in lines:
        kind, amount = str(line.get("kind") or "item"), line.get("amount")
        if kind in totals and isinstance(amount, Decimal):
            totals[kind] += amount
    return Sum(totals["item"] + totals["group"], totals["discount"], totals["shipping"])


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """One line for a forecast of tax: its amount before tax and the rates (percent) of its code."""

    amount: Decimal
    rates: tuple[Decimal, ...] = ()


def forecast_tax(
    lines: Sequence[TaxedLine], discount: Decimal = ZERO, *, after_discount: bool = True, places: int = 2
) -> Decimal:
    """What tax to expect: per rate, the taxed amounts together, rounded once. A discount lowers each line's share where
    it is taken off before tax."""
    everything = sum((line.amount for line in lines), ZERO)
    share = discount / everything if after_discount and everything else ZERO
    bases: dict[tuple[int, Decimal], Decimal] = {}
    for line in lines:
        for place, rate in enumerate(line.rates):
            bases[place, rate] = bases.get((place, rate), ZERO) + line.amount * (ONE - share)
    return sum(
        (rounded(rounded(base, places) * rate / HUNDRED, places) for (_, rate), base in bases.items()), ZERO
    )


def net_of_gross(gross: Decimal, rate: Decimal, places: int = 2) -> Decimal:
    """The amount before tax of a price that includes it."""
    return rounded(gross * HUNDRED / (HUNDRED + rate), places)


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of a document on which the two sides do not agree."""

    what: str
    """line, lines, discount, shipping, net, tax."""
    ours: Decimal
    theirs: Decimal
    position: int = 0

    @property
    def by(self) -> Decimal:
        """How much more QuickBooks has."""
        return self.theirs - self.ours


def differences(
    ours: Sequence[Mapping[str, object]],
    theirs: Sequence[Mapping[str, object]],
    *,
    tax_forecast: Decimal | None = None,
    tax: Decimal = ZERO,
    rates: int = 1,
    places: int = 2,
) -> tuple[Difference, ...]:
    """Where a document as QuickBooks stored it differs from what was decided (G6): each line, the sums, the net total.

    Tax is QuickBooks' own; against a forecast it may differ by a cent for each rate.
    """
    found = [*_line_differences(ours, theirs)]
    mine, stored = add_up(ours), add_up(theirs)
    for what in ("lines", "discount", "shipping", "net"):
        left, right = getattr(mine, what), getattr(stored, what)
        if left != right:
            found.append(Difference(what, left, right))
    allowed = ONE.scaleb(-places) * max(rates, 1)
    if tax_forecast is not None and abs(tax - tax_forecast) > allowed:
        found.append(Difference("tax", tax_forecast, tax))
    return tuple(found)


def _line_differences(
    ours: Sequence[Mapping[str, object]], theirs: Sequence[Mapping[str, object]]
) -> Iterable[Difference]:
    pairs = zip(_sold(ours), _sold(theirs), strict=False)
    for position, (mine, stored) in enumerate(pairs, start=1):
        if mine != stored:
            yield Difference("line", mine, stored, position)


def _sold(lines: Sequence[Mapping[str, object]]) -> list[Decimal]:
    amounts = [line.get("amount") for line in lines if line.get("kind", "item") == "item"]
    return [amount if isinstance(amount, Decimal) else ZERO for amount in amounts]
