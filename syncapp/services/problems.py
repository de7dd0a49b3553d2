"""What a person may have to act on: grouped by cause, listed, tried again, exported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Min, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from syncapp.messages import words_for
from syncapp.models import LinkWait, Problem, Run, RunKind
from syncapp.services.errors import Refused

PAGE = 50
ABOUT = Coalesce(
    KeyTextTransform("label", F("values")),
    KeyTextTransform("field", F("values")),
    Value(""),
    output_field=TextField(),
)
"""The field that a problem is about: two fields that are too long are two causes."""
MOST_RETRIES = 10_000
"""Records that one press of "Retry all" takes; the rest stays for the next press."""

CSV_HEADINGS = (
    "First seen", "Last seen", "Times", "Record", "Mapping", "Salesforce id", "QuickBooks id", "Cause", "Code",
    "What to do",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Open problems with one cause in one mapping: one code, about one field (`about`, empty where none).

    `values` are those of the newest, for its words; `records` is False for the problem of a connection.
    """

    code: str
    kind: str
    mapping_id: int | None
    mapping: str
    about: str
    values: dict[str, Any]
    count: int
    first_seen: datetime
    last_seen: datetime
    records: bool
    newest: int = 0
    """The problem that `values` are of."""


def open_groups(limit: int | None = None, since: datetime | None = None) -> list[ProblemGroup]:
    """The causes of the company's open problems, most records first; with `since` only causes none of whose records
    failed before. Two queries."""
    groups = (
        Problem.objects.filter(closed_at__isnull=True)
        .order_by()
        .annotate(about=ABOUT)
        .values("code", "mapping_id", "mapping__label", "about")
        .annotate(
            n=Count("id"),
            first=Min("first_seen_at"),
            last=Max("last_seen_at"),
            newest=Max("id"),
            links=Count("link_id"),
        )
        .order_by("-n", "code", "mapping_id", "about")
    )
    if since is not None:
        groups = groups.filter(first__gt=since)
    rows: list[dict[str, Any]] = [dict(row) for row in (groups[:limit] if limit else groups)]
    samples: dict[int, dict[str, Any]] = {
        row["id"]: dict(row)
        for row in Problem.objects.filter(id__in=[group["newest"] for group in rows]).values(
            "id", "kind", "values"
        )
    }
    return [_group(row, samples[row["newest"]]) for row in rows]


def _group(row: dict[str, Any], sample: dict[str, Any]) -> ProblemGroup:
    return ProblemGroup(
        code=row["code"],
        kind=sample["kind"],
        mapping_id=row["mapping_id"],
        mapping=row["mapping__label"] or "",
        about=row["about"],
        values=sample["values"],
        count=row["n"],
        first_seen=row["first"],
        last_seen=row["last"],
        records=row["links"] > 0,
        newest=row["newest"],
    )


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One problem with its record. `waiting` is how many records wait for that one."""

    problem: Problem
    waiting: int


@dataclass(frozen=True, slots=True)
class Page:
    """Up to 50 problems; `older` is the key for the next page, empty on the last."""

    rows: Sequence[ProblemRow]
    older: str


def page(
    *,
    code: str = "",
    mapping: int | None = None,
    about: str = "",
    before: str = "",
    closed: bool = False,
    size: int = PAGE,
) -> Page:
    """Problems newest first, open or resolved ones. Two queries."""
    problems = _chosen(code=code, mapping=mapping, about=about, closed=closed)
    if before.isdigit():
        problems = problems.filter(id__lt=int(before))
    found = list(problems.order_by("-id")[: size + 1])
    waiting = _waiting(problem.link_id for problem in found[:size])
    rows = [ProblemRow(problem, waiting.get(problem.link_id, 0)) for problem in found[:size]]
    return Page(rows, str(found[size - 1].pk) if len(found) > size else "")


def _chosen(
    *, code: str = "", mapping: int | None = None, about: str = "", closed: bool = False
) -> QuerySet[Problem]:
    problems = Problem.objects.filter(closed_at__isnull=not closed).select_related(
        "link", "mapping", "connection"
    )
    return _of_cause(problems, code, mapping, about)


def _of_cause(problems: QuerySet[Problem], code: str, mapping: int | None, about: str) -> QuerySet[Problem]:
    if code:
        problems = problems.filter(code=code)
    if mapping:
        problems = problems.filter(mapping_id=mapping)
    return problems.alias(about=ABOUT).filter(about=about) if about else problems


def _waiting(link_ids: Iterable[Any]) -> dict[Any, int]:
    waits = LinkWait.objects.filter(parent_id__in=[one for one in link_ids if one])
    return dict(waits.order_by().values_list("parent_id").annotate(n=Count("id")))


def of_link(link_id: Any) -> Problem | None:
    """The open problem of this record, if it has one."""
    return Problem.objects.filter(link_id=link_id, closed_at__isnull=True).first()


def one(number: int) -> Problem | None:
    """A problem of the company with all that its details for support name."""
    rows = Problem.objects.select_related(
        "connection", "link__mapping", "link__integration__salesforce", "link__integration__quickbooks"
    )
    return rows.filter(pk=number).first()


def others_like(problem: Problem) -> int:
    """How many other records have this cause."""
    alike = Problem.objects.filter(closed_at__isnull=True, code=problem.code)
    alike = (
        alike.filter(mapping=problem.mapping) if problem.mapping_id else alike.filter(mapping__isnull=True)
    )
    return alike.exclude(pk=problem.pk).count()


def totals() -> dict[str, int]:
    """How many problems are open, and how many closed (counted up to 10,000)."""
    rows = Problem.objects.filter(closed_at__isnull=True).count()
    return {"open": rows, "resolved": Problem.objects.filter(closed_at__isnull=False)[:10_000].count()}


def retry(
    person: Any, *, ids: Sequence[int] = (), code: str = "", mapping: int | None = None, about: str = ""
) -> Run:
    """Try the records of these problems again: the chosen ones, or all open ones with one cause.

    Raises Refused `problems.none` when nothing that can be retried is among them (a connection's problem is not
    retried: it is reconnected).
    """
    from syncapp.services import sync

    problems = Problem.objects.filter(closed_at__isnull=True, link_id__isnull=False)
    if ids:
        problems = problems.filter(pk__in=ids)
    elif code:
        problems = _of_cause(problems, code, mapping, about)
    else:
        problems = problems.none()
    links = list(problems.order_by("-id").values_list("link_id", flat=True)[:MOST_RETRIES])
    if not links:
        raise Refused("problems.none")
    return sync.request(links, target=None, person=person, cause="Retry", kind=RunKind.RETRY)


def csv_rows(*, code: str = "", mapping: int | None = None, closed: bool = False) -> Iterator[list[str]]:
    """The problems as lines for a spreadsheet, headings first. Times are UTC in ISO form."""
    yield list(CSV_HEADINGS)
    for problem in (
        _chosen(code=code, mapping=mapping, closed=closed).order_by("-id").iterator(chunk_size=500)
    ):
        words = words_for(problem.code, problem.values)
        link = problem.link
        yield [
            _harmless(cell)
            for cell in (
                problem.first_seen_at.isoformat(timespec="seconds"),
                problem.last_seen_at.isoformat(timespec="seconds"),
                str(problem.count),
                link.name if link else str(problem.connection or ""),
                problem.mapping.label if problem.mapping else "",
                (link.sf_id or "") if link else "",
                (link.qbo_id or "") if link else "",
                words.title,
                problem.code,
                words.todo,
            )
        ]


def _harmless(cell: str) -> str:
    """A spreadsheet takes a cell that begins like this for a formula: an apostrophe makes it text."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
