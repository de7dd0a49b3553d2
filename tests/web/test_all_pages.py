"""What holds on every working page: nothing of another company, no word of the engine."""

from __future__ import annotations

import pytest
from django.test import Client

from syncapp.models import (
    Mapping,
)
from tests.builders import (
    a_link,
    a_mapping,
    a_problem,
    a_run,
    a_schedule,
    an_attempt,
    an_audit_row,
    an_integration,
)
from tests.web.builders import words

pytestmark = pytest.mark.django_db


PAGES = ("/", "/records/", "/problems/", "/runs/", "/schedules/", "/integrations/", "/audit/")


def test_no_page_shows_anything_of_another_company(browser: Client, mapping: Mapping) -> None:
    theirs = an_integration(name="Secret books")
    secret = a_mapping(theirs, label="Secret mapping")
    link = a_link(secret, name="Secret record", attention="data_error")
    a_problem(link)
    run = a_run(theirs, mapping=secret, cause="Secret run", kind="button")
    schedule = a_schedule(theirs, mapping=secret)
    an_audit_row(theirs.company, link=link, actor="secret@example.com")
    for page in PAGES:
        assert "ecret" not in words(browser.get(page))
    for address in (
        f"/runs/{run.pk}/", f"/schedules/{schedule.pk}/", f"/integrations/{theirs.pk}/", f"/mappings/{secret.pk}/",
    ):  # fmt: skip
        assert browser.get(address).status_code == 404


def test_no_engine_word_reaches_a_page(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping, attention="data_error", held={"phone": {"why": "conflict"}})
    a_problem(link)
    an_attempt(link)
    for page in (
        *PAGES,
        f"/records/{link.pk}/",
        f"/mappings/{mapping.pk}/",
        f"/integrations/{mapping.integration_id}/",
    ):
        text = words(browser.get(page)).lower()
        for word in ("intent", "fence", "lease", "observation", "oscillation", "realm", "entity"):
            assert word not in text.split(), (page, word)
