"""Invitations: for one address, once, for seven days."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.people.models import Invitation, Membership, Role
from syncapp.models import AuditEvent
from tests.builders import a_company, a_member, a_person
from tests.web.builders import a_browser, an_invitation, membership, signed_in, words

pytestmark = pytest.mark.django_db

ADD = "/invitations/add/"


def join(token: str) -> str:
    return reverse("join", args=[token])


@pytest.mark.django_db(transaction=True)
def test_an_admin_invites_and_the_mail_holds_the_only_copy_of_the_token(mailoutbox: list[Any]) -> None:
    company = a_company(name="Halvorsen Marine Supply")
    browser = a_browser(Role.ADMIN, company)
    browser.post(ADD, {"email": "Jonas@Example.com", "role": Role.OPERATOR, "note": "Welcome"})
    row = Invitation.all_companies.get()
    (mail,) = mailoutbox
    token = re.search(r"/join/([\w-]+)/", mail.body).group(1)  # type: ignore[union-attr]
    assert (mail.to, row.email, row.role) == (["jonas@example.com"], "jonas@example.com", Role.OPERATOR)
    assert "Halvorsen Marine Supply" in mail.subject
    assert "Welcome" in mail.body
    assert token not in str(vars(row))


def test_the_invited_person_joins_once() -> None:
    company, jonas = a_company(), a_person(email="jonas@example.com")
    _, token = an_invitation(company)
    browser = signed_in(jonas)
    assert f"Join {company}" in words(browser.get(join(token)))
    assert browser.post(join(token)).url == "/home/"
    assert membership(company, jonas).role == Role.OPERATOR  # type: ignore[union-attr]
    again = browser.post(join(token))
    assert (again.status_code, Membership.all_companies.count()) == (410, 1)
    assert "It has been used" in words(again)


def test_looking_at_the_link_accepts_nothing() -> None:
    company, jonas = a_company(), a_person(email="jonas@example.com")
    _, token = an_invitation(company)
    signed_in(jonas).get(join(token))
    assert membership(company, jonas) is None


def test_another_person_cannot_use_it() -> None:
    company, other = a_company(), a_person(email="other@example.com")
    _, token = an_invitation(company)
    answer = signed_in(other).post(join(token))
    assert answer.status_code == 403
    assert "This invitation is for jonas@example.com" in words(answer)
    assert membership(company, other) is None


@pytest.mark.parametrize("values", [{"ended": True}, {"withdrawn_at": "2026-11-01T00:00Z"}])
def test_an_ended_or_withdrawn_invitation_says_so(values: dict[str, Any]) -> None:
    company, jonas = a_company(), a_person(email="jonas@example.com")
    _, token = an_invitation(company, **values)
    answer = signed_in(jonas).post(join(token))
    assert answer.status_code == 410
    assert "This invitation has ended" in words(answer)
    assert membership(company, jonas) is None


def test_an_unknown_token_tells_nothing(client: Client) -> None:
    assert client.get(join("no-such-token")).status_code == 410


def test_sending_again_makes_the_old_link_useless() -> None:
    company, jonas = a_company(), a_person(email="jonas@example.com")
    row, token = an_invitation(company)
    a_browser(Role.ADMIN, company).post(f"/invitations/{row.pk}/send/")
    assert signed_in(jonas).post(join(token)).status_code == 410


def test_inviting_the_same_address_again_replaces_the_open_invitation() -> None:
    company = a_company()
    _, old = an_invitation(company)
    a_browser(Role.ADMIN, company).post(ADD, {"email": "jonas@example.com", "role": Role.VIEWER})
    assert signed_in(a_person(email="jonas@example.com")).post(join(old)).status_code == 410


def test_only_an_owner_invites_an_owner() -> None:
    company = a_company()
    answer = a_browser(Role.ADMIN, company).post(ADD, {"email": "x@example.com", "role": Role.OWNER})
    assert answer.status_code == 200
    assert not Invitation.all_companies.exists()
    a_browser(Role.OWNER, company).post(ADD, {"email": "x@example.com", "role": Role.OWNER})
    assert Invitation.all_companies.get().role == Role.OWNER


def test_a_member_is_not_invited_again() -> None:
    company = a_company()
    member = a_member(company, Role.VIEWER)
    answer = a_browser(Role.ADMIN, company).post(
        ADD, {"email": member.email, "role": Role.ADMIN}, follow=True
    )
    assert "They are a member already" in words(answer)
    assert not Invitation.all_companies.exists()


def test_a_colleague_who_is_asked_to_connect_a_side_comes_to_that_step() -> None:
    company, ines = a_company(), a_person(email="ines@example.com")
    browser = a_browser(Role.ADMIN, company)
    browser.post("/setup/quickbooks/ask/", {"email": ines.email, "note": "", "side": "qbo"})
    row = Invitation.all_companies.get()
    token = row.renew(row.created_at)
    row.save()
    joined = signed_in(ines).post(join(token))
    assert joined.url == "/setup/quickbooks/"
    found = membership(company, ines)
    assert found is not None
    assert (found.role, found.connects) == (Role.VIEWER, "qbo")


def test_the_last_owner_stays() -> None:
    company = a_company()
    owner = a_member(company, Role.OWNER)
    row = membership(company, owner)
    assert row is not None
    browser = signed_in(owner)
    browser.post(f"/members/{row.pk}/change/", {"role": Role.VIEWER})
    browser.post(f"/members/{row.pk}/delete/", {"post": "yes"})
    assert membership(company, owner).role == Role.OWNER  # type: ignore[union-attr]


def test_an_admin_cannot_touch_an_owner() -> None:
    company = a_company()
    a_member(company, Role.OWNER)
    owner = a_member(company, Role.OWNER)
    row = membership(company, owner)
    assert row is not None
    browser = a_browser(Role.ADMIN, company)
    answer = browser.post(f"/members/{row.pk}/change/", {"role": Role.VIEWER}, follow=True)
    assert "Only an owner can do this" in words(answer)
    browser.post(f"/members/{row.pk}/delete/", {"post": "yes"})
    assert membership(company, owner).role == Role.OWNER  # type: ignore[union-attr]


def test_a_role_is_changed_and_written_down() -> None:
    company = a_company()
    member = a_member(company, Role.VIEWER)
    row = membership(company, member)
    assert row is not None
    a_browser(Role.ADMIN, company).post(f"/members/{row.pk}/change/", {"role": Role.OPERATOR})
    assert membership(company, member).role == Role.OPERATOR  # type: ignore[union-attr]
    event = AuditEvent.all_companies.get(action="member.role")
    assert (event.before, event.after["role"]) == ({"role": "viewer"}, "operator")


def test_removing_a_member_asks_first_and_leaves_their_sign_in() -> None:
    company = a_company()
    member = a_member(company, Role.VIEWER, first_name="Samuel Birch")
    row = membership(company, member)
    assert row is not None
    browser = a_browser(Role.ADMIN, company)
    asked = browser.get(f"/members/{row.pk}/delete/")
    assert "Remove Samuel Birch?" in words(asked)
    assert membership(company, member) is not None
    browser.post(f"/members/{row.pk}/delete/", {"post": "yes"})
    assert membership(company, member) is None
    member.refresh_from_db()
    assert member.is_active
