"""/api/v1/: its operations, and how refusals become problem+json."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from ninja import NinjaAPI, Status
from ninja.errors import HttpError
from ninja.errors import ValidationError as BadInput

from connectors.contracts import Side
from portal.api import shapes
from portal.api.answers import Stopped, problem, status_of
from portal.api.guard import cause, guarded, must
from portal.api.schemas import (
    MappingOut,
    Me,
    PlanOut,
    ProblemDetails,
    ProblemsOut,
    RecordOut,
    RecordsOut,
    RecordSync,
    RetryIn,
    RunOut,
    RunsOut,
    SyncIn,
)
from syncapp.models import Mapping, PreviewItem, RecordLink, Run, RunKind
from syncapp.services import finding, problems, records, runs, sync
from syncapp.services.errors import Refused
from syncapp.services.finding import Wish

log = structlog.get_logger()

TARGETS = {"to_qbo": Side.QUICKBOOKS, "to_sf": Side.SALESFORCE, "both": None}
RUNS_PAGE, PLAN_PAGE = 50, 100
GOES_WRONG = {frozenset({400, 401, 403, 404, 409, 413, 422, 429}): ProblemDetails}

api = NinjaAPI(
    title="Ledgerbridge",
    version="1",
    description="Records, runs and problems of one company. Every call carries an API key: "
    "`Authorization: Bearer lb_…`. docs/api.md explains each.",
    urls_namespace="api-1",
    docs_url=None,
    openapi_extra={
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
    },
)


# --- the company ---


@api.get("/me", response={200: Me, **GOES_WRONG}, operation_id="me")
def me(request: HttpRequest) -> Any:
    """Whom the key acts for, and as what."""
    known = must(request, "site.enter")
    return Me(
        company=known.company.name, zone=known.company.zone, key=known.api_key.name, role=known.api_key.role
    )


@api.get("/mappings", response={200: list[MappingOut], **GOES_WRONG}, operation_id="mappings")
def mappings(request: HttpRequest) -> Any:
    """The published mappings: what a sync can be about."""
    must(request, "mappings.view")
    rows = Mapping.objects.filter(published_number__gt=0).order_by("integration_id", "id")
    return [shapes.mapping(row) for row in rows]


# --- records ---


@api.get("/records", response={200: RecordsOut, **GOES_WRONG}, operation_id="records")
def list_records(
    request: HttpRequest, state: str = "", mapping: str = "", q: str = "", before: str = ""
) -> Any:
    """Records by state, mapping, name or id of either side."""
    must(request, "records.view")
    if state and state not in records.FILTERS:
        raise Stopped(422, "api.unknown_state", state=state[:40], known=list(records.FILTERS))
    chosen = _mapping(mapping, None) if mapping else None
    page = records.page(
        state=state, mapping=chosen.pk if chosen else None, query=q[:500], before=before[:600]
    )
    return RecordsOut(records=[shapes.row(row) for row in page.rows], next=page.older)


@api.get("/records/{uuid:pk}", response={200: RecordOut, **GOES_WRONG}, operation_id="record")
def one_record(request: HttpRequest, pk: UUID) -> Any:
    """One record: state, ids, and what stands in its way."""
    must(request, "records.view")
    return shapes.record(_record(pk))


@api.post("/records/{uuid:pk}/sync", response={202: RunOut, **GOES_WRONG}, operation_id="sync_record")
def sync_record(request: HttpRequest, pk: UUID, body: RecordSync) -> Any:
    """Sync one record now, or preview it. A second start joins the running one."""
    must(request, "records.sync")
    link = _record(pk)
    if body.preview:
        run = runs.preview_links([link.pk], direction=body.direction, person=None, cause=cause(request))
    else:
        run = sync.request([link.pk], target=TARGETS[body.direction], person=None, cause=cause(request))
    return Status(202, shapes.run(run))


# --- syncs and runs ---


@api.post("/syncs", response={202: RunOut, **GOES_WRONG}, operation_id="sync_mapping")
def start(request: HttpRequest, body: SyncIn) -> Any:
    """Sync what changed in a mapping, or what fits a filter; or preview it. A second start joins the running one."""
    must(request, "runs.start")
    chosen = _mapping(body.mapping, body.integration)
    if body.filter.strip() or body.since or body.until:
        wish = Wish(chosen, body.direction, body.filter, body.since, body.until)
        told = f"{cause(request)}: {body.filter.strip() or 'by days'}"
        run = finding.request(wish, None, only_preview=body.preview, cause=told)
    elif body.preview:
        run = runs.preview_changes(chosen, None, cause(request))
    else:
        run = runs.request_mapping(chosen, None, cause(request), RunKind.SYNC_NOW, body.direction)
    return Status(202, shapes.run(run))


@api.get("/runs", response={200: RunsOut, **GOES_WRONG}, operation_id="runs")
def list_runs(request: HttpRequest, before: str = "") -> Any:
    """Runs, newest first."""
    must(request, "runs.view")
    rows = Run.objects.select_related("mapping").order_by("-id")
    if before:
        rows = rows.filter(id__lt=_uuid(before))
    found = list(rows[: RUNS_PAGE + 1])
    older = str(found[RUNS_PAGE - 1].pk) if len(found) > RUNS_PAGE else ""
    return RunsOut(runs=[shapes.run(row) for row in found[:RUNS_PAGE]], next=older)


@api.get("/runs/{uuid:pk}", response={200: RunOut, **GOES_WRONG}, operation_id="run")
def one_run(request: HttpRequest, pk: UUID) -> Any:
    """How far a run is, and what came of it."""
    must(request, "runs.view")
    return shapes.run(_run(pk))


@api.get("/runs/{uuid:pk}/plan", response={200: PlanOut, **GOES_WRONG}, operation_id="plan")
def plan(request: HttpRequest, pk: UUID, after: int = 0) -> Any:
    """What a preview would do, record by record."""
    must(request, "runs.view")
    items = PreviewItem.objects.filter(run=_run(pk), id__gt=max(after, 0)).exclude(group="partner")
    found = list(items.select_related("link").order_by("id")[: PLAN_PAGE + 1])
    following = found[PLAN_PAGE - 1].pk if len(found) > PLAN_PAGE else 0
    return PlanOut(items=[shapes.plan_item(item) for item in found[:PLAN_PAGE]], next=following)


# --- problems ---


@api.get("/problems", response={200: ProblemsOut, **GOES_WRONG}, operation_id="problems")
def list_problems(request: HttpRequest, code: str = "", mapping: str = "", before: int = 0) -> Any:
    """Open problems, newest first."""
    must(request, "problems.view")
    chosen = _mapping(mapping, None) if mapping else None
    page = problems.page(
        code=code[:80], mapping=chosen.pk if chosen else None, before=str(before) if before > 0 else ""
    )
    return ProblemsOut(problems=[shapes.problem(row.problem) for row in page.rows], next=int(page.older or 0))


@api.post("/problems/retry", response={202: RunOut, **GOES_WRONG}, operation_id="retry_problems")
def retry(request: HttpRequest, body: RetryIn) -> Any:
    """Try every record with this cause again."""
    must(request, "problems.retry")
    chosen = _mapping(body.mapping, None) if body.mapping else None
    run = problems.retry(None, code=body.code, mapping=chosen.pk if chosen else None)
    return Status(202, shapes.run(run))


@api.post("/problems/{int:pk}/retry", response={202: RunOut, **GOES_WRONG}, operation_id="retry_problem")
def retry_one(request: HttpRequest, pk: int) -> Any:
    """Try the record of one problem again."""
    must(request, "problems.retry")
    if problems.one(pk) is None:
        raise Stopped(404, "api.not_found")
    return Status(202, shapes.run(problems.retry(None, ids=[pk])))


# --- looking rows up ---


def _record(pk: UUID) -> RecordLink:
    rows = RecordLink.objects.select_related(
        "work", "mapping__integration__salesforce", "mapping__integration__quickbooks", "absorbed_into"
    )
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Stopped(404, "api.not_found")
    while found.absorbed_into_id is not None:
        found = rows.get(pk=found.absorbed_into_id)
    return found


def _run(pk: UUID) -> Run:
    found = Run.objects.select_related("mapping").filter(pk=pk).first()
    if found is None:
        raise Stopped(404, "api.not_found")
    return found


def _mapping(key: str, integration: int | None) -> Mapping:
    rows = Mapping.objects.filter(key=key, published_number__gt=0).select_related("integration", "company")
    if integration is not None:
        rows = rows.filter(integration_id=integration)
    found = list(rows.order_by("integration_id")[:2])
    if not found:
        raise Stopped(422, "api.unknown_mapping", mapping=key)
    if len(found) > 1:
        raise Stopped(422, "api.which_integration", mapping=key)
    return found[0]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Stopped(422, "api.bad_input", fields=["before"]) from None


# --- what goes wrong ---


@api.exception_handler(Stopped)
def _stopped(_request: HttpRequest, error: Stopped) -> HttpResponse:
    return problem(error.status, error.code, values=error.values)


@api.exception_handler(Refused)
def _refused(_request: HttpRequest, error: Refused) -> HttpResponse:
    return problem(status_of(error.code), error.code, values=error.values)


@api.exception_handler(BadInput)
def _bad_input(_request: HttpRequest, error: BadInput) -> HttpResponse:
    fields = sorted({".".join(str(part) for part in one["loc"][1:]) or "body" for one in error.errors})
    return problem(422, "api.bad_input", values={"fields": fields}, fields=fields)


@api.exception_handler(HttpError)
def _unreadable(_request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, "api.unreadable")


@api.exception_handler(Http404)
def _not_found(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(404, "api.not_found")


def urls() -> list[URLPattern]:
    """The addresses of the API, each behind the door."""
    patterns: list[Any] = list(api.urls[0])
    for pattern in patterns:
        pattern.callback = guarded(pattern.callback)
    return [*patterns, re_path("", guarded(_nowhere), name="nowhere")]


def _nowhere(_request: HttpRequest, **_: Any) -> HttpResponse:
    return problem(404, "api.not_found")
