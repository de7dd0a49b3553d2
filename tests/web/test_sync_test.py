"""The pages of the test sync: begun, watched, looked at and cleaned up."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from portal.people.models import Role
from syncapp.models import Integration, SyncTest
from syncapp.services import setup
from syncapp.tenancy import tenant
from tests.builders import a_company, a_mapping, a_member, an_integration, publish
from tests.web.builders import a_browser, signed_in, words

pytestmark = pytest.mark.django_db


def ready() -> Integration:
    """An integration that keeps customers and invoices in step."""
    integration = an_integration(a_company())
    publish(a_mapping(integration, key="account_customer", recipe="account_customer"))
    invoices = {"key": "opportunity_invoice", "sf_object": "Opportunity", "qbo_entity": "Invoice"}
    publish(a_mapping(integration, **invoices, recipe="opportunity_invoice", label="Opportunity to invoice"))
    return integration


def a_test(integration: Integration, state: str = "done", **values: Any) -> SyncTest:
    ticks = [
        {"key": key, "right": key != "amounts", "note": "", "rows": []}
        for key in ("customer", "document", "lines", "amounts", "details")
    ]
    ticks[3]["rows"] = [{"label": "Total", "sf": "295.75", "qbo": "296.75", "same": False}]
    now = timezone.now()
    row = {"name": "Ledgerbridge test 2026", "ticks": ticks, "created_at": now, "ended_at": now, **values}
    return SyncTest.all_companies.create(
        company=integration.company, integration=integration, state=state, **row
    )


def test_a_test_is_begun_from_the_integration_and_runs_by_itself() -> None:
    integration = ready()
    browser = a_browser(Role.OWNER, integration.company)
    assert (
        f"/integrations/{integration.pk}/test/"
        in browser.get(f"/integrations/{integration.pk}/").content.decode()
    )
    page = f"/integrations/{integration.pk}/test/"
    assert "Start the test" in words(browser.get(page))
    assert browser.post(f"{page}begin/").url == page
    text = browser.get(page)
    assert "Making test records in Salesforce" in words(text)
    assert b'hx-trigger="every 2s"' in text.content


def test_five_ticks_stand_beside_each_other_with_what_differs() -> None:
    integration = ready()
    a_test(integration)
    text = words(a_browser(Role.VIEWER, integration.company).get(f"/integrations/{integration.pk}/test/"))
    for part in (
        "4 of 5 right",
        "Customer created",
        "Invoice created",
        "All lines are there",
        "Amounts and tax match",
        "Total 295.75 296.75 Differs",
        "Name, address and e-mail right",
        "In QuickBooks the invoice is voided and keeps its number, and the customer is made inactive.",
        "An owner or admin can clean up.",
    ):
        assert part in text


def test_cleaning_up_is_asked_for_by_who_may_and_said_afterwards() -> None:
    integration = ready()
    row = a_test(integration)
    page = f"/integrations/{integration.pk}/test/"
    viewer = a_browser(Role.VIEWER, integration.company)
    assert viewer.post(f"{page}clean/").status_code == 403
    owner = signed_in(a_member(integration.company, Role.OWNER))
    assert owner.post(f"{page}clean/").url == page
    row.refresh_from_db()
    assert row.state == "taking_back"
    SyncTest.all_companies.update(state="clean", left=["Acme"])
    text = words(owner.get(page))
    assert "Cleaned up" in text
    assert "This stays in QuickBooks" in text
    assert "Test again" in text


def test_what_stopped_it_is_said_with_a_remedy() -> None:
    integration = ready()
    row = a_test(integration, "failed", ticks=[], failure_code="sync_test.no_account", account="001")
    browser = a_browser(Role.OWNER, integration.company)
    text = words(browser.get(f"/integrations/{integration.pk}/test/"))
    assert "That opportunity has no account" in text
    assert "Clean up both sides" in text
    SyncTest.all_companies.filter(pk=row.pk).update(account="")
    text = words(browser.get(f"/integrations/{integration.pk}/test/"))
    assert "Start the test" in text
    assert "Clean up both sides" not in text


def test_the_wizard_offers_it_last_and_nobody_has_to_take_it() -> None:
    integration = ready()
    browser = a_browser(Role.OWNER, integration.company)
    with tenant(integration.company_id):
        assert [step.key for step in setup.progress(integration).steps][-1] == "test"
        assert setup.progress(integration).current != "test"
    text = words(browser.get("/setup/test/"))
    assert "Try it once" in text
    assert "Skip this" in text


def test_without_documents_there_is_nothing_to_test() -> None:
    integration = an_integration(a_company())
    publish(a_mapping(integration, key="account_customer", recipe="account_customer"))
    browser = a_browser(Role.OWNER, integration.company)
    assert "A test needs the mappings" in words(browser.get(f"/integrations/{integration.pk}/test/"))
    refused = browser.post(f"/integrations/{integration.pk}/test/begin/", follow=True)
    assert "There is nothing to test yet" in words(refused)
    assert SyncTest.all_companies.count() == 0
