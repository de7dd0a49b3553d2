"""One record that several mappings look at is one line of the list: that of the mapping that keeps it.

A QuickBooks invoice is a half link of every mapping that could hold it; most skip it. Those are left out of a list that
nobody narrowed to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from syncapp.models import CLOSED_LIFECYCLES, Attention, RecordLink
from syncapp.store import bulk

ENDS = (("sf_object", "sf_id"), ("qbo_entity", "qbo_id"))
"""The object and id of either side, as links name them."""
Half = tuple[int, str, str]
"""(integration, object, id): one remote record of a pair."""


def hidden(rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Those of these links that are left out: skipped halves of a record that another mapping keeps, or, where every
    mapping skips it, that the first of them stands for. At most one query for each side."""
    left_out: set[UUID] = set()
    for (object_, id_), (_, other) in zip(ENDS, reversed(ENDS), strict=True):
        halves = {
            row["id"]: _half(row, object_, id_)
            for row in rows
            if row["attention"] == Attention.SKIPPED and row[id_] and not row[other]
        }
        if halves:
            best = _best(set(halves.values()), object_, id_)
            left_out |= {link for link, half in halves.items() if best.get(half, link) != link}
    return left_out


COUNTED = """
select count(*) from syncapp_recordlink l
where l.company_id = %(company)s and l.attention = 'skipped' and l.lifecycle <> 'absorbed' and (
  (l.sf_id is not null and l.qbo_id is null and exists (
    select 1 from syncapp_recordlink b
    where b.company_id = l.company_id and b.integration_id = l.integration_id and b.sf_object = l.sf_object
      and b.sf_id = l.sf_id and b.id <> l.id and b.lifecycle not in ('unlinked', 'absorbed')
      and (b.attention <> 'skipped' or l.lifecycle = 'unlinked' or (b.mapping_id, b.id) < (l.mapping_id, l.id))))
  or (l.qbo_id is not null and l.sf_id is null and exists (
    select 1 from syncapp_recordlink b
    where b.company_id = l.company_id and b.integration_id = l.integration_id and b.qbo_entity = l.qbo_entity
      and b.qbo_id = l.qbo_id and b.id <> l.id and b.lifecycle not in ('unlinked', 'absorbed')
      and (b.attention <> 'skipped' or l.lifecycle = 'unlinked' or (b.mapping_id, b.id) < (l.mapping_id, l.id)))))
"""
"""`hidden` over all records of a company."""


def hidden_in_all(company_id: int) -> int:
    """How many links a list that nobody narrowed leaves out, over all its pages."""
    return int(bulk.fetch_named(COUNTED, {"company": company_id})[0][0])


def _half(row: Mapping[str, Any], object_: str, id_: str) -> Half:
    return row["integration_id"], row[object_], row[id_]


def _best(wanted: set[Half], object_: str, id_: str) -> dict[Half, UUID]:
    """The link that stands for each of these records: one that is kept, else that of the first mapping."""
    found = RecordLink.objects.filter(
        **{
            "integration_id__in": {half[0] for half in wanted},
            f"{object_}__in": {half[1] for half in wanted},
            f"{id_}__in": {half[2] for half in wanted},
        }
    ).exclude(lifecycle__in=CLOSED_LIFECYCLES)
    links = found.values("id", "integration_id", object_, id_, "attention", "mapping_id")
    best: dict[Half, tuple[bool, int, UUID]] = {}
    for link in links:
        half = _half(link, object_, id_)
        place = (link["attention"] == Attention.SKIPPED, link["mapping_id"], link["id"])
        if half in wanted and (half not in best or place < best[half]):
            best[half] = place
    return {half: place[2] for half, place in best.items()}
