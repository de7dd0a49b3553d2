"""Which objects of a connection are watched, for which mappings, and which of their fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from connectors.contracts import Body, Side
from syncapp.engine.entities import traits
from syncapp.engine.lines import CHILD, child_objects
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.projection import fields_to_read
from syncapp.models import Connection, Mapping
from syncapp.store import bulk, specs
from syncapp.tenancy import tenant


class NotConnected(LookupError):
    """One side of a pair was never connected."""


QBO_ENVELOPE = frozenset(
    {"Id", "SyncToken", "MetaData", "Active", "status", "DisplayName", "FullyQualifiedName"}
)


@dataclass(frozen=True, slots=True)
class ParentOf:
    """Where a child row names its parent: the field, the parent's object, and whether only child rows are watched."""

    field: str
    object: str


@dataclass(frozen=True, slots=True)
class Watched:
    """One object of one connection with the mappings that it takes part in."""

    connection: Connection
    side: Side
    object: str
    mappings: tuple[tuple[Mapping, MappingSpec], ...]
    others: tuple[MappingSpec, ...] = ()
    """Further mappings of the object that share what is stored of a record, but are not told of it."""
    parents: tuple[ParentOf, ...] = ()
    """Records that rows of this object belong to: news of a row is news of its record."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields to ask for: the union of what the mappings read, and the external id fields."""
        wanted: dict[str, None] = dict.fromkeys(parent.field for parent in self.parents)
        for spec in (*(spec for _, spec in self.mappings), *self.others):
            wanted.update(dict.fromkeys(fields_to_read(self.side, spec)))
            if spec.external_id_field and self.side is Side.SALESFORCE:
                wanted[spec.external_id_field] = None
        return tuple(wanted)

    @property
    def own_fields(self) -> tuple[str, ...]:
        """The fields of the records themselves, without those of their child rows."""
        return tuple(field for field in self.fields if CHILD not in field)

    @property
    def has_children(self) -> bool:
        """Whether child rows belong to what is read of a record."""
        return self.side is Side.SALESFORCE and any(CHILD in field for field in self.fields)

    def trim(self, body: Body) -> dict[str, Any]:
        """The part of a body that is stored: mapped fields and what identifies and dates the record."""
        entity = traits(self.side, self.object)
        if self.side is Side.SALESFORCE or entity.lines is not None or entity.lockable:
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


def one_mapping(mapping: Mapping, spec: MappingSpec, side: Side) -> Watched:
    """The object of one mapping's side, for readings that only that mapping is told of. What is stored of a record
    serves every mapping of its object, so all their fields are read."""
    connection, name = connection_of(mapping, side), object_of(mapping, side)
    others = tuple(other for other in _specs_of(connection, side, name) if other is not spec)
    return Watched(connection, side, name, ((mapping, spec),), others)


OF_OBJECT = """
select m.id, m.published_number, m.mode
from syncapp_mapping m join syncapp_integration i on i.id = m.integration_id
where m.company_id = %s and i.{side}_id = %s and m.{object} = %s and m.published_number > 0 and m.mode <> 'off'
order by m.id
"""
OF_SIDE = {
    Side.SALESFORCE: OF_OBJECT.format(side="salesforce", object="sf_object"),
    Side.QUICKBOOKS: OF_OBJECT.format(side="quickbooks", object="qbo_entity"),
}


def _specs_of(connection: Connection, side: Side, name: str) -> list[MappingSpec]:
    """What is published of every mapping of this object; one short query, once this process has built it."""
    versions = bulk.fetch(OF_SIDE[side], [connection.company_id, connection.pk, name])
    known = [specs.known_spec(*version) for version in versions]
    if None in known:
        return [spec for _, spec in _published(connection).get(name, ())]
    return [spec for spec in known if spec is not None]


def watched(connection: Connection) -> list[Watched]:
    """Every object of this connection that a published mapping (not switched off) reads, in name order: also those
    whose rows are read as part of other records."""
    by_object = _published(connection)
    parents = _children(by_object) if connection.side == Side.SALESFORCE else {}
    return [
        Watched(
            connection,
            Side(connection.side),
            name,
            tuple(by_object.get(name, ())),
            parents=tuple(parents.get(name, ())),
        )
        for name in sorted({*by_object, *parents})
    ]


OF_CONNECTIONS = """
select i.salesforce_id, array_agg(m.id order by m.id), array_agg(m.published_number order by m.id),
       array_agg(m.mode order by m.id)
from syncapp_mapping m join syncapp_integration i on i.id = m.integration_id
where i.salesforce_id = any(%s) and m.published_number > 0 and m.mode <> 'off' group by i.salesforce_id
"""
Fields = dict[str, tuple[str, ...]]
_MOST_KNOWN = 5000
_known: dict[tuple[int, ...], tuple[list[MappingSpec], Fields]] = {}
"""Own fields by the identities of the specs that they come from; these are kept beside them, so that no other spec can
take their place in memory."""


def own_fields_by_object(connections: Sequence[Connection]) -> dict[UUID, Fields]:
    """For each of these Salesforce connections the own fields of each watched object, as `watched` names them. For all
    companies: one query, once this process has built their mappings."""
    rows = {id_: row for id_, *row in bulk.fetch(OF_CONNECTIONS, [[one.pk for one in connections]])}
    return {one.pk: _fields_of(one, *rows[one.pk]) for one in connections if one.pk in rows}


def _fields_of(connection: Connection, ids: list[int], numbers: list[int], modes: list[str]) -> Fields:
    built = [specs.known_spec(*version) for version in zip(ids, numbers, modes, strict=True)]
    key = tuple(map(id, built))
    known = _known.get(key)
    if known is not None and None not in built:
        return known[1]
    with tenant(connection.company_id):
        targets = watched(connection)
    fields = {target.object: target.own_fields for target in targets}
    if all(built):
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = [one for one in built if one], fields
    return fields


_Pairs = list[tuple[Mapping, MappingSpec]]


def mappings_of(connection: Connection, name: str) -> _Pairs:
    """The mappings of one object of this connection, with what is published of each."""
    return _published(connection, name).get(name, [])


def _published(connection: Connection, name: str = "") -> dict[str, _Pairs]:
    side = Side(connection.side)
    column = "integration__salesforce" if side is Side.SALESFORCE else "integration__quickbooks"
    rows = Mapping.objects.filter(**{column: connection}, published_number__gt=0).exclude(mode="off")
    if name:
        rows = rows.filter(**{"sf_object" if side is Side.SALESFORCE else "qbo_entity": name})
    by_object: dict[str, _Pairs] = {}
    for mapping in rows.select_related("integration").order_by("id"):
        spec = specs.published_spec(mapping)
        if spec is not None:
            by_object.setdefault(object_of(mapping, side), []).append((mapping, spec))
    return by_object


def _children(by_object: dict[str, _Pairs]) -> dict[str, list[ParentOf]]:
    found: dict[str, list[ParentOf]] = {}
    for name, pairs in by_object.items():
        for child in {child: None for _, spec in pairs for child in child_objects(spec)}:
            found.setdefault(child.sf_object, []).append(ParentOf(child.parent_field, name))
    return found
