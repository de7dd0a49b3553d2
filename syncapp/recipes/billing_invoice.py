"""A custom invoice object with one child relationship -> QuickBooks Invoice: the company's own Billing__c.

The pattern for any custom object: name the header's and the child's fields, the child relationship, and what filters.
"""

from __future__ import annotations

from connectors.contracts import Condition
from syncapp.engine.mapping import ValueType
from syncapp.recipes import documents
from syncapp.recipes.recipe import WRITING, Recipe

LINE_FIELDS = {
    "item": "Product__c",
    "description": "Description__c",
    "product_name": "Product__r.Name",
    "quantity": "Quantity__c",
    "unit_price": "Unit_Price__c",
    "discount": "Discount__c",
    "amount": "Amount__c",
}

RECIPE = Recipe(
    key="billing_invoice",
    label="Billing to invoice",
    summary="Approved records of your own billing object with their lines become invoices in QuickBooks.",
    sf_object="Billing__c",
    qbo_entity="Invoice",
    rows=(
        documents.customer("Account__c"),
        documents.to_qbo("date", "Billing date", "Billing_Date__c", "TxnDate", type=ValueType.DATE),
        documents.to_qbo("due_date", "Due date", "Due_Date__c", "DueDate", type=ValueType.DATE),
        documents.to_qbo("message", "Notes", "Notes__c", "CustomerMemo.value", qbo_length=1000),
        documents.to_qbo("note", "Billing number", "Name", "PrivateNote", qbo_length=4000),
        documents.currency(),
        *documents.lines("Billing_Lines__r", LINE_FIELDS),
        *documents.view("doc_date", "doc_due_date", "doc_tax", "doc_paid"),
    ),
    external_id_fields=("QBO_Invoice_Id__c",),
    templates=WRITING,
    sf_filter=(Condition("Status__c", "eq", "Approved"),),
    policies=documents.DOCUMENT_POLICIES,
    options={
        "lines": {
            "sf_object": "Billing_Line__c",
            "parent_field": "Billing__c",
            "sort": ["Position__c", "Id"],
            "discount": "line_price",
        },
        "unknown_product": "create",
        "default_item": "",
    },
)
