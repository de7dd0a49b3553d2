"""Lines on their way to the other side: references and lists translated, priced to the cent, given their tax codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.contracts import Side
from syncapp.engine import money
from syncapp.engine.books import OPEN_BOOKS, Books
from syncapp.engine.lines import (
    DISCOUNT,
    GONE,
    ID,
    ITEM,
    KIND,
    MORE,
    SAME,
    TEXT,
    CompiledLines,
    Line,
    LinePlan,
)
from syncapp.engine.lists import Entry, Lists, NotListed, find

AUTO = "@auto"
"""A constant that leaves the value to the document: a line's tax code then follows its item and the company."""
TAXED, UNTAXED = "TAX", "NON"

OneValue = Callable[[Any, Side, Any], Any]
"""Translates one value of one row: (row, target, value)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What pricing rests on beside the lines: the company, its lists, the mapping's options, decimals of money."""

    books: Books = OPEN_BOOKS
    lists: Lists = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    places: int = 2

    @property
    def inclusive(self) -> bool:
        """Whether prices include tax: only outside the US, where the mapping says so (quickbooks.md 3.17)."""
        return not self.books.us and self.options.get("tax_calculation") == "TaxInclusive"

    @property
    def default_item(self) -> str:
        return str(self.options.get("default_item") or "")

    def entry(self, entity: str, text: str) -> Entry | None:
        return find(self.lists, entity, text)


PLAIN_TERMS = Terms()


def translate_lines(
    child: CompiledLines, target: Side, lines: Sequence[Line], plan: LinePlan, terms: Terms, one: OneValue
) -> list[dict[str, Any]] | None:
    """The lines as `target` shall hold them, each with the id of the line that it is over there."""
    source = child.covered(lines)
    if target is Side.QUICKBOOKS and child.rule.credit:
        source = as_credit(source)
    made = [_translated(child, target, line, plan, one) for line in source]
    if target is Side.QUICKBOOKS:
        made = _priced(child, made, source, terms) if child.traits.sold else made
        made = [*made, *map(dict, plan.kept)]
    else:
        made += [{ID: line[ID], KIND: line.get(KIND, ITEM), GONE: True} for line in plan.gone]
    return made or None


def as_credit(lines: Sequence[Line]) -> list[Line]:
    """The lines of a return as a credit memo wants them: where they come to less than nothing, their signs turned."""
    amounts = [line.get("amount") for line in lines]
    if sum((amount for amount in amounts if isinstance(amount, Decimal)), money.ZERO) >= 0:
        return list(lines)
    turned: list[Line] = []
    for line in lines:
        change = {
            key: -value for key in ("quantity", "amount") if isinstance(value := line.get(key), Decimal)
        }
        turned.append({**line, **change})
    return turned


def _translated(
    child: CompiledLines, target: Side, line: Line, plan: LinePlan, one: OneValue
) -> dict[str, Any]:
    twin = plan.twins.get(str(line.get(ID)))
    kind = line.get(KIND, ITEM) if target is Side.QUICKBOOKS else ITEM
    made: dict[str, Any] = {ID: str(twin[ID]) if twin else "", KIND: kind}
    for row in child.rows:
        if row.spec.direction.allows(target):
            value = one(row, target, line.get(row.key))
            if value is not None:
                made[row.key] = value
    if twin is not None:
        if MORE in twin:
            made[MORE] = twin[MORE]
        if target is Side.SALESFORCE and _unchanged(child, made, twin):
            made[SAME] = True
    return made


def _unchanged(child: CompiledLines, made: Line, twin: Line) -> bool:
    rows = (row for row in child.rows if row.spec.direction.allows(Side.SALESFORCE))
    return all(row.same(made.get(row.key), twin.get(row.key)) for row in rows)


def _priced(
    child: CompiledLines, made: list[dict[str, Any]], source: Sequence[Line], terms: Terms
) -> list[dict[str, Any]]:
    """Amounts to the cent: each line's product, and what a discount line has to take off so that the net is that of
    Salesforce."""
    by_line = child.rule.discount != "discount_line"
    taken_off = money.ZERO
    for line, before in zip(made, source, strict=True):
        if line[KIND] != ITEM:
            continue
        _give_item(line, terms)
        taken_off += _price(line, before, terms, net=by_line)
        if "tax_code" in child.by_key and line[KIND] == ITEM:
            line["tax_code"] = _tax_code(line, terms)
        if terms.inclusive:
            _take_tax_out(line, terms)
    return _with_discount(made, taken_off) if taken_off else made


def _give_item(line: dict[str, Any], terms: Terms) -> None:
    """A line without an item counts for nothing in QuickBooks (quickbooks.md 3.6): it becomes text where it has no
    amount, else it takes the default item."""
    if line.get("item") is not None:
        return
    if terms.default_item:
        entry = terms.entry("Item", terms.default_item)
        line["item"] = entry.id if entry is not None else NotListed("Item", terms.default_item)
    elif not line.get("amount") and not line.get("unit_price"):
        line[KIND] = TEXT
    else:
        line["item"] = NotListed("Item", "")


def _price(line: dict[str, Any], before: Line, terms: Terms, *, net: bool) -> Decimal:
    """Price one line; returns what a discount line has to take off for it."""
    if line[KIND] == TEXT:
        for key in ("quantity", "unit_price", "amount", "discount"):
            line.pop(key, None)
        return money.ZERO
    quantity, price, total = (_number(before.get(key)) for key in ("quantity", "unit_price", "amount"))
    percent = _number(before.get("discount"))
    if quantity is None and price is None and total is None:
        return money.ZERO
    priced = money.price_line(quantity, price, percent=percent, total=total, places=terms.places, net=net)
    wanted = total if total is not None else money.discounted(priced.amount, percent, terms.places)
    if not net and priced.amount < wanted:
        # Dearer than quantity by price: nothing is taken off, so the price says it.
        net, priced = True, money.price_line(quantity, price, total=wanted, places=terms.places)
    for key, value in (
        ("quantity", priced.quantity),
        ("unit_price", priced.price),
        ("amount", priced.amount),
    ):
        if value is None:
            line.pop(key, None)
        else:
            line[key] = value
    line.pop("discount", None)
    return money.ZERO if net else priced.amount - wanted


def _number(value: Any) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _tax_code(line: Line, terms: Terms) -> Any:
    """The code that was mapped, else the one that the item asks for; the company's kind of codes (3.17)."""
    asked = line.get("tax_code")
    if asked is not None and asked != AUTO:
        return asked
    item = terms.entry("Item", f"@id:{line.get('item')}")
    more = item.more if item is not None else {}
    if terms.books.us:
        return TAXED if more.get("taxable") and terms.books.tax != "off" else UNTAXED
    if terms.books.tax == "off" or terms.options.get("tax_calculation") == "NotApplicable":
        return None
    if more.get("tax_code"):
        return more["tax_code"]
    default = str(terms.options.get("default_tax_code") or "")
    entry = terms.entry("TaxCode", default) if default else None
    return entry.id if entry is not None else NotListed("TaxCode", default)


def _take_tax_out(line: dict[str, Any], terms: Terms) -> None:
    """Prices that include tax: QuickBooks wants the net amount and, beside it, the gross one."""
    gross, code = line.get("amount"), line.get("tax_code")
    if not isinstance(gross, Decimal) or not isinstance(code, str):
        return
    net = money.net_of_gross(gross, sum(rates_of(code, terms), money.ZERO), terms.places)
    line["gross"], line["amount"] = gross, net
    price = money.price_for(line.get("quantity") or money.ONE, net, terms.places)
    if price is None:
        line.pop("quantity", None)
        line.pop("unit_price", None)
    else:
        line["unit_price"] = price


def rates_of(code: str, terms: Terms) -> tuple[Decimal, ...]:
    """The rates in percent of a tax code; none where the lists do not say."""
    entry = terms.entry("TaxCode", f"@id:{code}")
    found = (
        terms.entry("TaxRate", f"@id:{rate}") for rate in (entry.more.get("rates") or () if entry else ())
    )
    return tuple(
        Decimal(str(rate.more["rate"])) for rate in found if rate is not None and "rate" in rate.more
    )


def _with_discount(made: list[dict[str, Any]], taken_off: Decimal) -> list[dict[str, Any]]:
    """The lines with their discount line, which QuickBooks wants once and behind what it is taken off."""
    found = next((line for line in made if line[KIND] == DISCOUNT), None)
    if found is not None:
        found["amount"] = (found.get("amount") or money.ZERO) + taken_off
        return made
    place = next((n for n, line in enumerate(made) if line[KIND] not in (ITEM, TEXT)), len(made))
    return [*made[:place], {ID: "", KIND: DISCOUNT, "amount": taken_off}, *made[place:]]
