"""QuickBooks Invoice with its lines -> a record of its own in Salesforce."""

from __future__ import annotations

from syncapp.recipes.record_views import document

RECIPE = document("Invoice", "Invoice", "Invoice")
