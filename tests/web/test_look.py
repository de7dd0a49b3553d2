"""The portal in a real browser on a running installation: no complaint of the browser, nothing cut off, accessible.

Walks the pages that members, owners and strangers meet, light and dark, wide and narrow.
"""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests import stack
from tests.browser import visitor, what_stays

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("stack")]

STRANGERS = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/dev/mails/")
MEMBERS = (
    "/",
    "/records/",
    "/problems/",
    "/runs/",
    "/integrations/",
    "/schedules/",
    "/connections/",
    "/connections/salesforce/",
    "/connections/salesforce/advanced/",
    "/connections/quickbooks/advanced/",
    "/members/",
    "/invitations/",
    "/invitations/add/",
    "/company/",
    "/notifications/",
    "/notifications/channels/add/",
    "/company/new/",
    "/setup/welcome/",
    "/setup/company/",
    "/setup/salesforce/",
    "/setup/health/",
    "/setup/template/",
    "/setup/test/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
)
WORKING = (
    "/mappings/",
    "/value-maps/",
    "/value-maps/add/",
    "/sync/",
    "/sync/file/",
    "/why/",
    "/reconciliation/",
)
OF_A_MAPPING = ("", "change/", "versions/", "try/", "history/", "link-documents/")
LOOKS = [(1360, "light"), (390, "dark")]


@pytest.fixture
def installation(demo_installation: stack.Stack) -> stack.Stack:
    return demo_installation


def sign_in(page: Page, installation: stack.Stack) -> None:
    who = installation.sign_in
    assert who is not None
    page.goto(f"{installation.url}/accounts/login/")
    page.fill("[name=login]", who["email"])
    page.fill("[name=password]", who["password"])
    page.click("button:has-text('Sign in')")
    page.wait_for_load_state()


def faults_of(page: Page) -> list[str]:
    """What axe finds, and how far the page is wider than its window."""
    found = [
        f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:160]}"
        for one in Axe().run(page).response["violations"]
    ]
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, f"{over} px wider than the window"] if over > 0 else found


def inside(page: Page, installation: stack.Stack) -> tuple[str, ...]:
    """The pages of the demo company that only its own numbers lead to: a mapping of documents, lists, a record."""
    page.goto(f"{installation.url}/mappings/")
    mapping = page.locator("a.name", has_text="Opportunity to invoice").get_attribute("href")
    lists = page.locator("a", has_text="Fields and lists").get_attribute("href")
    page.goto(f"{installation.url}/records/")
    record = page.locator("td.main a.name").first.get_attribute("href")
    return (*WORKING, *(f"{mapping}{part}" for part in OF_A_MAPPING), str(lists), str(record))


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_fits_its_window_and_is_accessible(
    installation: stack.Stack, chromium: Any, width: int, scheme: str
) -> None:
    faults: dict[str, list[str]] = {}
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "bypass_csp": True}
    with visitor(chromium, **options) as (context, _):
        page = context.new_page()
        for path in STRANGERS:
            page.goto(installation.url + path)
            faults[path] = what_stays(page, lambda: faults_of(page))
        sign_in(page, installation)
        for path in (*MEMBERS, *inside(page, installation)):
            page.goto(installation.url + path)
            faults[path] = what_stays(page, lambda: faults_of(page))
    assert {path: found for path, found in faults.items() if found} == {}


def test_the_browser_has_nothing_to_complain_about(installation: stack.Stack, chromium: Any) -> None:
    """With our policy in force: a page that breaks it writes an error to the console, and `visitor` fails."""
    with visitor(chromium) as (context, _):
        page = context.new_page()
        for path in STRANGERS:
            page.goto(installation.url + path)
        sign_in(page, installation)
        for path in (*MEMBERS, *inside(page, installation)):
            page.goto(installation.url + path)
