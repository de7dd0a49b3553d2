"""Rows as the API shows them."""

from __future__ import annotations

from typing import Any

from portal.api.schemas import MappingOut, PlanItem, ProblemOut, RecordOut, RunOut, Trouble
from syncapp.messages import words_for
from syncapp.models import Mapping, PreviewItem, Problem, RecordLink, Run
from syncapp.services import addresses, problems, records, run_progress
from syncapp.services.records import RecordRow


def mapping(row: Mapping) -> MappingOut:
    """A mapping."""
    return MappingOut(
        key=row.key,
        integration=row.integration_id,
        label=row.label,
        sf_object=row.sf_object,
        qbo_entity=row.qbo_entity,
        mode=row.mode,
    )


def row(found: RecordRow) -> RecordOut:
    """A line of the list of records."""
    return RecordOut(
        id=found.id,
        name=found.name,
        mapping=found.mapping,
        sf_object=found.sf_object,
        sf_id=found.sf_id,
        sf_url=found.sf_url,
        qbo_entity=found.qbo_entity,
        qbo_id=found.qbo_id,
        qbo_url=found.qbo_url,
        state=found.state.key,
        about=found.state.about,
        next_step=found.state.next_step,
    )


def record(link: RecordLink) -> RecordOut:
    """One record with what stands in its way."""
    state = records.state_of_link(link)
    connections = records.connections_of(link.mapping.integration)
    urls = addresses.urls(connections, link.sf_object, link.sf_id, link.qbo_entity, link.qbo_id)
    found = problems.of_link(link.pk)
    return RecordOut(
        id=link.pk,
        name=link.name,
        mapping=link.mapping.label,
        sf_object=link.sf_object,
        sf_id=link.sf_id or "",
        sf_url=urls["sf"],
        qbo_entity=link.qbo_entity,
        qbo_id=link.qbo_id or "",
        qbo_url=urls["qbo"],
        state=state.key,
        about=state.about,
        next_step=state.next_step,
        problem=Trouble(**_trouble(found)) if found is not None else None,
    )


def problem(row: Problem) -> ProblemOut:
    """An open problem."""
    link = row.link
    name = link.name if link is not None else str(row.connection or "")
    return ProblemOut(id=row.pk, record=row.link_id, name=name, **_trouble(row))


def _trouble(row: Problem) -> dict[str, Any]:
    words = words_for(row.code, row.values)
    return {
        "code": row.code,
        "title": words.title,
        "what": words.what,
        "todo": words.todo,
        "count": row.count,
        "first_seen_at": row.first_seen_at,
        "last_seen_at": row.last_seen_at,
    }


def run(row: Run) -> RunOut:
    """A run and how far it is."""
    words = words_for(row.failure_code, row.failure_values) if row.failure_code else None
    return RunOut(
        id=row.pk,
        kind=row.kind,
        state=row.state,
        cause=row.cause,
        direction=row.direction,
        mapping=row.mapping.key if row.mapping is not None else None,
        total=row.total,
        done=run_progress.progress(row).done,
        created=row.created_count,
        updated=row.updated_count,
        linked=row.linked_count,
        unchanged=row.unchanged_count,
        skipped=row.skipped_count,
        waiting=row.waiting_count,
        asked=row.asked_count,
        failed=row.failed_count,
        created_at=row.created_at,
        finished_at=row.finished_at,
        problem={"code": words.code, "title": words.title, "what": words.what, "todo": words.todo}
        if words is not None
        else None,
    )


def plan_item(item: PreviewItem) -> PlanItem:
    """What a preview would do with one record."""
    told = item.decision.get("reasons", ())
    reasons = [words_for(reason["code"], reason.get("values")).title for reason in told]
    return PlanItem(
        id=item.pk,
        kind=item.kind,
        name=item.name,
        sf_id=item.remote_id("sf"),
        qbo_id=item.remote_id("qbo"),
        reasons=reasons,
    )
