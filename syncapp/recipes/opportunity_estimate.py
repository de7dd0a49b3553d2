"""Opportunity -> Estimate: at any stage, when Generate says so."""

from __future__ import annotations

from syncapp.recipes import documents
from syncapp.recipes.opportunity_documents import OPTIONS, recipe

RECIPE = recipe(
    *("Estimate", "estimate", "Estimate", "doc_balance", "doc_paid"),
    sf_filter=documents.generated("Estimate"),
    needs=(documents.GENERATE,),
    policies={**documents.DOCUMENT_POLICIES, "filter_left": "skip"},  # an invoice may follow it
    options={**OPTIONS, "one_of": []},
)
