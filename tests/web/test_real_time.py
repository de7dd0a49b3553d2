"""The page that tells an admin how Salesforce asks us for syncs, and what came of what it asked."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from django.urls import reverse

from connectors.errors import ConnectorError, Failure, FailureKind
from portal.people.models import Role
from syncapp.models import Connection, Cursor, SyncRequest
from syncapp.store import clock
from syncapp.tenancy import tenant
from tests.builders import a_link, a_mapping
from tests.web.builders import a_browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Connection:
    found: Connection = a_mapping().integration.salesforce
    return found


def page(org: Connection, role: Role = Role.OWNER) -> str:
    answer = a_browser(role, org.company).get(reverse("portal:connection-real-time", args=[org.pk]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_an_org_without_the_object_is_told_how_to_get_it(org: Connection) -> None:
    text = page(org)
    assert "deploy our Salesforce package" in text
    assert "Look again" in text


def test_what_came_of_requests_stands_there_with_their_records(org: Connection) -> None:
    link = a_link(a_mapping(key="two", integration=None), name="Blue Pine Catering")
    with tenant(org.company_id):
        Cursor.objects.create(connection=org, object="QBO_Sync__c", lane="requests")
        SyncRequest.objects.create(
            connection=org, remote_id="a0X000000000001AAA", asked={"record": "001Hp0000000001AAA"},
            status="Error", message="Unknown QuickBooks company.", received_at=clock.now(),
        )  # fmt: skip
    text = page(org, Role.VIEWER)
    assert "Unknown QuickBooks company." in text
    assert "Looked for every 15 s" in text
    assert ("Read its fields again" in text, link.name in text) == (False, False)


def test_looking_again_says_what_was_found(org: Connection) -> None:
    missing = ConnectorError(Failure(FailureKind.MISSING, "sf.NOT_FOUND", "no such object"))
    browser = a_browser(Role.ADMIN, org.company)
    with patch("connectors.salesforce.client.SalesforceClient.describe", side_effect=missing):
        answer = browser.post(reverse("portal:connection-look-again", args=[org.pk]), follow=True)
    assert "The org has no QBO_Sync__c" in answer.content.decode()
