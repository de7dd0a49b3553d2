"""What is known of both sides of one record, as a situation of the engine: nothing here calls a vendor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q

from connectors.contracts import Priority, Side
from syncapp.engine.compiled import compile_spec
from syncapp.engine.decision import LinkView, ParentNeed, Projection, Situation
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.projection import from_json, unknown_units
from syncapp.models import Lifecycle, LinkBase, RecordLink
from syncapp.services.facts import books_of
from syncapp.services.references import resolve
from syncapp.services.slice_context import open_context
from syncapp.services.timing import current_timing
from syncapp.store import clock, reference_lists
from syncapp.store.leases import Slice

Names = Mapping[tuple[str, str], tuple[str, UUID | None]]
"""(mapping key or list, an id of either side) -> what people call it, and its own record here."""


def situation_of(
    link: RecordLink, spec: MappingSpec, base: LinkBase | None, now: Mapping[Side, Projection]
) -> Situation:
    """The situation in which both sides hold `now`."""
    quickbooks = link.mapping.integration.quickbooks
    sf_base, qbo_base = (base.sf_base, base.qbo_base) if base is not None else (None, None)
    view = LinkView(
        id=str(link.pk),
        sf_id=link.sf_id or "",
        qbo_id=link.qbo_id or "",
        lifecycle=link.lifecycle,
        sf_base=from_json(spec, sf_base),
        qbo_base=from_json(spec, qbo_base),
        unknown_units=unknown_units(spec, sf_base, qbo_base),
        held=base.held if base is not None else {},
    )
    facts: dict[str, Any] = {}
    if quickbooks is not None:
        facts = {
            "realm": quickbooks.remote_id,
            "books": books_of(quickbooks),
            "lists": reference_lists.load(quickbooks.pk, compile_spec(spec).lookups),
            "parents": _parents(link, spec, now),
        }
    return Situation(spec=spec, link=view, sf=None, qbo=None, now=clock.now(), known=now, **facts)


def _parents(link: RecordLink, spec: MappingSpec, now: Mapping[Side, Projection]) -> tuple[ParentNeed, ...]:
    if link.mapping.integration.salesforce is None:
        return ()
    piece = Slice(link.company_id, link.mapping_id, Priority.INTERACTIVE, 0, "compare", ())
    context = open_context(piece, current_timing(), spec)
    return resolve(context, {link.pk: now}).needs.get(link.pk, ())


def names(
    link: RecordLink, spec: MappingSpec, now: Iterable[Projection], situation: Situation
) -> dict[tuple[str, str], tuple[str, UUID | None]]:
    """What people call the records and list entries that these values refer to; one query."""
    compiled = compile_spec(spec)
    wanted: dict[str, set[str]] = {}
    for projection in now:
        for row, value in compiled.referred(projection):
            wanted.setdefault(row.spec.refers_to, set()).add(str(value))
    found: dict[tuple[str, str], tuple[str, UUID | None]] = {
        (entity, entry.id): (entry.name, None)
        for entity, listed in situation.lists.items()
        for entry in listed.entries
    }
    return found | _linked_names(link, wanted)


def _linked_names(
    link: RecordLink, wanted: Mapping[str, set[str]]
) -> dict[tuple[str, str], tuple[str, UUID | None]]:
    if not wanted:
        return {}
    fitting = Q()
    for key, ids in wanted.items():
        fitting |= Q(mapping__key=key) & (Q(sf_id__in=ids) | Q(qbo_id__in=ids))
    rows = (
        RecordLink.objects.filter(fitting, integration_id=link.integration_id)
        .exclude(lifecycle__in=[Lifecycle.ABSORBED, Lifecycle.UNLINKED])
        .values_list("mapping__key", "sf_id", "qbo_id", "name", "id")
    )
    return {
        (key, id_): (name, pk)
        for key, sf_id, qbo_id, name, pk in rows
        for id_ in (sf_id, qbo_id)
        if id_ and name
    }
