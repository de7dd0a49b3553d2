"""Two half-links of the same thing become one (sync-semantics section 8, adopting two half-links)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from connectors.contracts import Side
from syncapp.models import Mapping, Outcome, RecordLink
from syncapp.services.deciding import Decided
from syncapp.services.slice_context import SliceContext
from syncapp.store import bulk, intents, leases, problems, runs, transactions
from syncapp.store.leases import Slice

HALF_LINKS = """
select l.id, l.{column} from syncapp_recordlink l
where l.company_id = %s and l.integration_id = %s and l.sf_object = %s and l.qbo_entity = %s
  and l.{column} = any(%s) and l.lifecycle not in ('unlinked', 'absorbed')
order by l.id for no key update
"""

ABSORB = """
update syncapp_recordlink l set lifecycle = 'absorbed', absorbed_into_id = x.winner, attention = 'none'
from jsonb_to_recordset(%s::jsonb) as x(loser uuid, winner uuid) where l.id = x.loser
"""


def join(context: SliceContext, items: Sequence[Decided]) -> set[UUID]:
    """Join each of these half-links with the record its decision found; returns the links that go on with both ids.

    The Salesforce row survives. A half-link of the other side that another worker holds leaves its pair for later:
    such links are given back, due in a few seconds.
    """
    going_on: set[UUID] = set()
    for side in Side:
        chosen = [
            item for item in items if item.decision.link_to is not None and item.decision.link_to.side is side
        ]
        if chosen:
            going_on |= _join_side_whole(context, chosen, side)
    return going_on


def _join_side_whole(context: SliceContext, chosen: Sequence[Decided], side: Side) -> set[UUID]:
    return transactions.run(lambda: _join_side(context, chosen, side))


def _join_side(context: SliceContext, items: Sequence[Decided], far: Side) -> set[UUID]:
    """`far` is the side of the found records; our links hold the other side."""
    wanted = {item.decision.link_to.id: item for item in items if item.decision.link_to is not None}
    others = _half_links(context, far, sorted(wanted))
    busy = held_elsewhere(context.piece, list(others.values()))
    joined: dict[UUID, tuple[UUID, str]] = {}
    going_on: set[UUID] = set()
    for remote_id, item in wanted.items():
        other = others.get(remote_id)
        if other is not None and other in busy:
            continue
        if far is Side.QUICKBOOKS or other is None:
            joined[item.link.id] = (item.link.id, remote_id)
            going_on.add(item.link.id)
        else:
            joined[item.link.id] = (other, remote_id)
    _store(context, far, wanted, others, joined)
    return going_on


def _half_links(context: SliceContext, side: Side, ids: Sequence[str]) -> dict[str, UUID]:
    column = "sf_id" if side is Side.SALESFORCE else "qbo_id"
    rows = bulk.fetch(
        HALF_LINKS.format(column=column),
        [
            context.company_id,
            context.mapping.integration_id,
            context.spec.sf_object,
            context.spec.qbo_entity,
            list(ids),
        ],
    )
    return {row[1]: row[0] for row in rows}


def held_elsewhere(piece: Slice, link_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these links another worker holds now, or wait for the outcome of a write: it belongs to them."""
    ids = list(link_ids)
    rows = bulk.fetch(
        "select link_id from syncapp_linkwork where link_id = any(%s) and lease_until > lb_now() and fence <> %s"
        " union select link_id from syncapp_writeintent"
        " where link_id = any(%s) and state in ('sending', 'unknown', 'ask')",
        [ids, piece.fence, ids],
    )
    return {row[0] for row in rows}


def _store(
    context: SliceContext,
    far: Side,
    wanted: dict[str, Decided],
    others: dict[str, UUID],
    joined: dict[UUID, tuple[UUID, str]],
) -> None:
    """Close the losing rows first (the database allows one live link per record), then give the winners both ids."""
    pairs: list[tuple[UUID, UUID]] = []
    for remote_id, item in wanted.items():
        if item.link.id not in joined:
            continue
        winner = joined[item.link.id][0]
        loser = others.get(remote_id) if winner == item.link.id else item.link.id
        if (
            loser is not None and loser != winner
        ):  # the same, when its other half was joined with it a moment ago
            pairs.append((loser, winner))
    _absorb(context.company_id, pairs)
    _give_ids(context, far, wanted, joined)


def _absorb(company_id: int, pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """Close the first of each pair into the second, and let its children wait for that one. A pair counts once; the
    first has no work and no problem of its own any more, and what a dead worker meant to write for it is given up."""
    if not pairs:
        return
    losers = [loser for loser, _ in pairs]
    runs.leave(losers)
    intents.supersede_planned(losers)
    rows = bulk.dumps([{"loser": loser, "winner": winner} for loser, winner in pairs])
    bulk.execute(ABSORB, [rows])
    bulk.execute(
        "update syncapp_linkwait w set parent_id = x.winner from jsonb_to_recordset(%s::jsonb)"
        " as x(loser uuid, winner uuid) where w.parent_id = x.loser",
        [rows],
    )
    bulk.execute("delete from syncapp_linkwork where link_id = any(%s)", [losers])
    problems.close_for_links(company_id, losers, "Linked")


def absorb(company_id: int, loser: UUID, winner: UUID) -> None:
    """Close a half-link into another link."""
    _absorb(company_id, [(loser, winner)])


def absorb_seen(mapping: Mapping, side: Side, created: dict[str, UUID]) -> None:
    """Records that we made (id over there -> our link): where capture saw one before its answer was stored, the
    half-link that it took for a new record ends in ours. Runs in the transaction that stores the answer (W7)."""
    ours, other = ("sf_id", "qbo_id") if side is Side.SALESFORCE else ("qbo_id", "sf_id")
    rows = bulk.fetch(
        HALF_LINKS.format(column=ours).replace("order by", f"and l.{other} is null order by"),
        [mapping.company_id, mapping.integration_id, mapping.sf_object, mapping.qbo_entity, sorted(created)],
    )
    pairs = [(link_id, created[remote_id]) for link_id, remote_id in rows if link_id != created[remote_id]]
    _absorb(mapping.company_id, pairs)


def _give_ids(
    context: SliceContext, far: Side, wanted: dict[str, Decided], joined: dict[UUID, tuple[UUID, str]]
) -> None:
    by_link = {item.link.id: item.link for item in wanted.values()}
    rows = [
        {
            "id": winner,
            "sf_id": remote_id if far is Side.SALESFORCE else by_link[ours].sf_id,
            "qbo_id": remote_id if far is Side.QUICKBOOKS else by_link[ours].qbo_id,
            "lifecycle": "linked",
            f"{far.value}_state": "live",
        }
        for ours, (winner, remote_id) in sorted(joined.items())
    ]
    bulk.update(RecordLink, rows)
    for ours, (winner, remote_id) in joined.items():
        if winner == ours:
            link = by_link[ours]
            link.lifecycle = "linked"
            if far is Side.SALESFORCE:
                link.sf_id, link.sf_state = remote_id, "live"
            else:
                link.qbo_id, link.qbo_state = remote_id, "live"
    elsewhere: dict[UUID | None, list[UUID]] = {}
    for ours, (winner, _) in joined.items():
        if winner != ours:
            elsewhere.setdefault(context.work[ours].run_id, []).append(winner)
    for run_id, winners in elsewhere.items():
        made = leases.make_due(
            context.company_id, winners, context.piece.priority, cause="Matched", run_id=run_id
        )
        runs.count((winner, owner, Outcome.LINKED.value) for winner, owner in made.items())
