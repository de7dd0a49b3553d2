"""Reconciliation: what documents come to on both sides, per customer, currency, month and tax, and what makes up the
difference.

Everything is taken from what both sides last held as we know it (bases, held values, and what was seen of a document
that is on one side only), in set-based queries; nobody asks a vendor. Salesforce's figure is the sum of its own lines
(with the tax that it shows), QuickBooks' the sum of its lines with its tax: a cent that one of them rounds elsewhere
shows. What the mapping leaves out, and what is before go-live, is told apart and not part of the totals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from connectors.contracts import Side
from syncapp.engine.entities import traits
from syncapp.models import Mapping as MappingRow
from syncapp.models import Observation, RecordLink, Run
from syncapp.services import checkup
from syncapp.services.errors import Refused
from syncapp.store import document_totals, specs
from syncapp.store.document_totals import Line
from syncapp.tenancy import current_company_id

MOST_GROUPS, MOST_DOCUMENTS = 500, 200
REASONS = {
    "changed": "Changed on one side since they agreed",
    "conflict": "Changed on both sides: waits for your choice",
    "voided": "Voided or deleted in QuickBooks",
    "sf_deleted": "Deleted in Salesforce",
    "tax": "Only the tax differs",
    "rounding": "A cent a line: rounded differently",
    "lines": "Their lines come to different amounts",
    "sf_way": "Only in Salesforce: not sent yet",
    "qbo_way": "Only in QuickBooks: not sent yet",
    "sf_waiting": "Only in Salesforce: waits for another record",
    "qbo_waiting": "Only in QuickBooks: waits for another record",
    "sf_problem": "Only in Salesforce: needs attention",
    "qbo_problem": "Only in QuickBooks: needs attention",
    "unread": "On one side only, and not read yet: its amount is not known",
    "before": "Before go-live",
    "rule": "Left out by rule",
}
READ_AGAIN = "Reconciliation: both sides read anew"
QBO_PAGE, SF_PAGE = 1000, 2000


@dataclass(frozen=True, slots=True)
class Totals:
    """What some documents come to on both sides. `sf` and `qbo` are with tax; `unread` have no known amount yet."""

    documents: int
    differing: int
    unread: int
    sf: Decimal
    qbo: Decimal
    tax_sf: Decimal
    tax_qbo: Decimal

    @property
    def difference(self) -> Decimal:
        """How much more QuickBooks has."""
        return self.qbo - self.sf

    @property
    def tax_difference(self) -> Decimal:
        """How much of it is tax."""
        return self.tax_qbo - self.tax_sf


@dataclass(frozen=True, slots=True)
class Group(Totals):
    """Documents of one customer, currency and month."""

    customer: str
    name: str
    currency: str
    month: str


@dataclass(frozen=True, slots=True)
class Sums(Totals):
    """One currency of all groups; or (`standing` before, rule) what is left out of them."""

    currency: str
    standing: str = ""

    @property
    def words(self) -> str:
        """Why these are left out, in words."""
        return REASONS.get(self.standing, "")


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
class Summary:
    """The totals of one kind of documents and the documents that make their difference up, the largest difference first
    (no more than a page holds); the months that there are, newest first."""

    groups: tuple[Group, ...]
    sums: tuple[Sums, ...]
    apart: tuple[Sums, ...]
    documents: tuple[Document, ...]
    months: tuple[str, ...]

    @property
    def unread(self) -> int:
        """Documents whose amount is missing in the totals."""
        return sum(one.unread for one in self.sums)


def documents_of() -> list[MappingRow]:
    """The mappings whose records are documents with lines, those first that are made from Salesforce."""
    rows = MappingRow.objects.filter(published_number__gt=0).order_by("id")
    fitting = [row for row in rows if _is_document(row)]
    return sorted(fitting, key=lambda row: (row.create_in_sf, row.pk))


def _is_document(row: MappingRow) -> bool:
    entity = traits(Side.QUICKBOOKS, row.qbo_entity)
    return entity.document is not None and entity.lines is not None and row.qbo_entity != "Payment"


def summary(mapping: MappingRow, month: str = "", *, only_differing: bool = False) -> Summary:
    """Everything that is added up for one kind of documents, and what makes its differences up: one query."""
    lines = document_totals.summary(
        _asked(
            mapping,
            month=month,
            differing=only_differing,
            most_groups=MOST_GROUPS,
            most_documents=MOST_DOCUMENTS,
        )
    )
    names = _names(mapping, {line.customer for line in lines})
    of: dict[str, list[Line]] = {}
    for line in lines:
        of.setdefault(line.kind, []).append(line)
    groups = [
        Group(**_figures(one), customer=one.customer, name=names.get(one.customer, ""), currency=one.currency,
              month=one.month)
        for one in of.get("group", ())
    ]  # fmt: skip
    sums = [Sums(**_figures(one), currency=one.currency) for one in of.get("sum", ())]
    apart = [
        Sums(**_figures(one), currency=one.currency, standing=one.standing) for one in of.get("apart", ())
    ]
    documents = [_document(one, names) for one in of.get("document", ())]
    return Summary(
        groups=tuple(sorted(groups, key=_largest_first)),
        sums=tuple(sorted(sums, key=lambda one: (-one.documents, one.currency))),
        apart=tuple(sorted(apart, key=lambda one: (one.standing, one.currency))),
        documents=tuple(sorted(documents, key=lambda one: (-abs(one.difference), one.name))),
        months=tuple(sorted((one.month for one in of.get("month", ())), reverse=True))[:60],
    )


def _figures(line: Line) -> dict[str, Any]:
    return {field.name: getattr(line, field.name) for field in fields(Totals)}


def _largest_first(one: Group) -> tuple[Decimal, int, str]:
    return -abs(one.difference), -int(one.month.replace("-", "") or 0), one.name


def _document(line: Line, names: Mapping[str, str]) -> Document:
    customer = names.get(line.customer, "")
    return Document(line.link, line.name, line.number or "", customer, line.currency, line.day, line.sf, line.qbo,
                    line.tax_sf, line.tax_qbo, line.reason)  # fmt: skip


def csv_rows(mapping: MappingRow, month: str = "") -> Iterator[tuple[Any, ...]]:
    """Every document, with a heading; some thousand in memory at a time."""
    yield ("record", "number", "customer", "currency", "date", "salesforce_total", "quickbooks_total",
           "difference", "salesforce_tax", "quickbooks_tax", "reason_code", "reason")  # fmt: skip
    for part in document_totals.every(_asked(mapping, month=month)):
        names = _names(mapping, {row[3] for row in part})
        for row in part:
            one = Document(row[0], row[1], row[2] or "", names.get(row[3], ""), *row[4:])
            yield (one.name, one.number, one.customer, one.currency, one.day, one.sf, one.qbo, one.difference,
                   one.tax_sf, one.tax_qbo, one.reason, one.words)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading both sides anew takes at least. Reading QuickBooks is metered by Intuit."""

    sf_calls: int
    metered: int


def reading(mapping: MappingRow) -> Reading:
    """Reckoned from the records that are known on each side."""
    integration = mapping.integration
    known = {
        side: Observation.objects.filter(connection=connection, object=object_).count()
        for side, connection, object_ in (
            (Side.SALESFORCE, integration.salesforce, mapping.sf_object),
            (Side.QUICKBOOKS, integration.quickbooks, mapping.qbo_entity),
        )
        if connection is not None
    }
    return Reading(
        max(1, math.ceil(known.get(Side.SALESFORCE, 0) / SF_PAGE)),
        math.ceil((known.get(Side.QUICKBOOKS, 0) + 1) / QBO_PAGE),  # a full page is followed by one more
    )


def read_again(mapping: MappingRow, person: Any) -> Run:
    """Read both sides whole in the background; what differs from what is known here is carried like any news.

    Raises Refused `sync.not_switched_on`."""
    if mapping.integration.switched_on_at is None:
        raise Refused("sync.not_switched_on")
    run = checkup.request(mapping, READ_AGAIN)
    if run.person_id is None:
        Run.objects.filter(pk=run.pk).update(person=person)
    return run


def _names(mapping: MappingRow, customers: set[str]) -> dict[str, str]:
    """What customers are called, by their QuickBooks id, or by `sf:` and the id of the account."""
    accounts = {one.removeprefix("sf:") for one in customers if one.startswith("sf:")}
    rows = (
        RecordLink.objects.filter(integration_id=mapping.integration_id, qbo_entity="Customer")
        .filter(Q(qbo_id__in=customers) | Q(sf_id__in=accounts))
        .exclude(lifecycle="absorbed")
        .values_list("qbo_id", "sf_id", "name")
    )
    named = [(qbo_id if qbo_id in customers else f"sf:{sf_id}", name) for qbo_id, sf_id, name in rows]
    return {str(key): name for key, name in named}


def _asked(mapping: MappingRow, **values: Any) -> dict[str, Any]:
    published = specs.published_spec(mapping)
    options: Mapping[str, Any] = published.options if published is not None else {}
    quickbooks = mapping.integration.quickbooks
    facts = quickbooks.facts if quickbooks is not None else {}
    return {
        "company": current_company_id(),
        "mapping": mapping.pk,
        "currency": str(facts.get("currency") or ""),
        "credit": bool((options.get("lines") or {}).get("credit")),
        "inclusive": options.get("tax_calculation") == "TaxInclusive",
        **values,
    }
