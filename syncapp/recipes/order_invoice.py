"""Salesforce Order with its products -> QuickBooks Invoice: activated orders (product.md 5.5; salesforce.md 8.5)."""

from __future__ import annotations

from typing import Any

from connectors.contracts import Condition
from syncapp.engine.mapping import ValueType
from syncapp.recipes import documents
from syncapp.recipes.recipe import WRITING, Recipe, RecipeRow

LINE_FIELDS = {
    "item": "Product2Id",
    "description": "Description",
    "product_name": "Product2.Name",
    "quantity": "Quantity",
    "unit_price": "UnitPrice",
    "amount": "TotalPrice",
    "tax_code": "QBO_Tax_Code__c",
    "service_date": "ServiceDate",
}
ACTIVATED = Condition("StatusCode", "eq", "Activated")
OPTIONS: dict[str, Any] = {
    "lines": {
        "sf_object": "OrderItem",
        "parent_field": "OrderId",
        "sort": ["OrderItemNumber", "Id"],
        "discount": "line_price",
    },
    "one_of": ["Invoice", "SalesReceipt"],
    "unknown_product": "create",
    "default_item": "",
    "price_books": ["$standard_price_book"],
}


def rows(*left_out: str) -> tuple[RecipeRow, ...]:
    """The rows of a document of an order."""
    return (
        documents.customer(),
        documents.to_qbo("date", "Order start date", "EffectiveDate", "TxnDate", type=ValueType.DATE),
        documents.to_qbo(
            "note", "Order number", "", "PrivateNote", formula='"Order " & OrderNumber', qbo_length=4000
        ),
        documents.email("BillToContact.Email"),
        documents.currency(),
        *documents.lines("OrderItems", LINE_FIELDS),
        *documents.view(*left_out),
    )


RECIPE = Recipe(
    key="order_invoice",
    label="Order to invoice",
    summary="Activated orders with their products become invoices in QuickBooks; number, total and balance come back.",
    sf_object="Order",
    qbo_entity="Invoice",
    rows=rows(),
    external_id_fields=("QBO_Invoice_Id__c",),
    templates=WRITING,
    sf_filter=documents.generated("Invoice", ACTIVATED),
    policies=documents.DOCUMENT_POLICIES,
    options=OPTIONS,
    parents={"Account": "Account", "BillToContact": "Contact"},
)
