"""Prebuilt mappings as data, one file per pair of objects."""

from __future__ import annotations

from syncapp.recipes.account_customer import RECIPE as ACCOUNT_CUSTOMER
from syncapp.recipes.account_vendor import RECIPE as ACCOUNT_VENDOR
from syncapp.recipes.billing_invoice import RECIPE as BILLING_INVOICE
from syncapp.recipes.contact_customer import RECIPE as CONTACT_CUSTOMER
from syncapp.recipes.creditmemo_record import RECIPE as CREDITMEMO_RECORD
from syncapp.recipes.estimate_record import RECIPE as ESTIMATE_RECORD
from syncapp.recipes.invoice_record import RECIPE as INVOICE_RECORD
from syncapp.recipes.marks import mark_of
from syncapp.recipes.opportunity_creditmemo import RECIPE as OPPORTUNITY_CREDITMEMO
from syncapp.recipes.opportunity_estimate import RECIPE as OPPORTUNITY_ESTIMATE
from syncapp.recipes.opportunity_invoice import RECIPE as OPPORTUNITY_INVOICE
from syncapp.recipes.opportunity_salesreceipt import RECIPE as OPPORTUNITY_SALESRECEIPT
from syncapp.recipes.order_invoice import RECIPE as ORDER_INVOICE
from syncapp.recipes.order_salesreceipt import RECIPE as ORDER_SALESRECEIPT
from syncapp.recipes.payment_payment import RECIPE as PAYMENT_PAYMENT
from syncapp.recipes.payment_record import RECIPE as PAYMENT_RECORD
from syncapp.recipes.product_item import RECIPE as PRODUCT_ITEM
from syncapp.recipes.quote_estimate import RECIPE as QUOTE_ESTIMATE
from syncapp.recipes.recipe import LeftOut, Prepared, Recipe, RecipeRow, Template, can_have, prepare
from syncapp.recipes.refundreceipt_record import RECIPE as REFUNDRECEIPT_RECORD
from syncapp.recipes.salesreceipt_record import RECIPE as SALESRECEIPT_RECORD

__all__ = [
    "RECIPES",
    "STARTERS",
    "LeftOut",
    "Prepared",
    "Recipe",
    "RecipeRow",
    "Template",
    "can_have",
    "get",
    "mark_of",
    "prepare",
]

RECIPES: dict[str, Recipe] = {
    recipe.key: recipe
    for recipe in (
        *(ACCOUNT_CUSTOMER, CONTACT_CUSTOMER, PRODUCT_ITEM),
        *(OPPORTUNITY_INVOICE, OPPORTUNITY_ESTIMATE, OPPORTUNITY_SALESRECEIPT, OPPORTUNITY_CREDITMEMO),
        *(ACCOUNT_VENDOR, QUOTE_ESTIMATE, ORDER_INVOICE, ORDER_SALESRECEIPT, BILLING_INVOICE),
        *(INVOICE_RECORD, SALESRECEIPT_RECORD, CREDITMEMO_RECORD, ESTIMATE_RECORD),
        *(PAYMENT_RECORD, PAYMENT_PAYMENT, REFUNDRECEIPT_RECORD),
    )
}
"""Every recipe, parents before what refers to them."""
STARTERS = (ACCOUNT_CUSTOMER.key,)
"""What a new integration keeps in step when nobody chooses."""


def get(key: str) -> Recipe:
    """The recipe of that key. Raises KeyError."""
    return RECIPES[key]
