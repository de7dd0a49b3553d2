"""QuickBooks Customer (quickbooks.md 3.1.5, 3.1.7, 3.3)."""

from __future__ import annotations

from typing import Any

from connectors.contracts import Body, RecordState, Side
from syncapp.engine.entities.traits import EntityTraits


def finish(body: dict[str, Any]) -> None:
    """A customer under a parent is a job: QuickBooks wants `Job` and `ParentRef` to agree (fault 6150)."""
    if "ParentRef" in body:
        body["Job"] = bool(body["ParentRef"]["value"])


def state_of(body: Body) -> RecordState:
    """Customers are never deleted, only made inactive (3.1.5); change capture marks what is gone."""
    if body.get("status") == "Deleted":
        return RecordState.DELETED
    return RecordState.INACTIVE if body.get("Active") is False else RecordState.LIVE


CUSTOMER = EntityTraits(
    side=Side.QUICKBOOKS,
    object="Customer",
    label="Customer",
    plural="Customers",
    name_path="DisplayName",
    other_name_paths=("CompanyName",),
    unique_name=True,
    name_rivals=("Vendor", "Employee"),
    list_entity=True,
    active_path="Active",
    searchable=("DisplayName", "CompanyName", "PrimaryEmailAddr.Address"),
    read_only=frozenset({"Id", "Lat", "Long", "Tag", "domain", "sparse", "name"}),
    forbidden={"DisplayName": ":\t\n", "CompanyName": "\t\n", "PrintOnCheckName": "\t\n"},
    finish=finish,
    state_of=state_of,
    web_path="/app/customerdetail?nameId={id}",
)
