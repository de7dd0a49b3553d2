"""What a person decides about pairs: link, not the same, create new, ignore, unlink (sync-semantics section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from connectors.contracts import Priority, RecordState, Side
from syncapp import queue
from syncapp.engine.decision import Candidate
from syncapp.engine.state import IGNORED
from syncapp.models import (
    CLOSED_LIFECYCLES,
    Attention,
    DoNotMatch,
    Lifecycle,
    LinkBase,
    LinkWait,
    LinkWork,
    Problem,
    RecordLink,
    Run,
    RunKind,
    RunState,
    WriteIntent,
)
from syncapp.models.intent import IntentState
from syncapp.services import audit, preview, waiting
from syncapp.services.errors import Refused
from syncapp.store import clock, intents, leases, match_index


def candidates(link: RecordLink) -> list[Candidate]:
    """Records that may be the same thing as this half-link, best first, with what was found when it was sent.

    Those of another kind (a vendor that has the name) were found by QuickBooks' refusal and are stored with the link.
    """
    found = match_index.candidates(link.mapping, [link]).get(link.pk, ())
    known = {(candidate.object, candidate.id) for candidate in found}
    base = LinkBase.objects.filter(link=link).first()
    stored = [_from_json(row) for row in (base.candidates if base is not None else [])]
    others = [
        candidate
        for candidate in stored
        if (candidate.object, candidate.id) not in known and candidate.object != _object(link, candidate.side)
    ]
    return [*found, *others]


def _from_json(row: dict[str, Any]) -> Candidate:
    values = {
        name: row[name]
        for name in ("object", "id", "name", "rank", "score", "holder", "let_go", "details")
        if name in row
    }
    return Candidate(
        side=Side(row["side"]),
        reasons=tuple(row.get("reasons", ())),
        state=RecordState(row.get("state", RecordState.LIVE)),
        **values,
    )


def _object(link: RecordLink, side: Side) -> str:
    return link.sf_object if side is Side.SALESFORCE else link.qbo_entity


def _id_on(link: RecordLink, side: Side) -> str | None:
    return link.sf_id if side is Side.SALESFORCE else link.qbo_id


def _missing_side(link: RecordLink) -> Side:
    """The side a half-link has no record on. Raises Refused `match.already_linked`."""
    if link.sf_id and link.qbo_id:
        raise Refused("match.already_linked", name=link.name)
    return Side.QUICKBOOKS if link.sf_id else Side.SALESFORCE


# --- link ------------------------------------------------------------------------------------------------------------


def link_to(link: RecordLink, candidate_id: str, person: Any | None) -> RecordLink:
    """This half-link and that record are the same thing; returns the link that goes on (the Salesforce row survives).

    `candidate_id` need not look alike: a person may pair any two records that were seen. Bases are unknown from here
    on, so the rule for the first link decides. Raises Refused: `match.already_linked`, `match.held` (another link
    holds the record), `match.unknown_record`, `match.busy` (being worked on now; nothing was changed).
    """
    side = _missing_side(link)
    with transaction.atomic():
        ours, theirs = _locked(link, side, candidate_id)
        winner, loser = (ours, theirs) if side is Side.QUICKBOOKS or theirs is None else (theirs, ours)
        if loser is not None:
            _absorb(loser, winner)
        _give(
            winner,
            side if winner is ours else side.other,
            candidate_id if winner is ours else _id_on(ours, side.other),
        )
        DoNotMatch.objects.filter(**_pair(winner)).delete()
        audit.decided(
            "match.linked",
            person,
            link=winner,
            after={"sf": winner.sf_id, "qbo": winner.qbo_id},
            cause=winner.name,
        )
        _go_on([winner], person, "Linked by a person")
    return winner


def _locked(link: RecordLink, side: Side, remote_id: str) -> tuple[RecordLink, RecordLink | None]:
    """Our row and the open row of the other record, locked in id order so that two such presses cannot block."""
    column = "sf_id" if side is Side.SALESFORCE else "qbo_id"
    same = {"integration_id": link.integration_id, "sf_object": link.sf_object, "qbo_entity": link.qbo_entity}
    other_id = (
        RecordLink.objects.filter(**same, **{column: remote_id})
        .exclude(lifecycle__in=CLOSED_LIFECYCLES)
        .values_list("id", flat=True)
        .first()
    )
    if other_id is None:
        other_id = _half_of_unlinked(RecordLink.objects.filter(**same, **{column: remote_id}), side)
    if other_id is None:
        raise Refused("match.unknown_record", id=remote_id)
    ids = sorted({link.pk, other_id})
    rows = {row.pk: row for row in RecordLink.objects.select_for_update().filter(pk__in=ids).order_by("id")}
    ours, theirs = rows[link.pk], rows[other_id]
    if _missing_side(ours) is not side:
        raise Refused("match.already_linked", name=ours.name)
    if theirs.sf_id and theirs.qbo_id:
        raise Refused("match.held", name=theirs.name, link=str(theirs.pk))
    _refuse_busy(ids)
    return ours, theirs


def _half_of_unlinked(rows: QuerySet[RecordLink], side: Side) -> UUID | None:
    """A half-link of its own for a record that a person had unlinked; None where nobody has. Our id in Salesforce
    follows from the pair that it belongs to now."""
    old = rows.select_for_update().filter(lifecycle=Lifecycle.UNLINKED).order_by("id").last()
    if old is None:
        return None
    if side is Side.SALESFORCE:
        _refuse_busy([old.pk])
        _leave_our_id(old)
    half = RecordLink(
        **{name: getattr(old, name) for name in _OF_THE_RECORD},
        **({"sf_id": old.sf_id} if side is Side.SALESFORCE else {"qbo_id": old.qbo_id}),
        **{f"{side.value}_state": RecordState.LIVE.value},
    )
    half.save()
    return half.pk


_OF_THE_RECORD = (
    *("company_id", "integration_id", "mapping_id", "sf_object", "qbo_entity"),
    *("name", "name_key"),
)


def busy(link_ids: Sequence[UUID]) -> set[UUID]:
    """Those that a worker holds: it would write from what it read before the person decided."""
    leased = LinkWork.objects.filter(link_id__in=link_ids, lease_until__gt=clock.now())
    sent = WriteIntent.objects.filter(
        link_id__in=link_ids, state__in=[IntentState.SENDING, IntentState.UNKNOWN]
    )
    return {*leased.values_list("link_id", flat=True), *sent.values_list("link_id", flat=True)}


def _refuse_busy(link_ids: Sequence[UUID]) -> None:
    if busy(link_ids):
        raise Refused("match.busy")


def join_halves(salesforce: RecordLink, quickbooks: RecordLink) -> None:
    """The two half-links become one, that of Salesforce. Runs in the transaction that has locked both."""
    _absorb(quickbooks, salesforce)
    _give(salesforce, Side.QUICKBOOKS, quickbooks.qbo_id)


def _absorb(loser: RecordLink, winner: RecordLink) -> None:
    """Close the losing row first: the database allows one live link per record."""
    loser.lifecycle, loser.absorbed_into = Lifecycle.ABSORBED, winner
    loser.attention, loser.attention_code = Attention.NONE, ""
    loser.save(update_fields=["lifecycle", "absorbed_into", "attention", "attention_code"])
    waiting = LinkWait.objects.filter(parent=winner).values("child_id")
    LinkWait.objects.filter(parent=loser, child_id__in=waiting).delete()
    LinkWait.objects.filter(parent=loser).update(parent=winner)
    LinkWork.objects.filter(link=loser).delete()
    LinkBase.objects.filter(link=loser).update(candidates=[])
    _close_problems([loser.pk])


def _give(winner: RecordLink, side: Side, remote_id: str | None) -> None:
    setattr(winner, "sf_id" if side is Side.SALESFORCE else "qbo_id", remote_id)
    setattr(winner, "sf_state" if side is Side.SALESFORCE else "qbo_state", RecordState.LIVE.value)
    winner.lifecycle, winner.no_recreate, winner.paused = Lifecycle.LINKED, False, False
    winner.attention, winner.attention_code, winner.attention_values = Attention.NONE, "", {}
    winner.save()
    LinkBase.objects.update_or_create(
        link=winner,
        defaults={"sf_base": None, "qbo_base": None, "held": {}, "candidates": []},
        create_defaults={"company_id": winner.company_id, "sf_base": None, "qbo_base": None},
    )
    _close_problems([winner.pk])


def _pair(link: RecordLink, sf_id: str | None = None, qbo_id: str | None = None) -> dict[str, Any]:
    """The key of a DoNotMatch row."""
    return {
        "integration_id": link.integration_id,
        "sf_object": link.sf_object,
        "sf_id": sf_id or link.sf_id,
        "qbo_entity": link.qbo_entity,
        "qbo_id": qbo_id or link.qbo_id,
    }


# --- keep apart ------------------------------------------------------------------------------------------------------


def not_the_same(link: RecordLink, candidate_id: str, person: Any | None) -> None:
    """These two are different things, for ever; the link is decided again without that candidate."""
    _missing_side(link)
    with transaction.atomic():
        partners = _keep_apart(link, [candidate_id], person)
        audit.decided(
            "match.not_the_same", person, link=link, cause=link.name, after={"candidate": candidate_id}
        )
        _go_on([link, *partners], person, "Not the same")


def create_new(link: RecordLink, person: Any | None) -> None:
    """None of the candidates is it: a new record is made on the other side."""
    side = _missing_side(link)
    with transaction.atomic():
        ids = [each.id for each in candidates(link) if each.object == _object(link, side)]
        partners = _keep_apart(link, ids, person)
        _unpause(link)
        audit.decided("match.create_new", person, link=link, cause=link.name, after={"not": ids})
        _go_on([link, *partners], person, "Create new")


def _keep_apart(link: RecordLink, candidate_ids: Sequence[str], person: Any | None) -> list[RecordLink]:
    """Write DoNotMatch for each; returns the open half-links of those records: they have one candidate less too."""
    side = _missing_side(link)
    column = "sf_id" if side is Side.SALESFORCE else "qbo_id"
    DoNotMatch.objects.bulk_create(
        [
            DoNotMatch(company_id=link.company_id, by=audit.name_of(person), **_pair(link, **{column: each}))
            for each in candidate_ids
        ],
        ignore_conflicts=True,
    )
    rows = RecordLink.objects.filter(
        integration_id=link.integration_id,
        sf_object=link.sf_object,
        qbo_entity=link.qbo_entity,
        **{
            f"{column}__in": list(candidate_ids),
            f"{'qbo_id' if column == 'sf_id' else 'sf_id'}__isnull": True,
        },
    )
    return list(rows.exclude(lifecycle__in=CLOSED_LIFECYCLES))


def ignore(link: RecordLink, person: Any | None) -> None:
    """Leave this record alone until somebody says otherwise: nothing is created, linked or asked for it.

    Raises Refused `match.closed`.
    """
    with transaction.atomic():
        row = _locked_open(link)
        row.paused = True
        row.attention, row.attention_code, row.attention_values = Attention.SKIPPED, IGNORED, {}
        row.save(update_fields=["paused", "attention", "attention_code", "attention_values"])
        LinkWork.objects.filter(link=row, lease_until=None).delete()
        _close_problems([row.pk])
        waiting.wake(row.company_id, [row.pk], Priority.NORMAL)
        audit.decided("match.ignored", person, link=row, cause=row.name)
        _replan([row])
    link.refresh_from_db()


def watch_again(link: RecordLink, person: Any | None) -> None:
    """Take an ignored record back into the sync. Raises Refused `match.closed`: it was unlinked meanwhile."""
    with transaction.atomic():
        _unpause(link)
        audit.decided("match.watched_again", person, link=link, cause=link.name)
        _go_on([link], person, "Watched again")


def _locked_open(link: RecordLink) -> RecordLink:
    """The row, locked. A closed one stays as a person left it: were it opened in part, capture would make another row
    beside it."""
    row = RecordLink.objects.select_for_update().get(pk=link.pk)
    if row.lifecycle in CLOSED_LIFECYCLES:
        raise Refused("match.closed", name=row.name)
    return row


def _unpause(link: RecordLink) -> None:
    row = _locked_open(link)
    row.paused = row.no_recreate = False
    if row.attention_code == IGNORED:
        row.attention, row.attention_code = Attention.NONE, ""
    row.save(update_fields=["paused", "no_recreate", "attention", "attention_code"])
    link.refresh_from_db()


# --- unlink ----------------------------------------------------------------------------------------------------------


def unlink(link: RecordLink, person: Any | None) -> None:
    """These two are not kept in step any more. The row stays as history; both records can be linked again by hand.

    Raises Refused: `match.not_linked`, `match.busy`.
    """
    with transaction.atomic():
        row = RecordLink.objects.select_for_update().get(pk=link.pk)
        if not (row.sf_id and row.qbo_id) or row.lifecycle in CLOSED_LIFECYCLES:
            raise Refused("match.not_linked", name=row.name)
        _refuse_busy([row.pk])
        WriteIntent.objects.filter(link=row, state=IntentState.PLANNED).update(
            state=IntentState.CANCELLED, closed_at=timezone.now()
        )
        _take_our_id_back(row)
        row.lifecycle, row.attention, row.attention_code = Lifecycle.UNLINKED, Attention.NONE, ""
        row.no_recreate = True
        row.save(update_fields=["lifecycle", "attention", "attention_code", "no_recreate"])
        DoNotMatch.objects.get_or_create(
            **_pair(row), defaults={"company_id": row.company_id, "by": audit.name_of(person)}
        )
        _close_problems([row.pk])
        audit.decided(
            "match.unlinked", person, link=row, cause=row.name, before={"sf": row.sf_id, "qbo": row.qbo_id}
        )
    link.refresh_from_db()


def _take_our_id_back(row: RecordLink) -> None:
    """The closed link stays due once: its decision empties the external id field in Salesforce, nothing else."""
    LinkWork.objects.update_or_create(
        link=row,
        defaults={
            "mapping_id": row.mapping_id,
            "priority": leases.RANK[Priority.INTERACTIVE],
            "due_at": clock.now(),
            "cause": "Unlinked",
            "forced": "",
            "run": None,
        },
        create_defaults={
            "company_id": row.company_id,
            "mapping_id": row.mapping_id,
            "priority": leases.RANK[Priority.INTERACTIVE],
            "due_at": clock.now(),
            "cause": "Unlinked",
        },
    )
    queue.wake(Priority.INTERACTIVE, row.company_id)


def _leave_our_id(row: RecordLink) -> None:
    """The two belong together again before our id was taken out of Salesforce: it stays."""
    LinkWork.objects.filter(link=row).delete()
    intents.supersede_planned([row.pk])


def relink(link: RecordLink, person: Any | None) -> RecordLink:
    """Link the two records of an unlinked row again: a new row, bases unknown.

    Raises Refused: `match.not_unlinked`, `match.held` when one of them is linked elsewhere by now, `match.busy` while
    our id is being taken out of Salesforce.
    """
    with transaction.atomic():
        old = RecordLink.objects.select_for_update().get(pk=link.pk)
        if old.lifecycle != Lifecycle.UNLINKED or not (old.sf_id and old.qbo_id):
            raise Refused("match.not_unlinked", name=old.name)
        open_rows = _open_rows(old)
        taken = next((row for row in open_rows if row.sf_id and row.qbo_id), None)
        if taken is not None:
            raise Refused("match.held", name=taken.name, link=str(taken.pk))
        _refuse_busy([old.pk, *(row.pk for row in open_rows)])
        _leave_our_id(old)
        fresh = RecordLink(**{name: getattr(old, name) for name in _OF_THE_RECORD}, sf_state=old.sf_state)
        fresh.save()
        for row in open_rows:
            _absorb(row, fresh)
        fresh.sf_id = old.sf_id
        _give(fresh, Side.QUICKBOOKS, old.qbo_id)
        DoNotMatch.objects.filter(**_pair(fresh)).delete()
        audit.decided("match.relinked", person, link=fresh, after={"sf": fresh.sf_id, "qbo": fresh.qbo_id})
        _go_on([fresh], person, "Linked again")
    return fresh


def _open_rows(old: RecordLink) -> list[RecordLink]:
    rows = (
        RecordLink.objects.select_for_update()
        .filter(integration_id=old.integration_id, sf_object=old.sf_object, qbo_entity=old.qbo_entity)
        .exclude(lifecycle__in=CLOSED_LIFECYCLES)
        .order_by("id")
    )
    return [*rows.filter(sf_id=old.sf_id), *rows.filter(qbo_id=old.qbo_id)]


# --- what follows ----------------------------------------------------------------------------------------------------


def _close_problems(link_ids: Sequence[UUID]) -> None:
    Problem.objects.filter(link_id__in=link_ids, closed_at=None).update(
        closed_at=clock.now(), closed_by="A person's decision"
    )


def _go_on(links: Sequence[RecordLink], person: Any | None, cause: str) -> None:
    """Switched on: synced at once. Before that: the plan of the first load is made anew for these records."""
    first = links[0]
    if first.integration.switched_on_at is None:
        _replan(links)
        return
    run = Run.objects.create(
        integration_id=first.integration_id,
        mapping_id=first.mapping_id,
        kind=RunKind.BUTTON,
        state=RunState.RUNNING,
        priority=leases.RANK[Priority.INTERACTIVE],
        person=person,
        cause=cause,
        total=len(links),
        started_at=clock.now(),
    )
    leases.make_due(
        first.company_id, [link.pk for link in links], Priority.INTERACTIVE, cause=cause, run_id=run.pk
    )
    queue.wake(Priority.INTERACTIVE, first.company_id)


def _replan(links: Sequence[RecordLink]) -> None:
    first = links[0]
    run = (
        Run.objects.filter(integration_id=first.integration_id, kind=RunKind.PREVIEW).order_by("-id").first()
    )
    if run is None or first.integration.switched_on_at is not None:
        return
    preview.forget(run, [link.pk for link in links])
    opened = [link.pk for link in links if not link.paused]
    if opened:
        preview.plan_links(run, opened)
