"""QuickBooks Payment -> QBO_Payment__c with one line for each document it was applied to (product.md 5.9).

A payment of nothing that links a credit memo with an invoice is how QuickBooks applies credit: it is told as such.
"""

from __future__ import annotations

from typing import Any

from connectors.contracts import Condition
from syncapp.engine.mapping import ValueType
from syncapp.engine.merge import OPTIONAL
from syncapp.recipes.documents import LINES, to_sf
from syncapp.recipes.recipe import Recipe, RecipeRow
from syncapp.recipes.record_views import MIRROR_POLICIES, account, envelope

DOCUMENT_TYPE, CREDIT = "Invoice__r.Type__c", "Credit Memo"
"""One lookup of a payment's line leads to the invoice that it pays or to the credit memo that it uses up."""


def rows(kind: str = "") -> tuple[RecipeRow, ...]:
    """The rows of money that came in or went out; of one `kind`, or of the kind that QuickBooks' record shows."""
    money: dict[str, Any] = {"type": ValueType.DECIMAL}
    fixed = {"constant": kind} if kind else {}
    return (
        to_sf("paid_type", "Type", "Type__c", "" if kind else "Type", type=ValueType.CHOICE, **fixed),
        account(),
        to_sf("paid_on", "Date", "Date__c", "TxnDate", type=ValueType.DATE),
        to_sf("paid_status", "Status", "Status__c", "Status", type=ValueType.CHOICE),
        to_sf("paid_total", "Amount", "Amount__c", "TotalAmt", **money),
        to_sf(
            *("method", "Payment method", "Payment_Method__c", "PaymentMethodRef"),
            type=ValueType.REFERENCE,
            lookup="PaymentMethod",
            sf_length=31,
        ),
        to_sf("reference", "Reference number", "Reference_Number__c", "PaymentRefNum", sf_length=21),
        to_sf(
            *("deposit_to", "Deposit to", "Deposit_To__c", "DepositToAccountRef"),
            type=ValueType.REFERENCE,
            lookup="Account",
            sf_length=100,
        ),
        *envelope(),
    )


def _allocations() -> tuple[RecipeRow, ...]:
    line: dict[str, Any] = {"part": LINES}
    return (
        to_sf("unapplied", "Unapplied amount", "Unapplied_Amount__c", "UnappliedAmt", type=ValueType.DECIMAL),
        to_sf(LINES, "Applied to", "Lines__r", "Line", type=ValueType.LINES),
        to_sf("amount", "Amount", "Amount__c", "Amount", type=ValueType.DECIMAL, **line),
        to_sf("linked_type", "Applied to", "Linked_Type__c", "LinkedType", type=ValueType.CHOICE, **line),
        to_sf("linked_id", "Applied to (id)", "Linked_Id__c", "LinkedId", sf_length=64, **line),
        to_sf(
            *("linked_invoice", "Invoice", "Invoice__c", "InvoiceRef"),
            type=ValueType.REFERENCE,
            refers_to="invoice_record",
            default=OPTIONAL,
            **line,
        ),
        to_sf(
            *("linked_credit", "Credit memo", "Invoice__c", "CreditMemoRef"),
            type=ValueType.REFERENCE,
            refers_to="creditmemo_record",
            default=OPTIONAL,
            **line,
        ),
        to_sf(
            *("linked_opportunity", "Opportunity", "Opportunity__c", "InvoiceRef"),
            type=ValueType.REFERENCE,
            refers_to="opportunity_invoice",
            default=OPTIONAL,
            **line,
        ),
    )


RECIPE = Recipe(
    key="payment_record",
    label="Payment as Salesforce record",
    summary="Every payment of QuickBooks as a record in Salesforce, with what was paid of each invoice.",
    sf_object="QBO_Payment__c",
    qbo_entity="Payment",
    rows=(*rows(), *_allocations()),
    external_id_fields=("QBO_Id__c",),
    sf_filter=(Condition("Type__c", "in", ("Payment", "Credit Application")),),
    policies=MIRROR_POLICIES,
    options={
        "lines": {
            "sf_object": "QBO_Payment_Line__c",
            "parent_field": "Payment__c",
            "sort": ["Name", "Id"],
            "only": {
                "linked_invoice": [{"path": DOCUMENT_TYPE, "operator": "ne", "value": CREDIT}],
                "linked_credit": [{"path": DOCUMENT_TYPE, "operator": "eq", "value": CREDIT}],
            },
        }
    },
)
