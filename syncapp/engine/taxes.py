"""The tax of a document rate by rate: what was to be expected beside what QuickBooks came to, and where the two part
(quickbooks.md 3.17; promise G6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.contracts import Body
from syncapp.engine import money
from syncapp.engine.pricing import Terms


@dataclass(frozen=True, slots=True)
class Share:
    """What one rate takes: its percent, of which amount, and how much that is."""

    percent: Decimal
    base: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class RateDifference:
    """One rate on which expectation and document part: `ours` is None where no line asked for it, `theirs` where
    QuickBooks left it out."""

    name: str
    ours: Share | None
    theirs: Share | None

    @property
    def by(self) -> Decimal:
        """How much more QuickBooks takes."""
        return (self.theirs.tax if self.theirs else money.ZERO) - (self.ours.tax if self.ours else money.ZERO)


def by_rate(lines: Iterable[Mapping[str, Any]], answer: Body, terms: Terms) -> tuple[RateDifference, ...]:
    """The rates whose tax differs by more than a cent; in the order of their difference, the greatest first."""
    ours, theirs = _expected(list(lines), terms), _stored(answer)
    cent = money.ONE.scaleb(-terms.places)
    found = (
        RateDifference(_name(rate, terms), ours.get(rate), theirs.get(rate)) for rate in {**ours, **theirs}
    )
    return tuple(sorted((one for one in found if abs(one.by) > cent), key=lambda one: -abs(one.by)))


def _expected(lines: list[Mapping[str, Any]], terms: Terms) -> dict[str, Share]:
    """By rate what its lines come to; a discount lowers each line's share, as it does before tax."""
    sums = money.add_up(lines)
    sold = [line for line in lines if line.get("kind") != "discount"]
    everything = sum(
        (amount for line in sold if isinstance(amount := line.get("amount"), Decimal)), money.ZERO
    )
    left = money.ONE - (sums.discount / everything if everything else money.ZERO)
    bases: dict[str, Decimal] = {}
    for line in sold:
        if isinstance(amount := line.get("amount"), Decimal):
            for rate in _rates(str(line.get("tax_code") or ""), terms):
                bases[rate] = bases.get(rate, money.ZERO) + amount * left
    return {rate: _share(_percent(rate, terms), base, terms.places) for rate, base in bases.items()}


def _share(percent: Decimal, base: Decimal, places: int) -> Share:
    taxed = money.rounded(base, places)
    return Share(percent, taxed, money.rounded(taxed * percent / money.HUNDRED, places))


def _rates(code: str, terms: Terms) -> Iterator[str]:
    """The ids of the rates of a tax code that the lists know."""
    entry = terms.entry("TaxCode", f"@id:{code}")
    for rate in (entry.more.get("rates") or ()) if entry is not None else ():
        known = terms.entry("TaxRate", f"@id:{rate}")
        if known is not None and "rate" in known.more:
            yield str(rate)


def _percent(rate: str, terms: Terms) -> Decimal:
    entry = terms.entry("TaxRate", f"@id:{rate}")
    return _number(entry.more.get("rate")) if entry is not None else money.ZERO


def _name(rate: str, terms: Terms) -> str:
    entry = terms.entry("TaxRate", f"@id:{rate}")
    return entry.name if entry is not None and entry.name else rate


def _stored(answer: Body) -> dict[str, Share]:
    """By rate what the document holds: QuickBooks names rate, percent and taxed amount of each."""
    found: dict[str, Share] = {}
    for line in (answer.get("TxnTaxDetail") or {}).get("TaxLine") or ():
        detail = line.get("TaxLineDetail") or {}
        rate = str((detail.get("TaxRateRef") or {}).get("value") or "")
        before = found.get(rate, Share(money.ZERO, money.ZERO, money.ZERO))
        base, tax = _number(detail.get("NetAmountTaxable")), _number(line.get("Amount"))
        found[rate] = Share(_number(detail.get("TaxPercent")), before.base + base, before.tax + tax)
    return found


def _number(value: Any) -> Decimal:
    return Decimal(str(value)) if value not in (None, "") else money.ZERO
