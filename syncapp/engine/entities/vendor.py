"""QuickBooks Vendor (quickbooks.md 3.4)."""

from __future__ import annotations

from connectors.contracts import Side
from syncapp.engine.entities.customer import state_of
from syncapp.engine.entities.traits import EntityTraits

VENDOR = EntityTraits(
    side=Side.QUICKBOOKS,
    object="Vendor",
    label="Vendor",
    plural="Vendors",
    name_path="DisplayName",
    other_name_paths=("CompanyName",),
    unique_name=True,
    name_rivals=("Customer", "Employee"),
    list_entity=True,
    active_path="Active",
    searchable=("DisplayName", "CompanyName", "PrimaryEmailAddr.Address"),
    read_only=frozenset({"Id", "Lat", "Long", "Tag", "domain", "sparse", "name"}),
    forbidden={"DisplayName": ":\t\n", "CompanyName": "\t\n", "PrintOnCheckName": "\t\n"},
    state_of=state_of,
    web_path="/app/vendordetail?nameId={id}",
)
