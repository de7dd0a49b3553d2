"""The whole way of a stranger, in a browser, on everything that `make run` starts: from sign-up to in sync."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import stack
from tests.browser import visitor
from tests.journeys.person import DESK, PATIENCE, Person
from tests.journeys.vendors import another_tab, change_in_quickbooks, change_in_salesforce

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("stack")]

EMAIL, PASSWORD = "dana@maplewood.example", "a long walk over two bridges"
COMPANY = "Maplewood Interiors"
TAKEN = "Robertson & Associates"  # the seeded account whose name a vendor of the seeded books has
ALIKE = "Harbor Lights Cafe"  # the seeded account with an inactive twin in the books


@pytest.fixture(scope="module")
def installation() -> Iterator[stack.Stack]:
    with stack.running(None, "--no-demo") as running:
        yield running


def test_a_stranger_comes_to_both_sides_in_sync(installation: stack.Stack, chromium: Any) -> None:
    with visitor(chromium, viewport=DESK, reduced_motion="reduce") as (context, _):
        dana = Person(context, context.new_page(), installation.url)
        signs_up_with_the_code_from_the_mail(dana)
        makes_a_company(dana)
        connects_salesforce_on_its_consent_page(dana)
        connects_quickbooks_on_its_consent_page(dana)
        reads_the_health_check(dana)
        chooses_both_ways_and_to_be_asked(dana)
        sees_what_the_first_load_would_do(dana)
        decides_one_look_alike(dana)
        starts_the_first_load_and_watches_it_end(dana)
        changes_a_phone_number_in_salesforce_and_sends_it(dana)
        changes_a_customer_in_quickbooks_and_syncs_it(dana)
        meets_a_name_that_a_vendor_has_and_reads_the_remedy(dana)
        fixes_it_in_salesforce_and_sees_it_turn_green(dana)
        looks_around(dana)
        assert dana.faults == {}


def signs_up_with_the_code_from_the_mail(dana: Person) -> None:
    dana.open("/")
    dana.looks("sign in")
    dana.press("Make one")
    dana.looks("sign up")
    dana.fill(Your_name="Dana Maple", Password=PASSWORD, Password_again=PASSWORD)
    dana.page.get_by_label("Work e-mail").fill(EMAIL)
    dana.press("Continue")
    dana.sees("Enter the code")
    dana.looks("enter the code")
    with dana.context.expect_page() as opened:
        dana.press("its mails are shown here")
    mails = opened.value
    text = mails.locator(".mail").first.inner_text()
    mails.close()
    code = re.search(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", text, re.MULTILINE)
    assert code is not None, text
    dana.page.locator("[name=code]").fill(code[1])
    dana.press("Continue")


def makes_a_company(dana: Person) -> None:
    dana.sees("in step")
    dana.looks("welcome")
    dana.press("Set up my company")
    dana.page.locator("[name=name]").fill(COMPANY)
    dana.looks("company")
    dana.press("Continue")


def connects_salesforce_on_its_consent_page(dana: Person) -> None:
    dana.sees("Connect Salesforce")
    dana.page.get_by_text("Simulator", exact=False).first.click()
    dana.looks("connect salesforce")
    dana.press("Continue to Salesforce")
    dana.sees("Which org?")
    dana.looks("consent at salesforce")
    dana.press("Allow")
    dana.sees("Salesforce is connected")
    dana.looks("salesforce connected")
    dana.press("Continue")


def connects_quickbooks_on_its_consent_page(dana: Person) -> None:
    dana.sees("Connect QuickBooks")
    dana.page.get_by_text("Simulator", exact=False).first.click()
    dana.looks("connect quickbooks")
    dana.press("Continue to Intuit")
    dana.sees("Choose a company to connect")
    dana.looks("consent at intuit")
    dana.press("Connect")
    dana.sees("QuickBooks is connected")
    dana.looks("quickbooks connected")
    dana.press("Continue")


def reads_the_health_check(dana: Person) -> None:
    dana.sees(re.compile(r"\d+ of \d+ checks are fine"))
    dana.looks("health")
    dana.press("Continue")


def chooses_both_ways_and_to_be_asked(dana: Person) -> None:
    dana.sees("What to sync, and who wins")
    dana.page.locator("fieldset").get_by_text("Both ways", exact=True).click()
    dana.page.get_by_text("Ask me", exact=True).click()
    dana.looks("template")
    dana.press("Continue")


def sees_what_the_first_load_would_do(dana: Person) -> None:
    dana.sees("Read both sides now")
    dana.looks("before reading")
    dana.press("Read both sides")
    expect(dana.page.get_by_role("link", name="Continue", exact=True)).to_be_visible(timeout=PATIENCE)
    dana.looks("what the first load would do")
    for group in ("New in QuickBooks", "New in Salesforce", "Already there", "Left out"):
        dana.press(group)
        dana.sees(group)
        dana.looks(f"list {group}")
        dana.press("Back to the overview")


def decides_one_look_alike(dana: Person) -> None:
    dana.press("Decide now")
    dana.looks("look alikes")
    group = dana.page.locator(".match-group", has_text=ALIKE).first
    dana.press("Create new", within=group)
    dana.sees(f"{ALIKE} will be created")
    dana.looks("one decided")
    dana.press("Back to the overview")
    dana.press("Continue")


def starts_the_first_load_and_watches_it_end(dana: Person) -> None:
    dana.sees("Ready to switch on")
    dana.looks("ready")
    dana.press("Switch on and start the first load")
    dana.sees("Switched on")
    expect(dana.page.locator("#progress")).to_contain_text(re.compile("ended"), timeout=PATIENCE)
    dana.looks("first load done")


def changes_a_phone_number_in_salesforce_and_sends_it(dana: Person) -> None:
    dana.open("/records/")
    dana.looks("records")
    dana.open("/records/?state=in_sync")
    dana.page.locator("td.main a.name").first.click()
    dana.sees("In sync", within="#bridge")
    dana.looks("record in sync")
    bridge = dana.page.locator("#bridge")
    address = bridge.locator(".pier.left a.what").get_attribute("href") or ""
    change_in_salesforce(dana, address, Phone="(415) 555-0199")
    dana.press("Send to QuickBooks")
    expect(dana.page.locator("tr", has_text="Phone").first).to_contain_text(
        re.compile(r"\(415\) 555-0199.*\(415\) 555-0199", re.DOTALL), timeout=PATIENCE
    )
    dana.sees("In sync", within="#bridge")
    dana.looks("sent to quickbooks")
    with another_tab(dana, bridge.locator(".pier.right a.what").get_attribute("href") or "") as books:
        expect(books.locator("[name='PrimaryPhone.FreeFormNumber']")).to_have_value("(415) 555-0199")


def changes_a_customer_in_quickbooks_and_syncs_it(dana: Person) -> None:
    bridge = dana.page.locator("#bridge")
    change_in_quickbooks(
        dana,
        bridge.locator(".pier.right a.what").get_attribute("href") or "",
        Fax__FreeFormNumber="(415) 555-0123",
    )
    dana.press("Sync from QuickBooks")
    expect(dana.page.locator("tr", has_text="Fax").first).to_contain_text(
        re.compile(r"\(415\) 555-0123.*\(415\) 555-0123", re.DOTALL), timeout=PATIENCE
    )
    dana.sees("In sync", within="#bridge")
    dana.looks("synced from quickbooks")
    with another_tab(dana, bridge.locator(".pier.left a.what").get_attribute("href") or "") as org:
        expect(org.locator("main")).to_contain_text("(415) 555-0123")


def meets_a_name_that_a_vendor_has_and_reads_the_remedy(dana: Person) -> None:
    dana.open("/problems/")
    cause = dana.page.locator("details.fold", has_text=TAKEN)
    if cause.get_attribute("open") is None:  # the first cause is unfolded already
        cause.locator("summary").click()
    expect(cause).to_contain_text("name already in use by a vendor")
    expect(cause).to_contain_text("What to do")
    dana.looks("problems")
    cause.get_by_role("link", name="Show it", exact=True).click()
    dana.page.get_by_role("link", name=TAKEN, exact=True).first.click()
    dana.sees("name already in use by a vendor")
    dana.sees("What to do")
    dana.looks("record with a problem")


def fixes_it_in_salesforce_and_sees_it_turn_green(dana: Person) -> None:
    bridge = dana.page.locator("#bridge")
    address = bridge.locator(".pier.left a.what").get_attribute("href") or ""
    change_in_salesforce(dana, address, Name=f"{TAKEN} (client)")
    dana.press("Try again")
    dana.sees("In sync", within="#bridge")
    dana.sees(f"{TAKEN} (client)", within="h1")
    dana.sees("Customer in QuickBooks", within=".page-head")
    dana.looks("turned green")
    dana.open("/problems/")
    expect(dana.page.locator("main")).not_to_contain_text(TAKEN)
    dana.looks("problems after")


def looks_around(dana: Person) -> None:
    for path in ("/", "/runs/", "/integrations/", "/schedules/", "/connections/", "/audit/", "/company/"):
        dana.open(path)
        dana.looks(f"around {path.strip('/') or 'dashboard'}")
    dana.open("/problems/?show=resolved")
    dana.sees(f"{TAKEN} (client)")
    dana.looks("resolved problems")
    dana.open("/records/?state=conflict")
    dana.page.locator("td.main a.name").first.click()
    dana.sees("Take Salesforce’s")
    dana.looks("record with a conflict")
