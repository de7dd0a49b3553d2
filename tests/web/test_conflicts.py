"""The page of conflicts, as people use it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from portal.people.models import Role
from syncapp.models import LinkBase, Mapping, RecordLink
from tests.builders import a_link, a_mapping
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db

PHONE = {
    "why": "conflict",
    "sf": {"phone": "(312) 555-0178"},
    "qbo": {"phone": "(312) 555-0100"},
    "base_sf": {"phone": "(312) 555-0142"},
    "base_qbo": {"phone": "(312) 555-0142"},
    "sf_by": "Ida Berg",
    "sf_at": "2026-11-12T09:00:00+00:00",
    "qbo_at": "2026-11-12T10:00:00+00:00",
    "since": "2026-11-12T10:01:00+00:00",
}


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping()


@pytest.fixture
def browser(mapping: Mapping) -> Client:
    return a_browser(Role.OPERATOR, mapping.company)


def a_conflict(mapping: Mapping, **values: Any) -> RecordLink:
    return a_link(
        mapping, attention="conflict", attention_code="engine.conflict", held={"phone": PHONE}, **values
    )


def given(link: RecordLink) -> str:
    held = LinkBase.all_companies.get(link=link).held
    return str(held["phone"].get("answer", {}).get("side", ""))


def shown(page: str, name: str) -> str:
    """The value of a hidden input."""
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def test_a_conflict_shows_the_three_values_who_changed_it_and_how_many_there_are(
    browser: Client, mapping: Mapping
) -> None:
    a_conflict(mapping, name="Pelagic Research Institute")
    text = words(browser.get("/conflicts/"))
    for part in ("Conflicts 1", "1 record changed on both sides", "Pelagic Research Institute", "(312) 555-0142",
                 "(312) 555-0178", "(312) 555-0100", "Ida Berg", "Take QuickBooks’"):  # fmt: skip
        assert part in text


def test_a_field_is_settled_by_its_choice_and_bound_to_what_was_shown(
    browser: Client, mapping: Mapping
) -> None:
    link = a_conflict(mapping)
    seen = shown(browser.get("/conflicts/").content.decode(), "seen:phone")
    moved = {"side:phone": "qbo", "seen:phone": "0" * 16}
    assert "None of them could be answered" in words(
        browser.post(f"/conflicts/{link.pk}/", moved, follow=True)
    )
    assert given(link) == ""
    answer = browser.post(f"/conflicts/{link.pk}/", {"side:phone": "qbo", "seen:phone": seen}, follow=True)
    assert "1 record is being settled" in words(answer)
    assert given(link) == "qbo"
    assert "Conflicts 1" not in words(browser.get("/"))


def test_ticked_conflicts_are_answered_together(browser: Client, mapping: Mapping) -> None:
    ticked, other = a_conflict(mapping), a_conflict(mapping)
    page = browser.get("/conflicts/").content.decode()
    data = {"record": str(ticked.pk), "side": "sf", f"seen:{ticked.pk}": shown(page, f"seen:{ticked.pk}")}
    browser.post("/conflicts/answer/", data)
    assert (given(ticked), given(other)) == ("sf", "")


def test_all_are_answered_only_after_a_person_confirmed_it(browser: Client, mapping: Mapping) -> None:
    links = [a_conflict(mapping) for _ in range(3)]
    asked = browser.post("/conflicts/answer/", {"do": "all", "side": "qbo"})
    assert "Take QuickBooks’ values in 3 records?" in words(asked)
    assert {given(link) for link in links} == {""}
    browser.post("/conflicts/answer/", {"do": "all", "side": "qbo", "sure": "1"})
    assert {given(link) for link in links} == {"qbo"}


def test_a_record_that_was_merged_over_there_leads_to_its_page(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping, attention="conflict", attention_code="engine.sf_merged", held={})
    page = browser.get("/conflicts/")
    assert "Choose which counterpart stays" in words(page)
    assert f'href="/records/{link.pk}/"' in page.content.decode()


def test_a_viewer_sees_conflicts_and_answers_none(mapping: Mapping) -> None:
    link = a_conflict(mapping)
    viewer = a_browser(Role.VIEWER, mapping.company)
    assert "Take" not in words(viewer.get("/conflicts/"))
    assert viewer.post(f"/conflicts/{link.pk}/", {"every": "sf"}).status_code == 403


def test_nothing_in_conflict_is_a_calm_page(browser: Client) -> None:
    assert "Nothing waits for your choice" in words(browser.get("/conflicts/"))
