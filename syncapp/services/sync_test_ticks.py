"""What a test sync found: five ticks, each with what both sides hold beside each other, read there just now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from connectors.contracts import Priority, Side
from syncapp.models import Integration, RecordLink
from syncapp.services import clients, records, sides
from syncapp.services.document_sides import DocumentSides, LineShown
from syncapp.services.sides import RecordSides, SideField

DETAILS = ("name", "billing_", "email")
"""Rows of a customer that somebody who gets an invoice sees."""


@dataclass(frozen=True, slots=True)
class Beside:
    """One value on both sides, as text; empty where a side holds none."""

    label: str
    sf: str
    qbo: str
    same: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """One thing that a test proves. `key` is customer, document, lines, amounts or details; `note` says why not."""

    key: str
    right: bool
    rows: tuple[Beside, ...] = ()
    note: str = ""


def look(
    integration: Integration, account: RecordLink | None, deal: RecordLink | None
) -> list[dict[str, Any]]:
    """The five ticks as JSON, from both sides as they are now. Raises ConnectorError."""
    pair = _clients(integration)
    customer = sides.read_now(account, pair) if account is not None and account.qbo_id else None
    made = sides.read_now(deal, pair) if deal is not None and deal.qbo_id else None
    document = made.document if made is not None else None
    ticks = (
        _made("customer", account),
        _made("document", deal),
        _of_document("lines", document, _lines),
        _of_document("amounts", document, _amounts),
        _details(customer),
    )
    return [asdict(tick) for tick in ticks]


def _clients(integration: Integration) -> Mapping[Side, clients.AnyClient]:
    both = {Side.SALESFORCE: integration.salesforce, Side.QUICKBOOKS: integration.quickbooks}
    return {
        side: clients.client_for(connection, Priority.INTERACTIVE)
        for side, connection in both.items()
        if connection is not None
    }


def _made(key: str, link: RecordLink | None) -> Tick:
    """Whether the record is on the other side; what stands in its way where it is not."""
    if link is None:
        return Tick(key, right=False, note="Nobody has noticed it in Salesforce yet.")
    there = bool(link.qbo_id)
    name = records.name_in_quickbooks(link) if there else ""
    note = "" if there else _why(link)
    return Tick(key, there, (Beside(link.mapping.label, link.name, name, there),), note)


def _why(link: RecordLink) -> str:
    state = records.state_of_link(link)
    return ". ".join(part for part in (state.about, state.next_step) if part) or "It is still on its way."


def _of_document(
    key: str, document: DocumentSides | None, rows_of: Callable[[DocumentSides], tuple[Beside, ...]]
) -> Tick:
    if document is None:
        return Tick(key, right=False, note="There is no document in QuickBooks to compare.")
    rows = rows_of(document)
    return Tick(key, all(row.same for row in rows), rows)


def _lines(document: DocumentSides) -> tuple[Beside, ...]:
    return tuple(
        Beside(
            line.shown.name if line.shown is not None else "",
            _line(line.sf),
            _line(line.qbo),
            line.agrees,
        )
        for line in document.lines
    )


def _line(line: LineShown | None) -> str:
    """2 × 129.50 = 259.00"""
    if line is None:
        return ""
    amount = _money(line.amount)
    if line.quantity is None or line.unit_price is None:
        return amount
    return f"{line.quantity.normalize():f} × {_money(line.unit_price)} = {amount}"


def _amounts(document: DocumentSides) -> tuple[Beside, ...]:
    return tuple(
        Beside(figure.label, _money(figure.sf), _money(figure.qbo), figure.by is None)
        for figure in document.figures
    )


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"


def _details(customer: RecordSides | None) -> Tick:
    if customer is None:
        return Tick("details", right=False, note="There is no customer in QuickBooks to compare.")
    rows = tuple(_detail(field) for field in customer.fields if field.key.startswith(DETAILS))
    return Tick("details", all(row.same for row in rows), rows)


def _detail(field: SideField) -> Beside:
    return Beside(field.label, str(field.sf or ""), str(field.qbo or ""), field.same or field.kept)
