"""Nothing unaccounted for: where every record that was ever seen stands, per pair of objects and side.

Total = in sync + on the way + to see to + left out by rule + the rest, which is listed where it is not nothing. Two
queries for a company, whatever it holds; no vendor is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from connectors.contracts import Side
from syncapp.models import Mapping
from syncapp.tenancy import current_company_id

IN_SYNC, WAY, ASKS, RULE, REST = "in_sync", "way", "asks", "rule", "rest"
BUCKETS = (IN_SYNC, WAY, ASKS, RULE, REST)
MOST_LISTED = 50


@dataclass(slots=True)
class Account:
    """The records of one side of a mapping. `rest` are those that nothing explains."""

    mapping: Mapping
    side: Side
    object: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0))

    @property
    def total(self) -> int:
        return sum(self.counts.values())


_BUCKET = """
case
  when l.id is null and o.fresh and o.hinted_at is not null and o.seen_at is null then 'rest'
  when l.id is null then 'rule'
  when w.link_id is not null or l.attention = 'waiting' then 'way'
  when l.attention in ('skipped') or l.paused then 'rule'
  when l.lifecycle = 'gone' then 'rule'
  when l.attention <> 'none' then 'asks'
  when l.lifecycle = 'linked' then 'in_sync'
  when l.lifecycle in ('creating', 'candidate') then 'way'
  else 'rest'
end
"""

_SQL = """
with pairs as (
  select m.id mapping, m.sf_object, m.qbo_entity, i.id integration, i.{connection} conn,
         m.{object} object
  from syncapp_mapping m join syncapp_integration i on i.id = m.integration_id
  where m.company_id = %(company)s and m.published_number > 0
), seen as (
  select p.mapping, o.remote_id, {bucket} bucket
  from pairs p
  join syncapp_observation o on o.connection_id = p.conn and o.object = p.object
  left join syncapp_recordlink l on l.integration_id = p.integration and l.sf_object = p.sf_object
    and l.qbo_entity = p.qbo_entity and l.{id} = o.remote_id and l.lifecycle not in ('unlinked', 'absorbed')
  left join syncapp_linkwork w on w.link_id = l.id
  where o.company_id = %(company)s and (l.id is not null or o.state = 'live')
  union all
  select p.mapping, l.{id}, {bucket} bucket
  from pairs p
  join syncapp_recordlink l on l.company_id = %(company)s and l.integration_id = p.integration
    and l.sf_object = p.sf_object and l.qbo_entity = p.qbo_entity and l.{id} is not null
    and l.lifecycle not in ('unlinked', 'absorbed')
  left join syncapp_observation o on o.connection_id = p.conn and o.object = p.object and o.remote_id = l.{id}
  left join syncapp_linkwork w on w.link_id = l.id
  where o.remote_id is null
)
"""
_COLUMNS = {
    Side.SALESFORCE: {"connection": "salesforce_id", "object": "sf_object", "id": "sf_id"},
    Side.QUICKBOOKS: {"connection": "quickbooks_id", "object": "qbo_entity", "id": "qbo_id"},
}


def accounts() -> list[Account]:
    """Every side of every published mapping of the company."""
    mappings = {
        mapping.pk: mapping for mapping in Mapping.objects.filter(published_number__gt=0).order_by("id")
    }
    found = {
        (mapping.pk, side): Account(
            mapping, side, mapping.sf_object if side is Side.SALESFORCE else mapping.qbo_entity
        )
        for mapping in mappings.values()
        for side in Side
    }
    for side in Side:
        for mapping, bucket, number in _rows(
            side, "select mapping, bucket, count(*) from seen group by 1, 2"
        ):
            if (mapping, side) in found:
                found[mapping, side].counts[bucket] = number
    return list(found.values())


def rest(mapping: int, side: Side) -> list[str]:
    """The ids of a side's records that nothing explains, at most fifty."""
    rows = _rows(
        side,
        "select remote_id from seen where mapping = %(mapping)s and bucket = 'rest' order by 1 limit %(most)s",
        mapping=mapping,
        most=MOST_LISTED,
    )
    return [str(row[0]) for row in rows]


def _rows(side: Side, question: str, **values: Any) -> Iterator[tuple[Any, ...]]:
    columns = _COLUMNS[side]
    sql = _SQL.format(bucket=_BUCKET, **columns) + question
    with connection.cursor() as cursor:
        cursor.execute(sql, {"company": current_company_id(), **values})
        yield from cursor.fetchall()
