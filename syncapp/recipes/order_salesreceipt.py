"""Salesforce Order with its products -> QuickBooks Sales Receipt, when Generate says so."""

from __future__ import annotations

from syncapp.recipes import documents
from syncapp.recipes.order_invoice import ACTIVATED, OPTIONS, rows
from syncapp.recipes.recipe import WRITING, Recipe

RECIPE = Recipe(
    key="order_salesreceipt",
    label="Order to sales receipt",
    summary="Activated orders that were paid at once become sales receipts in QuickBooks.",
    sf_object="Order",
    qbo_entity="SalesReceipt",
    rows=rows("doc_due_date", "doc_paid"),
    external_id_fields=("QBO_SalesReceipt_Id__c",),
    templates=WRITING,
    needs=(documents.GENERATE,),
    sf_filter=documents.generated("Sales Receipt", ACTIVATED),
    policies=documents.DOCUMENT_POLICIES,
    options=OPTIONS,
    parents={"Account": "Account", "BillToContact": "Contact"},
)
