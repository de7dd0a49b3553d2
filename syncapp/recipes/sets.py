"""Sets of recipes to start from: a direction, who wins, and the mappings that usually go with it.

A set only fills in the choices of the setup; a person may change each of them before anything is made.
"""

from __future__ import annotations

from dataclasses import dataclass

from syncapp.engine.mapping import OnConflict
from syncapp.recipes import RECIPES, STARTERS
from syncapp.recipes.recipe import Template

PARTIES_AND_PRODUCTS = (*STARTERS, "product_item")
DOCUMENT_RECORDS = ("invoice_record", "salesreceipt_record", "creditmemo_record", "estimate_record")
MONEY_RECORDS = ("payment_record", "refundreceipt_record")


@dataclass(frozen=True, slots=True)
class RecipeSet:
    """One way to start. `summary` is what a person chooses by."""

    key: str
    label: str
    summary: str
    template: Template
    winner: OnConflict
    recipes: tuple[str, ...]

    @property
    def switches_on(self) -> tuple[str, ...]:
        """The labels of its mappings, in the order in which they are made."""
        return tuple(recipe.label for key, recipe in RECIPES.items() if key in self.recipes)


SETS = (
    RecipeSet(
        "both",
        "Both ways",
        "Accounts, products and payments travel in both directions; won opportunities become invoices.",
        Template.BIDIRECTIONAL,
        OnConflict.ASK,
        (*PARTIES_AND_PRODUCTS, "opportunity_invoice", "invoice_record", "payment_payment"),
    ),
    RecipeSet(
        "to_quickbooks",
        "Salesforce to QuickBooks",
        "Sales keeps accounts, products and opportunities; the books follow, and show number, status and balance back.",
        Template.SF_TO_QBO,
        OnConflict.SF,
        (
            *PARTIES_AND_PRODUCTS,
            *("opportunity_invoice", "opportunity_estimate", "opportunity_salesreceipt", "opportunity_creditmemo"),
        ),
    ),
    RecipeSet(
        "to_salesforce",
        "QuickBooks to Salesforce",
        "The books keep customers and items; sales sees them as accounts and products, with invoices and payments.",
        Template.QBO_TO_SF,
        OnConflict.QBO,
        (*PARTIES_AND_PRODUCTS, "invoice_record", "payment_record"),
    ),
    RecipeSet(
        "mirror",
        "Read-only mirror of QuickBooks",
        "Everything that sales may want to see of the books, as records in Salesforce; QuickBooks is only read.",
        Template.QBO_TO_SF,
        OnConflict.QBO,
        (*PARTIES_AND_PRODUCTS, *DOCUMENT_RECORDS, *MONEY_RECORDS),
    ),
    RecipeSet(
        "invoices",
        "Invoices only",
        "Won opportunities become invoices, with the customers and items that they need, and nothing else.",
        Template.SF_TO_QBO,
        OnConflict.SF,
        (*PARTIES_AND_PRODUCTS, "opportunity_invoice"),
    ),
)  # fmt: skip
BY_KEY = {one.key: one for one in SETS}
