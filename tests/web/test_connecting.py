"""Connecting a side through the vendor's consent page and back: what works, and every way it is refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from connectors.simulator.testing import Simulator, simulator
from portal.people.access import COMPANY_IN_SESSION
from portal.people.models import Membership, Role
from syncapp.messages import registry
from syncapp.models import AppCredentials, Company, Connection, OAuthState
from syncapp.services import connect
from syncapp.services.errors import Refused
from syncapp.services.tokens import vault_for
from tests.builders import a_company, a_connection, a_member
from tests.web.builders import a_browser, membership, signed_in, words
from tests.web.consent import decide, sent_to

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

START = "/connections/salesforce/"
CALLBACK = "/oauth/salesforce/callback"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with simulator(seed="small") as running:
        yield running


@pytest.fixture
def here(sim: Simulator, settings: Any) -> Simulator:
    settings.SIM_SALESFORCE_URL, settings.SIM_QUICKBOOKS_URL = sim.salesforce.url, sim.quickbooks.url
    return sim


@pytest.fixture
def company() -> Company:
    return a_company(name="Halvorsen Marine Supply")


def connections_of(company: Company) -> list[tuple[str, str]]:
    rows = Connection.all_companies.filter(company=company).order_by("side")
    return [(row.side, row.status) for row in rows]


def test_a_side_is_connected_through_its_consent_page(here: Simulator, company: Company) -> None:
    browser = a_browser(Role.ADMIN, company)
    back = decide(sent_to(browser, START), org="1")
    page = browser.get(back, follow=True)
    assert page.redirect_chain[-1][0] == "/connections/"
    assert "Salesforce is connected" in words(page)
    assert connections_of(company) == [("sf", "live")]


def test_the_answer_works_once(here: Simulator, company: Company) -> None:
    browser = a_browser(Role.ADMIN, company)
    back = decide(sent_to(browser, START), org="1")
    browser.get(back)
    again = browser.get(back)
    assert again.status_code == 400
    assert "This sign-in has been used already" in words(again)
    assert len(connections_of(company)) == 1


def test_denied_consent_is_a_clear_page_and_saves_nothing(here: Simulator, company: Company) -> None:
    browser = a_browser(Role.ADMIN, company)
    page = browser.get(decide(sent_to(browser, START), deny=True))
    assert "Access was not granted" in words(page)
    assert connections_of(company) == []


def test_a_refusal_during_setup_leads_back_into_setup(here: Simulator, company: Company) -> None:
    browser = a_browser(Role.ADMIN, company)
    page = browser.get(decide(sent_to(browser, "/setup/salesforce/start/"), deny=True))
    assert 'href="/setup/salesforce/"' in page.content.decode()


def test_a_state_we_did_not_make_is_refused(company: Company) -> None:
    page = a_browser(Role.ADMIN, company).get(CALLBACK, {"code": "aPrx", "state": "made-up"})
    assert page.status_code == 400
    assert "We did not start this sign-in" in words(page)


def test_the_answer_of_another_browser_is_refused(here: Simulator, company: Company) -> None:
    person = a_member(company, Role.ADMIN)
    back = decide(sent_to(signed_in(person), START), org="1")
    page = signed_in(person).get(back)
    assert "started in another browser" in words(page)
    assert connections_of(company) == []


def test_the_answer_of_another_person_is_refused(here: Simulator, company: Company) -> None:
    back = decide(sent_to(a_browser(Role.ADMIN, company), START), org="1")
    page = a_browser(Role.ADMIN, company).get(back)
    assert "Somebody else started this sign-in" in words(page)
    assert connections_of(company) == []


def test_signed_out_during_consent_leads_to_sign_in(here: Simulator, company: Company) -> None:
    back = decide(sent_to(a_browser(Role.ADMIN, company), START), org="1")
    assert Client().get(back).url.startswith("/accounts/login/")
    assert connections_of(company) == []


def test_a_company_switched_in_another_tab_does_not_get_the_connection(
    here: Simulator, company: Company
) -> None:
    person = a_member(company, Role.ADMIN)
    other = a_company(name="Other company")
    Membership.all_companies.create(company=other, user=person, role=Role.ADMIN)
    browser = signed_in(person)
    browser.post("/company/switch/", {"company": company.id})
    back = decide(sent_to(browser, START), org="1")
    browser.post("/company/switch/", {"company": other.id})
    page = browser.get(back, follow=True)
    assert (connections_of(company), connections_of(other)) == ([("sf", "live")], [])
    assert browser.session[COMPANY_IN_SESSION] == company.id
    assert "You had switched to another company meanwhile" in words(page)


def test_a_role_lost_during_consent_is_refused(here: Simulator, company: Company) -> None:
    person = a_member(company, Role.ADMIN)
    browser = signed_in(person)
    back = decide(sent_to(browser, START), org="1")
    Membership.all_companies.filter(user=person).update(role=Role.VIEWER)
    assert "Your role may not connect this" in words(browser.get(back))
    assert connections_of(company) == []


def test_an_org_that_another_company_holds_is_refused(here: Simulator, company: Company) -> None:
    first = a_browser(Role.ADMIN, a_company())
    first.get(decide(sent_to(first, START), org="1"))
    browser = a_browser(Role.ADMIN, company)
    page = browser.get(decide(sent_to(browser, START), org="1"))
    assert "Another company here is connected to it" in words(page)
    assert connections_of(company) == []


@pytest.mark.parametrize("code", sorted(code for code in registry() if code.startswith("connect.")))
def test_every_refusal_is_a_page_with_words_and_a_way_out(company: Company, code: str) -> None:
    with patch.object(connect, "finish", side_effect=Refused(code, detail="x")):
        page = a_browser(Role.ADMIN, company).get(CALLBACK, {"code": "a", "state": "b"})
    text = words(page)
    assert page.status_code == 400
    assert registry()[code].title in text
    assert code in text
    assert 'href="/connections/"' in page.content.decode()


def test_an_org_that_does_not_answer_is_a_notice_on_the_page_it_was_started_from(company: Company) -> None:
    browser = a_browser(Role.ADMIN, company)
    with patch.object(connect, "start", side_effect=Refused("connect.unreachable")):
        page = browser.post(START, {"end_point": "simulator", "next": START}, follow=True)
    assert "The other side could not be reached" in words(page)
    assert not OAuthState.all_companies.exists()


def test_without_app_keys_the_page_says_where_to_enter_them(company: Company) -> None:
    browser = a_browser(Role.ADMIN, company)
    assert "Needs app keys first" in words(browser.get(START))
    page = browser.post(START, {"end_point": "production", "next": START}, follow=True)
    assert "No app to sign in with" in words(page)


def test_a_my_domain_needs_its_address(company: Company) -> None:
    page = a_browser(Role.ADMIN, company).post(START, {"end_point": "my_domain"})
    assert page.status_code == 422
    assert "Enter the address people sign in at" in words(page)


def test_a_colleague_who_was_asked_connects_that_side_and_nothing_else(
    here: Simulator, company: Company
) -> None:
    ines = a_member(company, Role.VIEWER)
    Membership.all_companies.filter(user=ines).update(connects="qbo")
    browser = signed_in(ines)
    assert browser.post("/setup/salesforce/start/", {"end_point": "simulator"}).status_code == 403
    realm = here.quickbooks.credentials()["realm_id"]
    page = browser.get(decide(sent_to(browser, "/setup/quickbooks/start/"), realm=realm), follow=True)
    assert "QuickBooks is connected" in words(page)
    assert membership(company, ines).connects == ""  # type: ignore[union-attr]
    assert browser.post("/setup/quickbooks/start/", {"end_point": "simulator"}).status_code == 403


def test_validate_shows_what_was_found(here: Simulator, company: Company) -> None:
    browser = a_browser(Role.ADMIN, company)
    browser.get(decide(sent_to(browser, START), org="1"))
    connection = Connection.all_companies.get()
    page = browser.post(f"/connections/{connection.pk}/validate/", headers={"HX-Request": "true"})
    assert "The connection works" in words(page)
    here.salesforce.post("reset")
    page = browser.post(f"/connections/{connection.pk}/validate/", headers={"HX-Request": "true"})
    assert "Validation errors: 1" in words(page)


def test_disconnecting_asks_first_and_revokes(here: Simulator, company: Company) -> None:
    browser = a_browser(Role.ADMIN, company)
    browser.get(decide(sent_to(browser, START), org="1"))
    path = f"/connections/{Connection.all_companies.get().pk}/disconnect/"
    assert "What happens" in words(browser.get(path))
    assert connections_of(company) == [("sf", "live")]
    page = browser.post(path, follow=True)
    assert "has withdrawn the access" in words(page)
    assert connections_of(company) == [("sf", "disconnected")]


def test_advanced_values_are_saved_only_after_they_pass(here: Simulator, company: Company) -> None:
    browser = a_browser(Role.ADMIN, company)
    wrong = browser.post(
        "/connections/quickbooks/advanced/",
        {
            "environment": "simulator",
            "client_id": "nonsense",
            "client_secret": "wrong",
            "realm_id": "",
            "refresh_token": "",
        },
    )
    assert wrong.status_code == 422
    assert "Validation errors: 1" in words(wrong)
    assert 'href="#id_client_secret"' in wrong.content.decode()


ADVANCED = "/connections/salesforce/advanced/"


def advanced(browser: Client, **fields: str) -> Any:
    """Fill in the advanced properties of Salesforce and save them; every field that a browser sends is there."""
    empty = dict.fromkeys(
        ("login_host", "client_id", "client_secret", "username", "private_key", "password", "security_token"),
        "",
    )
    return browser.post(ADVANCED, {**empty, "environment": "simulator", **fields}, follow=True)


def _pem(key: rsa.RSAPrivateKey) -> str:
    form, open_ = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, open_).decode()


def another_key() -> str:
    """The private key of no certificate that the app knows."""
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture(scope="module")
def key_pair() -> tuple[str, str]:
    """A private key and its public half, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return (
        _pem(key),
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


def test_an_org_is_connected_by_jwt_bearer_and_a_wrong_key_is_named(
    here: Simulator, company: Company, key_pair: tuple[str, str]
) -> None:
    private, public = key_pair
    known = here.salesforce.credentials()
    here.salesforce.post("apps", {"certificate": public})
    browser = a_browser(Role.ADMIN, company)
    form = {
        "auth_method": "jwt",
        "client_id": known["client_id"],
        "client_secret": known["client_secret"],
        "username": known["username"],
    }
    for wrong, says in (
        ({}, "Private key is missing"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nnonsense"}, 'href="#id_private_key"'),
        ({"private_key": private, "username": "nobody@example.com"}, 'href="#id_username"'),
        ({"private_key": another_key()}, 'href="#id_private_key"'),
    ):
        page = advanced(browser, **{**form, **wrong})
        assert (page.status_code, says in page.content.decode()) == (422, True), says
        assert private.splitlines()[1] not in page.content.decode()
        assert connections_of(company) == []
    page = advanced(browser, **form, private_key=private)
    assert "Validated and saved." in words(page)
    assert signs_in_anew(company, "jwt")
    assert private.splitlines()[1] not in browser.get(ADVANCED).content.decode()


def test_an_org_is_connected_by_client_credentials_and_a_wrong_secret_is_named(
    here: Simulator, company: Company
) -> None:
    known = here.salesforce.credentials()
    browser = a_browser(Role.ADMIN, company)
    form = {"auth_method": "client_credentials", "client_id": known["client_id"]}
    wrong = advanced(browser, **form, client_secret="wrong")
    assert wrong.status_code == 422
    assert 'href="#id_client_secret"' in wrong.content.decode()
    assert connections_of(company) == []
    assert "Validated and saved." in words(advanced(browser, **form, client_secret=known["client_secret"]))
    assert signs_in_anew(company, "client_credentials")


def test_an_org_is_connected_by_user_name_and_password_only_where_it_allows_that(
    here: Simulator, company: Company
) -> None:
    known = here.salesforce.credentials()
    browser = a_browser(Role.ADMIN, company)
    form = {
        "auth_method": "password",
        "client_id": known["client_id"],
        "client_secret": known["client_secret"],
        "username": known["username"],
        "security_token": known["security_token"],
    }
    here.salesforce.post("settings", {"username_password_flow": False})
    assert advanced(browser, **form, password=known["password"]).status_code == 422
    here.salesforce.post("settings", {"username_password_flow": True})
    wrong = advanced(browser, **form, password="wrong")
    assert 'href="#id_password"' in wrong.content.decode()
    assert connections_of(company) == []
    saved = words(advanced(browser, **form, password=known["password"]))
    assert "Validated and saved." in saved
    assert "This way of signing in ends" in saved
    assert signs_in_anew(company, "password")


def signs_in_anew(company: Company, method: str) -> bool:
    """Whether the one connection of the company is live and gets a new access token by this method alone."""
    connection = Connection.all_companies.get(company=company)
    vault = vault_for(connection.pk)
    version = vault.renew(vault.current()).version
    return (connection.status, connection.auth_method, connection.refresh_token, version) == (
        "live",
        method,
        "",
        connection.token_version + 1,
    )


def test_keys_that_cannot_be_read_are_said_and_nothing_is_saved(settings: Any, company: Company) -> None:
    app = AppCredentials(company=company, side="sf", environment="production", client_id="3MVG9")
    app.client_secret = "sealed with the old key"
    app.save()
    settings.FIELD_ENCRYPTION_KEYS = {"new": base64.urlsafe_b64encode(b"n" * 32).decode()}
    page = a_browser(Role.ADMIN, company).post(START, {"end_point": "production", "next": START}, follow=True)
    assert "Stored secrets cannot be read" in words(page)
    assert not OAuthState.all_companies.exists()


def test_secrets_never_come_back_to_a_page(company: Company) -> None:
    connection = a_connection(company, "sf")
    connection.refresh_token = connection.access_token = connection.advanced_secret = "never-show-this"
    connection.save()
    browser = a_browser(Role.OWNER, company)
    for path in (
        "/connections/",
        "/connections/salesforce/advanced/",
        f"/connections/{connection.pk}/disconnect/",
    ):
        assert "never-show-this" not in browser.get(path).content.decode()
