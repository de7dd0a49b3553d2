"""Which objects of a connection are watched, for which mappings, and which of their fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.contracts import Body, Side
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.projection import fields_to_read
from syncapp.models import Connection, Mapping
from syncapp.store import specs


class NotConnected(LookupError):
    """One side of a pair was never connected."""


QBO_ENVELOPE = frozenset(
    {"Id", "SyncToken", "MetaData", "Active", "status", "DisplayName", "FullyQualifiedName"}
)


@dataclass(frozen=True, slots=True)
class Watched:
    """One object of one connection with the mappings that it takes part in."""

    connection: Connection
    side: Side
    object: str
    mappings: tuple[tuple[Mapping, MappingSpec], ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields to ask for: the union of what the mappings read, and the external id fields."""
        wanted: dict[str, None] = {}
        for _, spec in self.mappings:
            wanted.update(dict.fromkeys(fields_to_read(self.side, spec)))
            if spec.external_id_field and self.side is Side.SALESFORCE:
                wanted[spec.external_id_field] = None
        return tuple(wanted)

    def trim(self, body: Body) -> dict[str, Any]:
        """The part of a body that is stored: mapped fields and what identifies and dates the record."""
        if self.side is Side.SALESFORCE:
            return dict(body)
        kept = {path.split(".", maxsplit=1)[0] for path in self.fields} | QBO_ENVELOPE
        return {name: value for name, value in body.items() if name in kept}


def object_of(mapping: Mapping, side: Side) -> str:
    """The object of a mapping on one side."""
    return mapping.sf_object if side is Side.SALESFORCE else mapping.qbo_entity


def connection_of(mapping: Mapping, side: Side) -> Connection:
    """The connection of one side of a mapping's pair. Raises NotConnected."""
    integration = mapping.integration
    found = integration.salesforce if side is Side.SALESFORCE else integration.quickbooks
    if found is None:
        raise NotConnected(side.value)
    return found


def watched(connection: Connection) -> list[Watched]:
    """Every object of this connection that a published mapping (not switched off) reads, in name order."""
    side = Side(connection.side)
    column = "integration__salesforce" if side is Side.SALESFORCE else "integration__quickbooks"
    rows = Mapping.objects.filter(**{column: connection}, published_number__gt=0).exclude(mode="off")
    by_object: dict[str, list[tuple[Mapping, MappingSpec]]] = {}
    for mapping in rows.select_related("integration").order_by("id"):
        spec = specs.published_spec(mapping)
        if spec is not None:
            by_object.setdefault(object_of(mapping, side), []).append((mapping, spec))
    return [Watched(connection, side, name, tuple(pairs)) for name, pairs in sorted(by_object.items())]
