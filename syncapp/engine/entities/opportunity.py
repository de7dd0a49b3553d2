"""Salesforce Opportunity, Quote and Order: what documents are made from (salesforce.md 8.3, 8.5)."""

from __future__ import annotations

from connectors.contracts import Side
from syncapp.engine.entities.traits import EntityTraits

SYSTEM = ("Id", "SystemModstamp", "IsDeleted", "LastModifiedBy.Name")

OPPORTUNITY = EntityTraits(
    side=Side.SALESFORCE,
    object="Opportunity",
    label="Opportunity",
    plural="Opportunities",
    match_name=False,
    searchable=("Name",),
    system_fields=("Name", *SYSTEM),
    web_path="/lightning/r/Opportunity/{id}/view",
)
QUOTE = EntityTraits(
    side=Side.SALESFORCE,
    object="Quote",
    label="Quote",
    plural="Quotes",
    match_name=False,
    searchable=("Name", "QuoteNumber"),
    system_fields=("Name", *SYSTEM),
    web_path="/lightning/r/Quote/{id}/view",
)
ORDER = EntityTraits(
    side=Side.SALESFORCE,
    object="Order",
    label="Order",
    plural="Orders",
    name_path="OrderNumber",
    named=False,
    match_name=False,
    searchable=("OrderNumber",),
    system_fields=("OrderNumber", *SYSTEM),
    web_path="/lightning/r/Order/{id}/view",
)
