"""Celery tasks: load an id, one service call. Arguments are ids and class names only, never tokens or values."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import structlog
from celery import shared_task

from connectors.contracts import Priority, Side
from connectors.errors import ConnectorError
from connectors.salesforce.client import SalesforceClient
from syncapp import queue
from syncapp.models import Connection
from syncapp.services import capture as capturing
from syncapp.services import (
    checkup,
    closed_books,
    deliveries,
    describing,
    field_lists,
    follow_ups,
    looking,
    notifications,
    org_messages,
    reference_lists,
    retention,
    salesforce_users,
    schedules,
    sealing,
    sweep,
    sync,
    sync_requests,
    sync_test,
    tokens,
)
from syncapp.services import prepare as preparing
from syncapp.services import recover as recovering
from syncapp.services.clients import UsageMeter, client_for, flush
from syncapp.services.timing import current_timing
from syncapp.store import breaker, clock, due_once
from syncapp.tenancy import tenant

log = structlog.get_logger()
CARRY_SECONDS = {Priority.INTERACTIVE: 60.0, Priority.NORMAL: 30.0, Priority.BULK: 30.0}
"""After so long a worker looks round for what else waits: in the background whole readings stand behind it in line."""
PACES = {
    "notify": 60,
    "watch": 900,
    "audit_check": 30,
    "checkup": 3600,
    "retention": 86400,
    "keep_alive": 3600,
    "purge_notices": 6 * 3600,
}
"""What the tick does beside its own work, and how many seconds apart."""


@shared_task
def carry(priority: str, company_id: int | None = None) -> None:
    """There is work of this class."""
    kind = Priority(priority)
    sync.carry(kind, company_id, seconds=CARRY_SECONDS[kind])


@shared_task
def prepare(run_id: str) -> None:
    """A run wants both sides read."""
    preparing.prepare(UUID(run_id))


@shared_task
def capture(connection_id: str, lane: str) -> None:
    """The changes of a connection are due to be read."""
    connection = Connection.all_companies.get(pk=connection_id)
    with tenant(connection.company_id):
        _read_changes(connection, lane)


@shared_task
def look(asked: dict[str, list[str]]) -> None:
    """Lanes of these connections (id -> lanes) are due to be looked at."""
    looking.look(asked)


@shared_task
def read_notices(connection_id: str) -> None:
    """Notices told of changes in a company's books."""
    connection = Connection.all_companies.get(pk=connection_id)
    with tenant(connection.company_id):
        if deliveries.take_due(connection.pk):
            _read_changes(connection, "cdc")


@shared_task
def read_messages(connection_id: str) -> None:
    """Messages of an org named records that were saved there."""
    connection = Connection.all_companies.get(pk=connection_id)
    with tenant(connection.company_id):
        try:
            news = org_messages.read(connection)
        except ConnectorError as error:
            breaker.record(connection.pk, error.failure, current_timing())
            log.warning("messages_failed", code=error.failure.code)
            return
        if news:
            queue.wake(Priority.NORMAL, connection.company_id)


@shared_task
def describe(connection_id: str) -> None:
    """Mappings asked for the fields of an org's objects."""
    connection = Connection.all_companies.get(pk=connection_id)
    with tenant(connection.company_id):
        describing.describe(connection)


@shared_task
def take_requests(connection_id: str) -> None:
    """New requests may be waiting in an org."""
    _requests(connection_id, sync_requests.take)


@shared_task
def answer_requests(connection_id: str) -> None:
    """There is something to tell an org about its requests."""
    _requests(connection_id, sync_requests.answer)


def _requests(connection_id: str, turn: Callable[[Connection], int]) -> None:
    connection = Connection.all_companies.get(pk=connection_id)
    with tenant(connection.company_id):
        try:
            turn(connection)
        except ConnectorError as error:
            breaker.record(connection.pk, error.failure, current_timing())
            log.warning("requests_failed", code=error.failure.code)


def _read_changes(connection: Connection, lane: str) -> None:
    meter = UsageMeter()
    try:
        client = client_for(connection, Priority.NORMAL, meter)
        began = clock.now()
        news = capturing.read_changes(connection, lane, client)
        if lane == "nightly" and isinstance(client, SalesforceClient):
            sync_requests.look_for(connection, client)
            field_lists.refresh_due(connection, Side.SALESFORCE, client)
            salesforce_users.refresh_due(connection, client)
        if lane == "cdc":
            news += deliveries.covered(connection, client, began)
            reference_lists.refresh_due(connection)
            field_lists.refresh_due(connection, Side.QUICKBOOKS, client)
            closed_books.refresh_due(connection, client)
    except ConnectorError as error:
        breaker.record(connection.pk, error.failure, current_timing())
        log.warning("capture_failed", side=connection.side, code=error.failure.code)
        return
    finally:
        flush(connection, meter)
    breaker.record(connection.pk, None, current_timing())
    if news:
        queue.wake(Priority.NORMAL, connection.company_id)


@shared_task
def recover() -> None:
    """Some writes have an unknown outcome and have waited long enough."""
    recovering.recover()


@shared_task
def test_sync(test_id: int) -> None:
    """A test sync may go on."""
    sync_test.advance(test_id)


@shared_task
def follow_up() -> None:
    """Documents that were made are to be e-mailed, or attached."""
    follow_ups.carry()


@shared_task
def tick() -> None:
    """The one beat of the product: schedules and lanes each time, the sweeper and the keep-alive at their own pace."""
    schedules.start_due()
    sync_test.ring_open()
    follow_ups.ring_due()
    sealing.seal_due()
    timing = current_timing()
    due = due_once.which({"lanes": timing.lanes, "sweep": timing.sweep, **PACES})
    if "lanes" in due:
        sweep.ring_due_lanes()
    if "sweep" in due:
        found = sweep.sweep()
        log.info("swept", **found)
    if "notify" in due:
        notifications.end_what_is_over()
        queue.notify()
    if "watch" in due:
        notifications.watch()
    if "audit_check" in due:
        sealing.check_on()
    if "checkup" in due:
        checkup.request_weekly()
    if "retention" in due:
        retention.empty_old_bodies()
    if "keep_alive" in due:
        tokens.keep_alive()
    if "purge_notices" in due:
        deliveries.purge()
        sync_requests.purge()
