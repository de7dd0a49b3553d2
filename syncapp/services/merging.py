"""A record was merged into another over there: the link follows the winner where only the loser was linked; where both
were, a person chooses which counterpart stays (sync-semantics section 10). Nothing is merged on the other side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from connectors.contracts import RecordState, Side
from syncapp.models import RecordLink
from syncapp.services import audit, joining, newcomers
from syncapp.services.reading import Sides
from syncapp.services.slice_context import SliceContext
from syncapp.store import aliases, bulk, links
from syncapp.store.links import LinkRow

LOST = frozenset({RecordState.MERGED, RecordState.DELETED, RecordState.INACTIVE, RecordState.MISSING})


@dataclass(slots=True)
class Followed:
    """What came of a slice's merges: links that hold the winner now (changed in place), whose sides must be read anew;
    half-links of the winners that ended in them, which must not be decided any more; and links whose winner may be
    what a creation of ours made that nobody has heard of: whose it is shows once that outcome is known."""

    moved: list[LinkRow] = field(default_factory=list)
    absorbed: set[UUID] = field(default_factory=set)
    later: set[UUID] = field(default_factory=set)


def follow_winners(context: SliceContext, rows: Sequence[LinkRow], sides: Mapping[UUID, Sides]) -> Followed:
    """Move each link whose record lost a merge to the winner, if no whole link holds that one. One query per side where
    something is gone, else none."""
    followed = Followed()
    for side in Side:
        gone = [row for row in rows if _is_lost(sides[row.id], side)]
        winners = _winners(context, side, gone)
        if winners:
            _follow_side(context, side, gone, winners, followed)
    return followed


def _winners(context: SliceContext, side: Side, gone: Sequence[LinkRow]) -> dict[str, str]:
    if not gone:
        return {}
    ids = [row.remote_id(side) for row in gone]
    return aliases.winners(context.connections[side].pk, context.object(side), ids)


def _follow_side(
    context: SliceContext, side: Side, gone: Sequence[LinkRow], winners: Mapping[str, str], followed: Followed
) -> None:
    losers = [row for row in gone if row.remote_id(side) in winners]
    doubted = newcomers.may_be_ours(context, side, sorted(set(winners.values())))
    later = {row.id for row in losers if winners[row.remote_id(side)] in doubted}
    followed.later |= later
    with transaction.atomic():
        _move(context, side, [row for row in losers if row.id not in later], winners, followed)


def _is_lost(sides: Sides, side: Side) -> bool:
    record = sides.records.get(side)
    return record is not None and record.state in LOST


def _move(
    context: SliceContext,
    side: Side,
    losers: Sequence[LinkRow],
    winners: Mapping[str, str],
    followed: Followed,
) -> None:
    holders = links.linked_ids(
        context.mapping.integration_id,
        context.spec.sf_object,
        context.spec.qbo_entity,
        side,
        sorted(set(winners.values())),
    )
    taken: set[str] = set()
    for row in sorted(losers, key=lambda one: one.id):
        winner = winners[row.remote_id(side)]
        holder = holders.get(winner)
        if winner in taken or not _is_free(context, holder):
            continue
        taken.add(winner)
        half = holder[0] if holder is not None and holder[0] != row.id else None
        _follow(context, side, row, winner, half)
        followed.moved.append(row)
        if half is not None:
            followed.absorbed.add(half)


def _is_free(context: SliceContext, holder: tuple[UUID, str, str, str] | None) -> bool:
    """Nobody holds the winner, or only a half-link that no other worker has in hand."""
    if holder is None:
        return True
    link_id, other_id, _, _ = holder
    return not other_id and not joining.held_elsewhere(context.piece, [link_id])


def _follow(context: SliceContext, side: Side, row: LinkRow, winner: str, half: UUID | None) -> None:
    """The link's loser gives way to the winner; what this side agreed on before is not known of that one."""
    if half is not None:
        joining.absorb(context.company_id, half, row.id)
    loser = row.remote_id(side)
    if side is Side.SALESFORCE:
        row.sf_id, row.sf_base, row.sf_token, row.sf_modified = winner, None, "", None
        row.sf_state = RecordState.LIVE.value
    else:
        row.qbo_id, row.qbo_base, row.qbo_token, row.qbo_modified = winner, None, "", None
        row.qbo_state = RecordState.LIVE.value
    links.save(context.company_id, [row])
    bulk.execute("update syncapp_recordlink set attention_code = '' where id = %s", [row.id])
    audit.decided(
        "link.followed_merge",
        None,
        link=RecordLink.objects.get(pk=row.id),
        cause="Merged over there",
        side=side.value,
        object=context.object(side),
        remote_id=winner,
        before={"id": loser},
        after={"id": winner},
    )
