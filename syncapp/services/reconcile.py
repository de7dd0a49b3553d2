"""Reconciliation: what documents come to on both sides, per customer, currency, month and tax, and what makes up the
difference.

Everything is taken from what both sides last held as we know it (bases and held values), in set-based queries; nobody
asks a vendor. Salesforce's figure is the sum of its own lines (with the tax that it shows), QuickBooks' the sum of its
lines with its tax: a cent that one of them rounds elsewhere shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from connectors.contracts import Side
from syncapp.engine.entities import traits
from syncapp.models import Mapping as MappingRow
from syncapp.models import RecordLink
from syncapp.tenancy import current_company_id

MOST_GROUPS, MOST_DOCUMENTS = 500, 200
REASONS = {
    "changed": "Changed on one side since they agreed",
    "conflict": "Changed on both sides: waits for your choice",
    "voided": "Voided or deleted in QuickBooks",
    "tax": "Only the tax differs",
    "rounding": "A cent a line: rounded differently",
    "lines": "Their lines come to different amounts",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Documents of one customer, currency and month. Totals are with tax; `tax_sf` is what Salesforce shows of it."""

    customer: str
    name: str
    currency: str
    month: str
    documents: int
    differing: int
    sf: Decimal
    qbo: Decimal
    tax_sf: Decimal
    tax_qbo: Decimal

    @property
    def difference(self) -> Decimal:
        """How much more QuickBooks has."""
        return self.qbo - self.sf


@dataclass(frozen=True, slots=True)
class Document:
    """One document with both totals. `reason` is the code of what makes it differ, empty where it does not."""

    link: UUID
    name: str
    number: str
    customer: str
    currency: str
    day: str
    sf: Decimal
    qbo: Decimal
    tax_sf: Decimal
    tax_qbo: Decimal
    reason: str

    @property
    def difference(self) -> Decimal:
        return self.qbo - self.sf

    @property
    def words(self) -> str:
        """The reason in words."""
        return REASONS.get(self.reason, "")


@dataclass(frozen=True, slots=True)
class Sums:
    """One currency of all groups."""

    currency: str
    documents: int
    differing: int
    sf: Decimal
    qbo: Decimal

    @property
    def difference(self) -> Decimal:
        return self.qbo - self.sf


_NET = """(select sum(case when e->>'kind' = 'discount' or e->>'line_type' = 'Discount' then -1
                      when e->>'kind' = 'text' then 0 else 1 end * (e->>'amount')::numeric)
           from jsonb_array_elements(case when jsonb_typeof({lines}) = 'array' then {lines} else '[]' end) e)"""
_HELD = "coalesce(nullif(b.held #> '{{lines,{side},lines}}', 'null'), b.{side}_base->'lines')"

_SQL = """
with raw as (
  select l.id, l.name, l.attention, l.qbo_state, b.qbo_base->>'doc_number' number,
         coalesce(b.qbo_base->>'customer', b.qbo_base->>'account', '') customer,
         coalesce(b.qbo_base->>'currency', b.sf_base->>'currency', %(currency)s) currency,
         coalesce(b.qbo_base->>'doc_date', b.qbo_base->>'date', b.sf_base->>'date', '') as day,
         coalesce(SF_NET, 0) sf_net,
         coalesce(QBO_NET, 0) qbo_net,
         coalesce((b.sf_base->>'doc_tax')::numeric, 0) sf_tax,
         coalesce((b.qbo_base->>'doc_tax')::numeric, 0) qbo_tax,
         coalesce(jsonb_array_length(case when jsonb_typeof(b.sf_base->'lines') = 'array'
                                     then b.sf_base->'lines' end), 0) lines
  from syncapp_recordlink l join syncapp_linkbase b on b.link_id = l.id
  where l.company_id = %(company)s and l.mapping_id = %(mapping)s and l.lifecycle in ('linked', 'gone')
), documents as (
  select id, name, number, customer, currency, day, left(day, 7) as month,
         case when %(credit)s and sf_net < 0 then -sf_net else sf_net end
           + case when %(inclusive)s then 0 else sf_tax end sf,
         qbo_net + qbo_tax qbo, sf_tax, qbo_tax,
         attention, qbo_state, lines
  from raw
), judged as (
  select *, case
    when sf = qbo then ''
    when qbo_state in ('voided', 'deleted') then 'voided'
    when attention = 'conflict' then 'conflict'
    when attention in ('drift', 'data_error') then 'changed'
    when sf - sf_tax = qbo - qbo_tax then 'tax'
    when abs(sf - qbo) <= 0.01 * greatest(lines, 1) then 'rounding'
    else 'lines' end reason
  from documents
)
""".replace("SF_NET", _NET.format(lines=_HELD.format(side="sf"))).replace(
    "QBO_NET", _NET.format(lines=_HELD.format(side="qbo"))
)


def documents_of() -> list[MappingRow]:
    """The mappings whose records are documents with lines, those first that are made from Salesforce."""
    rows = MappingRow.objects.filter(published_number__gt=0).order_by("id")
    fitting = [row for row in rows if _is_document(row)]
    return sorted(fitting, key=lambda row: (row.create_in_sf, row.pk))


def _is_document(row: MappingRow) -> bool:
    entity = traits(Side.QUICKBOOKS, row.qbo_entity)
    return entity.document is not None and entity.lines is not None and row.qbo_entity != "Payment"


def months(mapping: MappingRow) -> list[str]:
    """The months that its documents are of, newest first."""
    rows = _rows(mapping, "select distinct month from judged where month <> '' order by 1 desc limit 60")
    return [str(row[0]) for row in rows]


def groups(mapping: MappingRow, month: str = "", *, only_differing: bool = False) -> list[Group]:
    """Customers with their totals, the largest difference first."""
    rows = _rows(
        mapping,
        "select customer, currency, month, count(*), count(*) filter (where reason <> ''), sum(sf), sum(qbo),"
        " sum(sf_tax), sum(qbo_tax) from judged where (%(month)s = '' or month = %(month)s) group by 1, 2, 3"
        " having not %(differing)s or bool_or(reason <> '')"
        " order by abs(sum(qbo) - sum(sf)) desc, 3 desc, 1 limit %(most)s",
        month=month,
        differing=only_differing,
        most=MOST_GROUPS,
    )
    found = list(rows)
    names = _names(mapping, {str(row[0]) for row in found})
    return [Group(str(row[0]), names.get(str(row[0]), ""), *row[1:]) for row in found]


def sums(mapping: MappingRow, month: str = "") -> list[Sums]:
    """The totals of each currency."""
    rows = _rows(
        mapping,
        "select currency, count(*), count(*) filter (where reason <> ''), sum(sf), sum(qbo) from judged"
        " where (%(month)s = '' or month = %(month)s) group by 1 order by 2 desc",
        month=month,
    )
    return [Sums(*row) for row in rows]


def documents(
    mapping: MappingRow, month: str = "", *, only_differing: bool = True, most: int | None = MOST_DOCUMENTS
) -> list[Document]:
    """The documents that make the totals up, the largest difference first."""
    rows = _rows(
        mapping,
        "select id, name, number, customer, currency, day, sf, qbo, sf_tax, qbo_tax, reason from judged"
        " where (%(month)s = '' or month = %(month)s) and (not %(differing)s or reason <> '')"
        " order by abs(qbo - sf) desc, day desc, id limit %(most)s",
        month=month,
        differing=only_differing,
        most=most,
    )
    found = list(rows)
    names = _names(mapping, {str(row[3]) for row in found})
    return [Document(row[0], row[1], row[2] or "", names.get(str(row[3]), ""), *row[4:]) for row in found]


def csv_rows(mapping: MappingRow, month: str = "") -> Iterator[tuple[Any, ...]]:
    """Every document, with a heading."""
    yield ("record", "number", "customer", "currency", "date", "salesforce_total", "quickbooks_total",
           "difference", "salesforce_tax", "quickbooks_tax", "reason")  # fmt: skip
    for one in documents(mapping, month, only_differing=False, most=None):
        yield (one.name, one.number, one.customer, one.currency, one.day, one.sf, one.qbo, one.difference,
               one.tax_sf, one.tax_qbo, one.words)  # fmt: skip


def _names(mapping: MappingRow, customers: set[str]) -> dict[str, str]:
    """What customers are called, by their QuickBooks id."""
    rows = RecordLink.objects.filter(
        integration_id=mapping.integration_id, qbo_entity="Customer", qbo_id__in=customers
    ).exclude(lifecycle="absorbed")
    return {str(id_): name for id_, name in rows.values_list("qbo_id", "name")}


def _rows(mapping: MappingRow, question: str, **values: Any) -> list[tuple[Any, ...]]:
    options: Mapping[str, Any] = mapping.policies.get("options") or {}
    quickbooks = mapping.integration.quickbooks
    facts = quickbooks.facts if quickbooks is not None else {}
    asked = {
        "company": current_company_id(),
        "mapping": mapping.pk,
        "currency": str(facts.get("currency") or ""),
        "credit": bool((options.get("lines") or {}).get("credit")),
        "inclusive": options.get("tax_calculation") == "TaxInclusive",
        **values,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SQL + question, asked)
        return list(cursor.fetchall())
