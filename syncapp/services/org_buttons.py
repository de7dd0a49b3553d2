"""Buttons that an admin adds to Salesforce by copy and paste: a name and an address each, nothing to install.

Their addresses only open a page of ours that asks; nothing is done by following one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from syncapp.models import Connection, Direction, FieldMapping, Integration, Mapping, MappingMode
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
    writes = FieldMapping.objects.filter(mapping=OuterRef("pk")).exclude(direction=Direction.TO_SF)
    senders = set(rows.filter(Exists(writes) | Q(create_in_qbo=True)).values_list("pk", flat=True))
    buttons = [button for row in rows.order_by("id") for button in _of(row, sends=row.pk in senders)]
    found = {(button.object, button.label): button for button in buttons}
    return sorted(found.values(), key=lambda button: button.object)


def _of(mapping: Mapping, *, sends: bool) -> Iterator[OrgButton]:
    """Records that only mirror what QuickBooks holds are never sent there."""
    name, entity = mapping.sf_object, mapping.qbo_entity
    guests = [guest for guest, (_, owner) in OWNER_OF.items() if owner == name]
    for one in (name, *guests) if sends else ():
        yield OrgButton(one, f"Update {_spoken(one)} to QuickBooks", address(one, TO_QUICKBOOKS))
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
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
