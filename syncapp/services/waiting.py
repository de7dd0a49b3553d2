"""Records that wait for others: what they wait for, rings among them, and who goes on once a parent has ended
(sync-semantics section 9)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from connectors.contracts import Priority, RecordState, RemoteRecord, Side, Token
from syncapp.engine.creation import PARENT_REASONS, wait_for
from syncapp.engine.decision import ParentNeed
from syncapp.models import Mapping as MappingRow
from syncapp.models import MappingMode, RecordLink
from syncapp.services.deciding import Decided, SliceDecisions
from syncapp.services.slice_context import SliceContext
from syncapp.services.watched import object_of
from syncapp.store import leases, links, observations, waits

Counted = Callable[[Decided], str]
"""What a decision counts as in its run."""
Pair = tuple[UUID, UUID]
"""(child, parent)"""


def store(
    context: SliceContext, decisions: SliceDecisions, items: Sequence[Decided], counted: Counted
) -> tuple[list[Decided], set[UUID]]:
    """Store what these records wait for and make their parents due in the same class and run.

    A child whose parents are all linked by now stays due. Returns the items (one in a ring, or blocked by its parent,
    says so in its decision) and all members of the rings found.
    """
    waits.forget([item.link.id for item in items])
    found = dict(decisions.parents.links) | _pulled_in(context, decisions, items)
    pairs = _pairs(items, found)
    waits.add(context.company_id, pairs, _runs(context, items, counted))
    rings = waits.rings({child for child, _ in pairs})
    told = _told(items, found, rings)
    if any(one is not other for one, other in zip(told, items, strict=True)):
        again = _pairs(told, found)
        waits.add(context.company_id, again, _runs(context, told, counted))
    _make_parents_due(context, told, found)
    awake = waits.already_over(pairs)
    leases.make_due(context.company_id, sorted(awake), context.piece.priority, cause="Its parent is linked")
    return told, {member for ring in rings.values() for member in ring}


def wake(company_id: int, parents: Sequence[UUID], priority: Priority, but: Collection[UUID] = ()) -> None:
    """These parents are linked, or ended in something that a person has to see to: whoever waited for the last of them
    is decided again, in the run that counted it as waiting. `but` stays asleep: a ring would wake itself for ever."""
    for (run_id, counted), children in waits.release_children(parents, but).items():
        leases.make_due(
            company_id,
            children,
            priority,
            cause="What it waited for has ended",
            run_id=run_id,
            counted=counted,
        )


Found = dict[tuple[str, Side, str], UUID]
"""(mapping key, side, the id that this side's record holds) -> the parent's link"""


UNNAMED = "The other record"


def _key(need: ParentNeed) -> tuple[str, Side, str]:
    return need.mapping, need.side, need.remote_id


def _needs(items: Iterable[Decided]) -> Iterable[tuple[Decided, ParentNeed]]:
    return ((item, need) for item in items for need in item.decision.waits)


def _pairs(items: Sequence[Decided], found: Found) -> list[Pair]:
    return [
        (item.link.id, parent)
        for item, need in _needs(items)
        if (parent := found.get(_key(need))) is not None
    ]


def _runs(
    context: SliceContext, items: Sequence[Decided], counted: Counted
) -> dict[UUID, tuple[UUID | None, str]]:
    return {item.link.id: (context.work[item.link.id].run_id, counted(item)) for item in items}


def _pulled_in(context: SliceContext, decisions: SliceDecisions, items: Sequence[Decided]) -> Found:
    """Parents that nobody has seen yet get a half-link of their own: they are read by their id, and filters say whether
    they may go. Not those whose link a person closed."""
    wanted: dict[tuple[str, Side], set[str]] = {}
    for _, need in _needs(items):
        if _key(need) not in decisions.parents.links:
            wanted.setdefault((need.mapping, need.side), set()).add(need.remote_id)
    if not wanted:
        return {}
    mappings = {
        row.key: row
        for row in MappingRow.objects.filter(
            integration_id=context.mapping.integration_id, published_number__gt=0
        ).exclude(mode=MappingMode.OFF)
    }
    found: Found = {}
    for (key, side), ids in sorted(wanted.items()):
        if key in mappings:
            made = _half_links(context, mappings[key], side, ids)
            found |= {(key, side, remote_id): link_id for remote_id, link_id in made.items()}
    return found


def _half_links(context: SliceContext, mapping: MappingRow, side: Side, ids: set[str]) -> dict[str, UUID]:
    identity = (mapping.integration_id, mapping.sf_object, mapping.qbo_entity, side)
    name = object_of(mapping, side)
    unseen = sorted(ids - links.let_go_ids(*identity, sorted(ids)))
    token = Token("", context.now, settled=False)
    records = [RemoteRecord(side, name, remote_id, token, RecordState.LIVE, {}) for remote_id in unseen]
    connection = context.connections[side]
    observations.hint(context.company_id, connection.id, name, unseen, "parent", context.now)
    return links.ensure_half_links(
        company_id=context.company_id,
        integration_id=mapping.integration_id,
        mapping_id=mapping.pk,
        sf_object=mapping.sf_object,
        qbo_entity=mapping.qbo_entity,
        side=side,
        records=[(record, "") for record in records],
        at=context.now,
    )


def _told(items: Sequence[Decided], found: Found, rings: dict[UUID, list[UUID]]) -> list[Decided]:
    """The items; blocked ones name the parent that blocks them, and those in a ring the ring."""
    stuck = {item.link.id: _blocking(item, found, rings.get(item.link.id)) for item in items}
    ids = {link_id for ring in rings.values() for link_id in ring}
    ids |= {parent for parent in stuck.values() if parent is not None}
    names = dict(RecordLink.objects.filter(id__in=ids).values_list("id", "name")) if ids else {}
    return [_telling(item, found, rings.get(item.link.id), stuck[item.link.id], names) for item in items]


def _telling(
    item: Decided, found: Found, ring: list[UUID] | None, parent: UUID | None, names: Mapping[UUID, str]
) -> Decided:
    needs = item.decision.waits
    if ring:
        way = " → ".join(names.get(link_id) or "…" for link_id in ring)
        return _blocked(item, [replace(need, state="loop") for need in needs], {"ring": way})
    if parent is not None:
        return _blocked(item, needs, {"parent": names.get(parent) or UNNAMED, "parent_link": str(parent)})
    if any(_key(need) not in found for need in needs):
        return _blocked(item, [replace(need, state="skipped") for need in needs], {"parent": UNNAMED})
    return item


def _blocking(item: Decided, found: Found, ring: list[UUID] | None) -> UUID | None:
    """The parent because of which this record cannot go."""
    if ring:
        return None
    stuck = (need for need in item.decision.waits if need.state in PARENT_REASONS)
    return next((found.get(_key(need)) for need in stuck), None)


def _blocked(item: Decided, needs: Sequence[ParentNeed], values: dict[str, str]) -> Decided:
    decision = wait_for(tuple(needs))
    (reason,) = decision.reasons
    told = replace(reason, values={**reason.values, **values})
    kept = replace(
        item.decision,
        waits=decision.waits,
        attention=decision.attention,
        reasons=(told, *item.decision.reasons[1:]),
    )
    return replace(item, decision=kept)


def _make_parents_due(context: SliceContext, items: Sequence[Decided], found: Found) -> None:
    """Not those that a person sees to first: trying them for each child would never end."""
    by_run: dict[UUID | None, list[UUID]] = {}
    for item, need in _needs(items):
        parent = found.get(_key(need))
        if parent is not None and need.state not in PARENT_REASONS and parent != item.link.id:
            by_run.setdefault(context.work[item.link.id].run_id, []).append(parent)
    for run_id, parents in by_run.items():
        leases.make_due(
            context.company_id, parents, context.piece.priority, cause="A record waits for it", run_id=run_id
        )
