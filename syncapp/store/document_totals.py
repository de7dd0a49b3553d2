"""What documents come to on both sides, in SQL: judged one by one, added up per customer, currency and month.

The amounts are columns that PostgreSQL keeps with the bases (migration "figures of documents"): nothing is added up
here that a base does not hold, and no JSON is opened but that of the documents that a page shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from syncapp.engine.money import WITHOUT_CENTS
from syncapp.engine.reasons import BEFORE_GO_LIVE
from syncapp.store import bulk

BOTH, WAITING, PROBLEM, WAY, BEFORE, RULE = "both", "waiting", "problem", "way", "before", "rule"
COUNTED = (BOTH, WAITING, PROBLEM, WAY)
"""Where a document stands that belongs to the totals. What the mapping leaves out is told beside them."""
PAGE = 5_000
ROOM = "32MB"
"""What PostgreSQL may keep in memory for the one passage: a hundred thousand documents fit, more go to its disk."""
NO_LINK = UUID(int=0)

JUDGED = """
with raw as (
  select l.id, l.name, l.attention, l.sf_state, l.qbo_state, l.sf_id is not null on_sf, l.qbo_id is not null on_qbo,
    case
      when l.attention_code = %(before)s and l.attention = 'skipped' then 'before'
      when l.lifecycle = 'gone' then 'rule'
      when l.sf_id is not null and l.qbo_id is not null and l.lifecycle = 'linked' then 'both'
      when l.attention = 'skipped' or l.paused then 'rule'
      when l.attention = 'waiting' then 'waiting'
      when l.attention <> 'none' then 'problem'
      else 'way' end standing,
    coalesce(b.doc_customer_qbo, p.qbo_id, 'sf:' || b.doc_customer_sf, '') customer,
    coalesce(b.doc_currency, %(currency)s) currency, coalesce(b.doc_day, '') as day,
    case when l.sf_state in ('deleted', 'missing') then 0 else coalesce(b.doc_net_sf, 0) end sf_net,
    case when l.qbo_state in ('voided', 'deleted', 'missing') then 0 else coalesce(b.doc_net_qbo, 0) end qbo_net,
    case when l.sf_state in ('deleted', 'missing') then 0 else coalesce(b.doc_tax_sf, 0) end sf_tax,
    case when l.qbo_state in ('voided', 'deleted', 'missing') then 0 else coalesce(b.doc_tax_qbo, 0) end qbo_tax,
    coalesce(b.doc_net_sf, b.doc_net_qbo) is null and (l.sf_id is null or l.qbo_id is null) unread
  from syncapp_recordlink l
  left join syncapp_linkbase b on b.link_id = l.id
  left join syncapp_recordlink p on b.doc_customer_qbo is null and p.integration_id = l.integration_id
    and p.sf_id = b.doc_customer_sf and p.qbo_entity = 'Customer' and p.lifecycle not in ('unlinked', 'absorbed')
  where l.company_id = %(company)s and l.mapping_id = %(mapping)s and l.lifecycle not in ('unlinked', 'absorbed')
), priced as (
  select id, name, attention, sf_state, qbo_state, on_sf, on_qbo, standing, customer, currency, day,
    left(day, 7) as month, sf_tax, qbo_tax, unread, qbo_net + qbo_tax qbo,
    case when %(credit)s and sf_net < 0 then -sf_net else sf_net end
      + case when %(inclusive)s then 0 else sf_tax end sf
  from raw
), judged as (
  select *, case
    when standing in ('before', 'rule') then standing
    when unread then 'unread'
    when standing <> 'both' then case when on_sf then 'sf_' else 'qbo_' end || standing
    when sf = qbo then ''
    when qbo_state in ('voided', 'deleted', 'missing') then 'voided'
    when sf_state in ('deleted', 'missing') then 'sf_deleted'
    when attention = 'conflict' then 'conflict'
    when attention in ('drift', 'data_error') then 'changed'
    when sf - sf_tax = qbo - qbo_tax then 'tax'
    when abs(sf - qbo) <= case when currency = any(%(whole)s) then 1 else 0.01 end * greatest(1, (
      select jsonb_array_length(case when jsonb_typeof(b.sf_base -> 'lines') = 'array'
                                then b.sf_base -> 'lines' else '[]' end)
      from syncapp_linkbase b where b.link_id = priced.id)) then 'rounding'
    else 'lines' end reason
  from priced
)
"""
SUMMARY = (
    JUDGED.replace("judged as (", "judged as materialized (")
    + """
, chosen as (
  select *, standing = any(%(counted)s) counted from judged where %(month)s = '' or month = %(month)s
), grouped as (
  select 'group' kind, customer, currency, month, '' standing, count(*), count(*) filter (where reason <> '') differing,
    count(*) filter (where unread), sum(sf) sf, sum(qbo) qbo, sum(sf_tax) sf_tax, sum(qbo_tax) qbo_tax
  from chosen where counted group by customer, currency, month
  having not %(differing)s or bool_or(reason <> '')
  order by abs(sum(qbo) - sum(sf)) desc, month desc, customer limit %(most_groups)s
), largest as (
  select * from chosen where counted and reason <> ''
  order by abs(qbo - sf) desc, day desc, id limit %(most_documents)s
)
select *, %(none)s::uuid id, '' as name, '' as day, '' as number, '' as reason from grouped
union all
select case when counted then 'sum' else 'apart' end, '', currency, '', case when counted then '' else standing end,
  count(*), count(*) filter (where reason <> ''), count(*) filter (where unread), sum(sf), sum(qbo), sum(sf_tax),
  sum(qbo_tax), %(none)s, '', '', '', ''
from chosen group by 1, 3, 5
union all
select 'month', '', '', month, '', count(*), 0, 0, 0, 0, 0, 0, %(none)s, '', '', '', '' from judged
where month <> '' group by month
union all
select 'document', customer, currency, month, standing, 1, 1, 0, sf, qbo, sf_tax, qbo_tax, d.id, name, day,
  b.qbo_base ->> 'doc_number', reason
from largest d left join syncapp_linkbase b on b.link_id = d.id
"""
)
PART = (
    JUDGED.replace("%(mapping)s and l.lifecycle", "%(mapping)s and l.id = any(%(ids)s) and l.lifecycle")
    + """select j.id, j.name, b.qbo_base ->> 'doc_number', j.customer, j.currency, j.day, j.sf, j.qbo, j.sf_tax,
  j.qbo_tax, j.reason from judged j left join syncapp_linkbase b on b.link_id = j.id
where %(month)s = '' or j.month = %(month)s order by j.id"""
)
IDS = """
select id from syncapp_recordlink
where company_id = %(company)s and mapping_id = %(mapping)s and id > %(after)s order by id limit %(size)s
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the summary: of a group, a sum, what is left out, a month, or one document that differs."""

    kind: str
    customer: str
    currency: str
    month: str
    standing: str
    documents: int
    differing: int
    unread: int
    sf: Decimal
    qbo: Decimal
    tax_sf: Decimal
    tax_qbo: Decimal
    link: UUID
    name: str
    day: str
    number: str | None
    reason: str


def summary(asked: Mapping[str, Any]) -> list[Line]:
    """Everything that a page shows of a kind of documents, from one passage over them."""
    with transaction.atomic():
        bulk.execute("select set_config('work_mem', %s, true)", [ROOM])
        return [Line(*row) for row in bulk.fetch_named(SUMMARY, {**asked, **_fixed()})]


def every(asked: Mapping[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
    """All documents, some thousand at a time in order of their links, so that no file of them has to fit in memory."""
    after = NO_LINK
    while True:
        ids = [row[0] for row in bulk.fetch_named(IDS, {**asked, "after": after, "size": PAGE})]
        if not ids:
            return
        yield bulk.fetch_named(PART, {**asked, **_fixed(), "ids": ids})
        after = ids[-1]


def _fixed() -> dict[str, Any]:
    return {"before": BEFORE_GO_LIVE, "counted": list(COUNTED), "none": NO_LINK, "whole": list(WITHOUT_CENTS)}
