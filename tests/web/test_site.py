"""Model pages show and save rows of their own company only: each leak of the stock admin, closed."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpRequest
from django.test import RequestFactory

from portal.people.models import Invitation, Membership, Role
from portal.site import PortalSite, TenantModelAdmin, scoped
from syncapp.models import Company, Mapping, Schedule
from syncapp.tenancy import NoCompany, tenant
from tests.builders import a_company, a_mapping, a_member, a_schedule, an_integration
from tests.web.builders import a_browser, an_invitation, words

pytestmark = pytest.mark.django_db


class ScheduleAdmin(TenantModelAdmin):
    folder = "schedules"
    view_action = "schedules.view"
    edit_action = "schedules.edit"
    list_filter = ("cadence", "mapping", "paused")


@pytest.fixture
def page() -> ScheduleAdmin:
    return ScheduleAdmin(Schedule, PortalSite(name="test"))


@pytest.fixture
def ours() -> Company:
    return a_company()


def a_request(company: Company, role: str = Role.OWNER) -> HttpRequest:
    request: Any = RequestFactory().get("/")
    request.user = a_member(company, role)
    request.membership = Membership.all_companies.get(user=request.user)
    request.company = company
    return request  # type: ignore[no-any-return]


def test_a_list_holds_no_row_of_another_company(page: ScheduleAdmin, ours: Company) -> None:
    mine = a_schedule(an_integration(ours))
    a_schedule(an_integration(a_company()))
    with tenant(ours.id):
        assert list(page.get_queryset(a_request(ours))) == [mine]


def test_choices_of_related_rows_are_ours_and_a_foreign_choice_is_refused(
    page: ScheduleAdmin, ours: Company
) -> None:
    mine, theirs = a_mapping(an_integration(ours)), a_mapping(an_integration(a_company()))
    with tenant(ours.id):
        field = page.formfield_for_foreignkey(Schedule._meta.get_field("mapping"), a_request(ours))
        assert list(field.queryset) == [mine]
        with pytest.raises(Exception, match="valid choice"):
            field.clean(theirs.pk)


def test_filters_over_related_rows_are_left_out(page: ScheduleAdmin, ours: Company) -> None:
    with tenant(ours.id):
        assert page.get_list_filter(a_request(ours)) == ["cadence", "paused"]


@pytest.mark.parametrize(
    ("lookup", "allowed"),
    [
        ("cadence__exact", True),
        ("mapping__integration__company__name", False),
        ("mapping__label__startswith", False),
    ],
)
def test_addresses_cannot_look_through_relations(
    page: ScheduleAdmin, ours: Company, lookup: str, allowed: bool
) -> None:
    assert page.lookup_allowed(lookup, "x", a_request(ours)) is allowed


def test_a_row_is_saved_as_the_current_company_and_a_foreign_one_is_refused(
    page: ScheduleAdmin, ours: Company
) -> None:
    foreign = a_schedule(an_integration(a_company()))
    fresh = Schedule(integration=an_integration(ours))
    with tenant(ours.id):
        page.save_model(a_request(ours), fresh, None, change=False)  # type: ignore[arg-type]
        assert fresh.company_id == ours.id
        with pytest.raises(PermissionError):
            page.save_model(a_request(ours), foreign, None, change=True)  # type: ignore[arg-type]


def test_without_a_company_a_model_page_has_no_rows_at_all(page: ScheduleAdmin, ours: Company) -> None:
    with pytest.raises(NoCompany):
        list(page.get_queryset(a_request(ours)))


def test_rows_that_are_nobodys_are_never_offered() -> None:
    with pytest.raises(TypeError):
        scoped(Company)


@pytest.mark.parametrize("role", list(Role))
def test_djangos_permission_questions_are_answered_by_the_role(
    page: ScheduleAdmin, ours: Company, role: Role
) -> None:
    request = a_request(ours, role)
    edits = role in {Role.OWNER, Role.ADMIN}
    assert page.has_view_permission(request)
    assert [
        page.has_add_permission(request),
        page.has_change_permission(request),
        page.has_delete_permission(request),
    ] == [edits] * 3


def test_the_members_and_invitations_of_another_company_are_not_listed(ours: Company) -> None:
    other = a_company()
    a_member(other, email="theirs@example.com")
    an_invitation(other, "invited@example.com")
    browser = a_browser(Role.OWNER, ours)
    for path in ("/members/", "/invitations/"):
        text = words(browser.get(path))
        assert "theirs@example.com" not in text
        assert "invited@example.com" not in text


def test_every_model_page_stands_on_the_closed_base() -> None:
    from portal.site import portal_site

    assert all(isinstance(page, TenantModelAdmin) for page in portal_site._registry.values())
    assert not admin.site.is_registered(Invitation)
    assert not admin.site.is_registered(Mapping)


def test_an_empty_list_of_value_maps_has_the_one_button_that_fills_it() -> None:
    answer = a_browser(Role.OWNER, an_integration().company).get("/value-maps/")
    assert "Nothing here yet" in words(answer)
    assert answer.content.decode().count('href="/value-maps/add/"') == 1
