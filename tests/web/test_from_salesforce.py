"""Buttons in Salesforce: where they lead, for whom, and that following one does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import requests
from django.test import Client
from django.urls import reverse

from connectors.salesforce.ids import to_18
from portal.people.access import COMPANY_IN_SESSION
from portal.people.models import Membership, Role
from syncapp.models import Connection, LinkWork, RecordLink, Run
from syncapp.services import org_buttons
from syncapp.tenancy import tenant
from tests.builders import CUSTOMER_FIELDS, a_company, a_link, a_mapping, a_member, an_integration
from tests.services.builders import a_connection
from tests.web.builders import a_browser, signed_in

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture(autouse=True)
def no_vendors() -> Iterator[None]:
    with patch("requests.sessions.Session.send", side_effect=requests.ConnectionError("nobody answers")):
        yield


@pytest.fixture
def link() -> RecordLink:
    company = a_company("Blue Pine")
    org = a_connection(company, "sf", remote_id=to_18("00DHp0000000001"))
    books = a_connection(company, "qbo")
    mapping = a_mapping(an_integration(company, salesforce=org, quickbooks=books))
    return a_link(mapping, name="Blue Pine Catering", sf_id=to_18("001Hp0000000042"))


def org_of(link: RecordLink) -> Connection:
    found: Connection = link.integration.salesforce
    return found


def address(link: RecordLink, way: str = "to-quickbooks", **changed: str) -> str:
    parts = {"org": org_of(link).remote_id[:15], "record": (link.sf_id or "")[:15], **changed}
    return f"/from-salesforce/{parts['org']}/{parts['record']}/{way}/"


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_link_opens_a_page_that_asks_and_does_nothing(link: RecordLink) -> None:
    answer = a_browser(Role.OPERATOR, org_of(link).company).get(address(link))
    assert answer.status_code == 200
    assert "Send Blue Pine Catering to QuickBooks?" in text_of(answer)
    assert (Run.all_companies.count(), LinkWork.all_companies.count()) == (0, 0)


def test_the_other_direction_asks_for_the_type(link: RecordLink) -> None:
    browser = a_browser(Role.OPERATOR, org_of(link).company)
    right = browser.get(address(link, "from-quickbooks") + "?type=Customer")
    wrong = browser.get(address(link, "from-quickbooks") + "?type=Invoice")
    assert "Update Blue Pine Catering from QuickBooks?" in text_of(right)
    assert (wrong.status_code, "No mapping for the type Invoice" in text_of(wrong)) == (404, True)


def test_the_button_starts_one_run_in_the_company_that_holds_the_org(link: RecordLink) -> None:
    person = a_member(a_company("Another"), Role.OWNER)
    Membership.all_companies.create(company=org_of(link).company, user=person, role=Role.OPERATOR)
    browser = signed_in(person)

    answers = [browser.post(address(link)) for _ in range(2)]

    record = reverse("portal:record", args=[link.pk])
    assert [(one.status_code, one.url) for one in answers] == [(302, record)] * 2
    assert [(run.company_id, run.direction) for run in Run.all_companies.all()] == [
        (link.company_id, "to_qbo")
    ]
    assert browser.session[COMPANY_IN_SESSION] == link.company_id


def test_looking_does_not_change_the_company_of_the_session(link: RecordLink) -> None:
    mine = a_company("Another")
    person = a_member(mine, Role.OWNER)
    Membership.all_companies.create(company=org_of(link).company, user=person, role=Role.OPERATOR)
    browser = signed_in(person)
    browser.get("/home/")
    session = browser.session
    session[COMPANY_IN_SESSION] = mine.pk
    session.save()

    answer = browser.get(address(link))

    assert (answer.status_code, browser.session[COMPANY_IN_SESSION]) == (200, mine.pk)


def test_strangers_sign_in_first_and_come_back(link: RecordLink) -> None:
    answer = Client().get(address(link))
    assert (answer.status_code, address(link) in answer.url) == (302, True)


def test_another_companys_org_an_unknown_one_and_nonsense_get_the_same_page(link: RecordLink) -> None:
    browser = a_browser(Role.OWNER)
    pages = [
        browser.get(address(link)),
        browser.get(address(link, org="00D999999999999")),
        browser.get(address(link, org="nonsense")),
        browser.post(address(link)),
    ]
    assert [
        (one.status_code, "This org is not connected to a company of yours" in text_of(one)) for one in pages
    ] == [(404, True)] * 4
    assert LinkWork.all_companies.count() == 0


def test_a_disconnected_org_is_no_org(link: RecordLink) -> None:
    Connection.all_companies.update(status="disconnected")
    assert a_browser(Role.OWNER, org_of(link).company).get(address(link)).status_code == 404


def test_a_role_that_may_not_sync_is_told_who_can_help(link: RecordLink) -> None:
    browser = a_browser(Role.VIEWER, org_of(link).company)
    assert [browser.get(address(link)).status_code, browser.post(address(link)).status_code] == [403, 403]
    assert LinkWork.all_companies.count() == 0


def test_what_is_no_id_and_what_cannot_be_reached_have_words(link: RecordLink) -> None:
    browser = a_browser(Role.OPERATOR, org_of(link).company)
    assert "This is no record id" in text_of(browser.get(address(link, record="nonsense")))
    assert browser.get(address(link, record="001000000000001")).status_code == 503
    assert browser.get(address(link, "somewhere")).status_code == 404


def test_the_page_of_buttons_offers_one_for_each_mapping_and_direction(link: RecordLink) -> None:
    page = text_of(
        a_browser(Role.VIEWER, org_of(link).company).get(
            reverse("portal:connection-buttons", args=[org_of(link).pk])
        )
    )
    for words in (
        "Update Account to QuickBooks",
        "Update Contact to QuickBooks",
        "Update Customer from QuickBooks",
    ):
        assert words in page
    assert "/from-salesforce/{!$Organization.Id}/{!Account.Id}/to-quickbooks/" in page


def test_records_that_mirror_quickbooks_are_fetched_by_button_and_never_sent(link: RecordLink) -> None:
    pair = link.integration
    fetched = tuple({**row, "direction": "to_sf"} for row in CUSTOMER_FIELDS)
    mirror = {"sf_object": "QBO_Invoice__c", "qbo_entity": "Invoice", "create_in_qbo": False}
    a_mapping(pair, rows=fetched, key="mirror", **mirror)
    a_mapping(pair, key="won", sf_object="Opportunity", qbo_entity="Invoice")
    a_mapping(pair, key="paid", sf_object="QBO_Payment__c", qbo_entity="Payment")
    with tenant(link.company_id):
        found = {(one.object, one.label) for one in org_buttons.offered(org_of(link))}
    assert {one for one in found if one[0] != "Account" and one[0] != "Contact"} == {
        ("QBO_Invoice__c", "Update Invoice from QuickBooks"),
        ("Opportunity", "Update Opportunity to QuickBooks"),
        ("Opportunity", "Update Invoice from QuickBooks"),
        ("QBO_Payment__c", "Update QBO Payment to QuickBooks"),
        ("QBO_Payment__c", "Update Payment from QuickBooks"),
    }
