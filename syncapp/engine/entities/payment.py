"""QuickBooks Payment: money received, and what it was applied to (quickbooks.md 3.10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors.contracts import Body, Side
from syncapp.engine.entities import locks
from syncapp.engine.entities.sales_documents import READ_ONLY, amount_of, state_of, voided
from syncapp.engine.entities.traits import (
    DocumentProbe,
    EntityTraits,
    LinesTraits,
    RawLine,
    Written,
    payment_total,
)
from syncapp.engine.lines import ITEM

REFERENCES = {"InvoiceRef": "Invoice", "CreditMemoRef": "CreditMemo"}
"""What a line may name by a record of Salesforce: what it pays, or what it takes its money from."""
KINDS = {"Invoice": "Invoice", "CreditMemo": "Credit Memo", "RefundReceipt": "Refund Receipt"}


def read(body: Body, _written: frozenset[tuple[str, ...]]) -> Iterator[RawLine]:
    """What a payment was applied to: one line for each linked document, with its id under the document's own name."""
    for line in body.get("Line") or ():
        for link in line.get("LinkedTxn") or ():
            kind, id_ = str(link.get("TxnType")), str(link.get("TxnId"))
            flat = {
                "Amount": line.get("Amount"),
                "LinkedType": KINDS.get(kind, kind),
                "LinkedId": id_,
                f"{kind}Ref": {"value": id_},
            }
            yield RawLine(ITEM, f"{kind}:{id_}", flat, {})


def write(line: Mapping[str, Any], values: Iterable[Written]) -> dict[str, Any]:
    """One application of money: to the document that the line names, else to what it is applied to."""
    kind, _, id_ = str(line.get("id") or "").partition(":")
    named = next((pair for members, value, _ in values if (pair := _named(members, value))), None)
    kind, id_ = named or (kind, id_)
    return {"Amount": line.get("amount"), "LinkedTxn": [{"TxnId": id_, "TxnType": kind}]}


def _named(members: tuple[str, ...], value: Any) -> tuple[str, str] | None:
    return (REFERENCES[members[0]], str(value)) if value and members[0] in REFERENCES else None


def payment_status(body: Body) -> str:
    """Applied, Partly applied, Unapplied or Voided."""
    if voided(body):
        return "Voided"
    total, rest = amount_of(body, "TotalAmt"), amount_of(body, "UnappliedAmt")
    if rest == 0:
        return "Applied"
    return "Partly applied" if rest < total else "Unapplied"


def payment_type(body: Body) -> str:
    """A payment of nothing is how QuickBooks applies a credit memo to an invoice (3.9)."""
    kinds = {
        str(link.get("TxnType")) for line in body.get("Line") or () for link in line.get("LinkedTxn") or ()
    }
    applied = "CreditMemo" in kinds and amount_of(body, "TotalAmt") == 0
    return "Credit Application" if applied else "Payment"


PAYMENT = EntityTraits(
    side=Side.QUICKBOOKS,
    object="Payment",
    label="Payment",
    plural="Payments",
    name_path="PaymentRefNum",
    named=False,
    match_name=False,
    read_only=READ_ONLY,
    state_of=state_of,
    locks=locks.all_of(locks.closed_books, locks.deposited),
    date_path="TxnDate",
    document=DocumentProbe(number="PaymentRefNum", total=payment_total),
    computed={"Status": payment_status, "Type": payment_type},
    lines=LinesTraits(read=read, write=write),
    web_path="/app/recvpayment?txnId={id}",
)
