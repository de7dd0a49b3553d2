"""The bodies of the API, in and out. Names here are the contract: they are added to, never changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Field, Schema

Direction = Literal["to_qbo", "to_sf", "both"]


class Me(Schema):
    """Whom the key acts for."""

    company: str
    zone: str
    key: str
    role: str


class MappingOut(Schema):
    """A mapping that is published."""

    key: str
    integration: int
    label: str
    sf_object: str
    qbo_entity: str
    mode: str


class Trouble(Schema):
    """What stands in a record's way, in the words of the pages."""

    code: str
    title: str
    what: str
    todo: str
    count: int
    first_seen_at: datetime
    last_seen_at: datetime


class RecordOut(Schema):
    """One record: both ids, and how it stands."""

    id: UUID
    name: str
    mapping: str
    sf_object: str
    sf_id: str
    sf_url: str
    qbo_entity: str
    qbo_id: str
    qbo_url: str
    state: str
    about: str
    next_step: str
    problem: Trouble | None = None


class RecordsOut(Schema):
    """Up to 50 records; `next` is the `before` of the following page, empty on the last."""

    records: list[RecordOut]
    next: str


class RecordSync(Schema):
    """How one record is synced. `to_qbo` sends it to QuickBooks, `to_sf` fetches it, `both` lets the rules decide."""

    direction: Direction = "both"
    preview: bool = False


class SyncIn(Schema):
    """What is synced: a mapping (its key; `integration` where several have it), all that changed, or what fits a filter
    and days."""

    mapping: str = Field(max_length=60)
    integration: int | None = None
    direction: Direction = "both"
    filter: str = Field("", max_length=2000)
    since: date | None = None
    until: date | None = None
    preview: bool = False


class RunOut(Schema):
    """A run and how far it is."""

    id: UUID
    kind: str
    state: str
    cause: str
    direction: str
    mapping: str | None
    total: int
    done: int
    created: int
    updated: int
    linked: int
    unchanged: int
    skipped: int
    waiting: int
    asked: int
    failed: int
    created_at: datetime
    finished_at: datetime | None
    problem: dict[str, Any] | None = None


class RunsOut(Schema):
    """Up to 50 runs, newest first; `next` is the `before` of the following page."""

    runs: list[RunOut]
    next: str


class PlanItem(Schema):
    """What a preview would do with one record."""

    id: int
    kind: str
    name: str
    sf_id: str
    qbo_id: str
    reasons: list[str]


class PlanOut(Schema):
    """Up to 100 items; `next` is the `after` of the following page, 0 on the last."""

    items: list[PlanItem]
    next: int


class ProblemOut(Trouble):
    """An open problem with its record."""

    id: int
    record: UUID | None
    name: str


class ProblemsOut(Schema):
    """Up to 50 problems, newest first; `next` is the `before` of the following page, 0 on the last."""

    problems: list[ProblemOut]
    next: int


class RetryIn(Schema):
    """Which problems are tried again: all of one code, of one mapping too where it is named."""

    code: str = Field(max_length=80)
    mapping: str = Field("", max_length=60)


class ProblemDetails(Schema):
    """What stopped a call (RFC 9457), with a code for machines and what to do."""

    type: str
    status: int
    title: str
    detail: str
    todo: str
    code: str
