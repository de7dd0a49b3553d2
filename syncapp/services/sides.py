"""Both sides of one record, field by field: what each held at the last agreement, and what is known to differ now.

Nothing here calls a vendor except `read_now`, which a person asks for.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.contracts import RemoteRecord, Side
from syncapp.engine.compiled import compile_spec
from syncapp.engine.mapping import FieldSpec, MappingSpec
from syncapp.engine.projection import fields_to_read, project
from syncapp.engine.records import value_to_json
from syncapp.models import Integration, LinkBase, Mapping, Observation, RecordLink
from syncapp.services.surroundings import around_link
from syncapp.store import specs


@dataclass(frozen=True, slots=True)
class SideField:
    """One mapped field on both sides, as JSON values. `base_*` are the values of the last agreement; `held` says why
    it waits (conflict, drift, locked …), empty when it does not. `known` is False where neither side was ever read."""

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
    """Both sides of a record. `fresh` means they were read just now, else they are what we last knew."""

    fields: tuple[SideField, ...]
    fresh: bool = False

    @property
    def agree(self) -> int:
        """How many fields are the same on both sides."""
        return sum(1 for field in self.fields if field.same)


class Reads(Protocol):
    """What `read_now` needs of a vendor client."""

    def read(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> list[RemoteRecord]: ...


def sides(link: RecordLink) -> RecordSides:
    """Both sides as last known: held values where fields wait, bodies that capture brought, else the agreed values.

    Four queries at most. Empty for a mapping that was never published.
    """
    spec = specs.published_spec(link.mapping)
    if spec is None:
        return RecordSides(())
    base = LinkBase.objects.filter(link=link).first()
    bodies = _bodies(link)
    with around_link(link, spec):
        found = {side: _projection(side, bodies.get(side.value), spec) for side in Side}
    return _compared(
        spec,
        base_sf=_agreed(base, "sf_base"),
        base_qbo=_agreed(base, "qbo_base"),
        held=base.held if base else {},
        sf=found[Side.SALESFORCE],
        qbo=found[Side.QUICKBOOKS],
    )


def read_now(link: RecordLink, clients: MappingOf[Side, Reads]) -> RecordSides:
    """Read both sides at the vendors now and compare. May raise ConnectorError. Writes nothing."""
    spec = specs.published_spec(link.mapping)
    if spec is None:
        return RecordSides(())
    base = LinkBase.objects.filter(link=link).first()
    with around_link(link, spec):
        found = {side: _read(side, link, spec, clients[side]) for side in Side}
    compared = _compared(
        spec,
        base_sf=_agreed(base, "sf_base"),
        base_qbo=_agreed(base, "qbo_base"),
        held=base.held if base else {},
        sf=found[Side.SALESFORCE],
        qbo=found[Side.QUICKBOOKS],
    )
    return RecordSides(compared.fields, fresh=True)


def _read(side: Side, link: RecordLink, spec: MappingSpec, client: Reads) -> dict[str, Any] | None:
    remote_id = link.sf_id if side is Side.SALESFORCE else link.qbo_id
    if not remote_id:
        return None
    name = spec.sf_object if side is Side.SALESFORCE else spec.qbo_entity
    records = client.read(name, [remote_id], fields_to_read(side, spec))
    return _projection(side, records[0].body, spec) if records else None


def _agreed(base: LinkBase | None, column: str) -> dict[str, Any] | None:
    return getattr(base, column) if base is not None else None


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


def _projection(side: Side, body: Any, spec: MappingSpec) -> dict[str, Any] | None:
    if not body:
        return None
    return {key: value_to_json(value) for key, value in project(side, body, spec).items()}


def _compared(
    spec: MappingSpec,
    *,
    base_sf: dict[str, Any] | None,
    base_qbo: dict[str, Any] | None,
    held: MappingOf[str, Any],
    sf: dict[str, Any] | None,
    qbo: dict[str, Any] | None,
) -> RecordSides:
    return RecordSides(
        tuple(_field(row, held.get(row.unit), base_sf, base_qbo, sf, qbo, spec) for row in spec.fields)
    )


def _field(
    row: FieldSpec,
    hold: MappingOf[str, Any] | None,
    base_sf: dict[str, Any] | None,
    base_qbo: dict[str, Any] | None,
    sf: dict[str, Any] | None,
    qbo: dict[str, Any] | None,
    spec: MappingSpec,
) -> SideField:
    agreed_sf, agreed_qbo = (base_sf or {}).get(row.key), (base_qbo or {}).get(row.key)
    now_sf = _now("sf", row, hold, sf, agreed_sf)
    now_qbo = _now("qbo", row, hold, qbo, agreed_qbo)
    return SideField(
        key=row.key,
        label=row.label,
        group=row.group,
        direction=row.direction.value,
        sf=now_sf,
        qbo=now_qbo,
        base_sf=agreed_sf,
        base_qbo=agreed_qbo,
        same=_same(row.key, now_sf, now_qbo, spec),
        held=str(hold.get("why", "")) if hold else "",
        known=base_sf is not None or base_qbo is not None or sf is not None or qbo is not None,
    )


def _now(
    side: str, row: FieldSpec, hold: MappingOf[str, Any] | None, read: dict[str, Any] | None, agreed: Any
) -> Any:
    """The newest value known of this side: a body in hand, what was held, what was agreed."""
    if read is not None:
        return read.get(row.key)
    if hold and isinstance(hold.get(side), dict):
        return hold[side].get(row.key)
    return row.constant if side == "sf" and not row.sf_path and agreed is None else agreed


def _same(key: str, sf: Any, qbo: Any, spec: MappingSpec) -> bool:
    """Whether writing one side's value over would leave the other as it is."""
    row = compile_spec(spec).by_key[key]
    if (sf or None) == (qbo or None):
        return True
    return row.same(sf, qbo) or row.same(row.render(Side.QUICKBOOKS, sf), qbo)


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
