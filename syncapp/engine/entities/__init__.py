"""One pure trait file per object that the engine knows by heart; any other object gets plain traits."""

from __future__ import annotations

from functools import lru_cache

from connectors.contracts import Side
from syncapp.engine.entities.account import ACCOUNT
from syncapp.engine.entities.contact import CONTACT
from syncapp.engine.entities.customer import CUSTOMER
from syncapp.engine.entities.item import ITEM
from syncapp.engine.entities.opportunity import OPPORTUNITY, ORDER, QUOTE
from syncapp.engine.entities.payment import PAYMENT
from syncapp.engine.entities.product2 import PRODUCT2
from syncapp.engine.entities.sales_documents import (
    CREDIT_MEMO,
    ESTIMATE,
    INVOICE,
    REFUND_RECEIPT,
    SALES_RECEIPT,
)
from syncapp.engine.entities.traits import EntityTraits, NameProbe
from syncapp.engine.entities.vendor import VENDOR

__all__ = ["EntityTraits", "NameProbe", "traits"]

_ENTITIES = (
    *(ACCOUNT, CONTACT, PRODUCT2, OPPORTUNITY, QUOTE, ORDER),
    *(CUSTOMER, VENDOR, ITEM),
    *(INVOICE, ESTIMATE, SALES_RECEIPT, CREDIT_MEMO, REFUND_RECEIPT, PAYMENT),
)
_KNOWN = {(entity.side, entity.object): entity for entity in _ENTITIES}


@lru_cache(maxsize=256)
def traits(side: Side, object: str) -> EntityTraits:
    """The traits of an object; plain ones (a `Name`, the side's system fields) where none are written down."""
    known = _KNOWN.get((side, object))
    return known if known is not None else _plain(side, object)


def _plain(side: Side, object: str) -> EntityTraits:
    label = object.removesuffix("__c").replace("_", " ")
    system = ("Id", "SystemModstamp", "IsDeleted", "LastModifiedBy.Name") if side is Side.SALESFORCE else ()
    return EntityTraits(
        side=side, object=object, label=label, plural=f"{label} records", system_fields=system
    )
