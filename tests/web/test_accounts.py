"""Signing up, signing in, a second factor: the ways in, and who does not get in."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.urls import reverse

from portal.people.models import User
from tests.builders import a_company, a_person
from tests.web.builders import PASSWORD, an_invitation, membership, signed_in, words

pytestmark = pytest.mark.django_db

SIGN_UP = {"name": "Maren Okonkwo-Lindqvist", "password1": PASSWORD, "password2": PASSWORD}


def sign_up(client: Client, email: str = "maren@example.com") -> Any:
    return client.post(reverse("account_signup"), {**SIGN_UP, "email": email})


def code_in(mail: Any) -> str:
    found = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail.body)
    assert found, mail.body
    return found.group()


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password}, follow=True)


def a_verified_person(**values: Any) -> User:
    person = a_person(**values)
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def test_a_stranger_signs_up_confirms_the_code_and_comes_to_setup(
    client: Client, mailoutbox: list[Any]
) -> None:
    assert sign_up(client).url == reverse("account_email_verification_sent")
    code = code_in(mailoutbox[0])
    landed = client.post(reverse("account_email_verification_sent"), {"code": code}, follow=True)
    person = User.objects.get()
    assert (person.email, str(person)) == ("maren@example.com", "Maren Okonkwo-Lindqvist")
    assert landed.redirect_chain[-1][0] == "/setup/welcome/"
    assert "Set up my company" in words(landed)


def test_without_the_code_nobody_gets_in(client: Client, mailoutbox: list[Any]) -> None:
    sign_up(client)
    wrong = client.post(reverse("account_email_verification_sent"), {"code": "AAAA-BBBB"})
    assert "That code is not right." in words(wrong)
    assert client.get("/home/").url.startswith(reverse("account_login"))


def test_two_spellings_of_an_address_are_one_person(client: Client, mailoutbox: list[Any]) -> None:
    a_verified_person(email="maren@example.com")
    sign_up(client, "MAREN@Example.com")
    assert User.objects.count() == 1
    assert "already" in mailoutbox[0].body


def test_a_wrong_password_says_so_and_lets_nobody_in(client: Client) -> None:
    person = a_verified_person()
    page = sign_in(client, person.email, "wrong horse battery")
    assert "not correct" in words(page)
    assert "_auth_user_id" not in client.session


def test_an_unknown_address_gets_the_same_answer_as_a_wrong_password(client: Client) -> None:
    person = a_verified_person()
    unknown = words(sign_in(client, "nobody@example.com", "wrong horse battery"))
    assert unknown == words(sign_in(Client(), person.email, "wrong horse battery"))


def test_guessing_passwords_is_slowed_down(client: Client) -> None:
    person = a_verified_person()
    pages = [words(sign_in(client, person.email, f"wrong {number}")) for number in range(12)]
    assert "Too many failed login attempts" in pages[-1]
    assert "Too many failed login attempts" in words(sign_in(client, person.email))


def test_a_forgotten_password_is_replaced_through_the_mail(client: Client, mailoutbox: list[Any]) -> None:
    person = a_verified_person()
    client.post(reverse("account_reset_password"), {"email": person.email})
    link = re.search(r"https?://\S+", mailoutbox[0].body).group()  # type: ignore[union-attr]
    form = client.get(link, follow=True)
    new = "another horse battery"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    assert "not correct" in words(sign_in(Client(), person.email))
    assert sign_in(Client(), person.email, new).redirect_chain


def test_with_a_second_factor_the_password_alone_is_not_enough(client: Client) -> None:
    person = a_verified_person()
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(person, secret)
    assert "code" in words(sign_in(client, person.email)).lower()
    assert "_auth_user_id" not in client.session
    code = totp.format_hotp_value(totp.hotp_value(secret, totp.yield_hotp_counters_from_time().__next__()))
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert client.session["_auth_user_id"] == str(person.pk)


def test_a_recovery_code_works_once(client: Client) -> None:
    person = a_verified_person()
    totp.TOTP.activate(person, totp.generate_totp_secret())
    code = RecoveryCodes.activate(person).get_unused_codes()[0]
    for browser, gets_in in ((client, True), (Client(), False)):
        sign_in(browser, person.email)
        browser.post(reverse("mfa_authenticate"), {"code": code})
        assert ("_auth_user_id" in browser.session) is gets_in


def test_the_pages_of_the_second_factor_open_in_our_frame(client: Client) -> None:
    browser = signed_in(a_verified_person())
    page = browser.get(reverse("mfa_index"))
    assert "Two-factor sign-in" in words(page)
    assert "portal/tokens.css" in page.content.decode()


def test_sign_up_by_invitation_only_is_closed_to_strangers(client: Client, settings: Any) -> None:
    settings.SIGNUP_OPEN = False
    assert "By invitation only" in words(client.get(reverse("account_signup")))
    sign_up(client)
    assert not User.objects.exists()


def test_an_invitation_opens_sign_up_and_proves_its_address(
    client: Client, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.SIGNUP_OPEN = False
    company = a_company()
    _, token = an_invitation(company, "jonas@example.com")
    asked = client.get(reverse("join", args=[token]))
    assert f"You are invited to {company}" in words(asked)
    form = client.post(
        reverse("account_signup"),
        {**SIGN_UP, "email": "jonas@example.com", "next": reverse("join", args=[token])},
        follow=True,
    )
    assert form.redirect_chain[-1][0] == reverse("join", args=[token])
    client.post(reverse("join", args=[token]))
    assert membership(company, User.objects.get()) is not None
    assert [mail for mail in mailoutbox if "code" in mail.body.lower()] == []


def test_vendors_are_offered_for_sign_in_only_when_their_keys_are_there(
    client: Client, settings: Any
) -> None:
    assert "Continue with" not in words(client.get(reverse("account_login")))
    settings.SOCIALACCOUNT_PROVIDERS = {
        **settings.SOCIALACCOUNT_PROVIDERS,
        "quickbooks": {"SCOPE": ["openid"], "APPS": [{"client_id": "id", "secret": "s"}]},
    }
    assert "Continue with Intuit" in words(client.get(reverse("account_login")))


@pytest.mark.parametrize(
    ("provider", "host"), [("quickbooks", "appcenter.intuit.com"), ("salesforce", "login.salesforce.com")]
)
def test_signing_in_with_a_vendor_asks_who_somebody_is_and_nothing_more(
    client: Client, settings: Any, provider: str, host: str
) -> None:
    providers = settings.SOCIALACCOUNT_PROVIDERS
    app = {"client_id": "id", "secret": "s", "key": "https://login.salesforce.com"}
    settings.SOCIALACCOUNT_PROVIDERS = {**providers, provider: {**providers[provider], "APPS": [app]}}
    sent = urlsplit(client.post(f"/accounts/{provider}/login/").url)
    assert sent.hostname == host
    assert set(parse_qs(sent.query)["scope"][0].split()) == {"openid", "profile", "email"}
