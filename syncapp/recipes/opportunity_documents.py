"""Salesforce Opportunity with its products -> a QuickBooks document, chosen by Generate (product.md 5.5, 5.6)."""

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
    "discount": "Discount",
    "amount": "TotalPrice",
    "tax_code": "QBO_Tax_Code__c",
    "service_date": "ServiceDate",
}
WON = Condition("IsWon", "eq", True)
OPTIONS: dict[str, Any] = {
    "lines": {
        "sf_object": "OpportunityLineItem",
        "parent_field": "OpportunityId",
        "sort": ["SortOrder", "Id"],
        "discount": "line_price",
        "single": {"amount": "Amount", "sku": "Product_SKU__c", "text": "Name", "item": ""},
    },
    "children": {
        # Read with its opportunity, for its e-mail: a role that is set later is no news of its own.
        "OpportunityContactRoles": {
            "reads": "OpportunityContactRole",
            "parents": {"Contact": "Contact"},
            "filter": [{"path": "IsPrimary", "operator": "eq", "value": True}],
        }
    },
    "address_path": "Account.BillingStreet",
    "one_of": ["Invoice", "SalesReceipt", "CreditMemo"],
    "unknown_product": "create",
    "default_item": "",
    "price_books": ["$standard_price_book"],
}


def rows(*left_out: str) -> tuple[RecipeRow, ...]:
    """The rows of a document of an opportunity."""
    return (
        documents.customer(),
        documents.to_qbo("date", "Close date", "CloseDate", "TxnDate", type=ValueType.DATE),
        documents.to_qbo("note", "Name", "Name", "PrivateNote", transform="truncate", qbo_length=4000),
        documents.email("QBO_Contact__r.Email", "OpportunityContactRoles[].Contact.Email"),
        documents.currency(),
        *documents.lines("OpportunityLineItems", LINE_FIELDS),
        *documents.view(*left_out),
    )


def recipe(entity: str, label: str, kind: str, *left_out: str, **more: Any) -> Recipe:
    """The recipe of one kind of document."""
    return Recipe(
        **{
            "key": f"opportunity_{entity.lower()}",
            "label": f"Opportunity to {label}",
            "summary": f"Opportunities with their products become {label}s in QuickBooks; number, total, balance and"
            " status come back.",
            "sf_object": "Opportunity",
            "qbo_entity": entity,
            "rows": rows(*left_out),
            "external_id_fields": (f"QBO_{entity}_Id__c",),
            "templates": WRITING,
            "sf_filter": documents.generated(kind, WON),
            "policies": documents.DOCUMENT_POLICIES,
            "options": OPTIONS,
            "parents": {"Account": "Account", "QBO_Contact__r": "Contact"},
            **more,
        }
    )
