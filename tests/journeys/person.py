"""A person at a browser on the running installation: goes to pages, and looks at each with critical eyes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser import AT_REST, what_stays

SCREENS = os.environ.get("JOURNEY_SCREENS", "")
"""A folder: keep a picture of every page that is looked at, light and dark, wide and narrow."""
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 180_000
"""Milliseconds until workers have done what was asked; a busy machine needs them."""
_WCAG_AA = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@dataclass
class Person:
    """Somebody with a browser. `faults` collects what was wrong with the pages that they looked at."""

    context: BrowserContext
    page: Page
    address: str
    faults: dict[str, list[str]] = field(default_factory=dict)
    looked_at: int = 0

    # --- moving ---

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def press(self, name: str, within: Locator | None = None) -> None:
        """Press the button or follow the link of this name."""
        place = within or self.page
        pattern = re.compile(rf"^{re.escape(name)}")
        place.get_by_role("button", name=pattern).or_(place.get_by_role("link", name=pattern)).first.click()

    def fill(self, **fields: str) -> None:
        """Type into the fields of these labels; underscores are spaces."""
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def sees(self, text: str | re.Pattern[str], *, within: str = "main", patience: int = PATIENCE) -> None:
        """Wait until this part of the page says so."""
        expect(self.page.locator(within).first).to_contain_text(text, timeout=patience)

    # --- looking ---

    def looks(self, name: str) -> None:
        """Judge the page as it stands: accessible in light and dark, on a desk and on a phone, and nothing cut off."""
        self.looked_at += 1
        found = [
            f"{scheme} {size['width']}: {fault}"
            for size in (DESK, PHONE)
            for scheme in ("light", "dark")
            for fault in self._faults(name, scheme, size)
        ]
        self.page.set_viewport_size(DESK)
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        if found:
            self.faults[name] = found

    def _faults(self, name: str, scheme: Any, size: Any) -> list[str]:
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.page.evaluate(AT_REST)
        if SCREENS:
            file = f"{self.looked_at:02d}-{name}-{size['width']}-{scheme}.png".replace(" ", "-")
            self.page.screenshot(path=Path(SCREENS) / file, full_page=True)
        found = self._inaccessible() if size is DESK else []
        over = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return [*found, f"{over} px wider than the window"] if over > 0 else found

    def _inaccessible(self) -> list[str]:
        """What stays wrong: a part that the server refreshes is judged again once it stands."""
        return what_stays(self.page, self._violations)

    def _violations(self) -> list[str]:
        violations = Axe().run(self.page, options=_WCAG_AA).response["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in violations]
