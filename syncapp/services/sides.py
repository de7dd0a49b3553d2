"""Both sides of one record, field by field: what each held at the last agreement, and what is known to differ now.

Nothing here calls a vendor except `read_now`, which a person asks for.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from connectors.contracts import RemoteRecord, Side
from syncapp.engine.comparing import Compared, compare
from syncapp.engine.decision import Projection
from syncapp.engine.mapping import FieldSpec, MappingSpec, ValueType
from syncapp.engine.projection import fields_to_read, from_json, project
from syncapp.engine.records import value_to_json
from syncapp.models import Integration, LinkBase, Mapping, Observation, RecordLink
from syncapp.services import comparing, document_sides
from syncapp.services.document_sides import DocumentSides
from syncapp.services.surroundings import around_link
from syncapp.store import specs


@dataclass(frozen=True, slots=True)
class Named:
    """What a reference names: what people call it, and its record here (None for an entry of a list)."""

    name: str
    link: UUID | None = None


@dataclass(frozen=True, slots=True)
class SideField:
    """One mapped field on both sides, as JSON values. `base_*` are the values of the last agreement; `held` says why
    it waits (conflict, drift, locked …), empty when it does not. `known` is False where neither side was ever read.
    `kept` is a difference that both sides agreed to: nothing is written for it until one of them moves."""

    key: str
    label: str
    group: str
    direction: str
    sf: Any
    qbo: Any
    base_sf: Any
    base_qbo: Any
    same: bool
    held: str
    known: bool = True
    kept: bool = False
    sf_named: Named | None = None
    qbo_named: Named | None = None

    @property
    def changed(self) -> tuple[str, ...]:
        """The sides that moved since the last agreement."""
        return tuple(
            side
            for side, now, base in (("sf", self.sf, self.base_sf), ("qbo", self.qbo, self.base_qbo))
            if now != base
        )


@dataclass(frozen=True, slots=True)
class RecordSides:
    """Both sides of a record. `fresh` means they were read just now, else they are what we last knew. `document` are
    the lines and sums of a record that has any."""

    fields: tuple[SideField, ...]
    fresh: bool = False
    document: DocumentSides | None = None

    @property
    def agree(self) -> int:
        """How many fields hold on both sides what they should."""
        return sum(1 for field in self.fields if field.same or field.kept)


class Reads(Protocol):
    """What `read_now` needs of a vendor client."""

    def read(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> list[RemoteRecord]: ...


def sides(link: RecordLink) -> RecordSides:
    """Both sides as last known: bodies that capture brought, held values where fields wait, else the agreed values.

    A handful of queries. Empty for a mapping that was never published.
    """
    spec = specs.published_spec(link.mapping)
    if spec is None:
        return RecordSides(())
    base = LinkBase.objects.filter(link=link).first()
    bodies = _bodies(link)
    with around_link(link, spec):
        now = {side: _now(side, bodies.get(side.value), base, spec) for side in Side}
        return _compared(link, spec, base, now, fresh=False)


def read_now(link: RecordLink, clients: MappingOf[Side, Reads]) -> RecordSides:
    """Read both sides at the vendors now and compare. May raise ConnectorError. Writes nothing."""
    spec = specs.published_spec(link.mapping)
    if spec is None:
        return RecordSides(())
    base = LinkBase.objects.filter(link=link).first()
    with around_link(link, spec):
        read = {side: _read(side, link, spec, clients[side]) for side in Side}
        now = {side: _now(side, read[side], base, spec) for side in Side}
        return _compared(link, spec, base, now, fresh=True)


def _read(side: Side, link: RecordLink, spec: MappingSpec, client: Reads) -> Any:
    remote_id = link.sf_id if side is Side.SALESFORCE else link.qbo_id
    if not remote_id:
        return None
    name = spec.sf_object if side is Side.SALESFORCE else spec.qbo_entity
    records = client.read(name, [remote_id], fields_to_read(side, spec))
    return records[0].body if records else None


def _bodies(link: RecordLink) -> dict[str, Any]:
    """Bodies that capture brought and that were not settled yet, by side."""
    mapping: Mapping = link.mapping
    integration: Integration = mapping.integration
    wanted = {
        "sf": (integration.salesforce_id, link.sf_object, link.sf_id),
        "qbo": (integration.quickbooks_id, link.qbo_entity, link.qbo_id),
    }
    found = {}
    for side, (connection, name, remote_id) in wanted.items():
        if connection and remote_id:
            row = Observation.objects.filter(connection_id=connection, object=name, remote_id=remote_id)
            found[side] = row.values_list("body", flat=True).first()
    return found


def _now(side: Side, body: Any, base: LinkBase | None, spec: MappingSpec) -> Projection | None:
    """The newest values known of this side: a body in hand, what was held, what was agreed; None for nothing known."""
    if body:
        return project(side, body, spec)
    agreed = _agreed(base, side)
    if base is None or (agreed is None and not base.held):
        return None
    values = dict(agreed or {})
    for unit, rows in spec.units().items():
        held = (base.held.get(unit) or {}).get(side.value)
        if isinstance(held, dict):
            values |= {row.key: held.get(row.key) for row in rows}
    if side is Side.SALESFORCE:
        fixed = {row.key: row.constant for row in spec.header if not row.sf_path and row.constant is not None}
        values = {**fixed, **{key: value for key, value in values.items() if value is not None}}
    return from_json(spec, values)


def _agreed(base: LinkBase | None, side: Side) -> dict[str, Any] | None:
    if base is None:
        return None
    return base.sf_base if side is Side.SALESFORCE else base.qbo_base


def _compared(
    link: RecordLink,
    spec: MappingSpec,
    base: LinkBase | None,
    now: MappingOf[Side, Projection | None],
    *,
    fresh: bool,
) -> RecordSides:
    known = {side: values or {} for side, values in now.items()}
    situation = comparing.situation_of(link, spec, base, known)
    compared = compare(situation)
    names = comparing.names(link, spec, known.values(), situation)
    anything = any(values is not None for values in now.values())
    document = document_sides.of(link, spec, compared, names, situation)
    elsewhere = {figure.key for figure in document.figures} if document is not None else set()
    fields = tuple(
        _field(row, compared, base, names, anything)
        for row in spec.header
        if row.type is not ValueType.LINES and row.key not in elsewhere
    )
    return RecordSides(fields, fresh, document)


def _field(
    row: FieldSpec, compared: Compared, base: LinkBase | None, names: comparing.Names, known: bool
) -> SideField:
    sf, qbo = compared.now.sf.get(row.key), compared.now.qbo.get(row.key)
    hold = (base.held if base is not None else {}).get(row.unit)
    return SideField(
        key=row.key,
        label=row.label,
        group=row.group,
        direction=row.direction.value,
        sf=value_to_json(sf),
        qbo=value_to_json(qbo),
        base_sf=(_agreed(base, Side.SALESFORCE) or {}).get(row.key),
        base_qbo=(_agreed(base, Side.QUICKBOOKS) or {}).get(row.key),
        same=row.key in compared.agree,
        held=str(hold.get("why", "")) if hold else "",
        known=known,
        kept=row.key in compared.settled,
        sf_named=_named(row, sf, names),
        qbo_named=_named(row, qbo, names),
    )


def _named(row: FieldSpec, value: Any, names: comparing.Names) -> Named | None:
    if row.type is not ValueType.REFERENCE or not value:
        return None
    found = names.get((row.refers_to, str(value))) or names.get((row.lookup, str(value)))
    return Named(*found) if found is not None else None


def unit_label(rows: Sequence[FieldSpec]) -> str:
    """What a person calls a merge unit: the row's label, or what the labels of its rows have in common."""
    if len(rows) == 1:
        return rows[0].label
    first = rows[0].label.split()
    shared: list[str] = []
    for place, word in enumerate(first):
        if all(row.label.split()[place : place + 1] == [word] for row in rows):
            shared.append(word)
        else:
            break
    return " ".join(shared) or rows[0].group.replace("_", " ").capitalize()
