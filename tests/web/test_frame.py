"""What every answer carries, whatever the page."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from portal.people.models import User

pytestmark = pytest.mark.django_db


def test_every_page_forbids_inline_code_and_foreign_hosts(client: Client) -> None:
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["script-src"] == rules["style-src"] == rules["default-src"] == "'self'"
    assert (rules["frame-ancestors"], rules["object-src"], rules["base-uri"]) == (
        "'none'",
        "'none'",
        "'none'",
    )
    assert "https://appcenter.intuit.com" in rules["form-action"]


def test_every_answer_names_its_request(client: Client) -> None:
    first, second = (client.get("/healthz/live").headers["X-Request-Id"] for _ in range(2))
    assert first != second


def test_pages_of_a_signed_in_person_are_kept_by_no_cache(client: Client) -> None:
    client.force_login(User.objects.create_user("person@example.com"))
    assert "no-store" in client.get("/accounts/email/").headers["Cache-Control"]


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: Client) -> None:
    person = User.objects.create_user("person@example.com", "a long password")
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    client.post("/accounts/login/", {"login": person.email, "password": "a long password"})
    cookie = client.cookies["ledgerbridge"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_two_spellings_of_an_address_are_one_person() -> None:
    made = User.objects.create_user("Person@Example.com ")
    assert User.objects.get_by_natural_key("PERSON@example.com") == made
