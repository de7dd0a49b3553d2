"""Salesforce Account (salesforce.md 8.1)."""

from __future__ import annotations

from connectors.contracts import Body, RecordState, Side
from syncapp.engine.entities.traits import EntityTraits


def state_of(body: Body) -> RecordState:
    """Deleted and merged rows come only from queryAll: a merge loser names its winner (salesforce.md 5.3)."""
    if not body.get("IsDeleted"):
        return RecordState.LIVE
    return RecordState.MERGED if body.get("MasterRecordId") else RecordState.DELETED


ACCOUNT = EntityTraits(
    side=Side.SALESFORCE,
    object="Account",
    label="Account",
    plural="Accounts",
    searchable=("Name", "Phone", "AccountNumber"),
    system_fields=("Id", "Name", "SystemModstamp", "IsDeleted", "MasterRecordId", "LastModifiedBy.Name"),
    state_of=state_of,
    web_path="/lightning/r/Account/{id}/view",
)
