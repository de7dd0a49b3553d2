"""Salesforce Quote with its lines -> QuickBooks Estimate: accepted quotes (product.md 5.5; salesforce.md 8.5)."""

from __future__ import annotations

from connectors.contracts import Condition
from syncapp.engine.mapping import ValueType
from syncapp.recipes import documents
from syncapp.recipes.recipe import WRITING, Recipe

LINE_FIELDS = {
    "item": "Product2Id",
    "description": "Description",
    "product_name": "Product2.Name",
    "quantity": "Quantity",
    "unit_price": "UnitPrice",
    "discount": "Discount",
    "amount": "TotalPrice",
    "tax_code": "QBO_Tax_Code__c",
    "service_date": "ServiceDate",
}

RECIPE = Recipe(
    key="quote_estimate",
    label="Quote to estimate",
    summary="Accepted quotes with their lines become estimates in QuickBooks; number, total and status come back.",
    sf_object="Quote",
    qbo_entity="Estimate",
    rows=(
        documents.customer("Opportunity.AccountId"),
        documents.to_qbo("note", "Name", "Name", "PrivateNote", transform="truncate", qbo_length=4000),
        documents.to_qbo(
            *("expires", "Expiration date", "ExpirationDate", "ExpirationDate"), type=ValueType.DATE
        ),
        documents.to_qbo(
            "email", "E-mail", "Email", "BillEmail.Address", type=ValueType.EMAIL, qbo_length=100
        ),
        documents.currency(),
        *documents.lines("QuoteLineItems", LINE_FIELDS),
        *documents.view("doc_balance", "doc_paid", "doc_due_date"),
    ),
    external_id_fields=("QBO_Estimate_Id__c",),
    templates=WRITING,
    sf_filter=(Condition("Status", "in", ("Accepted", "Approved", "Presented")),),
    policies={**documents.DOCUMENT_POLICIES, "filter_left": "skip"},
    options={
        "lines": {
            "sf_object": "QuoteLineItem",
            "parent_field": "QuoteId",
            "sort": ["SortOrder", "Id"],
            "discount": "line_price",
            "shipping_path": "ShippingHandling",
        },
        "unknown_product": "create",
        "default_item": "",
    },
    parents={"Opportunity": "Opportunity"},
)
