"""Opportunity -> Credit Memo: when Generate says so; lines below nothing become the credit's positive amounts."""

from __future__ import annotations

from syncapp.recipes import documents
from syncapp.recipes.opportunity_documents import OPTIONS, recipe

RECIPE = recipe(
    *("CreditMemo", "credit memo", "Credit Memo", "doc_due_date", "doc_paid"),
    needs=(documents.GENERATE,),
    options={**OPTIONS, "lines": {**OPTIONS["lines"], "credit": True}},
)
