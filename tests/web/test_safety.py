"""What every answer promises a browser, and what a form must bring."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.people.models import Membership, Role
from tests.builders import a_company, a_member
from tests.web.builders import a_browser, signed_in, words

pytestmark = pytest.mark.django_db

PAGES = [
    "/connections/",
    "/company/",
    "/members/",
    "/invitations/add/",
    "/setup/salesforce/",
    "/no/such/page/",
]


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_a_company_are_stored_nowhere_and_framed_by_nobody(path: str) -> None:
    headers = a_browser().get(path).headers
    assert "no-store" in headers["Cache-Control"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", [*PAGES, "/accounts/login/", "/accounts/signup/"])
def test_nothing_runs_that_is_not_ours(path: str) -> None:
    answer = a_browser().get(path, follow=True)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == policy["style-src"] == policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    page = answer.content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page


def test_a_form_without_its_token_changes_nothing_and_has_a_way_back() -> None:
    company = a_company(name="Before")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(a_member(company), backend="django.contrib.auth.backends.ModelBackend")
    page = browser.post("/company/save/", {"name": "After", "zone": "UTC", "currency": "USD"})
    assert page.status_code == 403
    assert "This form is out of date" in words(page)
    company.refresh_from_db()
    assert company.name == "Before"


def test_a_form_opened_for_another_company_is_refused() -> None:
    first, second = a_company(name="First"), a_company(name="Second")
    person = a_member(first)
    Membership.all_companies.create(company=second, user=person, role=Role.OWNER)
    browser = signed_in(person)
    browser.post(reverse("portal:company-switch"), {"company": second.id})
    page = browser.post(
        "/company/save/", {"name": "Renamed", "zone": "UTC", "currency": "USD", "_company": first.id}
    )
    assert page.status_code == 409
    assert "You have switched to Second meanwhile" in words(page)
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.name, second.name) == ("First", "Second")


def test_a_company_one_does_not_belong_to_cannot_be_entered() -> None:
    browser = a_browser()
    assert browser.post(reverse("portal:company-switch"), {"company": a_company().id}).status_code == 404


def test_a_role_that_may_not_is_told_who_can_help() -> None:
    company = a_company()
    owner = a_member(company, Role.OWNER, first_name="Maren Okonkwo-Lindqvist")
    page = a_browser(Role.VIEWER, company).post("/company/pause/")
    assert page.status_code == 403
    assert "Maren Okonkwo-Lindqvist" in words(page)
    assert owner.email in words(page)


def test_a_model_page_names_only_those_who_really_can_help() -> None:
    company = a_company()
    a_member(company, Role.ADMIN, first_name="Tobias Achterberg")
    page = a_browser(Role.OPERATOR, company, first_name="Priya Raghunathan").get("/invitations/")
    assert page.status_code == 403
    helpers = words(page).split("Who can help")[1].split("Back to the start")[0]
    assert "Tobias Achterberg" in helpers
    assert "Priya Raghunathan" not in helpers


def test_the_theme_is_kept_on_the_device_and_needs_no_script() -> None:
    browser = a_browser()
    browser.post(reverse("theme"), {"theme": "dark"})
    assert '<html lang="en" data-theme="dark">' in browser.get("/connections/").content.decode()
    browser.post(reverse("theme"), {"theme": "system"})
    assert '<html lang="en">' in browser.get("/connections/").content.decode()


def test_a_notice_does_not_send_people_to_another_site() -> None:
    answer = Client().post(reverse("theme"), {"theme": "dark", "next": "https://evil.example/"})
    assert answer.url == "/"


def test_the_operators_site_is_closed_to_owners_of_companies() -> None:
    answer = a_browser(Role.OWNER).get("/operators/")
    assert answer.status_code in {302, 403}
    assert a_browser(Role.OWNER).get("/operators/people/user/").status_code in {302, 403}


def test_operators_need_a_second_factor_outside_development(settings: Any) -> None:
    operator = a_member(is_staff=True, is_superuser=True)
    settings.DEVELOPMENT = False
    assert signed_in(operator).get("/operators/").status_code == 302
    settings.DEVELOPMENT = True
    assert signed_in(operator).get("/operators/").status_code == 200


def test_a_missing_page_keeps_the_menu_for_members_and_tells_strangers_nothing() -> None:
    page = a_browser().get("/no/such/page/")
    assert "There is no such page" in words(page)
    assert 'id="menu"' in page.content.decode()
    assert 'id="menu"' not in Client().get("/no/such/page/").content.decode()


def test_a_broken_page_says_so_without_a_trace(settings: Any) -> None:
    settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    from django.test import RequestFactory

    from portal.pages.errors import broken

    answer = broken(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Something broke on our side" in words(answer)
