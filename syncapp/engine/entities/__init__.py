"""One pure trait file per object that the engine knows by heart; any other object gets plain traits."""

from __future__ import annotations

from functools import lru_cache

from connectors.contracts import Side
from syncapp.engine.entities.account import ACCOUNT
from syncapp.engine.entities.customer import CUSTOMER
from syncapp.engine.entities.traits import EntityTraits, NameProbe

__all__ = ["EntityTraits", "NameProbe", "traits"]

_KNOWN = {(entity.side, entity.object): entity for entity in (ACCOUNT, CUSTOMER)}


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
