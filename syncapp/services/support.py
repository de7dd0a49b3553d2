"""What a person copies for support: versions, ids, times, codes and what was decided.

No name, no value, no vendor's text and no token: those may hold what is nobody else's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.utils import timezone

from syncapp import __version__
from syncapp.models import Attempt, Connection, Problem, RecordLink, WriteIntent

TRIES = 5
WRITES = 5


def of_problem(problem: Problem) -> str:
    """The details of a problem: of its record, or of its connection."""
    if problem.link is not None:
        return of_link(problem.link, problem)
    lines = [*_head(), *_cause(problem)]
    if problem.connection is not None:
        lines.append(_connection(problem.connection))
    return "\n".join(lines)


def of_link(link: RecordLink, problem: Problem | None) -> str:
    """The details of a record, with its open problem if it has one."""
    cause = _cause(problem) if problem is not None else [f"Cause: {link.attention_code or link.attention}"]
    return "\n".join([*_head(), *cause, *_record(link), *_tries(link), *_writes(link)])


def _head() -> list[str]:
    return [f"Ledgerbridge {__version__}", f"Copied: {_moment(timezone.now())}"]


def _cause(problem: Problem) -> list[str]:
    seen = f"{problem.count} times, {_moment(problem.first_seen_at)} to {_moment(problem.last_seen_at)}"
    lines = [f"Problem {problem.pk}: {problem.code} ({problem.kind}), {seen}"]
    fields, status = problem.values.get("fields"), problem.values.get("http_status")
    if fields:
        lines.append(f"Fields: {', '.join(map(str, fields))}")
    if status:
        lines.append(f"HTTP status: {status}")
    if problem.values.get("request_id"):
        lines.append(f"Request: {problem.values['request_id']}")
    return lines


def _record(link: RecordLink) -> Iterator[str]:
    yield f"Record: {link.pk}, {link.lifecycle}, {link.attention}"
    yield f"Salesforce {link.sf_object}: {link.sf_id or 'none'}, {link.sf_state}, stamp {link.sf_token or 'none'}"
    yield f"QuickBooks {link.qbo_entity}: {link.qbo_id or 'none'}, {link.qbo_state}, version {link.qbo_token or 'none'}"
    yield f"Mapping: {link.mapping_id}, version {link.mapping.published_number}"
    for connection in (link.integration.salesforce, link.integration.quickbooks):
        if connection is not None:
            yield _connection(connection)


def _connection(connection: Connection) -> str:
    kind = f"{connection.get_side_display()}, {connection.environment}"
    return f"Connection: {connection.pk}, {kind}, {connection.remote_id}, {connection.status}"


def _tries(link: RecordLink) -> Iterator[str]:
    for one in Attempt.objects.filter(link=link).order_by("-id")[:TRIES]:
        rules = (
            ", ".join(str(reason.get("code", "")) for reason in one.reasons) or one.failure_code or "no rule"
        )
        way = f" {one.direction}" if one.direction else ""
        run = f", run {one.run_id}" if one.run_id else ""
        asked = f", request {one.request_id}" if one.request_id else ""
        yield f"Try {_moment(one.started_at)}: {one.decision}{way}, {one.outcome} ({rules}){run}{asked}"


def _writes(link: RecordLink) -> Iterator[str]:
    for one in WriteIntent.objects.filter(link=link).order_by("-id")[:WRITES]:
        sent = f", sent {_moment(one.first_sent_at)}" if one.first_sent_at else ""
        code = f", {one.result_code}" if one.result_code else ""
        asked = f", request {one.request_id}" if one.request_id else ""
        yield f"Write {one.pk}: {one.operation} {one.side} {one.object}, {one.state}{sent}{code}{asked}"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
