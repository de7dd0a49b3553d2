"""Connecting a side: what comes back from a consent page is believed only where everything fits."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from django.utils import timezone

from syncapp.models import AuditEvent, Company, Connection, Integration, OAuthState, Problem, WriteIntent
from syncapp.services import connect
from syncapp.services.errors import Refused
from syncapp.services.facts import changed_at
from syncapp.tenancy import tenant
from tests.services.builders import a_company, a_connection, a_link, a_mapping, a_person, an_integration

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

ORG = "00D5g000004XyZ1EAK"
INSTANCE = "https://acme.my.salesforce.com"
IDENTITY = f"https://login.salesforce.com/id/{ORG}/0055g000004abcdAAA"
TOKEN_URL = "https://login.salesforce.com/services/oauth2/token"


@dataclass
class Vendor:
    """Salesforce as far as a sign-in goes, at the HTTP level."""

    mock: responses.RequestsMock
    secret: str = "consumer-secret"
    answer: dict[str, Any] | None = None

    def grants(self, **changes: Any) -> None:
        issued = "1795250000000"
        signed = hmac.new(self.secret.encode(), f"{IDENTITY}{issued}".encode(), hashlib.sha256).digest()
        body = {
            "access_token": f"{ORG[:15]}!opaque",
            "refresh_token": "5Aep861refresh",
            "instance_url": INSTANCE,
            "id": IDENTITY,
            "issued_at": issued,
            "signature": base64.b64encode(signed).decode(),
            "token_type": "Bearer",
        } | changes
        self.mock.post(TOKEN_URL, json=body)
        self.mock.get(
            IDENTITY,
            json={"organization_id": ORG, "user_id": "0055g000004abcdAAA", "username": "ann@acme.example"},
        )
        org = {
            "attributes": {},
            "Id": ORG,
            "Name": "Acme",
            "OrganizationType": "Enterprise Edition",
            "IsSandbox": False,
        }
        self.mock.get(
            f"{INSTANCE}/services/data/v66.0/query/", json={"totalSize": 1, "done": True, "records": [org]}
        )
        self.mock.get(
            f"{INSTANCE}/services/data/v66.0/query", json={"totalSize": 1, "done": True, "records": [org]}
        )


@pytest.fixture
def vendor(settings: Any) -> Iterator[Vendor]:
    settings.SALESFORCE_CLIENT_ID, settings.SALESFORCE_CLIENT_SECRET = "consumer-key", "consumer-secret"
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Vendor(mock)


@pytest.fixture
def company() -> Company:
    return a_company()


@pytest.fixture
def ann() -> Any:
    return a_person("ann@acme.example")


def begin(company: Company, person: Any, **more: Any) -> dict[str, str]:
    """Start a consent; what the consent page was asked with."""
    with tenant(company.id):
        address = connect.start(company, person, "session-1", "sf", "production", **more)
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def come_back(
    person: Any, *, session: str = "session-1", allowed: bool = True, **params: str
) -> connect.ConnectOutcome:
    return connect.finish("sf", params, person, session, may_connect=lambda _person, _company: allowed)


def refusal(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(Refused) as caught:
        come_back(*args, **kwargs)
    assert not Connection.all_companies.exists()
    return caught.value.code


def test_the_consent_page_gets_a_fresh_state_and_a_challenge(
    vendor: Vendor, company: Company, ann: Any
) -> None:
    first, second = begin(company, ann), begin(company, ann)
    assert first["client_id"] == "consumer-key"
    assert first["redirect_uri"] == "http://localhost:8000/oauth/salesforce/callback"
    assert first["code_challenge_method"] == "S256"
    assert first["state"] != second["state"]
    stored = OAuthState.all_companies.get(state_hash=hashlib.sha256(first["state"].encode()).hexdigest())
    assert stored.verifier not in (stored.verifier_sealed, first["code_challenge"])


def test_a_finished_consent_becomes_a_live_connection_of_the_company_that_started_it(
    vendor: Vendor, company: Company, ann: Any
) -> None:
    vendor.grants()
    integration = Integration.all_companies.create(company=company)
    asked = begin(company, ann, return_to="/setup/quickbooks/")
    outcome = come_back(ann, state=asked["state"], code="aPrx")
    row = Connection.all_companies.get()
    assert (outcome.connection, outcome.return_to, outcome.company_id) == (
        row,
        "/setup/quickbooks/",
        company.id,
    )
    assert (row.company_id, row.status, row.remote_id, row.name) == (company.id, "live", ORG, "Acme")
    assert (row.connected_user, row.base_url) == ("ann@acme.example", INSTANCE)
    assert (row.access_token, row.refresh_token) == (f"{ORG[:15]}!opaque", "5Aep861refresh")
    integration.refresh_from_db()
    assert integration.salesforce == row
    event = AuditEvent.all_companies.get()
    assert (event.action, event.actor, event.remote_id) == ("connection.connected", "ann@acme.example", ORG)
    sent = parse_qs(str(vendor.mock.calls[0].request.body))
    state = OAuthState.all_companies.get()
    assert sent["code_verifier"] == [state.verifier]
    assert sent["redirect_uri"] == [asked["redirect_uri"]]


def test_an_unknown_state_is_refused(vendor: Vendor, company: Company, ann: Any) -> None:
    begin(company, ann)
    assert refusal(ann, state="made-up", code="x") == "connect.state_unknown"
    assert refusal(ann, code="x") == "connect.state_unknown"


def test_a_state_works_once(vendor: Vendor, company: Company, ann: Any) -> None:
    vendor.mock.post(
        TOKEN_URL,
        status=400,
        json={"error": "invalid_grant", "error_description": "expired authorization code"},
    )
    state = begin(company, ann)["state"]
    assert refusal(ann, state=state, code="x") == "connect.exchange_failed"
    assert refusal(ann, state=state, code="x") == "connect.state_used"


def test_a_state_ends_after_ten_minutes(vendor: Vendor, company: Company, ann: Any) -> None:
    state = begin(company, ann)["state"]
    OAuthState.all_companies.update(created_at=timezone.now() - timedelta(minutes=10, seconds=1))
    assert refusal(ann, state=state, code="x") == "connect.state_expired"


def test_a_state_belongs_to_its_person_and_session(vendor: Vendor, company: Company, ann: Any) -> None:
    state = begin(company, ann)["state"]
    assert refusal(a_person(), state=state, code="x") == "connect.other_person"
    assert refusal(ann, session="session-2", state=state, code="x") == "connect.other_session"


def test_a_state_of_one_side_does_not_serve_the_other(vendor: Vendor, company: Company, ann: Any) -> None:
    state = begin(company, ann)["state"]
    with pytest.raises(Refused, match=r"connect\.state_unknown"):
        connect.finish("qbo", {"state": state, "code": "x"}, ann, "session-1", may_connect=lambda *_: True)


def test_the_company_comes_from_the_state_whatever_the_session_shows_now(
    vendor: Vendor, company: Company, ann: Any
) -> None:
    vendor.grants()
    state = begin(company, ann)["state"]
    with tenant(a_company("Another tab").id):
        outcome = come_back(ann, state=state, code="x")
    assert outcome.connection.company_id == company.id


def test_a_role_that_was_lost_meanwhile_is_refused(vendor: Vendor, company: Company, ann: Any) -> None:
    state = begin(company, ann)["state"]
    assert refusal(ann, allowed=False, state=state, code="x") == "connect.no_role"


@pytest.mark.parametrize("spelling", ["access_denied", "access-denied"])
def test_a_denied_consent_says_so(vendor: Vendor, company: Company, ann: Any, spelling: str) -> None:
    state = begin(company, ann)["state"]
    assert refusal(ann, state=state, error=spelling) == "connect.denied"


def test_an_answer_without_a_code_is_refused(vendor: Vendor, company: Company, ann: Any) -> None:
    assert refusal(ann, state=begin(company, ann)["state"]) == "connect.exchange_failed"


def test_a_forged_instance_url_is_refused(vendor: Vendor, company: Company, ann: Any) -> None:
    vendor.grants(instance_url="https://evil.example")
    assert refusal(ann, state=begin(company, ann)["state"], code="x") == "connect.forged_instance"


def test_an_answer_that_our_secret_did_not_sign_is_refused(
    vendor: Vendor, company: Company, ann: Any
) -> None:
    vendor.grants(signature="bm90IG91cnM=")
    assert refusal(ann, state=begin(company, ann)["state"], code="x") == "connect.forged_instance"


def test_an_unreachable_org_is_refused(vendor: Vendor, company: Company, ann: Any) -> None:
    vendor.mock.post(TOKEN_URL, body=requests.ConnectionError("no route"))
    assert refusal(ann, state=begin(company, ann)["state"], code="x") == "connect.unreachable"


def test_an_org_of_another_company_is_refused_and_stays_theirs(
    vendor: Vendor, company: Company, ann: Any
) -> None:
    vendor.grants()
    theirs = a_connection(a_company("Them"), "sf", environment="production", remote_id=ORG)
    with pytest.raises(Refused) as caught:
        come_back(ann, state=begin(company, ann)["state"], code="x")
    assert (caught.value.code, caught.value.values) == ("connect.realm_taken", {"name": "Acme"})
    assert list(Connection.all_companies.values_list("pk", "company_id")) == [(theirs.pk, theirs.company_id)]


def test_reconnecting_the_same_org_renews_the_connection_and_closes_its_problem(
    vendor: Vendor, company: Company, ann: Any
) -> None:
    vendor.grants()
    old = a_connection(
        company, "sf", environment="production", remote_id=ORG, status="needs_reauth", token_version=7
    )
    now = timezone.now()
    problem = Problem.all_companies.create(
        company=company,
        subject=f"connection:{old.pk}",
        connection=old,
        kind="auth",
        code="oauth.invalid_grant",
        first_seen_at=now,
        last_seen_at=now,
    )
    outcome = come_back(ann, state=begin(company, ann, reconnect=old)["state"], code="x")
    old.refresh_from_db()
    problem.refresh_from_db()
    assert outcome.connection.pk == old.pk
    assert changed_at(old) > now  # what was refused before is tried anew
    assert (old.status, old.token_version, old.refresh_token) == ("live", 8, "5Aep861refresh")
    assert problem.closed_at is not None


def test_reconnecting_to_another_org_leaves_the_old_connection_as_it_was(
    vendor: Vendor, company: Company, ann: Any
) -> None:
    vendor.grants()
    old = a_connection(company, "sf", environment="production", name="Old org", status="needs_reauth")
    with pytest.raises(Refused) as caught:
        come_back(ann, state=begin(company, ann, reconnect=old)["state"], code="x")
    old.refresh_from_db()
    assert (caught.value.code, caught.value.values) == (
        "connect.wrong_org",
        {"expected": "Old org", "got": "Acme"},
    )
    assert (old.status, old.refresh_token, Connection.all_companies.count()) == (
        "needs_reauth",
        "refresh_token-1",
        1,
    )


def test_without_app_keys_nothing_can_be_started(company: Company, ann: Any) -> None:
    with tenant(company.id), pytest.raises(Refused, match=r"connect\.no_app"):
        connect.start(company, ann, "session-1", "sf", "sandbox")


def test_an_own_app_is_used_before_the_installations(vendor: Vendor, company: Company, ann: Any) -> None:
    with tenant(company.id):
        connect.save_app(company, "sf", "production", "own-key", "own-secret")
    assert begin(company, ann)["client_id"] == "own-key"
    assert begin(a_company("Other"), ann)["client_id"] == "consumer-key"


@pytest.mark.parametrize(
    "host", ["evil.example", "acme.my.salesforce.com.evil.example", "http://127.0.0.1:9"]
)
def test_a_login_host_that_is_not_salesforces_is_refused(
    vendor: Vendor, company: Company, ann: Any, host: str
) -> None:
    with pytest.raises(Refused, match=r"connect\.bad_host"):
        begin(company, ann, login_host=host)


def test_a_production_installation_offers_no_simulator(settings: Any, company: Company, ann: Any) -> None:
    settings.SIMULATOR_ENABLED = False
    assert [each.value for each in connect.environments("sf")] == ["production", "sandbox"]
    with tenant(company.id), pytest.raises(Refused, match=r"connect\.no_app"):
        connect.start(company, ann, "session-1", "sf", "simulator")


def test_disconnecting_revokes_and_forgets_the_tokens(vendor: Vendor, company: Company, ann: Any) -> None:
    revoked = vendor.mock.post("https://login.salesforce.com/services/oauth2/revoke")
    integration = an_integration(
        company, salesforce=a_connection(company, "sf", environment="production"), state="active"
    )
    connection = integration.salesforce
    link = a_link(a_mapping(integration), sf_id="001A")
    intent = WriteIntent.all_companies.create(
        company=company,
        connection=connection,
        link=link,
        side="sf",
        object="Account",
        operation="create",
        body="{}",
        body_sha256="",
        state="unknown",
    )
    with tenant(company.id):
        assert connect.disconnect(connection, ann) is True
    intent.refresh_from_db()
    integration.refresh_from_db()
    assert (connection.status, connection.access_token, connection.refresh_token) == ("disconnected", "", "")
    assert "token=refresh_token-1" in str(revoked.calls[0].request.body)
    assert intent.state == "ask"
    assert integration.salesforce_id == connection.pk


def test_disconnecting_works_although_the_vendor_cannot_be_told(
    vendor: Vendor, company: Company, ann: Any
) -> None:
    connection = a_connection(company, "sf", environment="production")
    vendor.mock.post("https://login.salesforce.com/services/oauth2/revoke", body=requests.ConnectionError())
    with tenant(company.id):
        assert connect.disconnect(connection, ann) is False
    assert connection.status == "disconnected"


def test_a_setup_forgets_a_side_that_was_disconnected(vendor: Vendor, company: Company, ann: Any) -> None:
    integration = an_integration(company, state="setup")
    a_link(a_mapping(integration), sf_id="001A")
    with tenant(company.id):
        connect.disconnect(integration.salesforce, ann)
    integration.refresh_from_db()
    assert integration.salesforce is None
    assert (
        not type(a_link(a_mapping(integration, key="again"), sf_id="1"))
        .all_companies.filter(sf_id="001A")
        .exists()
    )
