"""Records that appeared while the outcome of a creation of ours is unknown: they may be what we made.

Nothing is decided on such a record before that outcome is known (sync-semantics section 4): taken for somebody's new
record, it would be created a second time on the side it came from. What cannot be ours by its time, or by the external
id that it would bear, goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from connectors.contracts import RemoteRecord, Side
from syncapp.engine.evidence import CREATED_SLACK
from syncapp.services import reading
from syncapp.services.deciding import Decided, SliceDecisions
from syncapp.services.slice_context import SliceContext
from syncapp.store import leases, links, unclear_writes
from syncapp.store.unclear_writes import Sending

SEEN_WITHIN = timedelta(hours=27)
"""Every lane of capture has come by since: what a write made was seen by then."""


def put_off(context: SliceContext, decisions: SliceDecisions) -> SliceDecisions:
    """Give back the links whose record, or whose match, may be what a creation of unknown outcome made; returns the
    other decisions. One query for a slice with half-links, two more while such a creation is open."""
    halves = [item for item in decisions.items if bool(item.link.sf_id) != bool(item.link.qbo_id)]
    if not halves:
        return decisions
    spec, mapping = context.spec, context.mapping
    open_ = unclear_writes.open_creations(mapping.integration_id, spec.sf_object, spec.qbo_entity)
    doubted = {
        item.link.id
        for side, creations in open_.items()
        for item in _doubted(context, side, creations, halves)
    }
    if not doubted:
        return decisions
    look_again(context, doubted)
    kept = tuple(item for item in decisions.items if item.link.id not in doubted)
    return SliceDecisions(kept, decisions.parents)


def look_again(context: SliceContext, link_ids: Iterable[UUID]) -> None:
    """Give these links back until the outcome that they depend on may be known."""
    later = context.now + timedelta(seconds=context.timing.probe_gap)
    leases.postpone(context.piece, dict.fromkeys(sorted(link_ids), later))


def _doubted(
    context: SliceContext, side: Side, creations: Sequence[Sending], halves: Iterable[Decided]
) -> list[Decided]:
    record_of = {item.link.id: record_id for item in halves if (record_id := _record_on(item, side))}
    first_seen = links.first_seen(
        context.mapping.integration_id,
        context.spec.sf_object,
        context.spec.qbo_entity,
        side,
        sorted(set(record_of.values())),
    )
    return [
        item
        for item in halves
        if (seen := first_seen.get(record_of.get(item.link.id, ""))) is not None
        and _may_be_made_by(context, creations, item.sides.read(side), seen)
    ]


def may_be_ours(context: SliceContext, side: Side, ids: Sequence[str]) -> set[str]:
    """Those of these records of a side that a creation of unknown outcome may have made: another link may turn out to
    be theirs. One query; while such a creation is open, two more, and those that no whole link holds are read."""
    pair = (context.mapping.integration_id, context.spec.sf_object, context.spec.qbo_entity)
    open_ = unclear_writes.open_creations(*pair).get(side)
    if not open_:
        return set()
    whole = {id_ for id_, (_, other_id, _, _) in links.linked_ids(*pair, side, ids).items() if other_id}
    unclear = [id_ for id_ in ids if id_ not in whole]
    first_seen = links.first_seen(*pair, side, unclear)
    return {
        id_
        for id_, record in (reading.read_now(context, side, unclear) if unclear else {}).items()
        if _may_be_made_by(context, open_, record, first_seen.get(id_, context.now))
    }


def _may_be_made_by(
    context: SliceContext, creations: Sequence[Sending], record: RemoteRecord | None, seen: datetime
) -> bool:
    """Whether one of these creations made this record, first seen then: it bears the creation's external id, or it came
    about in its time and the creation has none. None is a record whose body is not in hand."""
    wait = timedelta(seconds=context.timing.unknown_wait_batch)
    created_at = _created_at(record)
    return any(
        _value(record, sent.external_field) == sent.external_value
        if sent.external_value
        else _fits(sent, seen, created_at, wait)
        for sent in creations
    )


def _record_on(item: Decided, side: Side) -> str:
    """The record of this side that the decision is about: the half-link's own, or the one that it would be joined
    with."""
    found = item.decision.link_to
    if found is not None and found.side is side:
        return found.id
    return item.link.remote_id(side)


def _value(record: RemoteRecord | None, field: str) -> str:
    return str(record.body.get(field) or "") if record is not None else ""


def _created_at(record: RemoteRecord | None) -> datetime | None:
    """When the record was made, where it says so."""
    made = (record.body.get("MetaData") or {}).get("CreateTime") if record is not None else None
    return datetime.fromisoformat(made) if isinstance(made, str) else None


def _fits(sent: Sending, seen: datetime, created_at: datetime | None, wait: timedelta) -> bool:
    """Whether a record first seen then, and made then where that is known, may be what this made."""
    if created_at is None:
        return sent.first <= seen <= sent.last + SEEN_WITHIN
    return sent.first <= seen and (
        sent.first - CREATED_SLACK <= created_at <= sent.last + wait + CREATED_SLACK
    )
