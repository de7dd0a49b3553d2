"""Who gets through which door: every address of the portal, as strangers, as another company, in every role."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.apps import apps
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import reverse

from portal.menu import MENU
from portal.people.access import ACTIONS, may
from portal.people.models import Membership, Role
from syncapp.models import Company
from syncapp.tenancy import TenantModel, tenant
from tests import builders
from tests.builders import a_company, a_person
from tests.web.builders import a_browser, an_invitation, signed_in
from tests.web.walk import Door, doors, fill

pytestmark = pytest.mark.django_db

METHODS = ("get", "post")
REFUSALS = ("errors/403.html", "errors/404.html")


def anything(door: Door) -> str:
    """The address with values that name nothing."""
    return door.path(partial(fill, uuid=uuid4(), number=987_654))


def knock(client: Client, method: str, path: str) -> int:
    """The status of an answer; a page that breaks on nonsense counts as passed through (500)."""
    client.raise_request_exception = False
    return int(getattr(client, method)(path).status_code)


@pytest.fixture
def no_vendors() -> Iterator[None]:
    """Nobody is called: the walk knocks, it does not sync."""
    with patch("requests.sessions.Session.send", side_effect=ConnectionError("no vendor in this test")):
        yield


@pytest.fixture
def short_refusals() -> Iterator[None]:
    """The pages that tell of a refusal, menu and all, are made once each: a walk that reads a thousand of them reads
    their numbers only, and drawing them took half of its time."""
    drawn: dict[str, HttpResponse] = {}

    def once(request: HttpRequest, template: str, *args: Any, **options: Any) -> HttpResponse:
        if template not in REFUSALS:
            return render(request, template, *args, **options)
        if template not in drawn:
            drawn[template] = render(request, template, *args, **options)
        return HttpResponse(drawn[template].content, status=options["status"])

    with patch("portal.pages.errors.render", once), patch("portal.people.access.render", once):
        yield


def test_every_door_has_a_guard() -> None:
    assert [door.route for door in doors() if door.action is None and door.model_admin is None] == []


def test_every_guard_asks_for_an_action_of_the_table() -> None:
    asked = {door.action for door in doors() if door.action}
    for door in doors():
        if door.model_admin is not None:
            asked |= {door.model_admin.view_action, door.model_admin.edit_action}
    assert asked <= ACTIONS.keys()


def test_every_line_of_the_menu_leads_somewhere() -> None:
    assert all(reverse(entry.url_name) for _, entries in MENU for entry in entries)


def test_strangers_are_sent_to_sign_in(no_vendors: None) -> None:
    got_in = []
    for door in doors():
        for method in METHODS:
            answer = getattr(Client(), method)(anything(door))
            if answer.status_code != 302 or not answer.url.startswith(reverse("account_login")):
                got_in.append((method, door.route, answer.status_code))
    assert got_in == []


def test_people_without_a_company_come_to_setup(no_vendors: None) -> None:
    browser = signed_in(a_person())
    for door in doors():
        if door.action:
            answer = browser.get(anything(door))
            assert (door.route, answer.url) == (door.route, reverse("portal:setup-welcome"))


@pytest.mark.parametrize("role", list(Role))
def test_a_role_that_may_not_is_refused_at_every_door(
    role: Role, no_vendors: None, short_refusals: None
) -> None:
    browser = a_browser(role)
    wrong = []
    for door in doors():
        if not door.action or may(role, door.action):
            continue
        wrong += [
            (method, door.route, status)
            for method in METHODS
            if (status := knock(browser, method, anything(door))) != 403
        ]
    assert wrong == []


@pytest.mark.parametrize("role", list(Role))
def test_a_role_that_may_is_not_refused(role: Role, no_vendors: None, short_refusals: None) -> None:
    browser = a_browser(role)
    refused = [
        door.route
        for door in doors()
        if door.action and may(role, door.action) and knock(browser, "get", anything(door)) in {403, 500}
    ]
    assert refused == []


@pytest.mark.parametrize("role", list(Role))
def test_model_pages_ask_the_same_table(role: Role, no_vendors: None) -> None:
    browser = a_browser(role)
    wrong = []
    for door in doors():
        if door.model_admin is None or not door.name.endswith("_changelist"):
            continue
        allowed = may(role, door.model_admin.view_action)
        if (knock(browser, "get", anything(door)) == 200) is not allowed:
            wrong.append((door.route, allowed))
    assert wrong == []


def one_of_everything(company: Company) -> dict[str, list[str]]:
    """Ids of every kind of row of a company, by the kind of address parameter they would fill."""
    with tenant(company.id):
        an_invitation(company)
        integration = builders.an_integration(company)
        mapping = builders.a_mapping(integration)
        link = builders.a_link(mapping)
        builders.a_run(integration)
        builders.a_problem(link)
        builders.a_schedule(integration)
    ids: dict[str, list[str]] = {"uuid": [], "int": []}
    for model in apps.get_models():
        if issubclass(model, TenantModel):
            kind = "uuid" if model._meta.pk.get_internal_type() == "UUIDField" else "int"
            rows = model.all_companies.filter(company=company).values_list("pk", flat=True)
            ids[kind] += [str(pk) for pk in rows[:1]]
    return ids


def test_nothing_of_another_company_opens_for_its_owner(no_vendors: None, short_refusals: None) -> None:
    theirs = one_of_everything(a_company(name="Theirs"))
    browser = a_browser(Role.OWNER)
    # One's own membership would open, of course, if it had the number of one of their rows.
    Membership.all_companies.update(id=F("id") + 1_000_000)
    opened = []
    for door in doors():
        if "<" not in door.route or not (set(door.converters) - {"side"}):
            continue
        for path in _paths(door, theirs):
            opened += [
                (method, path, status)
                for method in METHODS
                if (status := knock(browser, method, path)) not in {403, 404, 405}
            ]
    assert opened == [], "\n".join(map(str, opened))


def _paths(door: Door, ids: dict[str, list[str]]) -> list[str]:
    filled = [
        door.path(partial(fill, uuid=uuid, number=number))
        for uuid in ids["uuid"]
        for number in ids["int"][:1]
    ]
    filled += [
        door.path(partial(fill, uuid=uuid, number=number))
        for number in ids["int"]
        for uuid in ids["uuid"][:1]
    ]
    return list(dict.fromkeys(filled))


def test_nothing_is_changed_by_following_a_link(no_vendors: None, short_refusals: None) -> None:
    """GET leaves every row as it was; what changes rows is a POST."""
    company = a_company()
    own = one_of_everything(company)
    browser = a_browser(Role.OWNER, company)
    browser.get("/home/")
    before = _snapshot()
    for door in doors():
        for path in _paths(door, own) if "<" in door.route else [anything(door)]:
            knock(browser, "get", path)
    assert _snapshot() == before


def _snapshot() -> dict[str, list[dict[str, Any]]]:
    return {
        model._meta.label: list(model.all_companies.order_by("pk").values())
        for model in apps.get_models()
        if issubclass(model, TenantModel)
    }
