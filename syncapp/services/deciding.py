"""Stage 4, decide: every link of a slice becomes one decision; links found by matching are joined and decided again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from connectors.contracts import RecordState, Side
from syncapp.engine.bases import changed_units
from syncapp.engine.decide import decide
from syncapp.engine.decision import (
    Candidate,
    Decision,
    DecisionKind,
    LinkView,
    Projection,
    Situation,
    Twin,
)
from syncapp.engine.plan import symbol
from syncapp.engine.projection import from_json, project, unknown_units
from syncapp.services.facts import books_of
from syncapp.services.reading import Sides
from syncapp.services.references import Parents, resolve
from syncapp.services.slice_context import SliceContext
from syncapp.services.surroundings import around
from syncapp.store import match_index, specs, twins, waits, write_history
from syncapp.store.links import LinkRow, linked_as


@dataclass(slots=True)
class Decided:
    """One link with what was read and what was decided."""

    link: LinkRow
    sides: Sides
    view: LinkView
    decision: Decision
    situation: Situation | None = None
    """What it was decided from; None where the decision was stored."""
    rests: str = ""
    """What follows once its writes are applied (`WriteIntent.rests`)."""


@dataclass(frozen=True, slots=True)
class SliceDecisions:
    """The decisions of a slice and the parents they refer to."""

    items: tuple[Decided, ...]
    parents: Parents


def decide_slice(
    context: SliceContext,
    links: Sequence[LinkRow],
    sides: Mapping[UUID, Sides],
    *,
    writes_enabled: bool = True,
    planned: Mapping[UUID, str] | None = None,
    asked: Collection[UUID] = frozenset(),
    whole: bool = False,
) -> SliceDecisions:
    """Decide these links; nothing is stored. Queries are per slice, never per link.

    `planned` are parents that count as linked (`references.resolve`); `asked` are links that a person named, which no
    mapping's mode holds back; `whole` says that all half-links of the mapping go, not only those that are due.
    """
    with around(context.mapping.company, context.now, context.connections[Side.QUICKBOOKS].pk):
        return _decide_slice(context, links, sides, writes_enabled, planned or {}, asked, whole)


def _decide_slice(
    context: SliceContext,
    links: Sequence[LinkRow],
    sides: Mapping[UUID, Sides],
    writes_enabled: bool,
    planned: Mapping[UUID, str],
    asked: Collection[UUID],
    whole: bool,
) -> SliceDecisions:
    projections = {link.id: _projections(context, sides[link.id]) for link in links}
    parents = resolve(context, projections, planned)
    barrier = context.barrier_open()
    candidates = _candidates(context, links) if barrier else {}
    alike = _twins(context, links, candidates, planned, whole) if barrier else {}
    history = write_history.recent([link.id for link in links if link.sf_id and link.qbo_id])
    needed = waits.awaited([link.id for link in links]) | context.asked() | set(asked)
    books = books_of(context.connections[Side.QUICKBOOKS])
    lists = context.lists
    braked = frozenset(side for side in Side if context.connections[side].deletions_stopped_at is not None)
    siblings = _siblings(context, links)
    items = []
    for link in links:
        mine = sides[link.id]
        view = view_of(context, link, history.get(link.id, ()))
        situation = Situation(
            spec=context.spec,
            link=view,
            sf=mine.records.get(Side.SALESFORCE),
            qbo=mine.records.get(Side.QUICKBOOKS),
            now=context.now,
            known=mine.known,
            read=projections[link.id],
            candidates=candidates.get(link.id, ()),
            twin=alike.get(link.id),
            parents=parents.needs.get(link.id, ()),
            barrier_open=barrier,
            writes_enabled=writes_enabled,
            realm=context.realm,
            needed=link.id in needed,
            books=books,
            lists=lists,
            braked=braked,
            siblings=siblings.get(link.sf_id, ()),
        )
        items.append(Decided(link, mine, view, decide(situation, context.timing), situation))
    return SliceDecisions(tuple(items), _with_twins(parents, alike.values()))


def _projections(context: SliceContext, sides: Sides) -> dict[Side, Projection]:
    return {
        side: sides.known[side] if side in sides.known else project(side, record, context.spec)
        for side, record in sides.records.items()
        if record.state not in (RecordState.DELETED, RecordState.MISSING)
    }


def _siblings(context: SliceContext, links: Sequence[LinkRow]) -> dict[str, tuple[str, ...]]:
    """Documents that these records have through other mappings, of the kinds that leave no room for ours."""
    kinds = [each for each in context.spec.options.get("one_of") or () if each != context.spec.qbo_entity]
    ids = [link.sf_id for link in links if link.sf_id and not link.qbo_id]
    return linked_as(context.mapping.integration_id, context.spec.sf_object, kinds, ids)


def _candidates(context: SliceContext, links: Sequence[LinkRow]) -> Mapping[UUID, tuple[Candidate, ...]]:
    halves = [link for link in links if bool(link.sf_id) != bool(link.qbo_id)]
    return match_index.candidates(context.mapping, halves) if halves else {}


def _twins(
    context: SliceContext,
    links: Sequence[LinkRow],
    candidates: Mapping[UUID, tuple[Candidate, ...]],
    planned: Mapping[UUID, str],
    whole: bool,
) -> dict[UUID, Twin]:
    """What goes before these half-links because they look like it. In a plan a twin that it links with a record that
    is there leaves nothing to wait for."""
    halves = [link for link in links if bool(link.sf_id) != bool(link.qbo_id) and not candidates.get(link.id)]
    if not halves:
        return {}
    found = {}
    for link_id, twin in twins.first_twins(context.mapping, halves, under_way=not whole).items():
        coming = planned.get(UUID(twin.link_id))
        if coming is None:
            found[link_id] = twin
        elif coming == symbol(UUID(twin.link_id)):
            found[link_id] = replace(twin, planned=True)
    return found


def _with_twins(parents: Parents, alike: Iterable[Twin]) -> Parents:
    """A twin is waited for like a parent."""
    links = {(twin.mapping, twin.side, twin.remote_id): UUID(twin.link_id) for twin in alike}
    return replace(parents, links={**parents.links, **links}) if links else parents


def view_of(context: SliceContext, link: LinkRow, writes: tuple[tuple[str, str, str], ...] = ()) -> LinkView:
    """What the engine is told of a link. `writes` are its recent ones, for the oscillation stop."""
    forced = context.work[link.id].forced if link.id in context.work else ""
    unknown = unknown_units(context.spec, link.sf_base, link.qbo_base) | _reread(context, link)
    return LinkView(
        id=str(link.id),
        sf_id=link.sf_id,
        qbo_id=link.qbo_id,
        lifecycle=link.lifecycle,
        sf_base=from_json(context.spec, link.sf_base),
        qbo_base=from_json(context.spec, link.qbo_base),
        unknown_units=unknown,
        held=link.held,
        sf_state=RecordState(link.sf_state),
        qbo_state=RecordState(link.qbo_state),
        no_recreate=link.no_recreate,
        writes=writes,
        forced=Side(forced) if forced else None,
    )


def _reread(context: SliceContext, link: LinkRow) -> frozenset[str]:
    """Units that the mapping reads differently since this link's bases were stored (sync-semantics 2.7)."""
    if not link.base_version or link.base_version == context.spec.version:
        return frozenset()
    old = specs.version_spec(context.mapping, link.base_version)
    return changed_units(old, context.spec) if old is not None else frozenset(context.spec.units())


def is_link(item: Decided) -> bool:
    """Whether the decision is to join this half-link with a record that exists on the other side."""
    return item.decision.kind is DecisionKind.LINK and item.decision.link_to is not None
