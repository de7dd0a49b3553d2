"""Salesforce Account <-> QuickBooks Vendor: accounts whose Type says supplier (product.md 5.2; quickbooks.md 3.4).

An account may be a customer and a vendor at once; QuickBooks wants two names then: customers and vendors share them.
"""

from __future__ import annotations

from connectors.contracts import Condition
from syncapp.engine.mapping import Direction, FieldSpec, Initial, ValueType
from syncapp.recipes import account_customer
from syncapp.recipes.recipe import Recipe, RecipeRow

KEY = "account_vendor"
PURE = ("Vendor", "Supplier")
TYPES = (*PURE, "Vendor and Customer")
SHARED = ("name", "company_name", "phone", "fax", "website", "email", "currency")
"""Rows that a vendor has as a customer has them."""


def _rows() -> tuple[RecipeRow, ...]:
    shared = [
        row for row in account_customer.ROWS if row.spec.key in SHARED or row.spec.key.startswith("billing_")
    ]
    return (
        *shared,
        RecipeRow(
            FieldSpec(
                key="account_number",
                label="Account number",
                sf_path="AccountNumber",
                qbo_path="AcctNum",
                sf_length=40,
                qbo_length=100,
            )
        ),
        RecipeRow(
            FieldSpec(
                key="terms",
                label="Terms",
                sf_path="QBO_Vendor_Terms__c",
                qbo_path="TermRef",
                type=ValueType.REFERENCE,
                lookup="Term",
            )
        ),
        RecipeRow(
            FieldSpec(
                key="print_name",
                label="Name on checks",
                sf_path="Name",
                qbo_path="PrintOnCheckName",
                direction=Direction.TO_QBO,
                initial=Initial.QBO,
                transform="truncate",
                qbo_length=110,
            ),
            fixed=True,
        ),
    )


RECIPE = Recipe(
    key=KEY,
    label="Account and Vendor",
    summary="Suppliers among the accounts in Salesforce, and vendors in QuickBooks.",
    sf_object="Account",
    qbo_entity="Vendor",
    rows=_rows(),
    external_id_fields=("QBO_Vendor_Id__c",),
    sf_filter=(Condition("Type", "in", TYPES),),
    policies={"create_in_sf": False},
    beside={account_customer.KEY: tuple(Condition("Type", "ne", name) for name in PURE)},
)
