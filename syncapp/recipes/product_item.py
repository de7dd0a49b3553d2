"""Salesforce Product2 with its price <-> QuickBooks Item (product.md 5.4; quickbooks.md 3.5; salesforce.md 8.4).

The price is that of the standard price book: a row goes through the product's entry there, and makes one where a
product that was born in QuickBooks has none. Quantities and purchase costs of inventory are QuickBooks' own and never
written.
"""

from __future__ import annotations

from connectors.contracts import Condition
from syncapp.engine.mapping import Direction, FieldSpec, Initial, ValueType, WriteMode
from syncapp.recipes.recipe import Recipe, RecipeRow

KEY = "product_item"

ROWS: tuple[RecipeRow, ...] = (
    RecipeRow(
        FieldSpec(
            key="name",
            label="Name",
            sf_path="Name",
            qbo_path="Name",
            transform="strip_deleted",
            required=True,
            sf_length=255,
            qbo_length=100,
        )
    ),
    RecipeRow(
        FieldSpec(
            key="sku",
            label="Product code",
            sf_path="ProductCode",
            qbo_path="Sku",
            sf_length=255,
            qbo_length=100,
        ),
        sf_choices=("ProductCode", "StockKeepingUnit"),
    ),
    RecipeRow(
        FieldSpec(
            key="sales_text",
            label="Description",
            sf_path="Description",
            qbo_path="Description",
            sf_length=4000,
            qbo_length=4000,
        )
    ),
    RecipeRow(
        FieldSpec(
            key="price",
            label="Standard price",
            sf_path="PricebookEntries[].UnitPrice",
            qbo_path="UnitPrice",
            type=ValueType.DECIMAL,
        )
    ),
    RecipeRow(
        FieldSpec(
            key="item_type",
            label="Item type",
            sf_path="QBO_Item_Type__c",
            qbo_path="Type",
            type=ValueType.CHOICE,
            default="NonInventory",
            write=WriteMode.ON_CREATE,
        ),
        fallback="NonInventory",
    ),
    RecipeRow(
        FieldSpec(
            key="income_account",
            label="Income account",
            sf_path="QBO_Income_Account__c",
            qbo_path="IncomeAccountRef",
            type=ValueType.REFERENCE,
            lookup="Account",
            direction=Direction.TO_QBO,
            initial=Initial.QBO,
            default="$income_account",
            write=WriteMode.ON_CREATE,
        ),
        fallback="$income_account",
    ),
    RecipeRow(
        FieldSpec(
            key="taxable",
            label="Taxable",
            sf_path="QBO_Taxable__c",
            qbo_path="Taxable",
            type=ValueType.BOOL,
        )
    ),
)

RECIPE = Recipe(
    key=KEY,
    label="Product and Item",
    summary="Products in Salesforce with their standard price, and products and services in QuickBooks.",
    sf_object="Product2",
    qbo_entity="Item",
    rows=ROWS,
    external_id_fields=("QBO_Item_Id__c", "QBO_Id__c"),
    qbo_filter=(Condition("Type", "ne", "Category"),),
    options={
        "children": {
            "PricebookEntries": {
                "sf_object": "PricebookEntry",
                "parent_field": "Product2Id",
                "filter": [{"path": "Pricebook2Id", "operator": "eq", "value": "$standard_price_book"}],
                "create": {"Pricebook2Id": "$standard_price_book", "IsActive": True},
            }
        }
    },
)
