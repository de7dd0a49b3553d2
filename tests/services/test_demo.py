"""On the real simulator: the demo company, the consent pages' answers, health of both sides, the shell."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import redis
import requests
from django.core.management import call_command
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from connectors.contracts import Priority
from connectors.simulator.testing import Simulator, simulator
from syncapp.models import ApiUsage, Attention, Company, Connection, Integration, RecordLink, Run
from syncapp.recipes import RECIPES
from syncapp.services import connect, demo, health, matching, org_messages, setup, sync
from syncapp.tenancy import tenant
from tests import databases

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with simulator(seed="small") as running:
        yield running


@pytest.fixture(scope="module")
def company(
    sim: Simulator, redis_server: str, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Company]:
    """One demo company for all tests of this file: making it takes longer than all that they do with it. Each of them
    leaves it in step."""
    addresses = {"SIM_SALESFORCE_URL": sim.salesforce.url, "SIM_QUICKBOOKS_URL": sim.quickbooks.url}
    with redis.Redis.from_url(redis_server) as broker:
        broker.flushdb()
    with override_settings(**addresses), django_db_blocker.unblock():
        try:
            yield demo.ensure_demo()
        finally:
            databases.wipe()


def levels(checks: tuple[Any, ...]) -> dict[str, str]:
    return {check.key: check.level.value for check in checks}


def test_the_demo_company_is_ready_and_making_it_again_changes_nothing(
    sim: Simulator, company: Company
) -> None:
    with tenant(company.id):
        integration = Integration.objects.get()
        loads = list(Run.objects.filter(kind="first_load"))
        report = health.last(integration)
        open_links = RecordLink.objects.exclude(lifecycle__in=["absorbed", "unlinked"])
        linked = open_links.filter(lifecycle="linked", attention=Attention.NONE).count()
        assert (integration.state, {run.state for run in loads}) == ("active", {"done"})
        assert {run.mapping.key for run in loads} == setup.without_replaced(set(RECIPES))
        assert linked > 0
        assert levels(report.salesforce)["Account.rights"] == "good"
        assert levels(report.quickbooks)["receivable"] == "good"
        assert ApiUsage.objects.exists()
    writes = len(sim.quickbooks.log()), len(sim.salesforce.log())
    assert demo.ensure_demo() == company
    assert (len(sim.quickbooks.log()), len(sim.salesforce.log())) == writes
    assert Connection.all_companies.count() == 2


def shell(**options: Any) -> str:
    out = StringIO()
    call_command("sync", stdout=out, **options)
    return out.getvalue()


def test_the_shell_syncs_until_nothing_is_left_to_write(sim: Simulator, company: Company) -> None:
    shell(company=company.id)
    writes = len(sim.quickbooks.log()), len(sim.salesforce.log())
    assert "0 created, 0 updated" in shell(company=company.id, object="Customer")
    assert (len(sim.quickbooks.log()), len(sim.salesforce.log())) == writes


def test_the_shell_previews_without_writing(sim: Simulator, company: Company) -> None:
    writes = len(sim.quickbooks.log()), len(sim.salesforce.log())
    assert "nothing was written" in shell(company=company.id, preview=True)
    assert (len(sim.quickbooks.log()), len(sim.salesforce.log())) == writes


def test_the_shell_takes_one_record_by_name(sim: Simulator, company: Company) -> None:
    with tenant(company.id):
        link = (
            RecordLink.objects.filter(sf_object="Account", lifecycle="linked", attention=Attention.NONE)
            .order_by("name")
            .first()
        )
    assert link is not None
    assert "1 of 1 records" in shell(company=company.id, filter=link.name, direction="to_qbo")


def test_validating_a_connection_signs_in_anew(company: Company) -> None:
    with tenant(company.id):
        for connection in Connection.objects.all():
            version = connection.token_version
            report = connect.validate(connection)
            assert report.ok, report.errors
            assert connection.token_version == version + 1


def test_unlinking_takes_our_id_out_of_salesforce_and_relinking_puts_it_back(
    sim: Simulator, company: Company
) -> None:
    with tenant(company.id):
        link = (
            RecordLink.objects.filter(sf_object="Account", lifecycle="linked", attention=Attention.NONE)
            .exclude(sf_id=None)
            .order_by("name")
            .first()
        )
        assert link is not None
        matching.unlink(link, None)
    sync.carry(Priority.INTERACTIVE)
    assert external_id(sim, link) is None
    link.refresh_from_db()
    assert link.lifecycle == "unlinked"
    assert "1 of 1" not in shell(company=company.id)
    with tenant(company.id):
        fresh = matching.relink(link, None)
    sync.carry(Priority.INTERACTIVE)
    assert str(external_id(sim, link)).endswith(f":Customer:{link.qbo_id}")
    fresh.refresh_from_db()
    assert (fresh.lifecycle, fresh.attention) == ("linked", "none")


def external_id(sim: Simulator, link: RecordLink) -> Any:
    known = sim.salesforce.credentials()
    answer = requests.get(
        f"{sim.salesforce.url}/services/data/v66.0/sobjects/Account/{link.sf_id}",
        headers={"Authorization": f"Bearer {known['access_token']}"},
        timeout=60,
    )
    return answer.json()["QBO_Customer_Id__c"]


def test_a_request_in_the_demos_org_is_told_of_by_message(sim: Simulator, company: Company) -> None:
    with tenant(company.pk):
        org = Connection.objects.get(side="sf")
        address = org_messages.address_of(org)
    listed = sim.salesforce.post("webhooks", {"org": org.remote_id})["messages"]
    assert [(one["object"], one["url"]) for one in listed] == [("QBO_Sync__c", address)]
