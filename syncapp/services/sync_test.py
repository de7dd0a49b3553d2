"""Test sync: an account and a won opportunity go to QuickBooks as any others would, both sides are looked at, and all
of it is cleaned up when a person says so.

What QuickBooks got is taken back as an undo does it (made inactive, voided), link by link, the document first; only
then are the test records deleted in Salesforce. The links are closed by then, so nothing comes back. Where a test
stands is stored: a worker that dies is followed by the next ring.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors.contracts import Side
from connectors.errors import ConnectorError
from syncapp import queue
from syncapp.engine.mapping import MappingSpec
from syncapp.ids import uuid7
from syncapp.models import (
    CLOSED_LIFECYCLES,
    Integration,
    LinkWork,
    Mapping,
    RecordLink,
    Run,
    RunState,
    SyncTest,
    SyncTestState,
)
from syncapp.models.run import EXACT_KINDS
from syncapp.models.sync_test import WORKING
from syncapp.recipes import account_customer
from syncapp.services import audit, clients, locating, matching, sync, undo
from syncapp.services import sync_test_records as made
from syncapp.services import sync_test_ticks as ticks
from syncapp.services.addresses import ids_in
from syncapp.services.errors import Refused
from syncapp.store import bulk, clock, specs
from syncapp.store.turns import Turn
from syncapp.tenancy import tenant

CAUSE = "Test sync"
PATIENCE = timedelta(minutes=3)
"""So long a test waits for its records to arrive before it looks at what there is."""
DOCUMENTS = ("opportunity_invoice", "opportunity_salesreceipt", "opportunity_estimate")
OPEN_RUNS = (RunState.QUEUED, RunState.READING, RunState.RUNNING)


# --- asking ----------------------------------------------------------------------------------------------------------


def newest(integration: Integration) -> SyncTest | None:
    """The test of an integration that was begun last."""
    rows = SyncTest.objects.filter(integration=integration).select_related("person")
    return rows.order_by("-id").first()


def can_test(integration: Integration) -> bool:
    """Whether customers and documents of opportunities are kept in step: a test needs both."""
    return integration.switched_on_at is not None and _documents(integration) is not None


def has_left_something(test: SyncTest) -> bool:
    """Whether records of this test may still be there: one that failed before it made any leaves nothing."""
    if test.state == SyncTestState.FAILED:
        return bool(test.account or test.opportunity or test.begun)
    return test.state != SyncTestState.CLEAN


def document_entity(integration: Integration) -> str:
    """The QuickBooks type of the document that a test makes; empty where it can make none."""
    mapping = _documents(integration)
    return mapping.qbo_entity if mapping is not None else ""


def begin(integration: Integration, person: Any, opportunity: str = "") -> SyncTest:
    """Begin a test; with the id or address of an `opportunity`, that one is won instead of a new one being made.

    A test that is under way is returned. Raises Refused: `sync_test.not_possible`, `sync_test.not_clean`,
    `sync_test.no_opportunity`, `sync_test.has_document`.
    """
    picked = _picked(opportunity)
    with transaction.atomic():
        Integration.objects.select_for_update().get(pk=integration.pk)
        before = newest(integration)
        if before is not None and before.state in WORKING:
            return before
        if before is not None and has_left_something(before):
            raise Refused("sync_test.not_clean")
        mapping = _documents(integration)
        if integration.switched_on_at is None or mapping is None:
            raise Refused("sync_test.not_possible")
        if picked and _open_links(integration, picked).exclude(qbo_id=None).exists():
            raise Refused("sync_test.has_document")
        now = clock.now()
        test = SyncTest.objects.create(
            integration=integration,
            person=person,
            name=f"Ledgerbridge test {now:%Y-%m-%d %H.%M} {uuid7().hex[-6:]}",
            picked=picked,
            created_at=now,
        )
        audit.decided("sync_test.begun", person, after={"name": test.name, "opportunity": picked})
        queue.test_sync(test.pk)
    return test


def clean_up(test: SyncTest, person: Any) -> None:
    """Take back what the test made on both sides. Raises Refused `sync_test.busy` while it is still being made."""
    with transaction.atomic():
        row = SyncTest.objects.select_for_update().get(pk=test.pk)
        if row.state == SyncTestState.CLEAN or row.state == SyncTestState.TAKING_BACK:
            return
        if row.state in WORKING:
            raise Refused("sync_test.busy")
        row.state, row.failure_code, row.failure_values = SyncTestState.TAKING_BACK, "", {}
        row.taken, row.left, row.plan = [], [], None
        row.save()
        audit.decided("sync_test.clean_up", person, after={"name": row.name})
        queue.test_sync(row.pk)


def _picked(text: str) -> str:
    if not text.strip():
        return ""
    found = ids_in(text).salesforce
    if not found:
        raise Refused("sync_test.no_opportunity")
    return found


# --- going on --------------------------------------------------------------------------------------------------------


def ring_open() -> None:
    """Ring for every test that goes on by itself; for the beat."""
    for (pk,) in bulk.fetch(
        "select id from syncapp_synctest where state = any(%s)", [[each.value for each in WORKING]]
    ):
        queue.test_sync(pk)


def advance(test_id: int) -> None:
    """Carry a test as far as it goes now. One process at a time; what it waits for is looked at with the next ring."""
    test = SyncTest.all_companies.select_related("integration__salesforce", "integration__quickbooks").get(
        pk=test_id
    )
    turn = Turn(UUID(int=test_id), "sync test ")
    if not turn.take(0):
        return
    try:
        with tenant(test.company_id):
            test.refresh_from_db()
            _go_on(test)
    finally:
        turn.close()


def _go_on(test: SyncTest) -> None:
    try:
        while (step := _STEPS.get(test.state)) is not None and step(test):
            pass
    except Refused as refused:
        _fail(test, refused.code, refused.values)
    except ConnectorError as error:
        _fail(test, error.failure.code, {"message": error.failure.message, "detail": error.failure.detail})


def _fail(test: SyncTest, code: str, values: dict[str, Any]) -> None:
    test.state, test.failure_code = SyncTestState.FAILED, code
    test.failure_values = {key: _plain(value) for key, value in values.items()}
    test.ended_at = clock.now()
    test.save()


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value if isinstance(value, list) else str(value)


def _move(test: SyncTest, state: SyncTestState) -> bool:
    test.state = state
    test.save()
    return True


def _make(test: SyncTest) -> bool:
    client = clients.salesforce_client(_salesforce(test))
    customers, documents = _specs(test.integration)
    if test.picked:
        made.picked(client, test, documents)
        customer = _open_links(test.integration, test.account).filter(mapping__key=account_customer.KEY)
        test.own_account = not customer.exclude(qbo_id=None).exists()
    else:
        made.fresh(client, test, customers, documents)
    mappings = [_customers(test.integration), _documents(test.integration)]
    chosen = [row for row in mappings if row is not None]
    for id_ in (test.account, test.opportunity):
        link = locating.locate(chosen, locating.Wanted(Side.SALESFORCE, id_), client)
        sync.request([link.pk], target=None, person=test.person, cause=CAUSE)
    test.sent_at = clock.now()
    return _move(test, SyncTestState.SENDING)


def _send(test: SyncTest) -> bool:
    """Both records have arrived, or end in something a person has to see to, or took too long."""
    account, deal = account_link(test), deal_link(test)
    links = [link for link in (account, deal) if link is not None]
    busy = LinkWork.objects.filter(link__in=links).exists()
    arrived = [link for link in links if link.qbo_id or link.attention not in ("none", "waiting")]
    late = test.sent_at is None or clock.now() - test.sent_at > PATIENCE
    if (busy or len(arrived) < len(links)) and not late:
        return False
    test.ticks = ticks.look(test.integration, account, deal)
    test.ended_at = clock.now()
    return _move(test, SyncTestState.DONE)


# --- cleaning up -----------------------------------------------------------------------------------------------------


def _take_back(test: SyncTest) -> bool:
    """Undo what was written of the test's links, one after the other; then what only showed the document goes."""
    if test.plan is None:
        link = next(iter(_to_take_back(test)), None)
        if link is None:
            return _move(test, SyncTestState.DELETING)
        _let_mirrors_go(test, link)
        test.plan = undo.request_for([link], test.person, CAUSE)
        test.save(update_fields=["plan"])
        return False
    plan = Run.objects.get(pk=test.plan.pk)
    if plan.state in OPEN_RUNS:
        return False
    try:
        run = Run.objects.filter(origin=plan, kind__in=EXACT_KINDS).first() or undo.request(
            plan, test.person, pause=False
        )
    except Refused:
        run = None  # nothing of it can be taken back: it is named as left
    if run is not None and run.state in OPEN_RUNS:
        return False
    return _taken(test, plan)


def _taken(test: SyncTest, plan: Run) -> bool:
    for item in plan.items.select_related("link"):
        link = item.link
        if link is None:
            continue
        test.taken = [*test.taken, str(link.pk)]
        if link.lifecycle not in CLOSED_LIFECYCLES:
            test.left = [*test.left, link.name]
    test.plan = None
    test.save()
    return True


def _to_take_back(test: SyncTest) -> list[RecordLink]:
    links = [deal_link(test), account_link(test) if test.own_account else None]
    return [link for link in links if link is not None and link.qbo_id and str(link.pk) not in test.taken]


def _let_mirrors_go(test: SyncTest, link: RecordLink) -> None:
    """Records in Salesforce that show the test's document are kept in step no more, and deleted."""
    mirrors = list(
        RecordLink.objects.filter(
            integration=test.integration, qbo_entity=link.qbo_entity, qbo_id=link.qbo_id
        )
        .exclude(pk=link.pk)
        .exclude(lifecycle__in=CLOSED_LIFECYCLES)
        .exclude(sf_id=None)
    )
    for mirror in mirrors:
        matching.unlink(mirror, test.person)
    if mirrors:
        made.remove_mirrors(clients.salesforce_client(_salesforce(test)), test, mirrors)


def _delete(test: SyncTest) -> bool:
    made.remove(clients.salesforce_client(_salesforce(test)), test)
    test.ended_at = clock.now()
    return _move(test, SyncTestState.CLEAN)


_STEPS: dict[str, Callable[[SyncTest], bool]] = {
    SyncTestState.MAKING: _make,
    SyncTestState.SENDING: _send,
    SyncTestState.TAKING_BACK: _take_back,
    SyncTestState.DELETING: _delete,
}
"""What each state does; whether the next may follow at once."""


# --- what a test is about --------------------------------------------------------------------------------------------


def account_link(test: SyncTest) -> RecordLink | None:
    """The link of the test's account."""
    return _open_links(test.integration, test.account).filter(mapping__key=account_customer.KEY).first()


def deal_link(test: SyncTest) -> RecordLink | None:
    """The link of the test's opportunity."""
    return _open_links(test.integration, test.opportunity).first()


def _open_links(integration: Integration, sf_id: str) -> Any:
    rows = RecordLink.objects.filter(integration=integration, sf_id=sf_id or "-")
    return rows.exclude(lifecycle__in=CLOSED_LIFECYCLES).select_related("mapping__integration").order_by("id")


def _published(integration: Integration, key: str) -> Mapping | None:
    rows = Mapping.objects.filter(integration=integration, key=key, published_number__gt=0)
    return rows.exclude(mode="off").select_related("integration").first()


def _customers(integration: Integration) -> Mapping | None:
    return _published(integration, account_customer.KEY)


def _documents(integration: Integration) -> Mapping | None:
    """The mapping that makes documents of opportunities: invoices where there are any."""
    if _customers(integration) is None:
        return None
    return next((found for key in DOCUMENTS if (found := _published(integration, key)) is not None), None)


def _specs(integration: Integration) -> tuple[MappingSpec, MappingSpec]:
    customers, documents = _customers(integration), _documents(integration)
    found = [specs.published_spec(row) for row in (customers, documents) if row is not None]
    if len(found) < 2 or found[0] is None or found[1] is None:
        raise Refused("sync_test.not_possible")
    return found[0], found[1]


def _salesforce(test: SyncTest) -> Any:
    if test.integration.salesforce is None:
        raise Refused("setup.not_connected")
    return test.integration.salesforce
