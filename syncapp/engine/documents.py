"""What is looked after on every sales document beside its rows: price book, currency, e-mail and address, how tax is
calculated, and that QuickBooks came to the same money (promise G6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.contracts import Body, Side
from syncapp.engine import money, reasons, taxes
from syncapp.engine.books import Books
from syncapp.engine.compiled import CompiledSpec, compile_spec
from syncapp.engine.decision import Projection, Reason, Situation
from syncapp.engine.entities.locks import in_closed_books
from syncapp.engine.lists import Lists
from syncapp.engine.mapping import FieldSpec, MappingSpec, own_currency_path
from syncapp.engine.paths import read
from syncapp.engine.pricing import Terms, rates_of
from syncapp.engine.projection import PRICE_BOOK_PATHS, project
from syncapp.engine.ruled_rows import BILL_EMAIL, EMAIL_STATUS

PRICE_BOOK, PRICE_BOOK_NAME = PRICE_BOOK_PATHS


def is_document(compiled: CompiledSpec) -> bool:
    """Whether the mapping makes sales documents: they have lines that are sold, and carry our tag."""
    traits = compiled.qbo_traits
    sold = traits.lines is not None and traits.lines.sold
    return traits.document is not None and sold and bool(compiled.line_rows)


def refusals(situation: Situation, compiled: CompiledSpec, values: Projection) -> tuple[Reason, ...]:
    """Why this document must not be made, beside what its rows say."""
    if not is_document(compiled):
        return ()
    found = [_sibling(situation), _price_book(situation), _currency(situation, values)]
    found.append(_unnumbered(situation, compiled, values))
    found += [reason for reason, blocks in _reach(situation, values) if blocks]
    return tuple(reason for reason in found if reason is not None)


def warnings(situation: Situation, compiled: CompiledSpec, values: Projection) -> tuple[Reason, ...]:
    """What a person should know of a document that is made nonetheless."""
    if not is_document(compiled):
        return ()
    return tuple(reason for reason, blocks in _reach(situation, values) if not blocks)


def _sibling(situation: Situation) -> Reason | None:
    """Another document was made of the record before: two would bill the customer twice."""
    if not situation.siblings:
        return None
    return reasons.because(reasons.OTHER_DOCUMENT, other=", ".join(situation.siblings))


def _price_book(situation: Situation) -> Reason | None:
    wanted = situation.spec.options.get("price_books") or ()
    body: Body = situation.sf.body if situation.sf is not None else {}
    book = read(body, PRICE_BOOK)
    name = str(read(body, PRICE_BOOK_NAME) or book)
    if not wanted or not book or any(_is_book(each, book, name) for each in wanted):
        return None
    return reasons.because(reasons.PRICE_BOOK, value=name, wanted="the price book of the mapping")


def _is_book(said: Any, book: Any, name: str) -> bool:
    """Whether the setting means this price book: by its name, or by its id with or without check letters."""
    return str(said)[:15] == str(book)[:15] or str(said).casefold() == name.casefold()


def _currency(situation: Situation, values: Projection) -> Reason | None:
    """A currency that the books do not keep, that is not the record's own, or that is not the customer's: QuickBooks
    keeps one currency for each customer, and refuses any other (quickbooks.md 3.19)."""
    books, asked = situation.books, str(values.get("currency") or "")
    if not asked:
        return None
    if not books.multicurrency and asked != books.currency:
        return reasons.because(reasons.WRONG_CURRENCY, value=asked, wanted=books.currency)
    own = _own_currency(situation)
    if own and own != asked and not _amounts_stay(situation.spec):
        return reasons.because(reasons.OTHER_CURRENCY, value=own, wanted=asked)
    customer = next((need.currency for need in situation.parents if need.key == "customer"), "")
    if books.multicurrency and customer and customer != asked:
        return reasons.because(reasons.CUSTOMER_CURRENCY, value=asked, wanted=customer)
    return None


def _amounts_stay(spec: MappingSpec) -> bool:
    """Whether amounts of a record in another currency are taken over unchanged: people said that they are right."""
    return (spec.options.get("rules") or {}).get("currency_other") == "as_it_is"


def _own_currency(situation: Situation) -> str:
    """The currency that the record itself is in, where the mapping's rule takes another."""
    body: Body = situation.sf.body if situation.sf is not None else {}
    path = own_currency_path(situation.spec)
    return str(read(body, path) or "") if path else ""


def _unnumbered(situation: Situation, compiled: CompiledSpec, values: Projection) -> Reason | None:
    """Where a company numbers its documents itself, QuickBooks gives no number at all (quickbooks.md 3.16)."""
    if not situation.books.custom_numbers:
        return None
    number = compiled.qbo_traits.name_path
    rows = (row for row in compiled.rows if row.spec.qbo_path == number)
    given = any(values.get(row.key) for row in rows if row.spec.direction.allows(Side.QUICKBOOKS))
    return None if given else reasons.because(reasons.NO_NUMBER)


def before_go_live(compiled: CompiledSpec, source: Projection) -> Reason | None:
    """Why this document is not made by itself: it is dated before the day from which the mapping makes documents.

    What is linked, or matches a document over there, is kept in step whatever its date; a person's press sends it.
    """
    since, path = str(compiled.spec.options.get("go_live") or ""), compiled.qbo_traits.date_path
    if not since or not path:
        return None
    rows = (row for row in compiled.rows if row.spec.qbo_path == path and source.get(row.key) is not None)
    days = [str(source[row.key])[:10] for row in rows]
    if not days or days[0] >= since:
        return None
    return reasons.because(reasons.BEFORE_GO_LIVE, value=days[0], since=since)


CLOSED_BOOKS = "@closed"
"""The key in `held` of what a person said about a new document whose date lies in closed books."""
NEXT_OPEN, WAIT = "next_open", "hold"
"""Take the next open day; wait until the books are open. Else a person is asked."""


def closed_policy(compiled: CompiledSpec, held: Mapping[str, Any]) -> str:
    """What becomes of a new document in closed books: as a person said for this one, or as the mapping says."""
    said = (held.get(CLOSED_BOOKS, {}).get("answer") or {}).get("choice")
    return str(said or compiled.spec.options.get("closed_period") or "")


def on_an_open_day(
    compiled: CompiledSpec, values: dict[str, Any], books: Books, policy: str
) -> tuple[dict[str, Any], tuple[Reason, ...]]:
    """The values of a new document with a date in closed books put on the next open day, where that is the policy."""
    row = next((row for row in compiled.rows if _dates(compiled, row.spec)), None)
    day = values.get(row.key) if row is not None else None
    if row is None or books.closed_until is None or not in_closed_books(day, books):
        return values, ()
    if not is_document(compiled) or policy != NEXT_OPEN:
        return values, ()
    opened = books.closed_until + timedelta(days=1)
    return {**values, row.key: opened}, (
        reasons.because(reasons.DATE_MOVED, value=str(opened), wanted=str(day)),
    )


def _dates(compiled: CompiledSpec, row: FieldSpec) -> bool:
    path = compiled.qbo_traits.date_path
    return bool(path) and row.qbo_path == path and row.direction.allows(Side.QUICKBOOKS)


def reachable(compiled: CompiledSpec, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a new document, which is not to be e-mailed without an address (fault 6420)."""
    paths = {row.key: row.spec.qbo_path for row in compiled.rows if row.key in values}
    if BILL_EMAIL in paths.values():
        return values
    return {key: value for key, value in values.items() if paths.get(key) != EMAIL_STATUS}


def _reach(situation: Situation, values: Projection) -> list[tuple[Reason, bool]]:
    """Missing e-mail and address, each with whether the mapping stops for it."""
    options = situation.spec.options
    found: list[tuple[Reason, bool]] = []
    keys = {row.key for row in situation.spec.fields}
    if "email" in keys and not values.get("email"):
        found.append((reasons.because(reasons.NO_EMAIL), options.get("without_email") == "stop"))
    body: Body = situation.sf.body if situation.sf is not None else {}
    address = options.get("address_path")
    if address and body and not read(body, str(address)):
        found.append((reasons.because(reasons.NO_ADDRESS), options.get("without_address") == "stop"))
    return found


def complete(compiled: CompiledSpec, body: dict[str, Any], books: Books) -> dict[str, Any]:
    """A new document's body with how tax is calculated: outside the US only, where QuickBooks must be told
    (quickbooks.md 3.17)."""
    if not is_document(compiled) or books.us or books.tax == "off":
        return body
    how = compiled.spec.options.get("tax_calculation") or "TaxExcluded"
    return {**body, "GlobalTaxCalculation": how}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The gravest difference of a document, and where it is one of tax, the rates that make it."""

    figure: money.Difference
    rates: tuple[taxes.RateDifference, ...] = ()


def disagreement(
    spec: MappingSpec, sent: Projection, answer: Body, books: Books, lists: Lists
) -> Disagreement | None:
    """The gravest difference between the lines that were sent and the document that QuickBooks stored; None where they
    agree to the cent. Tax is QuickBooks' own; it is compared only where its rates are known."""
    compiled = compile_spec(spec)
    stored = project(Side.QUICKBOOKS, answer, spec)
    for row in compiled.line_rows:
        if row.child is None or row.key not in sent:
            continue
        ours, theirs = row.child.covered(sent[row.key]), row.child.covered(stored.get(row.key))
        places = money.places_of(str((answer.get("CurrencyRef") or {}).get("value") or books.currency))
        terms = Terms(books, lists, spec.options, places)
        forecast, rates = _tax_forecast(ours, terms)
        found = money.differences(
            ours,
            theirs,
            tax_forecast=forecast,
            tax=_number((answer.get("TxnTaxDetail") or {}).get("TotalTax")),
            rates=rates,
            places=places,
        )
        if found:
            gravest = found[-1] if found[0].what != "line" else found[0]
            return Disagreement(gravest, taxes.by_rate(ours, answer, terms) if gravest.what == "tax" else ())
    return None


def _tax_forecast(lines: list[Mapping[str, Any]], terms: Terms) -> tuple[Decimal | None, int]:
    """The tax to expect and of how many rates; None where somebody else knows the rates (the US)."""
    if terms.books.us or terms.books.tax == "off" or terms.inclusive:
        return None, 0
    taxed = [
        money.TaxedLine(line["amount"], rates_of(str(line.get("tax_code") or ""), terms))
        for line in lines
        if line.get("kind") != "discount" and isinstance(line.get("amount"), Decimal)
    ]
    if not any(line.rates for line in taxed):
        return None, 0
    rates = {(place, rate) for line in taxed for place, rate in enumerate(line.rates)}
    return money.forecast_tax(taxed, money.add_up(lines).discount, places=terms.places), len(rates)


def _number(value: Any) -> Decimal:
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)
