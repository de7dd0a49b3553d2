"""What the amounts of a payment that goes to QuickBooks must come to (quickbooks.md 3.9, 3.10).

Invoices take of a payment, credit memos add to it. A payment of nothing whose credit memos cover its invoices to the
cent is how credit is applied: there is no other link between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.contracts import Side
from syncapp.engine import reasons
from syncapp.engine.compiled import CompiledRow, CompiledSpec
from syncapp.engine.decision import Projection, Reason, Situation
from syncapp.engine.entities.payment import KINDS, REFERENCES
from syncapp.engine.merge import Action, Sides, UnitResult
from syncapp.engine.money import Difference

APPLIED = "Credit Application"
"""The type of a payment that only applies credit (`entities.payment.payment_type`)."""
TYPE, TOTAL, AMOUNT = "paid_type", "paid_total", "amount"
INVOICE, CREDIT = "Invoice", "CreditMemo"
ZERO = Decimal(0)
Document = tuple[str, str]
"""(kind, id in QuickBooks)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a payment: what it is applied to (empty where it names nothing QuickBooks knows), and how much."""

    place: int
    kind: str
    id: str
    amount: Decimal


def is_payment(compiled: CompiledSpec) -> bool:
    """Whether the mapping makes payments: their lines are amounts that are applied to documents."""
    lines = compiled.qbo_traits.lines
    return lines is not None and not lines.sold and any(_flows(row) for row in compiled.line_rows)


def completed(compiled: CompiledSpec, values: dict[str, Any], source: Projection) -> dict[str, Any]:
    """The values of a new payment: applied credit is a payment of nothing, whether or not somebody typed a 0."""
    if not is_payment(compiled) or source.get(TYPE) != APPLIED or TOTAL not in compiled.by_key:
        return values
    return {TOTAL: ZERO, **values}


def refusals(
    situation: Situation, compiled: CompiledSpec, values: Projection, now: Sides
) -> tuple[Reason, ...]:
    """Why QuickBooks must not get a payment of these values. `now` is what both sides hold: Salesforce says of which
    type it is, QuickBooks what it pays already."""
    if not is_payment(compiled) or TOTAL not in compiled.by_key:
        return ()
    lines = _lines(compiled, values)
    parts = tuple(_parts(compiled, lines))
    paid = {(part.kind, part.id): part.amount for part in _parts(compiled, _lines(compiled, now.qbo))}
    problems = (
        *_no_customer(compiled, values),
        *_line_problems(parts, lines),
        *_too_much(parts, paid, _open_amounts(situation, compiled)),
    )
    if problems or any(part.kind not in (INVOICE, CREDIT) for part in parts):
        return problems  # whether a journal entry takes or adds is not known here
    total = values.get(TOTAL)
    money = total if isinstance(total, Decimal) else ZERO
    by_hand = _applied(parts) if now.sf.get(TYPE) == APPLIED else _received(parts)
    return tuple(by_hand(money))


def refused_together(
    situation: Situation, compiled: CompiledSpec, now: Sides, results: Sequence[UnitResult]
) -> Mapping[str, tuple[Reason, ...]]:
    """The units of a linked payment that must not be written, since amount and lines together come to nothing that
    QuickBooks takes: the first of them tells why."""
    sent = [result for result in results if result.action is Action.TO_QBO]
    if not sent or not is_payment(compiled):
        return {}
    money = {compiled.by_key[TOTAL].spec.unit} if TOTAL in compiled.by_key else set()
    money |= {row.spec.unit for row in (*compiled.line_rows, _customer_row(compiled)) if row is not None}
    units = [result.unit for result in sent if result.unit in money]
    if not units:
        return {}
    values = dict(now.qbo)
    for result in sent:
        values.update(result.values)
    told = refusals(situation, compiled, values, now)
    return {unit: told if unit == units[0] else () for unit in units} if told else {}


def difference(compiled: CompiledSpec, sent: Projection, stored: Projection) -> Difference | None:
    """The first line of which QuickBooks applied another amount than was sent: it takes no more of a document than is
    open on it, and leaves the rest unapplied."""
    held = {(part.kind, part.id): part.amount for part in _parts(compiled, _lines(compiled, stored))}
    for part in _parts(compiled, _lines(compiled, sent)):
        theirs = held.get((part.kind, part.id), ZERO)
        if theirs != part.amount:
            return Difference("line", part.amount, theirs, part.place)
    return None


def _flows(row: CompiledRow) -> bool:
    return row.spec.direction.allows(Side.QUICKBOOKS)


def _lines(compiled: CompiledSpec, values: Projection) -> list[Mapping[str, Any]]:
    return [line for row in compiled.line_rows if _flows(row) for line in values.get(row.key) or ()]


def _references(compiled: CompiledSpec) -> Iterator[tuple[str, str]]:
    """The rows of a line that name a document by its record, each with the kind of the document."""
    for row in compiled.line_rows:
        for part in row.child.references if row.child is not None else ():
            if part.qbo_members[0] in REFERENCES:
                yield part.key, REFERENCES[part.qbo_members[0]]


def _parts(compiled: CompiledSpec, lines: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    named = tuple(_references(compiled))
    for place, line in enumerate(lines, start=1):
        kind, _, id_ = str(line.get("id") or "").partition(":")
        found = next(((kind, str(line[key])) for key, kind in named if line.get(key)), (kind, id_))
        amount = line.get(AMOUNT)
        yield Part(place, *found, amount if isinstance(amount, Decimal) else ZERO)


def _customer_row(compiled: CompiledSpec) -> CompiledRow | None:
    party = compiled.qbo_traits.document
    rows = (row for row in compiled.rows if party is not None and row.spec.qbo_path == party.party)
    return next((row for row in rows if _flows(row)), None)


def _no_customer(compiled: CompiledSpec, values: Projection) -> Iterator[Reason]:
    """QuickBooks takes no money that is nobody's; Salesforce shows money of a customer who is no account."""
    row = _customer_row(compiled)
    if row is not None and not values.get(row.key):
        where = {"key": row.key, "label": row.spec.label, "field": row.spec.qbo_path, "side": "qbo"}
        yield reasons.because(reasons.REQUIRED, **where)


def _line_problems(parts: Sequence[Part], lines: Sequence[Mapping[str, Any]]) -> Iterator[Reason]:
    seen: set[tuple[str, str]] = set()
    for part, line in zip(parts, lines, strict=True):
        if not part.kind:
            yield reasons.because(reasons.PAYS_NOTHING, line=part.place)
        elif (part.kind, part.id) in seen:
            yield reasons.because(reasons.PAYS_TWICE, line=part.place, document=_word(part.kind))
        seen.add((part.kind, part.id))
        if line.get(AMOUNT) is not None and part.amount <= 0:
            yield reasons.because(reasons.PAYS_BELOW_ZERO, line=part.place, value=str(part.amount))


def _too_much(
    parts: Sequence[Part], paid: Mapping[Document, Decimal], open_amounts: Mapping[Document, Decimal]
) -> Iterator[Reason]:
    """Lines above what is open on their document, as far as that is known; what this payment pays of it already is
    open to it."""
    for part in parts:
        left = open_amounts.get((part.kind, part.id))
        if left is None:
            continue
        left += paid.get((part.kind, part.id), ZERO)
        if part.amount > left:
            values = {"line": part.place, "document": _word(part.kind), "value": part.amount, "open": left}
            yield reasons.because(
                reasons.PAYS_TOO_MUCH, **{name: str(value) for name, value in values.items()}
            )


def _open_amounts(situation: Situation, compiled: CompiledSpec) -> Mapping[Document, Decimal]:
    """What was open on the documents that both sides' lines name when they were last read."""
    kinds = dict(_references(compiled))
    found: dict[Document, Decimal] = {}
    for need in situation.parents:
        if need.open_amount is not None and need.key in kinds:
            id_ = need.other_id if need.side is Side.SALESFORCE else need.remote_id
            document = (kinds[need.key], id_)
            found[document] = max(need.open_amount, found.get(document, need.open_amount))
    return found


def _applied(parts: Sequence[Part]) -> Callable[[Decimal], Iterator[Reason]]:
    """Applied credit: no money of its own, and what is taken of credit memos is what is put on invoices."""
    invoices, credits_ = _sum(parts, INVOICE), _sum(parts, CREDIT)

    def problems(total: Decimal) -> Iterator[Reason]:
        if total:
            yield reasons.because(reasons.CREDIT_WITH_MONEY, value=str(total))
        missing = [_word(kind) for kind in (INVOICE, CREDIT) if not any(part.kind == kind for part in parts)]
        if missing:
            yield reasons.because(reasons.CREDIT_WITHOUT, document=" and no ".join(missing))
        elif invoices != credits_:
            yield reasons.because(
                reasons.CREDIT_UNEVEN,
                invoices=str(invoices),
                credits=str(credits_),
                by=str(abs(invoices - credits_)),
            )

    return problems


def _received(parts: Sequence[Part]) -> Callable[[Decimal], Iterator[Reason]]:
    """Money that came in: it and the credit memos cover the invoices; what is left of the money stays unapplied."""
    invoices, credits_ = _sum(parts, INVOICE), _sum(parts, CREDIT)

    def problems(total: Decimal) -> Iterator[Reason]:
        if total <= 0:
            yield reasons.because(reasons.NO_AMOUNT, value=str(total))
        elif credits_ > invoices:
            yield reasons.because(
                reasons.CREDIT_UNEVEN,
                invoices=str(invoices),
                credits=str(credits_),
                by=str(credits_ - invoices),
            )
        elif invoices > total + credits_:
            yield reasons.because(
                reasons.PAYS_MORE,
                invoices=str(invoices),
                value=str(total + credits_),
                by=str(invoices - total - credits_),
            )

    return problems


def _sum(parts: Sequence[Part], kind: str) -> Decimal:
    return sum((part.amount for part in parts if part.kind == kind), ZERO)


def _word(kind: str) -> str:
    return KINDS.get(kind, kind).lower()
