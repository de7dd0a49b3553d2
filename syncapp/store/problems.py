"""Problems: one open row per subject, counted; closed by success, in the same transaction that records it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from syncapp.models import Problem
from syncapp.store import bulk, notifications


@dataclass(frozen=True, slots=True)
class LinkProblem:
    """What is wrong with one link, by kind and code; `values` are what its sentences name."""

    link_id: UUID
    mapping_id: int
    kind: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)


CONSEQUENCES = frozenset({"engine.parent_problem"})
"""Problems that only follow from another record's, which is told of by itself."""
REOPEN = """(company_id, subject) where closed_at is null do update set
  kind = excluded.kind, code = excluded.code, "values" = excluded."values",
  last_seen_at = excluded.last_seen_at,
  count = case when syncapp_problem.code = excluded.code then syncapp_problem.count + 1 else 1 end,
  first_seen_at = case when syncapp_problem.code = excluded.code then syncapp_problem.first_seen_at
                       else excluded.first_seen_at end"""


def open_for_links(company_id: int, problems: Sequence[LinkProblem], at: datetime) -> None:
    """Open, or count again, one problem per link; a kind of problem that is new in its mapping becomes news."""
    rows = [
        {
            "company_id": company_id,
            "subject": f"link:{problem.link_id}",
            "link_id": problem.link_id,
            "mapping_id": problem.mapping_id,
            "kind": problem.kind,
            "code": problem.code[:80],
            "values": problem.values,
            "count": 1,
            "first_seen_at": at,
            "last_seen_at": at,
            "closed_by": "",
        }
        for problem in sorted(
            {item.link_id: item for item in problems}.values(), key=lambda item: item.link_id
        )
    ]
    bulk.insert(Problem, rows, on_conflict=REOPEN)
    kinds = {(item.code[:80], item.mapping_id): item for item in problems}
    kinds = {key: item for key, item in kinds.items() if key[0] not in CONSEQUENCES}
    news = [
        notifications.of_problem(code, item.values, mapping_id=number)
        for (code, number), item in kinds.items()
    ]
    notifications.raise_all(company_id, news, at)


def close_for_links(company_id: int, link_ids: Sequence[UUID], by: str) -> None:
    """These links are fine again: their open problems close themselves."""
    if link_ids:
        bulk.execute(
            "update syncapp_problem set closed_at = lb_now(), closed_by = %s"
            " where company_id = %s and link_id = any(%s) and closed_at is null",
            [by, company_id, list(link_ids)],
        )
