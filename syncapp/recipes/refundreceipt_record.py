"""QuickBooks Refund Receipt -> QBO_Payment__c of the type Refund Receipt.

It has no lines there: QuickBooks names neither the invoice nor the credit memo that a refund gives back (quickbooks.md
3.9). Where credit is paid out by check, the payment that links the two names both (`payment_record`).
"""

from __future__ import annotations

from connectors.contracts import Condition
from syncapp.recipes.payment_record import rows
from syncapp.recipes.recipe import Recipe
from syncapp.recipes.record_views import MIRROR_POLICIES

KIND = "Refund Receipt"

RECIPE = Recipe(
    key="refundreceipt_record",
    label="Refund receipt as Salesforce record",
    summary="Money given back to customers, as a record in Salesforce.",
    sf_object="QBO_Payment__c",
    qbo_entity="RefundReceipt",
    rows=rows(KIND),
    external_id_fields=("QBO_Id__c",),
    sf_filter=(Condition("Type__c", "eq", KIND),),
    policies=MIRROR_POLICIES,
)
