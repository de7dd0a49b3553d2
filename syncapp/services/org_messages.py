"""Outbound messages of Salesforce: stored when they come, then the records that they name are read and synced.

A message is a hint to look, never data: its values are those at the time of sending, and order is not kept (reference
salesforce.md 5.6). One about `QBO_Sync__c` only says that there are requests to look for.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from connectors.contracts import Priority
from connectors.errors import ConnectorError, FailureKind
from connectors.salesforce.ids import SHORT, to_18
from connectors.salesforce.outbound import Message, Notification
from syncapp import queue
from syncapp.crypto import SecretUnreadable
from syncapp.models import Connection, ConnectionStatus, Cursor, Delivery, VendorSide
from syncapp.services import audit, capture
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.services.watched import Watched, watched
from syncapp.store import clock, deliveries, sync_requests, transactions
from syncapp.store.turns import Turn

SECRET_BYTES = 32
GRACE = timedelta(hours=24)
"""How long an address is answered after another was made."""
OLD_ADDRESS = ("old_message_secret_sealed", "old_message_until")
LANE = "fast"
"""What this lane reads can be named by messages."""
CAUSE = "As it changes"
FOR_GOOD = frozenset({FailureKind.PERMISSION, FailureKind.CONFIG, FailureKind.DATA, FailureKind.MISSING})
log = structlog.get_logger()


# --- the address -----------------------------------------------------------------------------------------------------


def address_of(connection: Connection) -> str:
    """The endpoint to enter in Salesforce; empty until one was made. It holds the shared secret."""
    try:
        secret = connection.message_secret
    except SecretUnreadable:
        return ""
    return f"{settings.BASE_URL}/hooks/salesforce/{connection.pk}/{secret}" if secret else ""


def renew_address(connection: Connection, person: Any) -> None:
    """Make the endpoint, or another one; the old one is answered for a day more, so that nothing is missed while the
    new one is entered in Salesforce. Needs the company in context."""
    old = _own_secrets(connection)[0]
    connection.old_message_secret = old
    connection.old_message_until = clock.now() + GRACE if old else None
    connection.message_secret = secrets.token_urlsafe(SECRET_BYTES)
    connection.save(update_fields=["message_secret_sealed", *OLD_ADDRESS])
    audit.decided("messages.address", person, after={"org": connection.remote_id})


def end_old_address(connection: Connection, person: Any) -> bool:
    """Stop answering the address before this one; False where none was answered any more. Needs the company in
    context."""
    answered = old_address_until(connection) is not None
    connection.old_message_secret, connection.old_message_until = "", None
    connection.save(update_fields=OLD_ADDRESS)
    if answered:
        audit.decided("messages.old_address_ended", person, after={"org": connection.remote_id})
    return answered


def old_address_until(connection: Connection) -> datetime | None:
    """Until when the address before this one is answered; None where there is none."""
    until = connection.old_message_until
    return until if connection.old_message_secret_sealed and until and until > clock.now() else None


def connection_at(pk: UUID, secret: str) -> Connection | None:
    """The connection behind an endpoint; None where the secret is not its own, compared in constant time."""
    rows = Connection.all_companies.filter(pk=pk, side=VendorSide.SALESFORCE)
    found = rows.exclude(status=ConnectionStatus.DISCONNECTED).first()
    own = _own_secrets(found) if found is not None else ("", "")
    same = [_is_same(secret, one) for one in own]
    return found if any(same) else None


def _own_secrets(connection: Connection) -> tuple[str, str]:
    """Of the address, and of the one before as long as it is answered; empty where there is none."""
    try:
        own = connection.message_secret
        old = connection.old_message_secret if old_address_until(connection) else ""
    except SecretUnreadable:
        return "", ""
    return own, old


def _is_same(secret: str, own: str) -> bool:
    given = hmac.compare_digest(secret.encode(), (own or secrets.token_urlsafe(SECRET_BYTES)).encode())
    return given and bool(own)


def is_of_org(connection: Connection, org_id: str) -> bool:
    """Whether a message says that it comes from this connection's org: the first 15 characters tell."""
    return hmac.compare_digest(to_18(org_id)[:SHORT].encode(), connection.remote_id[:SHORT].encode())


# --- storing ---------------------------------------------------------------------------------------------------------


def receive(connection: Connection, message: Message) -> int:
    """Store what a verified message names and see to it that it is read soon; returns how much of it was news.

    Objects that nobody reads are let go; repeats are folded by the notification's id.
    """
    known, at = _objects_read(connection), clock.now()
    rows = [
        _row(connection, one, at)
        for one in message.notifications
        if one.object in known or one.object == sync_requests.OBJECT
    ]
    if not rows:
        return 0
    with transaction.atomic():
        fresh = set(deliveries.store_messages(rows))
        if sync_requests.OBJECT in fresh:
            queue.take_requests(connection.pk)
        if fresh - {sync_requests.OBJECT}:
            queue.read_messages(connection.pk)
    return len(fresh)


def _objects_read(connection: Connection) -> set[str]:
    lanes = Cursor.all_companies.filter(connection=connection, lane=LANE, watermark__isnull=False)
    return set(lanes.values_list("object", flat=True))


def _row(connection: Connection, one: Notification, at: datetime) -> dict[str, Any]:
    asks = one.object == sync_requests.OBJECT
    return {
        "app_credentials_id": None,
        "connection_id": connection.pk,
        "key": one.id,
        "object": one.object,
        "remote_id": one.record_id,
        "operation": "message",
        "merged_id": "",
        "happened_at": None,
        "received_at": at,
        # The request itself says New until it was started: looking for it needs no list of ours.
        "read_at": at if asks else None,
    }


# --- reading ---------------------------------------------------------------------------------------------------------


def read(connection: Connection) -> int:
    """Read the records that stored messages name and take them in; returns how many were news.

    One process at a time per org. Raises ConnectorError; the messages then stay open. Needs the company in context.
    """
    turn, meter, news = Turn(connection.pk, "messages "), UsageMeter(), 0
    if not turn.take(0):
        return 0
    try:
        client = client_for(connection, Priority.NORMAL, meter)
        while waiting := deliveries.unread_messages(connection.pk):
            news += _read(connection, client, waiting)
    finally:
        turn.close()
        flush(connection, meter)
    if deliveries.unread_messages(connection.pk):
        queue.read_messages(connection.pk)  # they came when the last look was over and the turn was not
    return news


def _read(connection: Connection, client: AnyClient, waiting: Sequence[Delivery]) -> int:
    by_object: dict[str, list[str]] = {}
    for one in waiting:
        by_object.setdefault(one.object, []).append(one.remote_id)
    news = 0
    for target in watched(connection):
        ids = list(dict.fromkeys(by_object.get(target.object, ())))
        news += _take_in(target, client, ids) if ids else 0
    deliveries.mark_read(connection.pk, [one.pk for one in waiting], clock.now())
    return news


def _take_in(target: Watched, client: AnyClient, ids: Sequence[str]) -> int:
    """Read these records and take them in. What is refused for good is left to the regular reading, which says so."""
    try:
        records = client.read(target.object, ids, target.fields)
    except ConnectorError as error:
        if error.failure.kind not in FOR_GOOD:
            raise
        log.warning("messages_not_read", object=target.object, code=error.failure.code)
        return 0
    return transactions.run(lambda: capture.take_in(target, records, "webhook", run=None, cause=CAUSE))


def ring_forgotten() -> int:
    """Messages that nobody has read because a process died: read them soon. Returns of how many orgs."""
    left = deliveries.forgotten_messages()
    for connection_id in left:
        queue.read_messages(connection_id)
    return len(left)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person needs to set messages up, and what came last."""

    address: str
    old_until: datetime | None
    """Until when the address before this one is answered too."""
    objects: tuple[str, ...]
    last: tuple[Delivery, ...]


def standing(connection: Connection, count: int = 10) -> Standing:
    """How messages of this org stand."""
    rows = Delivery.objects.filter(connection=connection, app_credentials__isnull=True)
    objects = sorted({*_objects_read(connection), sync_requests.OBJECT})
    last = tuple(rows.order_by("-received_at", "-pk")[:count])
    return Standing(address_of(connection), old_address_until(connection), tuple(objects), last)
