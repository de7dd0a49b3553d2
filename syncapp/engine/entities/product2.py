"""Salesforce Product2 (salesforce.md 8.4)."""

from __future__ import annotations

from connectors.contracts import Side
from syncapp.engine.entities.traits import EntityTraits

PRODUCT2 = EntityTraits(
    side=Side.SALESFORCE,
    object="Product2",
    label="Product",
    plural="Products",
    searchable=("Name", "ProductCode"),
    system_fields=("Id", "Name", "SystemModstamp", "IsDeleted", "LastModifiedBy.Name"),
    web_path="/lightning/r/Product2/{id}/view",
)
