"""A headless Chromium for journeys, and pages that fail the test on any console error (which includes the CSP's).

Playwright keeps an event loop in this thread: Django's ORM refuses to work beside it. A browser test therefore talks to
an installation in a process of its own (`tests.stack`) and asks it by HTTP or `stack.manage(...)`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from portal.local import browser

PATIENCE_MS = 60_000
"""How long a page may take on a busy machine; a test that passes never waits for it."""
expect.set_options(timeout=PATIENCE_MS)

STANDS_S = 3.0
"""What is wrong for so long, in every look, is no part of a page that was just being refreshed."""
AT_REST = """new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
    .then(() => Promise.all(document.getAnimations()
        .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
        .map((one) => one.finished.catch(() => null)))).then(() => null)"""
"""Ends when the page was drawn and no colour is on its way to another."""

# Chromium reports every answer of 400 and above as a console error; what a journey makes happen on purpose it names.
_ANSWER = re.compile(r"Failed to load resource: the server responded with a status of (\d{3})")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; skips the test with a sentence where there is none."""
    program = browser.find()
    if program is None:
        pytest.skip(browser.MISSING)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


class Watched:
    """Collects what a page complains about."""

    def __init__(self, *, expected_answers: frozenset[int] = frozenset()) -> None:
        self._expected = expected_answers
        self.complaints: list[str] = []

    def watch(self, page: Page) -> None:
        """Listen to this page from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def expect(self, status: int) -> None:
        """From now on answers with this status are part of the story."""
        self._expected |= {status}

    def _console(self, message: ConsoleMessage) -> None:
        answer = _ANSWER.match(message.text)
        if message.type == "error" and not (answer and int(answer[1]) in self._expected):
            where: dict[str, Any] = dict(message.location)
            self.complaints.append(f"{where.get('url', '')}: {message.text}")


@contextmanager
def visitor(launched: Browser, **options: Any) -> Iterator[tuple[BrowserContext, Watched]]:
    """A person's browser with cookies of its own; fails at the end if any of its pages complained.

    `options` go to Playwright: viewport, color_scheme, locale ...
    """
    watched = Watched()
    context = launched.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    context.on("page", watched.watch)
    yield context, watched
    context.close()
    assert watched.complaints == []


def what_stays(page: Page, look: Callable[[], list[str]]) -> list[str]:
    """What `look` finds wrong every time for a while: a part that is being refreshed is judged once it stands."""
    found = look()
    until = time.monotonic() + STANDS_S
    while found and time.monotonic() < until:
        page.evaluate(AT_REST)
        seen = look()
        found = [fault for fault in found if fault in seen]
    return found
