"""What a person does on the pages of Salesforce and QuickBooks themselves (the simulator's)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

from tests.journeys.person import Person


@contextmanager
def another_tab(person: Person, address: str) -> Iterator[Page]:
    """A second tab of the same browser."""
    tab = person.context.new_page()
    tab.goto(address)
    yield tab
    tab.close()


def change_in_salesforce(person: Person, address: str, **fields: str) -> None:
    """Edit the record at this Salesforce address; the keywords are the names of its fields there."""
    with another_tab(person, address) as tab:
        tab.get_by_role("link", name="Edit", exact=True).click()
        for name, value in fields.items():
            tab.locator(f"[name='{name}']").fill(value)
        tab.get_by_role("button", name="Save").click()
        for value in fields.values():
            expect(tab.locator("main")).to_contain_text(value)


def change_in_quickbooks(person: Person, address: str, **fields: str) -> None:
    """Edit the record at this QuickBooks address; the keywords are its fields, with `__` for a dot."""
    with another_tab(person, address) as tab:
        for name, value in fields.items():
            tab.locator(f"[name='{name.replace('__', '.')}']").fill(value)
        tab.get_by_role("button", name="Save").click()
        expect(tab.locator("main")).to_contain_text("Saved.")
