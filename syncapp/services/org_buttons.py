"""Buttons that an admin adds to Salesforce by copy and paste: a name and an address each, nothing to install.

Their addresses only open a page of ours that asks; nothing is done by following one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from syncapp.models import Connection, Integration, Mapping, MappingMode
from syncapp.services.locating import OWNER_OF

TO_QUICKBOOKS, FROM_QUICKBOOKS = "to-quickbooks", "from-quickbooks"
LABELS = {"Product2": "Product"}


@dataclass(frozen=True, slots=True)
class OrgButton:
    """One button: the object whose page it stands on, what it is called, and its address with merge fields."""

    object: str
    label: str
    url: str


def offered(connection: Connection) -> list[OrgButton]:
    """The buttons that fit the mappings of this org, by object."""
    pairs = Integration.objects.filter(salesforce=connection)
    rows = Mapping.objects.filter(integration__in=pairs, published_number__gt=0).exclude(mode=MappingMode.OFF)
    found = {button.label: button for row in rows.order_by("id") for button in _of(row)}
    return sorted(found.values(), key=lambda button: button.object)


def _of(mapping: Mapping) -> Iterator[OrgButton]:
    name, entity = mapping.sf_object, mapping.qbo_entity
    yield OrgButton(name, f"Update {_spoken(name)} to QuickBooks", address(name, TO_QUICKBOOKS))
    for guest, (_, owner) in OWNER_OF.items():
        if owner == name:
            yield OrgButton(guest, f"Update {_spoken(guest)} to QuickBooks", address(guest, TO_QUICKBOOKS))
    label = f"Update {_spoken(entity)} from QuickBooks"
    yield OrgButton(name, label, f"{address(name, FROM_QUICKBOOKS)}?type={entity}")


def address(name: str, way: str) -> str:
    """The address of a button on pages of this object; Salesforce fills in the ids."""
    return f"{settings.BASE_URL}/from-salesforce/{{!$Organization.Id}}/{{!{name}.Id}}/{way}/"


def _spoken(name: str) -> str:
    """An object as people call it: SalesReceipt is a Sales Receipt, Billing__c a Billing."""
    if name in LABELS:
        return LABELS[name]
    plain = name.removesuffix("__c").replace("_", " ")
    return "".join(f" {letter}" if letter.isupper() else letter for letter in plain).strip()
