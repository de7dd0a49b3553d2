"""A sales document as a page for people: its lines, its totals, and the buttons on it."""

from __future__ import annotations

from typing import Any

from connectors.simulator import pages
from connectors.simulator.quickbooks.forms import value_at
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.realms import Realm
from connectors.simulator.quickbooks.records import Body


def as_html(entity: Entity, body: Body) -> str:
    """Head, lines and totals."""
    head = [
        (label, pages.text(value_at(body, path)))
        for label, path in (
            ("Number", "DocNumber"),
            ("Date", "TxnDate"),
            ("Due", "DueDate"),
            ("Customer", "CustomerRef.name"),
            ("Status", "TxnStatus"),
            ("Email", "EmailStatus"),
        )
        if value_at(body, path) != ""
    ]
    rows = [_line(line) for line in body.get("Line", []) if line.get("DetailType") != "SubTotalLineDetail"]
    totals = [
        (label, pages.text(value_at(body, path)))
        for label, path in (
            ("Tax", "TxnTaxDetail.TotalTax"),
            ("Total", "TotalAmt"),
            ("Deposit", "Deposit"),
            ("Balance", "Balance"),
            ("Unapplied", "UnappliedAmt"),
            ("Note", "PrivateNote"),
        )
        if value_at(body, path) != ""
    ]
    table = pages.table(("What", "Quantity", "Price", "Tax", "Amount"), rows, "No lines.")
    return pages.facts(head) + f"<h2>{entity.name}</h2>" + table + pages.facts(totals)


def _line(line: Body) -> list[str]:
    detail: dict[str, Any] = line.get(line.get("DetailType", ""), {}) or {}
    linked = line.get("LinkedTxn") or []
    what = (
        value_at(detail, "ItemRef.name")
        or value_at(detail, "GroupItemRef.name")
        or line.get("Description")
        or ", ".join(f"{link.get('TxnType')} {link.get('TxnId')}" for link in linked)
        or line.get("DetailType", "")
    )
    cells = (
        what,
        value_at(detail, "Qty"),
        value_at(detail, "UnitPrice"),
        value_at(detail, "TaxCodeRef.value"),
        line.get("Amount", ""),
    )
    return [pages.text(cell) for cell in cells]


def actions(realm: Realm, entity: Entity, body: Body) -> str:
    """The buttons that fit the document."""
    base = f"/app/{realm.id}/{entity.path}/{body['Id']}"
    buttons = ""
    if entity.path == "invoice" and body.get("Balance", 0):
        buttons += _button(f"{base}/pay", "Receive payment", "")
    if "void" in entity.operations:
        buttons += _button(f"{base}/void", "Void", "quiet")
    if "delete" in entity.operations:
        buttons += _button(f"{base}/delete", "Delete", "bad")
    return f'<div class="actions">{buttons}</div>'


def _button(address: str, label: str, css: str) -> str:
    kind = f' class="{css}"' if css else ""
    return (
        f'<form class="plain" method="post" action="{pages.text(address)}">'
        f'<button type="submit"{kind}>{pages.text(label)}</button></form>'
    )


def full_payment(invoice: Body) -> Body:
    """The create body of a payment for the whole balance of an invoice."""
    return {
        "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
        "TotalAmt": invoice["Balance"],
        "Line": [
            {"Amount": invoice["Balance"], "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
        ],
    }
