"""Opportunity -> Sales Receipt: won ones that were paid at once, when Generate says so."""

from __future__ import annotations

from syncapp.recipes import documents
from syncapp.recipes.opportunity_documents import recipe

RECIPE = recipe(
    *("SalesReceipt", "sales receipt", "Sales Receipt", "doc_due_date", "doc_paid"),
    needs=(documents.GENERATE,),
)
