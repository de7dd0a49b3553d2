"""The match index: normalised identity keys of both sides' records, and what they say belongs together.

Matching is set-based (sync-semantics section 8): for a whole slice of half-links the same few queries, never one per
record. What a key is and how good a set of shared kinds is, the engine says (`engine.match`); here they are found.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection as database
from django.db.models import Q

from connectors.contracts import RecordState, Side
from syncapp.engine.decision import Candidate
from syncapp.engine.entities import traits
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.match import SEED_KINDS, Ranked, match_rules, rank_of
from syncapp.engine.projection import project
from syncapp.models import CLOSED_LIFECYCLES, Connection, DoNotMatch, MatchKey, Observation, RecordLink
from syncapp.models import Mapping as MappingRow
from syncapp.store import bulk, match_parties, specs
from syncapp.store.links import let_go_ids
from syncapp.store.match_parties import End

Key = tuple[str, str]
"""(kind, normalised value), as `engine.match.keys_of` gives them."""

PER_KEY = 25
"""How many records of the other side one key brings at most: a person cannot choose among more."""
VALUE_LENGTH = 255
REAL_STATES = (RecordState.LIVE, RecordState.INACTIVE)


class HalfLink(Protocol):
    """What matching needs of a link; rows of the store and models both fit."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def sf_id(self) -> str | None: ...
    @property
    def qbo_id(self) -> str | None: ...


_DROP = f"""
delete from {MatchKey._meta.db_table} m
where m.connection_id = %s and m.object = %s and m.remote_id = any(%s)
  and not exists (select 1 from unnest(%s::text[], %s::text[], %s::text[]) as f(id, kind, value)
                  where f.id = m.remote_id and f.kind = m.kind and f.value = m.value)
"""
_ADD = f"""
insert into {MatchKey._meta.db_table} (company_id, connection_id, object, remote_id, kind, value)
select distinct %s::bigint, %s::uuid, %s, id, kind, value
from unnest(%s::text[], %s::text[], %s::text[]) as f(id, kind, value) order by id, kind, value
on conflict do nothing
"""


def put_keys(connection: Connection, object: str, rows: Sequence[tuple[str, Iterable[Key]]]) -> None:
    """Replace the keys of these records of one object by the given ones: `rows` is (remote id, keys).

    One statement for the whole page; a record without keys loses those it had.
    """
    if not rows:
        return
    keys = [(remote_id, kind, _fit(value)) for remote_id, found in rows for kind, value in found if value]
    fresh = [[key[place] for key in keys] for place in range(3)]
    with bulk.together():
        bulk.execute(_DROP, [connection.id, object, [remote_id for remote_id, _ in rows], *fresh])
        bulk.execute(_ADD, [connection.company_id, connection.id, object, *fresh])


def _fit(value: str) -> str:
    """Longer values are told apart by a digest at the end."""
    if len(value) <= VALUE_LENGTH:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()
    return value[: VALUE_LENGTH - len(digest)] + digest


@dataclass(frozen=True, slots=True)
class _Pair:
    """A record `near` and one `far` of the other side, and how good the kinds of keys that they share are."""

    near: str
    far: str
    match: Ranked


def candidates(mapping: MappingRow, links: Sequence[HalfLink]) -> dict[uuid.UUID, tuple[Candidate, ...]]:
    """Records of the other side that may be the same thing, for each half-link given; best first.

    Links with both ids or none get no entry, links without any candidate an empty one. Pairs that a person refused
    (DoNotMatch) are left out; a candidate that another link holds says so in `holder`, one that a person unlinked in
    `let_go`.
    """
    found: dict[uuid.UUID, tuple[Candidate, ...]] = {}
    salesforce, quickbooks = ends(mapping)
    for near, far in ((salesforce, quickbooks), (quickbooks, salesforce)):
        halves = [link for link in links if _half_on(link, near.side)]
        if halves:
            found |= _candidates_of(mapping, halves, near, far)
    return found


def ends(mapping: MappingRow) -> tuple[End, End]:
    """Both sides of a mapping in the index: Salesforce, QuickBooks."""
    integration = mapping.integration
    if integration.salesforce_id is None or integration.quickbooks_id is None:
        raise ValueError("An integration is matched only when both sides are connected.")
    return (
        End(Side.SALESFORCE, integration.salesforce_id, mapping.sf_object),
        End(Side.QUICKBOOKS, integration.quickbooks_id, mapping.qbo_entity),
    )


def _half_on(link: HalfLink, side: Side) -> bool:
    mine, other = (link.sf_id, link.qbo_id) if side is Side.SALESFORCE else (link.qbo_id, link.sf_id)
    return bool(mine) and not other


def id_on(link: HalfLink, side: Side) -> str:
    """The id that this link holds on a side; empty where it holds none."""
    return str((link.sf_id if side is Side.SALESFORCE else link.qbo_id) or "")


def _candidates_of(
    mapping: MappingRow, links: Sequence[HalfLink], near: End, far: End
) -> dict[uuid.UUID, tuple[Candidate, ...]]:
    spec = specs.published_spec(mapping)
    rules = match_rules(spec) if spec is not None else None
    pairs = _pairs(mapping, near, far, [id_on(link, near.side) for link in links])
    refused = _refused(mapping, near.side, pairs)
    pairs = [pair for pair in pairs if (pair.near, pair.far) not in refused]
    far_ids = sorted({pair.far for pair in pairs})
    rivals = _rivals(mapping, near, far, far_ids)
    records = _records(mapping, far, far_ids)
    by_record: dict[str, list[Candidate]] = defaultdict(list)
    for pair in pairs:
        if pair.far in records:
            candidate = _candidate(pair, far, records[pair.far], rivals.get(pair.far, {}))
            by_record[pair.near].append(candidate)

    def best_first(candidate: Candidate) -> tuple[int, int, int, str]:
        place = rules.place(candidate.reasons) if rules is not None else 0
        return candidate.rank, place, -candidate.score, candidate.id

    return {link.id: tuple(sorted(by_record[id_on(link, near.side)], key=best_first)) for link in links}


# Written so that only index look-ups by whole keys are left to the planner: right after a first scan it knows nothing
# of the table yet, and any join that it may order freely costs it half a second for a slice.
_PAIRS = """
with seed as materialized (
  select distinct mine.remote_id as near, theirs.remote_id as far
    from {keys} mine
    cross join lateral (
      select k.remote_id from {keys} k
       where k.connection_id = %(far)s and k.object = %(far_object)s and k.kind = mine.kind and k.value = mine.value
       order by k.remote_id limit %(per_key)s) theirs
   where mine.connection_id = %(near)s and mine.object = %(near_object)s and mine.remote_id = any(%(ids)s)
     and mine.kind = any(%(seeds)s))
select seed.near, seed.far, array(
  select distinct mine.kind from {keys} mine
   where mine.connection_id = %(near)s and mine.object = %(near_object)s and mine.remote_id = seed.near
     and exists (select 1 from {keys} theirs
                  where theirs.connection_id = %(far)s and theirs.object = %(far_object)s
                    and theirs.remote_id = seed.far and theirs.kind = mine.kind and theirs.value = mine.value))
  from seed
"""


def _pairs(mapping: MappingRow, near: End, far: End, ids: Sequence[str]) -> list[_Pair]:
    """Who shares which keys. A number that counts with a reference is a code where the links say it is the same."""
    spec = specs.published_spec(mapping)
    rules = match_rules(spec) if spec is not None else None
    rows = sharing(near, far, ids)
    if spec is not None:
        rows = match_parties.confirmed(mapping, spec, near, far, rows)
    ranked = [(near_id, far_id, rank_of(kinds, rules)) for near_id, far_id, kinds in rows]
    return [_Pair(near_id, far_id, match) for near_id, far_id, match in ranked if match is not None]


def sharing(near: End, far: End, ids: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    """(near id, far id, kinds of keys that both have) for these records of the near end, up to 25 for each key."""
    with database.cursor() as cursor:
        cursor.execute(
            _PAIRS.format(keys=MatchKey._meta.db_table),
            {
                "near": near.connection,
                "near_object": near.object,
                "far": far.connection,
                "far_object": far.object,
                "ids": list(ids),
                "seeds": list(SEED_KINDS),
                "per_key": PER_KEY,
            },
        )
        return [tuple(row) for row in cursor.fetchall()]


def _refused(mapping: MappingRow, near: Side, pairs: Sequence[_Pair]) -> set[tuple[str, str]]:
    """Pairs (near, far) that a person said are not the same thing."""
    column = "sf_id" if near is Side.SALESFORCE else "qbo_id"
    rows = DoNotMatch.all_companies.filter(
        company_id=mapping.company_id,
        integration_id=mapping.integration_id,
        sf_object=mapping.sf_object,
        qbo_entity=mapping.qbo_entity,
        **{f"{column}__in": [pair.near for pair in pairs]},
    ).values_list("sf_id", "qbo_id")
    return {(sf, qbo) if near is Side.SALESFORCE else (qbo, sf) for sf, qbo in rows}


def _rivals(mapping: MappingRow, near: End, far: End, far_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """far id -> near id -> rank: who on our side has the keys of these records and is still free."""
    back = _pairs(mapping, far, near, far_ids)
    refused = _refused(mapping, far.side, back)
    free = _records(mapping, near, sorted({pair.far for pair in back}))
    rivals: dict[str, dict[str, int]] = defaultdict(dict)
    for pair in back:
        record = free.get(pair.far)
        if record is not None and not record.holder and (pair.near, pair.far) not in refused:
            rivals[pair.near][pair.far] = pair.match.rank
    return rivals


@dataclass(frozen=True, slots=True)
class _Record:
    """What the store knows of a remote record: its name, state, the full link that holds it, whether a person unlinked
    it and nobody has linked it since, what tells it apart."""

    name: str
    state: RecordState
    holder: str
    let_go: bool
    details: Mapping[str, str]


SHOWN = {"email": "email", "phone": "phone", "city": "billing_city", "postal": "billing_postal_code"}
"""Detail of a candidate -> the canonical key that a person would like to read for it."""


def _records(mapping: MappingRow, end: End, ids: Sequence[str]) -> dict[str, _Record]:
    """The records of one side that exist over there; deleted, merged and missing ones are left out."""
    seen = {
        remote_id: (state, body)
        for remote_id, state, body in Observation.all_companies.filter(
            connection_id=end.connection, object=end.object, remote_id__in=ids
        ).values_list("remote_id", "state", "body")
    }
    keys: dict[str, dict[str, str]] = defaultdict(dict)
    rows = MatchKey.all_companies.filter(connection_id=end.connection, object=end.object, remote_id__in=ids)
    for remote_id, kind, value in rows.values_list("remote_id", "kind", "value"):
        keys[remote_id][kind] = value
    links = _links(mapping, end.side, ids)
    let_go = let_go_ids(
        *_pair_of(mapping), end.side, [remote_id for remote_id in ids if remote_id not in links]
    )
    spec = specs.published_spec(mapping)
    found = {}
    for remote_id in ids:
        state, body = seen.get(remote_id, (RecordState.LIVE, None))
        if state in REAL_STATES:
            name, holder = links.get(remote_id, ("", ""))
            details = keys[remote_id] | _readable(end.side, body, spec)
            name = name or details.get("name", "")
            found[remote_id] = _Record(name, RecordState(state), holder, remote_id in let_go, details)
    return found


def _pair_of(mapping: MappingRow) -> tuple[int, str, str]:
    return mapping.integration_id, mapping.sf_object, mapping.qbo_entity


def _readable(side: Side, body: Mapping[str, Any] | None, spec: MappingSpec | None) -> dict[str, str]:
    """What tells this record apart, as it is written over there; nothing once its body is gone."""
    if not body or spec is None:
        return {}
    held = project(side, body, spec)
    return {detail: str(held[key]) for detail, key in SHOWN.items() if held.get(key)}


def _links(mapping: MappingRow, side: Side, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """remote id -> (name, id of the link that has both sides, or empty). A customer of QuickBooks that another object
    of Salesforce keeps in step (an account, a contact) is held too: two records would write to it."""
    mine, other = ("sf_id", "qbo_id") if side is Side.SALESFORCE else ("qbo_id", "sf_id")
    rows = RecordLink.all_companies.filter(
        Q(sf_object=mapping.sf_object) | _of_rivals(mapping, side),
        integration_id=mapping.integration_id,
        qbo_entity=mapping.qbo_entity,
        **{f"{mine}__in": ids},
    ).exclude(lifecycle__in=CLOSED_LIFECYCLES)
    found: dict[str, tuple[str, str]] = {}
    for link_id, name, remote, there in rows.order_by("id").values_list("id", "name", mine, other):
        if there or remote not in found:
            found[remote] = (name, str(link_id) if there else "")
    return found


def _of_rivals(mapping: MappingRow, side: Side) -> Q:
    """The full links of other objects with a record of a list; a document may well be shown by several."""
    alone = side is Side.QUICKBOOKS and traits(side, mapping.qbo_entity).list_entity
    return Q(sf_id__isnull=False, qbo_id__isnull=False) if alone else Q(pk__in=[])


def _candidate(pair: _Pair, far: End, record: _Record, rivals: Mapping[str, int]) -> Candidate:
    return Candidate(
        side=far.side,
        object=far.object,
        id=pair.far,
        name=record.name,
        rank=pair.match.rank,
        score=pair.match.score,
        reasons=pair.match.kinds,
        state=record.state,
        holder=record.holder,
        let_go=record.let_go,
        details=dict(record.details),
        unique_backwards=not any(
            near != pair.near and rank <= pair.match.rank for near, rank in rivals.items()
        ),
    )
