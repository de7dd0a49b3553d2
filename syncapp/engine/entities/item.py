"""QuickBooks Item: products and services (quickbooks.md 3.5)."""

from __future__ import annotations

from connectors.contracts import Side
from syncapp.engine.entities.customer import state_of
from syncapp.engine.entities.traits import EntityTraits

ITEM = EntityTraits(
    side=Side.QUICKBOOKS,
    object="Item",
    label="Product or service",
    plural="Products and services",
    unique_name=True,
    list_entity=True,
    active_path="Active",
    searchable=("Name", "Sku"),
    read_only=frozenset({"Id", "domain", "sparse", "name"}),
    forbidden={"Name": ":\t\n"},
    state_of=state_of,
    web_path="/app/items?itemId={id}",
)
