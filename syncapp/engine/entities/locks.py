"""Financial locks: what QuickBooks must not be asked to change, because money already hangs on it (sync-semantics 5).

An entity's traits name the finders that apply to it: `locks=all_of(closed_books, paid, linked_to("Estimate"))`. A
lock speaks of top-level members of the QuickBooks object (`Line`, `CustomerRef`); the engine turns them into the
mapping's units. The engine never unlocks or forces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.contracts import Body
from syncapp.engine.books import OPEN_BOOKS, Books

__all__ = ["OPEN_BOOKS", "Books", "Lock", "LockFinder"]

PAID = "engine.locked_paid"
PAID_PARTY = "engine.locked_paid_party"
DEPOSITED = "engine.locked_deposited"
CLOSED = "engine.locked_closed"
LINKED = "engine.locked_linked"

LINES = frozenset({"Line", "TxnTaxDetail", "GlobalTaxCalculation", "ApplyTaxAfterDiscount", "TotalAmt"})
PARTY = frozenset({"CustomerRef", "VendorRef", "CurrencyRef", "ExchangeRate"})
MONEY = LINES | PARTY | {"TxnDate", "DepositToAccountRef", "PaymentMethodRef", "ARAccountRef", "UnappliedAmt"}
"""Members that move money, its date or whose it is. Header fields (memo, number, due date, addresses) go on."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Members that must stay as they are, with the reason's code and the values its words name.

    `least_total`: a person may send nonetheless while the new total is at least this; None: nobody may.
    """

    code: str
    members: frozenset[str]
    values: Mapping[str, Any] = field(default_factory=dict)
    least_total: Decimal | None = None


LockFinder = Callable[[Body, Books], tuple[Lock, ...]]


def unlocked(_body: Body, _books: Books) -> tuple[Lock, ...]:
    """Most objects carry no money."""
    return ()


def all_of(*finders: LockFinder) -> LockFinder:
    """All locks that these finders see, the strictest (closed books, deposits) first if named first."""

    def find(body: Body, books: Books) -> tuple[Lock, ...]:
        return tuple(lock for finder in finders for lock in finder(body, books))

    return find


def closed_books(body: Body, books: Books) -> tuple[Lock, ...]:
    """Dated on or before the closing date: QuickBooks refuses to move its money (6200, 6210)."""
    if not in_closed_books(body.get("TxnDate"), books):
        return ()
    return (Lock(CLOSED, MONEY, {"closed_until": str(books.closed_until), **totals(body)}),)


def in_closed_books(value: Any, books: Books) -> bool:
    """Whether a transaction of this date (ISO text or a date) falls into the closed period."""
    if books.closed_until is None or not value:
        return False
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        return False
    return day <= books.closed_until


def deposited(body: Body, _books: Books) -> tuple[Lock, ...]:
    """Part of a bank deposit: QuickBooks refuses to change it (6540)."""
    if "Deposit" not in _linked_types(body):
        return ()
    return (Lock(DEPOSITED, MONEY, totals(body)),)


def paid(body: Body, _books: Books) -> tuple[Lock, ...]:
    """Paid or partly paid: its lines may only be sent by a person's word, and never below what was paid."""
    total, balance = _amount(body, "TotalAmt"), _amount(body, "Balance")
    amount = total - balance if "Balance" in body else Decimal(0)
    if amount <= 0 and "Payment" not in _linked_types(body):
        return ()
    seen = {**totals(body), "paid": str(amount), "balance": str(balance)}
    return Lock(PAID, LINES, seen, least_total=amount), Lock(PAID_PARTY, PARTY, seen)


def linked_to(*types: str) -> LockFinder:
    """Lines that another document was made from (an invoice of an estimate) stay as that document took them."""

    def find(body: Body, _books: Books) -> tuple[Lock, ...]:
        found = sorted(_linked_types(body) & set(types))
        return (Lock(LINKED, LINES | PARTY, {"linked": found, **totals(body)}),) if found else ()

    return find


def totals(body: Body) -> dict[str, str]:
    """The total that QuickBooks holds, for the words of a lock."""
    return {"total": str(_amount(body, "TotalAmt"))} if "TotalAmt" in body else {}


def net_total(body: Body) -> Decimal:
    """What the lines of a document come to before tax: discounts taken off, subtotal lines not counted twice."""
    sum_ = Decimal(0)
    for line in body.get("Line") or ():
        kind = line.get("DetailType")
        if kind == "SubTotalLineDetail":
            continue
        amount = _amount(line, "Amount")
        sum_ += -amount if kind == "DiscountLineDetail" else amount
    return sum_


def total_with_tax(body: Body, lines: Body) -> Decimal:
    """The total that the document would have with these new `lines`, its tax taken as it is now."""
    tax = _amount(body.get("TxnTaxDetail") or {}, "TotalTax")
    included = body.get("GlobalTaxCalculation") == "TaxInclusive"
    return net_total(lines) + (Decimal(0) if included else tax)


def _linked_types(body: Body) -> set[str]:
    links = [*(body.get("LinkedTxn") or ())]
    return {str(link.get("TxnType")) for link in links}


def _amount(body: Body, name: str) -> Decimal:
    value = body.get(name)
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)
