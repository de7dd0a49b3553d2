"""Both vendors' consent pages, token endpoints and health, on the simulator."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from django.db import connection as database
from django.db import connections
from django.utils import timezone

from connectors.errors import ConnectorError
from connectors.simulator.testing import Simulator, simulator
from syncapp.models import AppCredentials, Company, Connection, Integration, Problem
from syncapp.services import clients, connect, health, setup, tokens
from syncapp.services.errors import Refused
from syncapp.services.tokens import vault_for
from syncapp.tenancy import tenant
from tests.services.builders import a_company, a_person

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with simulator(seed="small") as running:
        yield running


@pytest.fixture(autouse=True)
def here(sim: Simulator, settings: Any) -> None:
    settings.SIM_SALESFORCE_URL, settings.SIM_QUICKBOOKS_URL = sim.salesforce.url, sim.quickbooks.url


@pytest.fixture
def company() -> Company:
    return a_company()


@pytest.fixture
def ann() -> Any:
    return a_person("ann@acme.example")


def consent(company: Company, person: Any, side: str, *, deny: bool = False, **choice: str) -> dict[str, str]:
    """Start, click through the vendor's page, and give what its redirect brings back."""
    with tenant(company.id):
        address = connect.start(company, person, "session-1", side, "simulator")
    page = requests.get(address, timeout=60)
    fields = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    }
    answer = {"decision": "deny" if deny else "allow", **({"deny": "yes"} if deny else {}), **choice}
    origin = f"{urlsplit(address).scheme}://{urlsplit(address).netloc}"
    action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
    assert action is not None, page.text[:500]
    sent = requests.post(
        origin + action[1],
        data={**fields, **answer},
        headers={"Origin": origin},
        allow_redirects=False,
        timeout=60,
    )
    assert sent.status_code in {302, 303}, sent.text[:500]
    back = urlsplit(sent.headers["Location"])
    assert back.path == f"/oauth/{'salesforce' if side == 'sf' else 'quickbooks'}/callback"
    return dict(parse_qsl(back.query))


def finish(person: Any, side: str, params: dict[str, str]) -> Connection:
    outcome = connect.finish(side, params, person, "session-1", may_connect=lambda *_: True)
    return outcome.connection


def connected(company: Company, person: Any, side: str, sim: Simulator, which: int = 0) -> Connection:
    if side == "sf":
        return finish(person, side, consent(company, person, side, org=str(which + 1)))
    realm = sim.quickbooks.credentials()["all"][which]["realm_id"]
    return finish(person, side, consent(company, person, side, realm=realm))


def test_both_sides_are_connected_through_their_consent_pages(
    sim: Simulator, company: Company, ann: Any
) -> None:
    with tenant(company.id):
        integration = setup.start_integration(company)
    salesforce, quickbooks = connected(company, ann, "sf", sim), connected(company, ann, "qbo", sim)
    integration.refresh_from_db()
    assert (integration.salesforce, integration.quickbooks) == (salesforce, quickbooks)
    assert salesforce.remote_id == sim.salesforce.credentials()["org_id"]
    assert salesforce.connected_user == sim.salesforce.credentials()["username"]
    assert quickbooks.remote_id == sim.quickbooks.credentials()["realm_id"]
    assert quickbooks.name == "Craig's Design and Landscaping Services"
    for connection in (salesforce, quickbooks):
        vault = vault_for(connection.pk)
        assert vault.renew(vault.current()).version == 2


def test_a_denied_consent_saves_nothing(company: Company, ann: Any) -> None:
    for side in ("sf", "qbo"):
        with pytest.raises(Refused, match=r"connect\.denied"):
            finish(ann, side, consent(company, ann, side, deny=True))
    assert not Connection.all_companies.exists()


def test_a_realm_id_that_was_changed_on_the_way_back_is_not_believed(
    sim: Simulator, company: Company, ann: Any
) -> None:
    first, second = (each["realm_id"] for each in sim.quickbooks.credentials()["all"][:2])
    params = consent(company, ann, "qbo", realm=first)
    with pytest.raises(Refused, match=r"connect\.exchange_failed"):
        finish(ann, "qbo", {**params, "realmId": second})
    assert not Connection.all_companies.exists()


def test_a_code_works_once(sim: Simulator, company: Company, ann: Any) -> None:
    params = consent(company, ann, "qbo", realm=sim.quickbooks.credentials()["realm_id"])
    finish(ann, "qbo", params)
    with pytest.raises(Refused, match=r"connect\.state_used"):
        finish(ann, "qbo", params)


def test_the_same_realm_for_another_company_is_refused(sim: Simulator, company: Company, ann: Any) -> None:
    connected(company, ann, "qbo", sim)
    with pytest.raises(Refused, match=r"connect\.realm_taken"):
        connected(a_company("Other"), ann, "qbo", sim)


def test_access_withdrawn_over_there_asks_for_a_reconnect_which_heals_it(
    sim: Simulator, company: Company, ann: Any
) -> None:
    connection = connected(company, ann, "qbo", sim)
    vault = vault_for(connection.pk)
    app = AppCredentials.objects.get(side="qbo")
    discovery = requests.get(sim.quickbooks.credentials()["discovery_url"], timeout=60).json()
    requests.post(
        discovery["revocation_endpoint"],
        json={"token": connection.refresh_token},
        auth=(app.client_id, app.client_secret),
        timeout=60,
    ).raise_for_status()
    with pytest.raises(ConnectorError):
        vault.renew(vault.current())
    connection.refresh_from_db()
    assert (connection.status, Problem.all_companies.get(closed_at=None).connection) == (
        "needs_reauth",
        connection,
    )
    again = connected(company, ann, "qbo", sim)
    assert (again.pk, again.status) == (connection.pk, "live")
    assert not Problem.all_companies.filter(closed_at=None).exists()


def test_a_corrected_secret_brings_the_connection_back_without_a_new_consent(
    sim: Simulator, company: Company, ann: Any
) -> None:
    connection = connected(company, ann, "sf", sim)
    app = connection.app_credentials
    assert app is not None
    secret = app.client_secret
    app.client_secret = "changed over there"
    app.save()
    vault = vault_for(connection.pk)
    with pytest.raises(ConnectorError):
        vault.renew(vault.current())
    with tenant(company.id):
        assert [check.field for check in connect.validate(connection).errors] == ["client_secret"]
    app.client_secret = secret
    app.save()
    with tenant(company.id):
        assert connect.validate(connection).ok
    connection.refresh_from_db()
    assert (connection.status, Problem.all_companies.filter(closed_at=None).count()) == ("live", 0)


def test_eight_workers_with_an_expired_session_share_one_rotating_refresh(
    sim: Simulator, company: Company, ann: Any
) -> None:
    connection = connected(company, ann, "sf", sim)
    sim.salesforce.post("sessions/expire", {})
    asked = refreshes(sim)
    names: list[str] = []

    def work() -> None:
        client = clients.salesforce_client(connection)
        names.append(str(client.organization()["Name"]))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    connection.refresh_from_db()
    assert names == ["Cascade Garden Supply"] * 8
    assert (connection.token_version, connection.status, refreshes(sim) - asked) == (2, "live", 1)


def refreshes(sim: Simulator) -> int:
    """How often the token endpoint was asked."""
    return sum(call["count"] for call in sim.salesforce.calls()["calls"] if "token" in call["endpoint"])


def test_idle_connections_are_kept_alive_daily_and_weekly(sim: Simulator, company: Company, ann: Any) -> None:
    salesforce, quickbooks = connected(company, ann, "sf", sim), connected(company, ann, "qbo", sim)
    now = timezone.now()
    assert tokens.keep_alive(now + timedelta(hours=23)) == 0
    assert tokens.keep_alive(now + timedelta(hours=25)) == 1
    assert tokens.keep_alive(now + timedelta(days=8)) == 2
    for connection in (salesforce, quickbooks):
        connection.refresh_from_db()
    assert (salesforce.token_version, quickbooks.token_version) == (3, 2)


def test_a_stopped_simulator_is_told_in_words(settings: Any, company: Company, ann: Any) -> None:
    settings.SIM_QUICKBOOKS_URL = "http://127.0.0.1:9"
    with tenant(company.id), pytest.raises(Refused, match=r"connect\.unreachable"):
        connect.start(company, ann, "session-1", "qbo", "simulator")


# --- health ---


def checks(connection: Connection) -> dict[str, str]:
    with tenant(connection.company_id):
        return {check.key: check.level.value for check in health.check_side(connection)}


def test_an_org_without_our_fields_is_amber_and_says_which_field_to_add(
    sim: Simulator, company: Company, ann: Any
) -> None:
    connection = connected(company, ann, "sf", sim, 1)
    found = checks(connection)
    assert (found["Account.external_id"], found["Account.status_fields"], found["Account.rights"]) == (
        "warn",
        "warn",
        "good",
    )
    connection.refresh_from_db()
    fix = next(check.fix for check in health.stored(connection) if check.key == "Account.external_id")
    assert "QBO_Customer_Id__c" in fix
    assert connection.facts["external_id_fields"] == {}


def test_hidden_and_closed_fields_and_invisible_limits_are_amber(
    sim: Simulator, company: Company, ann: Any
) -> None:
    connection = connected(company, ann, "sf", sim)
    try:
        sim.salesforce.post(
            "settings", {"hidden": ["Account.Fax"], "read_only": ["Account.Phone"], "sees_limits": False}
        )
        found = checks(connection)
        assert (found["Account.fields"], found["calls"]) == ("warn", "warn")
        detail = next(
            check.detail
            for check in health.stored(Connection.all_companies.get())
            if check.key == "Account.fields"
        )
        assert detail == "not visible: Fax; read only: Phone"
        sim.salesforce.post("settings", {"hidden": ["Account"], "read_only": [], "sees_limits": True})
        assert checks(connection)["Account.read"] == "bad"
    finally:
        sim.salesforce.post("settings", {"hidden": [], "read_only": [], "sees_limits": True})


def test_an_org_whose_api_is_off_is_red(sim: Simulator, company: Company, ann: Any) -> None:
    connection = connected(company, ann, "sf", sim)
    try:
        sim.salesforce.post("settings", {"api_enabled": False})
        assert checks(connection) == {"reachable": "bad"}
    finally:
        sim.salesforce.post("settings", {"api_enabled": True})


def test_a_company_with_another_currency_is_amber(sim: Simulator, company: Company, ann: Any) -> None:
    connection = connected(company, ann, "qbo", sim)
    Company.objects.update(currency="EUR")
    connection.refresh_from_db()
    found = checks(Connection.all_companies.select_related("company").get())
    assert (found["currency"], found["receivable"], found["subscription"]) == ("warn", "good", "good")
    assert not database.in_atomic_block


# --- advanced properties ---


def advanced(company: Company, side: str, **form: str) -> connect.ValidationReport:
    with tenant(company.id):
        return connect.save_advanced(company, None, side, {"environment": "simulator", **form})


def test_a_refresh_token_from_elsewhere_makes_a_connection(sim: Simulator, company: Company) -> None:
    known = sim.quickbooks.credentials()
    report = advanced(company, "qbo", realm_id=known["realm_id"], refresh_token=known["refresh_token"])
    assert report.ok, report.errors
    assert Connection.all_companies.get().remote_id == known["realm_id"]


def test_a_dead_refresh_token_is_named_by_field_and_saves_nothing(sim: Simulator, company: Company) -> None:
    report = advanced(
        company, "qbo", realm_id=sim.quickbooks.credentials()["realm_id"], refresh_token="AB11nonsense"
    )
    assert [check.field for check in report.errors] == ["refresh_token"]
    assert advanced(company, "qbo", refresh_token="AB11").errors[0].field == "realm_id"
    assert not Connection.all_companies.exists()


def test_user_name_and_password_work_where_the_org_allows_it_and_a_wrong_one_is_named(
    sim: Simulator, company: Company
) -> None:
    known = sim.salesforce.credentials()
    form = {
        "auth_method": "password",
        "username": known["username"],
        "security_token": known["security_token"],
    }
    sim.salesforce.post("settings", {"username_password_flow": True})
    wrong = advanced(company, "sf", **form, password="wrong")
    assert [check.field for check in wrong.errors] == ["password"]
    assert not Connection.all_companies.exists()
    right = advanced(company, "sf", **form, password=known["password"])
    assert right.ok, right.errors
    assert [check.key for check in right.checks] == ["sign_in", "password_ends"]
    connection = Connection.all_companies.get()
    vault = vault_for(connection.pk)
    assert vault.renew(vault.current()).version == 2
    assert Integration.all_companies.count() == 0


def test_client_credentials_need_a_my_domain(company: Company) -> None:
    keys = {"environment": "production", "client_id": "3MVG9", "client_secret": "secret"}
    report = advanced(company, "sf", auth_method="client_credentials", **keys)
    assert [check.field for check in report.errors] == ["login_host"]


def test_own_app_keys_are_saved_only_when_the_vendor_knows_them(sim: Simulator, company: Company) -> None:
    known = sim.quickbooks.credentials()
    wrong = advanced(company, "qbo", client_id=known["client_id"], client_secret="wrong")
    assert [check.field for check in wrong.errors] == ["client_secret"]
    assert not AppCredentials.objects.filter(company=company).exists()
    right = advanced(company, "qbo", client_id=known["client_id"], client_secret=known["client_secret"])
    assert right.ok, right.errors
    assert AppCredentials.objects.get(company=company).client_secret == known["client_secret"]
