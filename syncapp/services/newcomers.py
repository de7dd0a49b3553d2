"""Records that appeared while the outcome of a creation of ours is unknown: they may be what we made.

Nothing is decided on such a record before that outcome is known (sync-semantics section 4): taken for somebody's new
record, it would be created a second time on the side it came from. What cannot be ours by its time, or by the external
id that it would bear, goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connectors.contracts import Side
from syncapp.engine.evidence import CREATED_SLACK
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
    later = context.now + timedelta(seconds=context.timing.probe_gap)
    leases.postpone(context.piece, dict.fromkeys(sorted(doubted), later))
    kept = tuple(item for item in decisions.items if item.link.id not in doubted)
    return SliceDecisions(kept, decisions.parents)


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
    named = {(sent.external_field, sent.external_value) for sent in creations if sent.external_value}
    nameless = [sent for sent in creations if not sent.external_value]
    fields = {field for field, _ in named}
    wait = timedelta(seconds=context.timing.unknown_wait_batch)
    return [
        item
        for item in halves
        if (seen := first_seen.get(record_of.get(item.link.id, ""))) is not None
        and (
            any((field, _value(item, side, field)) in named for field in fields)
            or any(_fits(sent, seen, _created_at(item, side), wait) for sent in nameless)
        )
    ]


def _record_on(item: Decided, side: Side) -> str:
    """The record of this side that the decision is about: the half-link's own, or the one that it would be joined
    with."""
    found = item.decision.link_to
    if found is not None and found.side is side:
        return found.id
    return item.link.remote_id(side)


def _value(item: Decided, side: Side, field: str) -> str:
    record = item.sides.read(side)
    return str(record.body.get(field) or "") if record is not None else ""


def _created_at(item: Decided, side: Side) -> datetime | None:
    """When the half-link's own record was made, where it says so."""
    record = item.sides.read(side)
    made = (record.body.get("MetaData") or {}).get("CreateTime") if record is not None else None
    return datetime.fromisoformat(made) if isinstance(made, str) else None


def _fits(sent: Sending, seen: datetime, created_at: datetime | None, wait: timedelta) -> bool:
    """Whether a record first seen then, and made then where that is known, may be what this made."""
    if created_at is None:
        return sent.first <= seen <= sent.last + SEEN_WITHIN
    return sent.first <= seen and (
        sent.first - CREATED_SLACK <= created_at <= sent.last + wait + CREATED_SLACK
    )
