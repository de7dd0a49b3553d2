"""The data check before the first load: what in both sides' records will make trouble, with counts and lists.

Computed from what was read already (observations and agreed values) in one query for each question; nobody asks a
vendor, so that looking costs no call and no metered read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from connectors.contracts import Side
from syncapp.engine.mapping import MappingSpec
from syncapp.models import Integration, Mapping, MappingPass, Run, RunKind
from syncapp.services import addresses, records
from syncapp.services.data_questions import NotAsked, Question, not_asked, questions
from syncapp.services.history import READ_PAGE
from syncapp.store import bulk, specs

MOST_LISTED = 200
_COLUMN = {Side.SALESFORCE: "sf", Side.QUICKBOOKS: "qbo"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One question with its answer: `count` records of `total` are in the list; `unseen` were not looked at, because
    nothing of them has been read yet."""

    question: Question
    count: int
    total: int
    unseen: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One record of a list. `word` is what it shares with others, or the owner that has no value."""

    link: UUID
    name: str
    remote_id: str
    word: str
    url: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found, what could not be asked, and what the reading it rests on has cost."""

    findings: tuple[Finding, ...]
    not_asked: tuple[NotAsked, ...]
    read_at: datetime | None
    """When the older of the two sides was read to its end; None where one was not."""
    calls: int
    metered: int
    """What that reading took: calls to both sides, and the metered ones among them."""
    again_salesforce: int
    again_quickbooks: int
    """What reading both sides whole once more takes."""

    @property
    def to_see_to(self) -> int:
        """How many questions have records in their list."""
        return sum(1 for one in self.findings if one.count)


_SQL = """
with near as (
  select l.id link, l.{near}_id remote_id, l.name, l.{far}_id is not null linked, o.body, b.{near}_base base,
         fo.body far_body, b.{far}_base far_base,
         o.body is not null or b.{near}_base is not null seen,
         (select i.decision from syncapp_previewitem i
          where i.run_id = %(plan)s and i.link_id = l.id) plan
  from syncapp_recordlink l
  left join syncapp_observation o on o.connection_id = %(near)s and o.object = %(near_object)s
    and o.remote_id = l.{near}_id
  left join syncapp_observation fo on fo.connection_id = %(far)s and fo.object = %(far_object)s
    and fo.remote_id = l.{far}_id
  left join syncapp_linkbase b on b.link_id = l.id
  where l.company_id = %(company)s and l.mapping_id = %(mapping)s and l.{near}_id is not null
    and l.lifecycle in ('creating', 'candidate', 'linked') and coalesce(o.state, l.{near}_state) = 'live'
), worded as (select link, remote_id, name, {known} known, {word} word from near
), judged as (select *, count(*) over (partition by word) twins from worded)
"""


def report(integration: Integration) -> Report:
    """What the records of both sides are like, as they were read last."""
    published = _published(integration)
    passes = MappingPass.objects.filter(mapping__integration=integration)
    sizes = {(row.mapping_id, row.side): row.records for row in passes}
    ends = [row.scanned_at for row in passes]
    scanned = len(ends) == 2 * len(published) and all(ends)
    plans = _plans().filter(integration=integration).exclude(mapping=None)
    newest = plans.order_by("mapping_id", "-id").distinct("mapping_id")
    return Report(
        findings=tuple(_answered(one) for row, spec in published for one in questions(row, spec)),
        not_asked=tuple(not_asked([spec for _, spec in published])),
        read_at=min((end for end in ends if end), default=None) if scanned else None,
        calls=sum(run.calls for run in newest),
        metered=sum(run.metered_reads for run in newest),
        again_salesforce=_pages(sizes, Side.SALESFORCE),
        again_quickbooks=_pages(sizes, Side.QUICKBOOKS),
    )


def _pages(sizes: dict[tuple[int, str], int], side: Side) -> int:
    return sum(max(1, -(-size // READ_PAGE[side])) for (_, of), size in sizes.items() if of == side.value)


def _published(integration: Integration) -> list[tuple[Mapping, MappingSpec]]:
    rows = Mapping.objects.filter(integration=integration, published_number__gt=0).order_by("id")
    rows = rows.select_related("integration__salesforce", "integration__quickbooks")
    return [(row, spec) for row in rows if (spec := specs.published_spec(row)) is not None]


def find(integration: Integration, mapping: int, key: str, side: str) -> Question | None:
    """The question of that mapping; None where it is not asked."""
    for row, spec in _published(integration):
        if row.pk == mapping:
            asked = questions(row, spec)
            return next((one for one in asked if (one.key, one.side.value) == (key, side)), None)
    return None


def answered(question: Question) -> Finding:
    """How many records are in the list of a question."""
    return _answered(question)


def _answered(question: Question) -> Finding:
    ((count, total, unseen),) = _rows(
        question,
        "select count(*) filter (where WRONG), count(*), count(*) filter (where not known) from judged",
    )
    return Finding(question, count, total, unseen)


def listed(question: Question, most: int | None = MOST_LISTED) -> Iterator[Listed]:
    """The records of a question's list: those that share something stand together."""
    text = "select link, remote_id, name, word from judged where WRONG order by word, name, remote_id limit %(most)s"
    rows = _rows(question, text, most=most)
    connections = records.connections_of(question.mapping.integration)
    connection = connections[_COLUMN[question.side]]
    object_ = question.mapping.sf_object if question.side is Side.SALESFORCE else question.mapping.qbo_entity
    for link, remote_id, name, word in rows:
        url = addresses.url(connection, object_, remote_id)
        yield Listed(link, name, remote_id, word if question.told else "", url)


def csv_rows(question: Question) -> Iterator[tuple[str, ...]]:
    """Every record of the list, headings first. The first column names a column that a file for a run may have."""
    ids = "Salesforce id" if question.side is Side.SALESFORCE else "QuickBooks id"
    more = (question.told,) if question.told else ()
    yield (ids, "Name", *more, "Address", "What it is")
    for one in listed(question, most=None):
        yield (one.remote_id, one.name, *((one.word,) if more else ()), one.url, question.title)


def _newest_plan(mapping: Mapping) -> UUID | None:
    """The plan of the first load that was made last."""
    return _plans().filter(mapping=mapping).order_by("-id").values_list("pk", flat=True).first()


def _plans() -> QuerySet[Run]:
    return Run.objects.filter(kind=RunKind.PREVIEW, scope__of__isnull=True)


def _rows(question: Question, text: str, **values: Any) -> Sequence[tuple[Any, ...]]:
    mapping, near = question.mapping, question.side
    integration = mapping.integration
    ends = {
        Side.SALESFORCE: (integration.salesforce_id, mapping.sf_object),
        Side.QUICKBOOKS: (integration.quickbooks_id, mapping.qbo_entity),
    }
    sql = _SQL.format(near=_COLUMN[near], far=_COLUMN[near.other], word=question.word, known=question.known)
    params = {
        **question.params,
        "plan": _newest_plan(mapping),
        "company": mapping.company_id,
        "mapping": mapping.pk,
        "near": ends[near][0],
        "near_object": ends[near][1],
        "far": ends[near.other][0],
        "far_object": ends[near.other][1],
        **values,
    }
    return bulk.fetch_named(sql + text.replace("WRONG", question.wrong), params)
