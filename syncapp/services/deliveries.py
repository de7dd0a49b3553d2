"""Webhook notices of QuickBooks: stored when they come, and covered by one reading of the changes per burst.

A notice is a hint to look, never data (sync-semantics section 16). The one exception is a merge: nothing else ever
names both records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from connectors.quickbooks.webhooks import PREFERENCES, Notice
from syncapp import queue
from syncapp.models import Connection, Delivery, ForeignNotice
from syncapp.services import capture, closed_books
from syncapp.services.clients import AnyClient
from syncapp.services.timing import current_timing
from syncapp.services.watched import Watched, watched
from syncapp.store import clock, deliveries, transactions

KEPT_DAYS = 30
LONGEST_ID = 32
"""As long as any record's id is stored anywhere."""
MERGE = "merge"
MAY_STILL_BE_NAMED = timedelta(minutes=15)
"""Intuit's notices may come minutes late: a change as young as this was not missed yet."""


def receive(app_id: UUID, notices: Sequence[Notice], raw: bytes) -> int:
    """Store what a verified body names and see to it that it is read soon; returns for how many companies it was news.

    Notices of companies that this app is not connected to are counted, nothing of them is stored; those of objects that
    nobody reads or that were switched off are let go. Repeats are folded. It may be called outside a transaction: what
    is stored is stored by one statement.
    """
    rows = [
        _row(notice, _key(notice, raw, place), place)
        for place, notice in enumerate(notices)
        if _is_id(notice.id)
    ]
    if not rows:
        return 0
    timing = current_timing()
    received = deliveries.receive(app_id, rows, timing.notice_debounce, timing.notice_cap)
    for connection_id, first in received.fresh.items():
        if first:
            queue.read_notices(connection_id, timing.notice_debounce)
    if received.foreign:
        deliveries.count_foreign(app_id, received.foreign)
    return len(received.fresh)


def _is_id(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and text.isprintable()


def _key(notice: Notice, raw: bytes, place: int) -> str:
    event = notice.event_id[:255]
    return event if event.isprintable() and event else f"{hashlib.sha256(raw).hexdigest()}:{place}"


def _row(notice: Notice, key: str, place: int) -> dict[str, Any]:
    return {
        "place": place,
        "realm": notice.realm_id,
        "key": key,
        "object": notice.entity,
        "remote_id": notice.id,
        "operation": notice.operation[:20],
        "merged_id": notice.deleted_id if _is_id(notice.deleted_id) else "",
        "happened_at": notice.at,
    }


def take_due(connection_id: UUID) -> bool:
    """Whether the reading that notices asked for is due now and nobody else has taken it; else it is rung for again
    when it will be."""
    with transaction.atomic():
        if deliveries.claim_lane(connection_id):
            return True
        wait = deliveries.seconds_until_hinted(connection_id)
        if wait is not None and wait > 0:
            queue.read_notices(connection_id, wait)
    return False


def covered(connection: Connection, client: AnyClient, began: datetime) -> int:
    """The changes of this company were read from `began` on: its notices received before are covered. Returns how many
    records became work by them beyond that reading: those that it did not bring and that had to be read one by one, and
    those that waited for the books to be opened, where a notice tells of the company's settings.

    Raises ConnectorError when any of it cannot be read; the notices then stay open.
    """
    notices = deliveries.unread(connection.pk, began)
    fetched = 0
    if any(notice.object == PREFERENCES for notice in notices):
        fetched += closed_books.refresh(connection, client)
    targets = {target.object: target for target in watched(connection)}
    for name, ids in deliveries.unseen([notice.pk for notice in notices]).items():
        if name in targets:
            records = client.read(name, ids, targets[name].fields)
            fetched += _take_in(targets[name], records)
    with transaction.atomic():
        for name, target in targets.items():
            merges = [
                _merged(notice) for notice in notices if notice.operation == MERGE and notice.object == name
            ]
            losers = [record for record in merges if record.id]
            capture.take_in(target, losers, "webhook", run=None, cause="Merged in QuickBooks")
        deliveries.mark_read(connection.pk, [notice.pk for notice in notices], clock.now())
        deliveries.count_missed(connection.pk, began, began - MAY_STILL_BE_NAMED)
    return fetched


def _take_in(target: Watched, records: Sequence[RemoteRecord]) -> int:
    return transactions.run(
        lambda: capture.take_in(target, records, "webhook", run=None, cause="As it changes")
    )


def _merged(notice: Delivery) -> RemoteRecord:
    """The loser of a merge, as nothing but the notice tells of it (sync-semantics section 3)."""
    return RemoteRecord(
        side=Side.QUICKBOOKS,
        object=notice.object,
        id=notice.merged_id,
        token=Token("", notice.happened_at or notice.received_at),
        state=RecordState.MERGED,
        body={"Id": notice.merged_id},
        merged_into=notice.remote_id,
    )


def ring_forgotten() -> int:
    """Notices that nobody is about to read, because a process died: read them soon. Returns for how many companies."""
    timing = current_timing()
    left = deliveries.forgotten()
    with transaction.atomic():
        for connection_id in (
            deliveries.hint_lanes(left, timing.notice_debounce, timing.notice_cap) if left else ()
        ):
            queue.read_notices(connection_id, timing.notice_debounce)
    return len(left)


def purge() -> int:
    """Forget read notices older than 30 days, and how many there were of other companies before."""
    before = clock.now() - timedelta(days=KEPT_DAYS)
    ForeignNotice.objects.filter(day__lt=before.date()).delete()
    return deliveries.purge(before)
