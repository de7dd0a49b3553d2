"""Runs: how far they are, what came of them, stopped and resumed by a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from connectors.contracts import Side
from syncapp.engine.plan import Cost
from syncapp.models import (
    AuditEvent,
    Company,
    Connection,
    Mapping,
    PreviewItem,
    Run,
)
from syncapp.services.history import Forecast
from tests.builders import (
    a_link,
    a_run,
    an_attempt,
)
from tests.web.builders import queries_of, words

pytestmark = pytest.mark.django_db


def test_a_run_under_way_shows_how_far_it_is_and_asks_again(browser: Client, mapping: Mapping) -> None:
    run = a_run(
        mapping.integration, mapping=mapping, state="running", kind="first_load", total=1200, created_count=300,
        started_at=timezone.now() - timedelta(minutes=1), finished_at=None,
    )  # fmt: skip
    answer = browser.get(f"/runs/{run.pk}/")
    page, text = answer.content.decode(), words(answer)
    assert ("300 of 1,200 records" in text, "Pause" in text, 'hx-trigger="every 2s"' in page) == (
        True,
        True,
        True,
    )
    part = browser.get(f"/runs/{run.pk}/", headers={"HX-Request": "true"})
    assert ("<html" in part.content.decode(), "HX-Refresh" in part.headers) == (False, False)
    Run.all_companies.filter(pk=run.pk).update(state="done", finished_at=timezone.now())
    ended = browser.get(f"/runs/{run.pk}/", headers={"HX-Request": "true"})
    assert (ended.headers["HX-Refresh"], "every 2s" in ended.content.decode()) == ("true", False)


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        ({"status": "needs_reauth"}, "The access to {name} has ended"),
        ({"status": "disconnected"}, "The access to {name} has ended"),
        ({"breaker_open_until": timezone.now() + timedelta(days=1)}, "{name} did not answer several times"),
    ],
)
def test_a_run_that_waits_for_a_connection_says_which_and_leads_there(
    browser: Client, mapping: Mapping, standing: dict[str, Any], told: str
) -> None:
    run = a_run(mapping.integration, mapping=mapping, state="reading", finished_at=None)
    books = mapping.integration.quickbooks
    assert books is not None
    title = told.format(name=books)
    assert title not in words(browser.get(f"/runs/{run.pk}/"))

    Connection.all_companies.filter(pk=books.pk).update(**standing)

    page, line = browser.get(f"/runs/{run.pk}/"), words(browser.get("/runs/"))
    assert (title in words(page), title in line) == (True, True)
    assert 'href="/connections/">' in page.content.decode().split(title)[1].split("</section>")[0]
    Run.all_companies.filter(pk=run.pk).update(state="done", finished_at=timezone.now())
    assert title not in words(browser.get(f"/runs/{run.pk}/")) + words(browser.get("/runs/"))


def test_a_run_of_a_paused_company_says_that_all_is_paused(browser: Client, mapping: Mapping) -> None:
    run = a_run(mapping.integration, mapping=mapping, state="running", finished_at=None)
    Company.objects.filter(pk=mapping.company_id).update(paused=True)
    assert "Let syncing go on under Settings." in words(browser.get(f"/runs/{run.pk}/"))


def test_a_run_is_cancelled_by_a_person_for_good(browser: Client, mapping: Mapping) -> None:
    run = a_run(mapping.integration, mapping=mapping, state="running", finished_at=None, total=5)
    assert "Cancel" in words(browser.get(f"/runs/{run.pk}/"))
    browser.post(f"/runs/{run.pk}/control/", {"do": "cancel"})
    run.refresh_from_db()
    page = words(browser.get(f"/runs/{run.pk}/"))
    assert (run.state, "Cancelled. What was written stays" in page, "Resume" in page) == (
        "canceled",
        True,
        False,
    )
    assert AuditEvent.all_companies.filter(action="run.cancelled").count() == 1


def test_history_is_loaded_from_the_page_of_its_mapping(browser: Client, mapping: Mapping) -> None:
    assert "Load history" in words(browser.get(f"/mappings/{mapping.pk}/"))
    address = f"/mappings/{mapping.pk}/history/"
    cost = Forecast(Side.SALESFORCE, 90_000, Cost(3000, 135, 0, 4800), calls_left=100, reads_left=None)
    with patch("syncapp.services.history.forecast", return_value=cost):
        page = words(browser.post(address, {"direction": "to_qbo", "since": "", "do": "forecast"}))
    assert "90,000 records in Salesforce" in page
    assert "It will not be done today" in page
    assert not Run.all_companies.exists()
    assert (
        browser.post(address, {"direction": "to_qbo", "since": "2999-01-01", "do": "start"}).status_code
        == 422
    )
    browser.post(address, {"direction": "to_qbo", "since": "2026-01-01", "do": "start"})
    run = Run.all_companies.get()
    assert (run.kind, run.priority, run.scope["since"]) == ("history", 2, "2026-01-01")


def test_a_run_is_stopped_and_resumed_by_a_person(browser: Client, mapping: Mapping) -> None:
    run = a_run(mapping.integration, mapping=mapping, state="running", finished_at=None, total=5)
    browser.post(f"/runs/{run.pk}/control/", {"do": "stop"})
    run.refresh_from_db()
    assert run.state == "stopped"
    assert "Resume" in words(browser.get(f"/runs/{run.pk}/"))
    browser.post(f"/runs/{run.pk}/control/", {"do": "resume"})
    assert set(AuditEvent.all_companies.values_list("action", flat=True)) == {"run.stopped", "run.resumed"}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("done", "Nothing had to be written: both sides agreed already."),
        ("stopped", "No record was done before it was paused."),
        ("canceled", "No record was done before it ended."),
        ("failed", "No record was done before it ended."),
    ],
)
def test_a_run_that_did_nothing_says_why(browser: Client, mapping: Mapping, state: str, said: str) -> None:
    run = a_run(mapping.integration, mapping=mapping, state=state, total=5)
    assert said in browser.get(f"/runs/{run.pk}/").content.decode()


def test_the_items_of_a_run_are_listed_by_what_came_of_them(browser: Client, mapping: Mapping) -> None:
    run = a_run(mapping.integration, mapping=mapping, updated_count=1, failed_count=1)
    an_attempt(a_link(mapping, name="Went well"), run=run)
    an_attempt(a_link(mapping, name="Went wrong"), run=run, outcome="failed", failure_code="qbo.6240")
    everything, failed = (
        words(browser.get(f"/runs/{run.pk}/")),
        words(browser.get(f"/runs/{run.pk}/?outcome=failed")),
    )
    assert ("Went well" in everything, "Went wrong" in everything) == (True, True)
    assert ("Went well" in failed, "Went wrong" in failed) == (False, True)


def test_a_preview_shows_what_a_first_load_would_do_by_kind(browser: Client, mapping: Mapping) -> None:
    run = a_run(mapping.integration, kind="preview")
    for name, kind in (("Known", "link"), ("Fresh", "create")):
        PreviewItem.all_companies.create(
            company_id=mapping.company_id,
            run=run,
            link=a_link(mapping, name=name),
            kind=kind,
            group="linked",
        )
    everything, new = (
        words(browser.get(f"/runs/{run.pk}/")),
        words(browser.get(f"/runs/{run.pk}/?kind=create")),
    )
    assert ("nothing is written by it" in everything, "Known" in everything, "Fresh" in everything) == (
        True,
        True,
        True,
    )
    assert ("Known" in new, "Fresh" in new) == (False, True)


def test_many_runs_and_items_cost_a_bounded_number_of_queries(browser: Client, mapping: Mapping) -> None:
    run = a_run(mapping.integration, mapping=mapping)
    an_attempt(a_link(mapping), run=run)
    few = queries_of(browser, "/runs/"), queries_of(browser, f"/runs/{run.pk}/")
    for _ in range(30):
        a_run(mapping.integration, mapping=mapping)
        an_attempt(a_link(mapping), run=run)
    assert (queries_of(browser, "/runs/"), queries_of(browser, f"/runs/{run.pk}/")) == few


def test_the_list_of_runs_leaves_out_what_the_clock_did_in_vain_until_asked(
    browser: Client, mapping: Mapping
) -> None:
    for cause, kind, total in (
        ("In vain", "schedule", 0),
        ("With work", "schedule", 3),
        ("Load", "first_load", 0),
    ):
        a_run(mapping.integration, mapping=mapping, kind=kind, cause=cause, total=total, created_count=total)

    short, whole = browser.get("/runs/").context["runs"], browser.get("/runs/?all").context["runs"]

    assert [row["run"].cause for row in short] == ["Load", "With work"]
    assert [row["run"].cause for row in whole] == ["Load", "With work", "In vain"]
