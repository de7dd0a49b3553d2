"""Opportunity -> Invoice: won ones whose Generate says so; every won one in an org without that field."""

from __future__ import annotations

from syncapp.recipes.opportunity_documents import recipe

RECIPE = recipe("Invoice", "invoice", "Invoice")
