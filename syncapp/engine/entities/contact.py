"""Salesforce Contact (salesforce.md 8.2): people; its Name is put together by Salesforce and nobody writes it."""

from __future__ import annotations

from connectors.contracts import Side
from syncapp.engine.entities.account import state_of
from syncapp.engine.entities.traits import EntityTraits

CONTACT = EntityTraits(
    side=Side.SALESFORCE,
    object="Contact",
    label="Contact",
    plural="Contacts",
    named=False,
    searchable=("Name", "Email", "Phone"),
    system_fields=("Id", "Name", "SystemModstamp", "IsDeleted", "MasterRecordId", "LastModifiedBy.Name"),
    state_of=state_of,
    web_path="/lightning/r/Contact/{id}/view",
)
