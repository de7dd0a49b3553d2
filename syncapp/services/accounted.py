"""Nothing unaccounted for: where every record that was ever seen stands, per pair of objects and side.

Total = in sync + on the way + to see to + before go-live + left out by rule + the rest, which is listed where it is not
nothing. Three queries for a company, whatever it holds; no vendor is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.contracts import Side
from syncapp.engine.reasons import BEFORE_GO_LIVE
from syncapp.models import Mapping
from syncapp.store import bulk
from syncapp.tenancy import current_company_id

IN_SYNC, WAY, ASKS, BEFORE, RULE, REST = "in_sync", "way", "asks", "before", "rule", "rest"
BUCKETS = (IN_SYNC, WAY, ASKS, BEFORE, RULE, REST)
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


_LINKED = """
with stands as (
  select l.mapping_id mapping, l.sf_id, l.qbo_id, case
    when w.link_id is not null or l.attention = 'waiting' then 'way'
    when l.attention = 'skipped' and l.attention_code = %(before)s then 'before'
    when l.attention = 'skipped' or l.paused then 'rule'
    when l.lifecycle = 'gone' then 'rule'
    when l.attention <> 'none' then 'asks'
    when l.lifecycle = 'linked' then 'in_sync'
    when l.lifecycle in ('creating', 'candidate') then 'way'
    else 'rest' end bucket
  from syncapp_recordlink l left join syncapp_linkwork w on w.link_id = l.id
  where l.company_id = %(company)s and l.lifecycle not in ('unlinked', 'absorbed')
)
"""
_UNLINKED = """
with alone as (
  select m.id mapping, o.remote_id,
    case when o.fresh and o.hinted_at is not null and o.seen_at is null then 'rest' else 'rule' end bucket
  from syncapp_mapping m join syncapp_integration i on i.id = m.integration_id
  join syncapp_observation o on o.connection_id = i.{connection} and o.object = m.{object}
  where m.company_id = %(company)s and m.published_number > 0 and o.company_id = %(company)s and o.state = 'live'
    and not exists (
      select 1 from syncapp_recordlink l where l.integration_id = i.id and l.sf_object = m.sf_object
        and l.qbo_entity = m.qbo_entity and l.{id} = o.remote_id and l.lifecycle not in ('unlinked', 'absorbed'))
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
    rows = _linked("select mapping, bucket, count(sf_id), count(qbo_id) from stands group by 1, 2")
    for place, side in enumerate(Side):
        counted = [(row[0], row[1], row[2 + place]) for row in rows]
        counted += _unlinked(side, "select mapping, bucket, count(*) from alone group by 1, 2")
        for mapping_id, bucket, number in counted:
            if (mapping_id, side) in found:
                found[mapping_id, side].counts[bucket] += number
    return list(found.values())


def rest(mapping: int, side: Side) -> list[str]:
    """The ids of a side's records that nothing explains, at most fifty."""
    asked = (
        " from {table} where mapping = %(mapping)s and bucket = 'rest' and {id} is not null"
        " order by 1 limit %(most)s"
    )
    wanted = {"mapping": mapping, "most": MOST_LISTED}
    id_ = _COLUMNS[side]["id"]
    rows = _unlinked(side, "select remote_id" + asked.format(table="alone", id="remote_id"), **wanted)
    rows += _linked(f"select {id_}" + asked.format(table="stands", id=id_), **wanted)
    return [str(row[0]) for row in rows][:MOST_LISTED]


def _linked(question: str, **values: Any) -> list[tuple[Any, ...]]:
    return bulk.fetch_named(_LINKED + question, {**_asked(), **values})


def _unlinked(side: Side, question: str, **values: Any) -> list[tuple[Any, ...]]:
    return bulk.fetch_named(_UNLINKED.format(**_COLUMNS[side]) + question, {**_asked(), **values})


def _asked() -> dict[str, Any]:
    return {"company": current_company_id(), "before": BEFORE_GO_LIVE}
