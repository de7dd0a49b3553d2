"""A draft tried on live records: what it would write, shown and never sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from connectors.contracts import Priority, Side
from connectors.errors import ConnectorError
from syncapp.engine.compiled import compile_spec
from syncapp.engine.decision import DecisionKind, Reason
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.projection import compose, compose_create
from syncapp.engine.records import value_to_json
from syncapp.models import Attention, Lifecycle, Mapping, RecordLink
from syncapp.services import deciding, preview
from syncapp.services.deciding import Decided
from syncapp.services.errors import Refused
from syncapp.services.slice_context import SliceContext, open_context
from syncapp.services.timing import current_timing
from syncapp.store import links, specs
from syncapp.store.leases import Slice, WorkRow

MOST = 50
"""Records of one comparison: both sides are read in a call each."""


@dataclass(frozen=True, slots=True)
class TriedValue:
    """One field that would be written."""

    label: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Tried:
    """What a draft would do with one record. `body` is the JSON that would be sent to `target`, empty for nothing."""

    name: str
    link_id: UUID
    kind: str
    reasons: tuple[Reason, ...]
    target: str = ""
    values: tuple[TriedValue, ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """How a draft and the published version differ on some records. `linked` is how many there are in all."""

    tried: int
    linked: int
    now: int
    then: int
    examples: tuple[str, ...]


def records_to_try(mapping: Mapping, search: str = "", most: int = 8) -> list[RecordLink]:
    """Records to choose from: the newest of the mapping, or those whose name contains a text. What the mapping skips is
    offered where it is asked for by name, or where there is nothing else."""
    rows = RecordLink.objects.filter(mapping=mapping).exclude(
        lifecycle__in=[Lifecycle.UNLINKED, Lifecycle.ABSORBED]
    )
    if search:
        rows = rows.filter(name__icontains=search)
        return list(rows.order_by("-id")[:most])
    kept = rows.exclude(attention=Attention.SKIPPED).order_by("-id")[:most]
    return list(kept) or list(rows.order_by("-id")[:most])


def of_mapping(mapping_id: int, link_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these links that belong to the mapping and can be tried, in the given order."""
    known = set(
        RecordLink.objects.filter(mapping_id=mapping_id, id__in=link_ids)
        .exclude(lifecycle__in=[Lifecycle.UNLINKED, Lifecycle.ABSORBED])
        .values_list("id", flat=True)
    )
    return [link_id for link_id in link_ids if link_id in known]


def try_draft(mapping: Mapping, link_ids: Sequence[UUID]) -> list[Tried]:
    """Read these records on both sides now and decide them by the draft. Nothing is written, here or there.

    Raises Refused `mapping.cannot_try` when a side cannot be read, or the draft is not whole.
    """
    return [_told(item, spec) for item, spec in _decided(mapping, specs.draft_spec(mapping), link_ids)]


def compare(mapping: Mapping) -> Compared:
    """How many of the newest linked records the published version and the draft would write. Raises Refused."""
    rows = RecordLink.objects.filter(mapping=mapping, lifecycle=Lifecycle.LINKED)
    chosen = list(rows.order_by("-id").values_list("id", flat=True)[:MOST])
    published, draft = specs.published_spec(mapping), specs.draft_spec(mapping)
    before = {} if published is None else _writes(mapping, published, chosen)
    after = _writes(mapping, draft, chosen)
    changed = [
        name for link_id, (name, body) in after.items() if body and before.get(link_id, ("", ""))[1] != body
    ]
    return Compared(
        tried=len(chosen),
        linked=rows.count(),
        now=sum(bool(body) for _, body in before.values()),
        then=sum(bool(body) for _, body in after.values()),
        examples=tuple(changed[:5]),
    )


def _writes(mapping: Mapping, spec: MappingSpec, chosen: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    return {
        item.link.id: (item.link.name, _told(item, spec).body) for item, _ in _decided(mapping, spec, chosen)
    }


def _decided(
    mapping: Mapping, spec: MappingSpec, link_ids: Sequence[UUID]
) -> list[tuple[Decided, MappingSpec]]:
    if not link_ids:
        return []
    try:
        compile_spec(spec)
        context = _context(mapping, spec, link_ids)
        rows = list(links.load(context.company_id, link_ids).values())
        sides = preview.look(context, rows, anew=True)
        items = deciding.decide_slice(context, rows, sides, asked=link_ids).items
        context.count_calls()
    except ConnectorError as error:
        raise Refused("mapping.cannot_try", message=error.failure.message) from error
    except ValueError as error:
        raise Refused("mapping.cannot_try", message=f"The draft is not whole: {error}.") from error
    return [(item, spec) for item in items]


def _context(mapping: Mapping, spec: MappingSpec, link_ids: Sequence[UUID]) -> SliceContext:
    """A slice that was never claimed: nothing may be staged with it."""
    if mapping.integration.salesforce_id is None or mapping.integration.quickbooks_id is None:
        raise Refused("setup.not_connected")
    work = tuple(WorkRow(link_id, None, "", "Try") for link_id in link_ids)
    piece = Slice(mapping.company_id, mapping.pk, Priority.INTERACTIVE, 0, "try", work)
    return open_context(piece, current_timing(), spec)


def _told(item: Decided, spec: MappingSpec) -> Tried:
    decision = item.decision
    told = Tried(
        name=item.link.name,
        link_id=item.link.id,
        kind=decision.kind.value,
        reasons=decision.reasons,
    )
    if decision.kind is DecisionKind.CREATE and decision.create_on is not None:
        return _creating(told, item, spec, decision.create_on)
    return _updating(told, item, spec) if decision.changes else told


def _creating(told: Tried, item: Decided, spec: MappingSpec, target: Side) -> Tried:
    values = item.decision.create_values
    labels = {row.key: row.spec.label for row in compile_spec(spec).rows}
    return Tried(
        told.name,
        told.link_id,
        told.kind,
        told.reasons,
        target.value,
        tuple(TriedValue(labels.get(key, key), None, value_to_json(value)) for key, value in values.items()),
        _json(compose_create(target, spec, values)),
    )


def _updating(told: Tried, item: Decided, spec: MappingSpec) -> Tried:
    compiled = compile_spec(spec)
    bodies: dict[str, Any] = {}
    values: list[TriedValue] = []
    for target in Side:
        changes = [change for change in item.decision.changes if change.target is target]
        if not changes:
            continue
        merged = {key: value for change in changes for key, value in change.values.items()}
        bodies[target.value] = compose(target, spec, merged, current=item.sides.read(target))
        for change in changes:
            for key, value in change.values.items():
                before = value_to_json(change.before.get(key))
                values.append(TriedValue(compiled.by_key[key].spec.label, before, value_to_json(value)))
    only = next(iter(bodies)) if len(bodies) == 1 else "both"
    body = _json(bodies.get(only, bodies))
    return Tried(told.name, told.link_id, told.kind, told.reasons, only, tuple(values), body)


def _json(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False, default=value_to_json)
