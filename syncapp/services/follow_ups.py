"""What is done once for a document that we made, beside its fields: it is e-mailed, its PDF is attached in Salesforce,
where the mapping says so.

The row is stored in the transaction that records the document, each try before it goes out. Whether a try whose answer
was lost arrived is looked up first: a document says itself that it was e-mailed (`EmailStatus`), a file is found at the
record. Nothing goes out again while the other side may still be at it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from connectors.contracts import (
    Operation,
    Priority,
    RecordState,
    RemoteRecord,
    Side,
    Write,
    WriteResult,
    WriteStatus,
)
from connectors.errors import KIND_RULES, ConnectorError, Failure, FailureKind, Reaction
from connectors.quickbooks.client import QuickBooksClient
from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.ids import to_18
from syncapp import queue
from syncapp.engine.entities import traits
from syncapp.engine.ruled_rows import TO_SEND, afterwards
from syncapp.models import (
    Connection,
    FollowUp,
    FollowUpKind,
    FollowUpState,
    RecordLink,
    Run,
    RunKind,
    RunState,
)
from syncapp.models.audit import EMAILED
from syncapp.services import audit, clients
from syncapp.services.closing import Place
from syncapp.services.timing import current_timing
from syncapp.store import bulk, clock, problems
from syncapp.store.intents import Intent
from syncapp.store.problems import LinkProblem
from syncapp.tenancy import tenant

log = structlog.get_logger()

SENT = "EmailSent"
"""What a document's EmailStatus says once it went out (quickbooks.md 3.6)."""
FILE = "ContentVersion"
LARGEST = 25 * 1024 * 1024
"""Bytes of a PDF; Salesforce takes 37.5 MB of base64 in JSON."""
PER_TURN, TRIES = 20, 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
LEASE = timedelta(minutes=5)
"""So long a worker has for one; then another looks what came of it."""
PASSING = frozenset({Reaction.BACK_OFF, Reaction.WAIT_FOR_CONNECTION, Reaction.READ_AGAIN, Reaction.FIND_OUT})
OPEN_RUNS = (RunState.QUEUED, RunState.READING, RunState.RUNNING)
IN_BULK = (RunKind.FIRST_LOAD, RunKind.HISTORY)
"""Runs over what is old: nobody wants a thousand letters of them."""
CODES = {FollowUpKind.EMAIL: "document.not_emailed", FollowUpKind.PDF: "document.no_pdf"}
BY_MAIL, AS_FILE = "The mapping e-mails its documents", "The mapping attaches the PDF of its documents"


# --- asking ----------------------------------------------------------------------------------------------------------


def wanted(place: Place, intent: Intent, record: RemoteRecord, at: datetime) -> list[dict[str, Any]]:
    """The rows that a document which was just made asks for, by the server's own answer."""
    if intent.side is not Side.QUICKBOOKS:
        return []
    return [
        {
            "company_id": place.company_id,
            "link_id": intent.link_id,
            "kind": kind,
            "remote_id": record.id,
            "state": FollowUpState.DUE.value,
            "tries": 0,
            "next_at": at,
            "failure_code": "",
            "failure_values": {},
            "run_id": intent.run_id,
        }
        for kind in afterwards(place.spec, record.body)
    ]


def store(rows: list[dict[str, Any]]) -> None:
    """Keep them, each once, inside the transaction that records the documents, and ring. What a first load or a run
    over history makes is not e-mailed."""
    if not rows:
        return
    mailed = [row for row in rows if row["kind"] == FollowUpKind.EMAIL]
    old = _of_old_records(mailed) if mailed else set()
    kept = [
        {name: value for name, value in row.items() if name != "run_id"}
        for row in rows
        if row["kind"] != FollowUpKind.EMAIL or row["link_id"] not in old
    ]
    if kept:
        bulk.insert(FollowUp, kept, on_conflict="do nothing")
        queue.follow_up()


def _of_old_records(rows: list[dict[str, Any]]) -> set[UUID]:
    """Links that were there before their pair was switched on, or that a first load or a run over history carries."""
    ids = [row["link_id"] for row in rows]
    found = RecordLink.objects.filter(pk__in=ids)
    bulk_runs = Run.objects.filter(kind__in=IN_BULK)
    open_runs = bulk_runs.filter(mapping_id=OuterRef("mapping_id"), state__in=OPEN_RUNS)
    old = set(
        found.filter(Q(created_at__lte=F("integration__switched_on_at")) | Exists(open_runs)).values_list(
            "pk", flat=True
        )
    )
    runs = set(
        bulk_runs.filter(pk__in=[row["run_id"] for row in rows if row["run_id"]]).values_list("pk", flat=True)
    )
    return old | {row["link_id"] for row in rows if row["run_id"] in runs}


def again(link_ids: Iterable[UUID]) -> None:
    """A person presses on these records: what had failed is tried anew."""
    rows = FollowUp.objects.filter(link_id__in=list(link_ids), state=FollowUpState.FAILED)
    if rows.update(state=FollowUpState.DUE, tries=0, next_at=clock.now()):
        queue.follow_up()


# --- doing -----------------------------------------------------------------------------------------------------------


def ring_due() -> None:
    """Ring where something is due; for the beat."""
    # As text: it is asked with every tick, and making a query costs more than answering it.
    if bulk.fetch("select exists (select 1 from syncapp_followup where next_at <= lb_now())")[0][0]:
        queue.follow_up()


def carry() -> int:
    """Do what is due, one after the other; returns how many were looked at."""
    looked_at = 0
    while looked_at < PER_TURN and (row := _claim()) is not None:
        looked_at += 1
        with tenant(row.company_id):
            _look(row)
    return looked_at


def _claim() -> FollowUp | None:
    """The next one that is due, held for a while: no other worker takes it meanwhile."""
    with transaction.atomic():
        due = FollowUp.all_companies.filter(next_at__lte=clock.now()).order_by("next_at")
        row = due.select_for_update(skip_locked=True).first()
        if row is None:
            return None
        FollowUp.all_companies.filter(pk=row.pk).update(next_at=clock.now() + LEASE)
    held = FollowUp.all_companies.select_related("link__mapping__integration", "company")
    return held.get(pk=row.pk)


def _look(row: FollowUp) -> None:
    if row.company.paused or row.link.paused:
        _later(row, LONGEST_WAIT)
        return
    try:
        _DOING[row.kind](row)
    except ConnectorError as error:
        _failed(row, error.failure)


def _email(row: FollowUp) -> None:
    books = _books(row)
    (record,) = books.read(row.link.qbo_entity, [row.remote_id], ())
    status = str(record.body.get("EmailStatus") or "")
    if record.state is RecordState.LIVE and status == SENT:
        _emailed(row)
    elif record.state is not RecordState.LIVE or status != TO_SEND:
        _end(row, FollowUpState.DROPPED)
    elif _goes_out(row):
        books.send(row.link.qbo_entity, row.remote_id)
        _emailed(row)


def _emailed(row: FollowUp) -> None:
    """It went out: by us, unless we never tried."""
    after = {"EmailStatus": SENT}
    wrote = audit.Wrote(EMAILED, row.link.qbo_entity, row.remote_id, BY_MAIL, after, link_id=row.link_id)
    _done(row, Side.QUICKBOOKS, wrote)


def _attach(row: FollowUp) -> None:
    """The file's name is its mark: one of this name at the record is the one that we attached."""
    link = row.link
    books, org = _books(row), _org(row)
    (record,) = books.read(link.qbo_entity, [row.remote_id], ())
    if record.state is not RecordState.LIVE or not link.sf_id:
        _end(row, FollowUpState.DROPPED)
        return
    label = traits(Side.QUICKBOOKS, link.qbo_entity).label
    title = f"{label} {record.body.get('DocNumber') or row.remote_id}"
    there = _attached(org, link.sf_id, title)
    if there:
        _done(row, Side.SALESFORCE, _file(row, title, there))
    elif _goes_out(row):
        content = books.pdf(link.qbo_entity, row.remote_id)
        if len(content) > LARGEST:
            raise ConnectorError(Failure(FailureKind.DATA, "document.pdf_too_large"))
        made = _upload(org, row, title, content)
        _done(row, Side.SALESFORCE, _file(row, title, made.id, made.request_id))


def _file(row: FollowUp, title: str, id_: str, request_id: str = "") -> audit.Wrote:
    after = {"Title": title, "FirstPublishLocationId": row.link.sf_id}
    return audit.Wrote(
        Operation.CREATE.value, FILE, id_, AS_FILE, after, link_id=row.link_id, request_id=request_id
    )


def _attached(org: SalesforceClient, record_id: str, title: str) -> str:
    """The id of the file of this name at the record; empty without one."""
    text = soql.select(
        FILE,
        ("Id",),
        where=[
            soql.equals("FirstPublishLocationId", record_id),
            soql.equals("PathOnClient", f"{title}.pdf"),
        ],
        limit=1,
    )
    found = org.query(text)["records"]
    return to_18(found[0]["Id"]) if found else ""


def _upload(org: SalesforceClient, row: FollowUp, title: str, content: bytes) -> WriteResult:
    body = {
        "Title": title,
        "PathOnClient": f"{title}.pdf",
        "VersionData": base64.b64encode(content).decode(),
        "FirstPublishLocationId": row.link.sf_id,
    }
    write = Write("file", Operation.CREATE, FILE, body)
    (result,) = org.write([write], request_id=f"file-{row.pk}", priority=Priority.NORMAL).results
    if result.status is not WriteStatus.APPLIED:
        raise ConnectorError(result.failure or Failure(FailureKind.UNKNOWN_WRITE, "net.unreadable"))
    return result


_DOING: dict[str, Callable[[FollowUp], None]] = {FollowUpKind.EMAIL: _email, FollowUpKind.PDF: _attach}


def _goes_out(row: FollowUp) -> bool:
    """Store the try before it is made; not while the last one may still arrive."""
    wait = timedelta(seconds=current_timing().unknown_wait_batch)
    if row.sent_at is not None and clock.now() - row.sent_at < wait:
        _later(row, wait)
        return False
    row.state, row.sent_at, row.tries = FollowUpState.SENDING, clock.now(), row.tries + 1
    row.save(update_fields=["state", "sent_at", "tries"])
    return True


def _books(row: FollowUp) -> QuickBooksClient:
    return clients.quickbooks_client(_there(row.link.mapping.integration.quickbooks))


def _org(row: FollowUp) -> SalesforceClient:
    return clients.salesforce_client(_there(row.link.mapping.integration.salesforce))


def _there(connection: Connection | None) -> Connection:
    if connection is None:
        raise ConnectorError(Failure(FailureKind.AUTH, "setup.not_connected"))
    return connection


def _done(row: FollowUp, side: Side, wrote: audit.Wrote) -> None:
    """It is there. What somebody else did before our first try is no write of ours."""
    with transaction.atomic():
        ours = row.sent_at is not None
        _end(row, FollowUpState.DONE)
        if ours:
            audit.wrote(side, [wrote])


def _end(row: FollowUp, state: FollowUpState) -> None:
    row.state, row.next_at, row.done_at = state, None, clock.now()
    row.failure_code, row.failure_values = "", {}
    row.save()


def _later(row: FollowUp, wait: timedelta) -> None:
    row.next_at = clock.now() + wait
    row.save(update_fields=["next_at"])


def _failed(row: FollowUp, failure: Failure) -> None:
    """What passes is tried again, ever more rarely; the rest becomes a problem of its record."""
    values = {"message": failure.message, "detail": failure.detail, "name": row.link.name}
    row.failure_code, row.failure_values = failure.code[:80], values
    passes = KIND_RULES[failure.kind].reaction in PASSING
    if not passes:
        row.sent_at = None  # refused: nothing of it is on its way
    if passes and row.tries < TRIES:
        row.next_at = clock.now() + min(FIRST_WAIT * 2**row.tries, LONGEST_WAIT)
        row.save()
        return
    with transaction.atomic():
        row.state, row.next_at = FollowUpState.FAILED, None
        row.save()
        code = CODES[FollowUpKind(row.kind)]
        told = LinkProblem(row.link_id, row.link.mapping_id, "data_error", code, values)
        problems.open_for_links(row.company_id, [told], clock.now())
    log.warning("follow_up_failed", code=failure.code)
