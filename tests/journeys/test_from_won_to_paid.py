"""A deal's whole way, in a browser, on `make run`'s demo company: won in Salesforce, invoiced, paid in QuickBooks."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests import stack
from tests.browser import visitor
from tests.journeys.person import DESK, PATIENCE, Person
from tests.journeys.vendors import another_tab

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("stack")]

DEAL, STILL_OPEN = "Spring care", "Hotel atrium"
TOTAL = "$456.00"  # 4 visits at 120.00 less 5 %


@pytest.fixture
def installation(demo_installation: stack.Stack) -> stack.Stack:
    return demo_installation


def test_a_deal_is_won_invoiced_and_paid_on_both_sides(installation: stack.Stack, chromium: Any) -> None:
    with visitor(chromium, viewport=DESK, reduced_motion="reduce") as (context, _):
        dana = Person(context, context.new_page(), installation.url)
        signs_in(dana, installation)
        reads_why_an_open_deal_is_no_invoice(dana, installation)
        wins_the_deal_in_salesforce(dana, installation)
        sees_the_invoice_line_by_line(dana)
        finds_it_in_quickbooks_and_receives_the_payment(dana)
        sees_it_paid_in_the_portal_and_in_salesforce(dana)
        sees_the_payment_as_a_record_of_its_own(dana)
        reads_what_a_blocked_deal_waits_for(dana)
        sees_that_both_sides_come_to_the_same_money(dana)
        goes_through_a_test_sync(dana)
        assert dana.faults == {}


def goes_through_a_test_sync(dana: Person) -> None:
    dana.open("/integrations/")
    dana.page.locator("main a[href^='/integrations/']").first.click()
    dana.press("Test sync")
    dana.looks("before a test sync")
    dana.press("Start the test")
    dana.sees("5 of 5 right")
    dana.page.locator("details.fold summary").first.click()
    dana.looks("a test sync")
    dana.press("Clean up both sides")
    dana.sees("Cleaned up")
    dana.sees("Nothing of it is kept in step any more")
    dana.looks("a test sync that is cleaned up")


def signs_in(dana: Person, installation: stack.Stack) -> None:
    assert installation.sign_in is not None
    dana.open("/")
    dana.page.locator("[name=login]").fill(installation.sign_in["email"])
    dana.page.locator("[name=password]").fill(installation.sign_in["password"])
    dana.page.locator("main button[type=submit]").first.click()
    dana.sees("Dashboard", within="h1")


def deal_in_salesforce(dana: Person, installation: stack.Stack, name: str) -> str:
    """The address of an opportunity, found as a person finds it."""
    with another_tab(dana, f"{installation.salesforce_url}/lightning/o/Opportunity/list") as tab:
        found = tab.get_by_role("link", name=name, exact=True).get_attribute("href")
    return f"{installation.salesforce_url}{found}"


def reads_why_an_open_deal_is_no_invoice(dana: Person, installation: stack.Stack) -> None:
    dana.open("/why/")
    dana.page.locator("main [name=q]").fill(deal_in_salesforce(dana, installation, STILL_OPEN))
    dana.page.locator("main [name=q]").press("Enter")
    dana.sees(STILL_OPEN)
    dana.looks("why an open deal is no invoice")


def wins_the_deal_in_salesforce(dana: Person, installation: stack.Stack) -> None:
    with another_tab(dana, deal_in_salesforce(dana, installation, DEAL)) as tab:
        tab.get_by_role("link", name="Edit", exact=True).click()
        tab.locator("[name=StageName]").select_option("Closed Won")
        tab.get_by_role("button", name="Save").click()
        expect(tab.locator("main")).to_contain_text("Closed Won")


def the_record(dana: Person, question: str, name: str, words: str) -> Locator:
    """The row of a record in the list, looked for until a worker has brought it to this state."""
    until = time.monotonic() + PATIENCE / 1000
    while True:
        dana.open(f"/records/?{question}")
        row = dana.page.locator("tbody tr", has_text=name).filter(has_text=words)
        if row.count() or time.monotonic() > until:
            expect(row.first).to_be_visible()
            return row.first
        time.sleep(1)


def sees_the_invoice_line_by_line(dana: Person) -> None:
    the_record(dana, "q=Spring", DEAL, "In sync").locator("a.name").click()
    dana.sees("Same to the cent", within="#document")
    dana.sees(TOTAL, within="#document")
    dana.sees("Update Invoice from QuickBooks", within=".page-head")
    dana.sees(re.compile(r"Document status\s+Open"), within="#fields")
    dana.looks("a document in sync")


def finds_it_in_quickbooks_and_receives_the_payment(dana: Person) -> None:
    address = dana.page.locator("#bridge .pier.right a.what").get_attribute("href") or ""
    with another_tab(dana, address) as books:
        expect(books.locator("main")).to_contain_text("456.00")
        books.get_by_role("button", name="Receive payment").click()
        expect(books.locator("main")).to_contain_text("Saved")


def sees_it_paid_in_the_portal_and_in_salesforce(dana: Person) -> None:
    balance = dana.page.locator("#document tr", has_text="Open balance")
    until = time.monotonic() + PATIENCE / 1000
    while not re.search(r"\$0\.00\s+\$0\.00", balance.inner_text()) and time.monotonic() < until:
        time.sleep(1)
        dana.page.reload()
    expect(balance).to_contain_text(re.compile(r"\$0\.00\s*\$0\.00"))
    dana.sees(re.compile(r"Document status\s+Paid.*Paid", re.DOTALL), within="#fields")
    dana.sees("In sync", within="#bridge")
    dana.looks("a document that is paid")
    address = dana.page.locator("#bridge .pier.left a.what").get_attribute("href") or ""
    with another_tab(dana, address) as org:
        expect(org.locator("main")).to_contain_text("Paid")


def sees_the_payment_as_a_record_of_its_own(dana: Person) -> None:
    dana.open("/records/")
    dana.page.locator("#mapping").select_option(label="Payment, both ways")
    dana.page.wait_for_url(re.compile("mapping="))
    dana.page.locator("td.main a.name").first.click()
    dana.sees("Same to the cent", within="#document")
    dana.sees(TOTAL, within="#document")
    dana.looks("a payment")
    expect(dana.page.get_by_role("button", name="Send to QuickBooks")).to_be_visible()


def reads_what_a_blocked_deal_waits_for(dana: Person) -> None:
    row = the_record(dana, "state=needs_attention", "Front garden", "Waits for Path Light")
    dana.looks("records that need attention")
    row.locator("a.name").click()
    dana.sees("Waits for Path Light, which needs attention", within="#bridge")
    dana.looks("a document that waits")


def sees_that_both_sides_come_to_the_same_money(dana: Person) -> None:
    dana.open("/reconciliation/")
    dana.sees("All customers, USD")
    dana.sees("Every record is accounted for")
    dana.looks("reconciliation")
