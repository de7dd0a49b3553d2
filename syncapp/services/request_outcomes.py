"""What became of a request from Salesforce: read from how its record stands, never remembered on the way. So a worker
that dies, a doubled message or an answer that comes days later all end in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from syncapp import queue
from syncapp.engine.state import state_of
from syncapp.messages import Words, words_for
from syncapp.models import (
    Attempt,
    Attention,
    Lifecycle,
    LinkWait,
    LinkWork,
    RecordLink,
    RequestState,
    RequestStatus,
    SyncRequest,
)
from syncapp.services import addresses
from syncapp.store import clock, sync_requests, transactions

MESSAGE_LENGTH = 4000
TRIED_BEFORE = timedelta(minutes=5)
"""A try may have begun a little before the request and end after it."""
ENDS = frozenset({RequestStatus.PROCESSED, RequestStatus.SKIPPED})
"""What nothing changes any more. An error or a wait is told anew when it ends later."""
ASKING = frozenset({Attention.CONFLICT, Attention.CANDIDATE, Attention.GONE, Attention.UNKNOWN})
FAILING = frozenset({Attention.DATA_ERROR, Attention.BLOCKED, Attention.QUARANTINED, Attention.OSCILLATION})


@dataclass(frozen=True, slots=True)
class Told:
    """What the record in Salesforce shall say."""

    status: str
    message: str


def after_slice(company_id: int, link_ids: Sequence[UUID]) -> None:
    """These records were carried: whoever asked for them is told soon. One light query where nobody asked."""
    for connection_id in sync_requests.connections_of_links(company_id, link_ids):
        queue.answer_requests(connection_id)


def settle(connection_id: UUID) -> int:
    """Work out what became of the started requests of an org; returns how many there are to tell. Needs its company
    in context."""
    started = SyncRequest.objects.filter(connection_id=connection_id, state=RequestState.STARTED)
    rows = list(started.select_related("link__absorbed_into").order_by("id"))
    if not rows:
        return 0
    changed = [change for row in _with_links(rows) if (change := _change(*row)) is not None]
    transactions.run(lambda: sync_requests.save_outcomes(changed))
    return len(changed)


_Row = tuple[SyncRequest, RecordLink | None, "_About"]


@dataclass(frozen=True, slots=True)
class _About:
    """What is known beside the link itself."""

    work: LinkWork | None = None
    parent: str = ""
    tries: Sequence[Attempt] = ()
    urls: Mapping[str, str] | None = None


def _with_links(rows: Sequence[SyncRequest]) -> Iterable[_Row]:
    links = {row.pk: _survivor(row.link) for row in rows}
    ids = [link.pk for link in links.values() if link is not None]
    work = {one.link_id: one for one in LinkWork.objects.filter(link_id__in=ids)}
    parents = dict(LinkWait.objects.filter(child_id__in=ids).values_list("child_id", "parent__name"))
    chosen = RecordLink.objects.filter(id__in=ids).select_related(
        "integration__salesforce", "integration__quickbooks"
    )
    loaded = {link.pk: link for link in chosen}
    since = min(row.started_at or row.received_at for row in rows)
    tries: dict[UUID, list[Attempt]] = {}
    for one in Attempt.objects.filter(link_id__in=ids, started_at__gte=since - TRIED_BEFORE):
        tries.setdefault(one.link_id, []).append(one)
    for row in rows:
        found = links[row.pk]
        link = loaded.get(found.pk) if found is not None else None
        if link is None:
            yield row, None, _About()
            continue
        about = _About(work.get(link.pk), parents.get(link.pk, ""), tries.get(link.pk, ()), _urls(link))
        yield row, link, about


def _survivor(link: RecordLink | None) -> RecordLink | None:
    """The link itself, or the one that it was joined into."""
    while link is not None and link.lifecycle == Lifecycle.ABSORBED and link.absorbed_into is not None:
        link = link.absorbed_into
    return link


def _urls(link: RecordLink) -> dict[str, str]:
    connections = {"sf": link.integration.salesforce, "qbo": link.integration.quickbooks}
    return addresses.urls(connections, link.sf_object, link.sf_id, link.qbo_entity, link.qbo_id)


def _change(request: SyncRequest, link: RecordLink | None, about: _About) -> dict[str, Any] | None:
    """The row's new columns; None where there is nothing new to tell."""
    told = _told(request, link, about)
    if told is None:
        return None
    outcome = _outcome(link, about)
    link_id = link.pk if link is not None else None
    if (told.status, told.message, outcome, link_id) == (
        request.status, request.message, request.outcome, request.link_id,
    ):  # fmt: skip
        return None
    ended = told.status in ENDS or link is None
    return {
        "id": request.pk,
        "link_id": link_id,
        "state": RequestState.ENDED.value if ended else RequestState.STARTED.value,
        "status": told.status,
        "message": told.message[:MESSAGE_LENGTH],
        "outcome": outcome,
        "ended_at": clock.now() if ended else None,
    }


def _outcome(link: RecordLink | None, about: _About) -> dict[str, str]:
    if link is None or not link.qbo_id:
        return {}
    return {"object": link.qbo_entity, "id": link.qbo_id, "url": (about.urls or {}).get("qbo", "")}


def _told(request: SyncRequest, link: RecordLink | None, about: _About) -> Told | None:
    """What the state of the record means for who asked. None while nothing can be said yet."""
    if link is None:
        return Told(RequestStatus.ERROR.value, sentence(words_for("request.record_gone")))
    if about.work is not None:
        return _on_its_way(request, link)
    if link.attention == Attention.WAITING:
        return Told(RequestStatus.PROCESSING.value, _waits(link, about))
    if link.attention in ASKING:
        return Told(RequestStatus.PROCESSING.value, f"Waits for a person. {_reason(link)}")
    if link.attention in FAILING:
        return Told(RequestStatus.ERROR.value, _reason(link))
    if link.attention == Attention.SKIPPED or link.paused or link.lifecycle in _LET_GO:
        return Told(RequestStatus.SKIPPED.value, _reason(link))
    if link.lifecycle == Lifecycle.LINKED:
        return Told(RequestStatus.PROCESSED.value, _done(request, link, about))
    return None


_LET_GO = frozenset({Lifecycle.UNLINKED, Lifecycle.GONE})


def _on_its_way(request: SyncRequest, link: RecordLink) -> Told | None:
    """Work is due: told only where something has failed since, and is tried again."""
    since = request.started_at
    if since is None or link.last_error_at is None or link.last_error_at < since:
        return None
    return Told(RequestStatus.PROCESSING.value, f"{_reason(link)} It is tried again by itself.")


def _waits(link: RecordLink, about: _About) -> str:
    if about.parent:
        return f"Waits for {about.parent}, then goes on by itself."
    return _reason(link)


def _reason(link: RecordLink) -> str:
    if link.attention_code:
        return sentence(words_for(link.attention_code, {"name": link.name, **link.attention_values}))
    state = state_of(lifecycle=link.lifecycle, attention=link.attention, paused=link.paused)
    return f"{state.next_step}."


def sentence(words: Words) -> str:
    """A message as one plain text, for a field of a record."""
    parts = (f"{words.title.rstrip('.')}.", words.what, words.todo)
    return " ".join(part for part in parts if part)


_WORDS = {
    "created": "Created",
    "linked": "Linked with a record that was there",
    "updated": "Updated",
    "nothing": "Both sides held the same already",
}


def _done(request: SyncRequest, link: RecordLink, about: _About) -> str:
    """What says most of what was done since it was asked for: a creation is followed by writing the ids back."""
    since = request.started_at
    done = {one.outcome for one in about.tries if since and (one.finished_at or one.started_at) >= since}
    what = next((words for outcome, words in _WORDS.items() if outcome in done), _WORDS["nothing"])
    place = f"{link.qbo_entity} {link.qbo_id} in QuickBooks"
    if link.attention == Attention.DRIFT:
        return f"In step with {place}; a field that was edited on one side only is left as it is."
    return f"{what}: {place}."
