"""Signed-in browsers and what they read, for tests of pages."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

from django.test import Client
from django.utils import timezone

from portal.people.models import Invitation, Membership, Role, User
from syncapp.models import Company
from tests.builders import a_company, a_member

PASSWORD = "correct horse battery"


def signed_in(person: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def a_browser(role: str = Role.OWNER, company: Company | None = None, **values: Any) -> Client:
    """A browser of a member of the company."""
    return signed_in(a_member(company or a_company(), role, **values))


def an_invitation(
    company: Company, email: str = "jonas@example.com", **values: Any
) -> tuple[Invitation, str]:
    """An open invitation and its token."""
    ended = values.pop("ended", False)
    row = Invitation(company=company, email=email, **{"role": Role.OPERATOR, **values})
    token = row.renew(timezone.now())
    if ended:
        row.expires_at = timezone.now() - timedelta(seconds=1)
    row.save()
    return row, token


def membership(company: Company, person: User) -> Membership | None:
    return Membership.all_companies.filter(company=company, user=person).first()


def words(response: Any) -> str:
    """What a person reads of a page: text without tags, blanks folded."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())
