"""A sales document as a page for people: its lines, its totals, and the buttons on it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.simulator import pages
from connectors.simulator.quickbooks.forms import value_at
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.realms import Realm
from connectors.simulator.quickbooks.records import Body

_HEAD = (("Date", "TxnDate"), ("Due", "DueDate"), ("Terms", "SalesTermRef.name"), ("Status", "TxnStatus"))
_TOTALS = (
    ("Tax", "TxnTaxDetail.TotalTax"), ("Total", "TotalAmt"), ("Deposit", "Deposit"), ("Balance due", "Balance"),
    ("Unapplied", "UnappliedAmt"),
)  # fmt: skip
_COLUMNS = (("What", ""), ("Quantity", "number"), ("Price", "number"), ("Tax", ""), ("Amount", "number"))


def as_html(realm: Realm, entity: Entity, body: Body) -> str:
    """The document as it would be printed: who to whom, lines, totals, notes."""
    number = value_at(body, "DocNumber") or body["Id"]
    head = [(label, value_at(body, path)) for label, path in _HEAD]
    amounts = [(label, _money(value_at(body, path))) for label, path in _TOTALS]
    rows = "".join(
        _line(line) for line in body.get("Line", []) if line.get("DetailType") != "SubTotalLineDetail"
    )
    columns = "".join(f'<th scope=col class="{css}">{label}</th>' for label, css in _COLUMNS)
    lines = f"<table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    currency = pages.text(value_at(body, "CurrencyRef.value"))
    notes = "".join(
        f'<p class="hint">{label}: {pages.text(value_at(body, path))}</p>'
        for label, path in (("Message", "CustomerMemo.value"), ("Private note", "PrivateNote"))
        if value_at(body, path) != ""
    )
    return (
        f'<article class="paper"><div class="heads"><div><strong>{pages.text(realm.name)}</strong></div>'
        f'<div class="title"><strong>{pages.words_of(entity.name)} {pages.text(number)}</strong>{_facts(head)}</div>'
        f'</div><p class="hint">To</p><p class="to">{_addressee(body)}</p><div class="scroll">{lines}</div>'
        f'<div class="totals"><span class="hint">{currency}</span>{_facts(amounts)}</div>{notes}</article>'
    )


def _addressee(body: Body) -> str:
    """Name and billing address, one line each."""
    address = body.get("BillAddr") or {}
    place = " ".join(
        str(address[part]) for part in ("City", "CountrySubDivisionCode", "PostalCode") if address.get(part)
    )
    who = value_at(body, "CustomerRef.name") or value_at(body, "VendorRef.name")
    rest = [address.get(f"Line{number}") for number in range(1, 6)] + [place, address.get("Country")]
    return "<br>".join(pages.text(part) for part in (who, *rest) if part and part != "")


def _facts(rows: list[tuple[str, Any]]) -> str:
    shown = [(label, pages.text(value)) for label, value in rows if value != ""]
    return pages.facts(shown) if shown else ""


def _money(value: Any) -> str:
    return (
        f"{value:,.2f}" if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else str(value)
    )


def _line(line: Body) -> str:
    detail: dict[str, Any] = line.get(line.get("DetailType", ""), {}) or {}
    linked = line.get("LinkedTxn") or []
    what = (
        value_at(detail, "ItemRef.name")
        or value_at(detail, "GroupItemRef.name")
        or line.get("Description")
        or ", ".join(f"{link.get('TxnType')} {link.get('TxnId')}" for link in linked)
        or pages.words_of(line.get("DetailType", "").removesuffix("Detail"))
    )
    cells = (
        what,
        value_at(detail, "Qty"),
        _money(value_at(detail, "UnitPrice")),
        value_at(detail, "TaxCodeRef.value"),
        _money(line.get("Amount", "")),
    )
    shown = "".join(
        f'<td class="{css}">{pages.text(cell)}</td>' for cell, (_, css) in zip(cells, _COLUMNS, strict=True)
    )
    return f"<tr>{shown}</tr>"


def actions(realm: Realm, entity: Entity, body: Body) -> str:
    """The buttons that fit the document."""
    base = f"/app/{realm.id}/{entity.path}/{body['Id']}"
    buttons = ""
    if entity.path == "invoice" and body.get("Balance", 0):
        amount = f'<input name="amount" aria-label="Amount" inputmode="decimal" value="{pages.text(body["Balance"])}">'
        buttons += _button(f"{base}/pay", "Receive payment", "", amount)
    if "void" in entity.operations:
        buttons += _button(f"{base}/void", "Void", "quiet")
    if "delete" in entity.operations:
        buttons += _button(f"{base}/delete", "Delete", "bad")
    return f'<div class="actions">{buttons}</div>'


def _button(address: str, label: str, css: str, before: str = "") -> str:
    kind = f' class="{css}"' if css else ""
    return (
        f'<form class="plain" method="post" action="{pages.text(address)}">{before}'
        f'<button type="submit"{kind}>{pages.text(label)}</button></form>'
    )


def payment(invoice: Body, amount: str) -> Body:
    """The create body of a payment on an invoice; without an amount, of its whole balance."""
    paid = amount.strip() or invoice["Balance"]
    return {
        "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
        "TotalAmt": paid,
        "Line": [{"Amount": paid, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
    }
