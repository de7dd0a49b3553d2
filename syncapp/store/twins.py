"""Records of one side that look alike among themselves while none of them has a counterpart yet.

Which of them is made must not depend on how a load is cut into slices: the one with the smallest id goes first, the
others are decided once it is there, and then ask like anybody who resembles a record that another one holds (section 8
of sync-semantics: match before create).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from connectors.contracts import Side
from syncapp.engine.decision import Twin
from syncapp.engine.match import NUMBER, MatchRules, match_rules, rank_of
from syncapp.models import Mapping as MappingRow
from syncapp.store import bulk, match_index, specs
from syncapp.store.parking import PARKED

# Half-links that go by themselves: nobody has to see to them first. `under_way`: only those that are due or in hand.
HALVES = """
select l.{mine}, l.id, l.name from syncapp_recordlink l
where l.company_id = %(company)s and l.integration_id = %(integration)s
  and l.sf_object = %(sf_object)s and l.qbo_entity = %(qbo_entity)s
  and l.{mine} = any(%(ids)s) and l.{other} is null
  and l.lifecycle not in ('unlinked', 'absorbed', 'gone') and l.attention in ('none', 'waiting') and not l.paused
  and (not %(under_way)s or exists (
    select 1 from syncapp_linkwork w where w.link_id = l.id and w.due_at < %(parked)s))
"""


def first_twins(
    mapping: MappingRow, halves: Sequence[match_index.HalfLink], *, under_way: bool
) -> dict[UUID, Twin]:
    """For each of these half-links that looks like another one of its side with a smaller id: the smallest such.

    Two or three queries for the slice. With `under_way` only twins count that some worker is about to carry.
    """
    spec = specs.published_spec(mapping)
    if spec is None:
        return {}
    found: dict[UUID, Twin] = {}
    for end in match_index.ends(mapping):
        mine = {str(match_index.id_on(link, end.side)): link for link in halves if _is_half(link, end.side)}
        if mine:
            alike = _alike(end, sorted(mine), match_rules(spec))
            known = _halves(
                mapping, end.side, sorted({other for kinds in alike.values() for other in kinds}), under_way
            )
            for remote_id, others in alike.items():
                first = min((other for other in others if other in known), key=order, default=None)
                if first is not None:
                    link_id, name = known[first]
                    twin = Twin(str(link_id), mapping.key, end.side, first, name, others[first])
                    found[mine[remote_id].id] = twin
    return found


def _is_half(link: match_index.HalfLink, side: Side) -> bool:
    return bool(match_index.id_on(link, side)) and not match_index.id_on(link, side.other)


def order(remote_id: str) -> tuple[int, str]:
    """QuickBooks counts its ids; Salesforce's all have one length."""
    return len(remote_id), remote_id


def _alike(
    end: match_index.End, ids: Sequence[str], rules: MatchRules
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Per record those of the same side before it that would be a match for it, with the kinds of keys that both have.
    Numbers of documents do not count: they are told apart by their customers."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for one, other, kinds in match_index.sharing(end, end, ids):
        if order(other) >= order(one):
            continue
        ranked = rank_of([kind for kind in kinds if kind != NUMBER], rules)
        if ranked is not None:
            found.setdefault(one, {})[other] = ranked.kinds
    return found


def _halves(
    mapping: MappingRow, side: Side, ids: Sequence[str], under_way: bool
) -> Mapping[str, tuple[UUID, str]]:
    if not ids:
        return {}
    mine, other = ("sf_id", "qbo_id") if side is Side.SALESFORCE else ("qbo_id", "sf_id")
    rows = bulk.fetch_named(
        HALVES.format(mine=mine, other=other),
        {
            "company": mapping.company_id,
            "integration": mapping.integration_id,
            "sf_object": mapping.sf_object,
            "qbo_entity": mapping.qbo_entity,
            "ids": list(ids),
            "under_way": under_way,
            "parked": PARKED,
        },
    )
    return {remote_id: (link_id, name) for remote_id, link_id, name in rows}
