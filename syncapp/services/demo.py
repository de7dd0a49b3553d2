"""The demo company: both simulator connections, the two-way template, and a first sync that is done."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from django.db import transaction

from connectors.contracts import Environment, Grant, Priority, Side
from connectors.errors import ConnectorError
from syncapp.models import (
    Cadence,
    Company,
    Connection,
    ConnectionStatus,
    Integration,
    Mapping,
    Run,
    RunState,
    Schedule,
)
from syncapp.recipes import RECIPES
from syncapp.services import (
    apps,
    companies,
    grants,
    health,
    notices,
    org_messages,
    prepare,
    schedules,
    setup,
    sync,
)
from syncapp.services.errors import Refused
from syncapp.services.facts import facts
from syncapp.store.sync_requests import OBJECT
from syncapp.tenancy import tenant

log = structlog.get_logger()

NAME = "Cascade Garden Supply (demo)"
ZONE, CURRENCY = "America/Los_Angeles", "USD"
TEMPLATE, WINNER = "bidirectional", "sf"
WORKERS_GET_S = 20.0
"""How long workers may take before the demo reads and carries by itself."""
OPEN = (RunState.QUEUED, RunState.READING, RunState.RUNNING)
INTUIT_LIFE = timedelta(hours=1)


def ensure_demo(*, seconds: float = 180) -> Company:
    """The demo company with its first sync done; made on the first call, completed on later ones. Not inside a tenant.

    Uses the workers that run, or reads and carries in this process. Raises Refused (`connect.unreachable`) when the
    simulator does not run.
    """
    company = Company.objects.filter(is_demo=True).order_by("id").first() or companies.create(
        None, name=NAME, zone=ZONE, currency=CURRENCY, is_demo=True
    )
    with tenant(company.id):
        integration = _integration(company)
        if integration.switched_on_at is None:
            _set_up(integration, seconds)
    return company


def _integration(company: Company) -> Integration:
    found = Integration.objects.order_by("id").first()
    integration = found or setup.start_integration(company)
    for side in Side:
        _ensure_connection(company, side)
    integration.refresh_from_db()
    app = integration.quickbooks.app_credentials if integration.quickbooks else None
    if app is not None:
        apps.subscribe_simulator(notices.address_of(app))
    if integration.salesforce is not None:
        _listen(integration.salesforce)
    return integration


def _listen(org: Connection) -> None:
    """Requests made in the demo's org are told of at once, as an admin would set it up."""
    if not org_messages.address_of(org):
        org_messages.renew_address(org, None)
    apps.send_messages_of(org.remote_id, OBJECT, org_messages.address_of(org))


def _ensure_connection(company: Company, side: Side) -> Connection:
    """The company's simulator connection of this side. A stand-in that was reset has another org: a new connection."""
    known = apps.simulator_credentials(side)
    remote_id = known["org_id"] if side is Side.SALESFORCE else known["realm_id"]
    held = Connection.objects.filter(
        side=side, environment=Environment.SIMULATOR, remote_id=remote_id, status=ConnectionStatus.LIVE
    ).first()
    return held or _connect(company, side, known)


def _connect(company: Company, side: Side, known: dict[str, str]) -> Connection:
    """Store the stand-in's own token pair, as if somebody had clicked through its consent page."""
    where = facts(side, Environment.SIMULATOR, remote_id=known.get("realm_id", ""))
    grant = Grant(
        access_token=known["access_token"],
        refresh_token=known["refresh_token"],
        access_expires_at=datetime.now(UTC) + INTUIT_LIFE if side is Side.QUICKBOOKS else None,
        instance_url=known["url"] if side is Side.SALESFORCE else "",
    )
    who = grants.Identity(
        known["org_id"] if side is Side.SALESFORCE else known["realm_id"],
        known.get("name") or known.get("company_name", ""),
        known.get("username", ""),
    )
    app = apps.app_credentials(company, side, Environment.SIMULATOR)
    return grants.store(grants.NewConnection(company, where, app, grant, who), None)


def _set_up(integration: Integration, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    health.check(integration)
    setup.choose_template(integration, TEMPLATE, WINNER, None, tuple(RECIPES))
    setup.begin_scan(integration, None)
    _wait_for_all(integration, deadline)
    run = setup.switch_on(integration, None)
    _wait_for_all(integration, deadline)
    _add_schedule(integration)
    run.refresh_from_db()
    log.info("demo_ready", state=run.state, total=run.total, failed=run.failed_count)


def _wait_for_all(integration: Integration, deadline: float) -> None:
    """Every run of the integration that is under way, one for each mapping. Let the workers do it; where none does, do
    it here."""
    patience = time.monotonic() + WORKERS_GET_S
    while time.monotonic() < deadline:
        runs = list(Run.objects.filter(integration=integration, state__in=OPEN).order_by("id"))
        if not runs:
            return
        if time.monotonic() > patience or not _somebody_works():
            _work_here(runs)
        time.sleep(0.2)


def _somebody_works() -> bool:
    """Whether a worker answers on the broker."""
    from celery import current_app

    try:
        return bool(current_app.control.ping(timeout=0.5))
    except OSError:
        return False


def _work_here(runs: Sequence[Run]) -> None:
    try:
        for run in runs:
            prepare.prepare(run.pk)
        sync.carry(Priority.BULK, runs[0].company_id, seconds=60)
    except ConnectorError as error:
        raise Refused("connect.unreachable", detail=error.failure.message) from error


def _add_schedule(integration: Integration) -> None:
    """Something to look at on the schedules page: a daily look at everything, besides syncing as records change."""
    for mapping in Mapping.objects.filter(integration=integration):
        if not Schedule.objects.filter(mapping=mapping).exists():
            with transaction.atomic():
                schedules.save(
                    Schedule(integration=integration, mapping=mapping, cadence=Cadence.EVERY, minutes=15),
                    None,
                )
