"""QuickBooks sales documents: invoices, estimates, receipts, credit memos, refunds (quickbooks.md 3.6 to 3.11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.contracts import Body, RecordState, Side
from syncapp.engine.entities import locks
from syncapp.engine.entities.sales_lines import SALES_LINES, SHIPPING_ITEM
from syncapp.engine.entities.traits import DocumentProbe, EntityTraits

VOIDED_NOTE = "Voided"
READ_ONLY = frozenset({"Id", "domain", "sparse", "name", "Lat", "Long"})
LISTS = frozenset({"Item"})
"""A line's tax code follows its item."""


def amount_of(body: Body, name: str) -> Decimal:
    """A number of a body; nothing where it is absent."""
    value = body.get(name)
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


def voided(body: Body) -> bool:
    """No member says so: amounts are nothing and the note begins with the word (3.1.6, 3.20)."""
    nothing = amount_of(body, "TotalAmt") == 0 and amount_of(body, "Balance") == 0
    return nothing and str(body.get("PrivateNote") or "").startswith(VOIDED_NOTE)


def state_of(body: Body) -> RecordState:
    """Documents are deleted for good or voided."""
    if body.get("status") == "Deleted":
        return RecordState.DELETED
    return RecordState.VOIDED if voided(body) else RecordState.LIVE


def invoice_status(body: Body) -> str:
    """Open, Partly paid, Paid or Voided (3.20). Overdue is a matter of the day on which somebody looks."""
    if voided(body):
        return "Voided"
    total, balance = amount_of(body, "TotalAmt"), amount_of(body, "Balance")
    if balance == 0 and total > 0:
        return "Paid"
    return "Partly paid" if 0 < balance < total - amount_of(body, "Deposit") else "Open"


def receipt_status(body: Body) -> str:
    """A receipt is paid at once."""
    return "Voided" if voided(body) else "Paid"


def credit_status(body: Body) -> str:
    """What is left of a credit memo."""
    if voided(body):
        return "Voided"
    total, rest = amount_of(body, "TotalAmt"), amount_of(body, "Balance")
    if rest == 0 and total > 0:
        return "Paid"
    return "Partly paid" if rest < total else "Open"


def estimate_status(body: Body) -> str:
    return str(body.get("TxnStatus") or "Pending")


def is_paid(body: Body) -> bool:
    """Whether nothing is owed on it any more."""
    return invoice_status(body) == "Paid"


def total_tax(body: Body) -> Any:
    """The tax that QuickBooks calculated."""
    return (body.get("TxnTaxDetail") or {}).get("TotalTax")


def discount_total(body: Body) -> Decimal:
    """What a discount line takes off."""
    lines = (line for line in body.get("Line") or () if line.get("DetailType") == "DiscountLineDetail")
    return sum((amount_of(line, "Amount") for line in lines), Decimal(0))


def shipping_total(body: Body) -> Decimal:
    """What shipping costs."""
    return sum(
        (
            amount_of(line, "Amount")
            for line in body.get("Line") or ()
            if ((line.get("SalesItemLineDetail") or {}).get("ItemRef") or {}).get("value") == SHIPPING_ITEM
        ),
        Decimal(0),
    )


def _computed(status: Any, paid: Any = None) -> dict[str, Any]:
    found = {"Status": status, "TotalTax": total_tax, "DiscountTotal": discount_total}
    return {**found, "ShippingTotal": shipping_total, **({"Paid": paid} if paid else {})}


def _document(object_: str, label: str, plural: str, path: str, **more: Any) -> EntityTraits:
    return EntityTraits(
        side=Side.QUICKBOOKS,
        object=object_,
        label=label,
        plural=plural,
        name_path="DocNumber",
        named=False,
        match_name=False,
        read_only=READ_ONLY,
        searchable=("DocNumber",),
        state_of=state_of,
        date_path="TxnDate",
        document=DocumentProbe(),
        lines=SALES_LINES,
        lists=LISTS,
        web_path=f"/app/{path}?txnId={{id}}",
        **more,
    )


INVOICE = _document(
    *("Invoice", "Invoice", "Invoices", "invoice"),
    locks=locks.all_of(locks.closed_books, locks.deposited, locks.paid),
    computed=_computed(invoice_status, is_paid),
)
ESTIMATE = _document(
    *("Estimate", "Estimate", "Estimates", "estimate"),
    locks=locks.all_of(locks.closed_books, locks.linked_to("Invoice")),
    computed=_computed(estimate_status),
)
SALES_RECEIPT = _document(
    *("SalesReceipt", "Sales receipt", "Sales receipts", "salesreceipt"),
    locks=locks.all_of(locks.closed_books, locks.deposited),
    computed=_computed(receipt_status),
)
CREDIT_MEMO = _document(
    *("CreditMemo", "Credit memo", "Credit memos", "creditmemo"),
    locks=locks.all_of(locks.closed_books, locks.paid),
    computed=_computed(credit_status),
)
REFUND_RECEIPT = _document(
    *("RefundReceipt", "Refund receipt", "Refund receipts", "refundreceipt"),
    locks=locks.all_of(locks.closed_books, locks.deposited),
    computed=_computed(receipt_status),
)
