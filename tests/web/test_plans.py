"""Previews, what is done with them, Sync now and Why, as people use them."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from portal.people.models import Role
from syncapp.models import Attempt, Connection, LinkWork, Mapping, PreviewItem, Run
from tests.builders import a_link, a_mapping, a_run, a_schedule, an_attempt
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping()


@pytest.fixture
def browser(mapping: Mapping) -> Client:
    return a_browser(Role.OPERATOR, mapping.company)


@pytest.fixture
def viewer(mapping: Mapping) -> Client:
    return a_browser(Role.VIEWER, mapping.company)


def a_plan(mapping: Mapping, **fields: Any) -> Run:
    defaults = {"kind": "preview", "state": "done", "scope": {"of": "changes"}, "cause": "Nightly"}
    return a_run(mapping.integration, mapping=mapping, **{**defaults, **fields})


def an_item(plan: Run, mapping: Mapping, kind: str, name: str, **decision: Any) -> PreviewItem:
    return PreviewItem.all_companies.create(
        company_id=mapping.company_id,
        run=plan,
        mapping=mapping,
        mapping_version=mapping.published_number,
        link=a_link(mapping, name=name),
        kind=kind,
        group="linked",
        decision={"reasons": [], **decision},
    )


def an_update(plan: Run, mapping: Mapping, name: str = "Blue Pine") -> PreviewItem:
    change = {"unit": "phone", "target": "qbo", "values": {"phone": "555-2"}, "before": {"phone": "555-1"}}
    return an_item(plan, mapping, "update", name, changes=[change])


def run_at(answer: Any) -> Run:
    return Run.all_companies.get(pk=UUID(answer.url.rstrip("/").split("/")[-1]))


def test_a_draft_is_previewed_from_its_versions_and_its_plan_offers_nothing_to_apply(
    browser: Client, mapping: Mapping
) -> None:
    assert "Preview all records" in words(browser.get(f"/mappings/{mapping.pk}/versions/"))
    answer = browser.post(f"/mappings/{mapping.pk}/versions/preview/")
    plan = run_at(answer)
    assert (plan.kind, plan.scope["of"], plan.cause) == ("preview", "draft", "Draft")
    an_update(plan, mapping)
    Run.all_companies.filter(pk=plan.pk).update(state="done")
    page = words(browser.get(answer.url))
    assert "what the draft would write; nothing has been written" in page
    assert "Cost once it is published" in page
    assert "Apply this plan" not in page
    refused = words(browser.post(f"/runs/{plan.pk}/apply/", follow=True))
    assert "This plan is of a draft" in refused


# --- a plan ---


def test_a_plan_shows_what_will_happen_with_old_and_new_and_what_it_costs(
    browser: Client, mapping: Mapping
) -> None:
    plan = a_plan(mapping)
    an_update(plan, mapping)
    skipped = [{"code": "engine.filtered", "values": {"label": "Type", "value": "Prospect"}}]
    an_item(plan, mapping, "skip", "Copper Kettle", reasons=skipped)
    text = words(browser.get(f"/runs/{plan.pk}/"))
    for part in ("Update", "Skip", "555-1", "555-2", "Apply 1 record", "Left out by the filter", "1 call"):
        assert part in text, part
    only = words(browser.get(f"/runs/{plan.pk}/?kind=skip"))
    assert ("Copper Kettle" in only, "555-2" in only) == (True, False)


def test_a_plan_goes_out_as_a_file_that_no_spreadsheet_runs(browser: Client, mapping: Mapping) -> None:
    plan = a_plan(mapping)
    an_update(plan, mapping, "=HYPERLINK(1)")
    answer = browser.get(f"/runs/{plan.pk}/plan.csv")
    rows = list(csv.reader(StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert rows[0][:3] == ["Kind", "Record", "Object"]
    assert (rows[1][1], rows[1][5], rows[1][7], rows[1][8]) == (
        "'=HYPERLINK(1)",
        "QuickBooks",
        "555-1",
        "555-2",
    )


def test_applying_makes_the_planned_links_due_once(browser: Client, mapping: Mapping) -> None:
    plan = a_plan(mapping)
    item = an_update(plan, mapping)
    run = run_at(browser.post(f"/runs/{plan.pk}/apply/"))
    assert (run.kind, run.origin_id, run.total) == ("apply", plan.pk, 1)
    assert LinkWork.all_companies.get(link=item.link).run_id == run.pk
    assert run_at(browser.post(f"/runs/{plan.pk}/apply/")) == run
    assert "Open what was applied" in words(browser.get(f"/runs/{plan.pk}/"))


def test_a_discarded_plan_cannot_be_applied(browser: Client, mapping: Mapping) -> None:
    plan = a_plan(mapping)
    an_update(plan, mapping)
    assert browser.post(f"/runs/{plan.pk}/discard/").status_code == 302
    assert "The plan was discarded" in words(browser.post(f"/runs/{plan.pk}/apply/", follow=True))
    assert not LinkWork.all_companies.exists()


def test_what_moved_is_named_and_previewed_again_alone(browser: Client, mapping: Mapping) -> None:
    plan = a_plan(mapping)
    run = a_run(mapping.integration, mapping=mapping, kind="apply", state="done", origin=plan, moved_count=1)
    link = a_link(mapping, name="Blue Pine")
    an_attempt(link, run=run, outcome="moved", reasons=[{"code": "engine.moved_since", "values": {}}])
    text = words(browser.get(f"/runs/{run.pk}/"))
    assert ("1 record to look at" in text, "Changed since the plan was made" in text) == (True, True)
    again = run_at(browser.post(f"/runs/{run.pk}/again/"))
    assert (again.kind, again.scope["links"]) == ("preview", [str(link.pk)])


def test_undo_is_offered_for_what_wrote_and_shows_its_own_preview(browser: Client, mapping: Mapping) -> None:
    run = a_run(mapping.integration, mapping=mapping, kind="schedule", state="done")
    assert "Undo" not in words(browser.get(f"/runs/{run.pk}/"))
    an_attempt(a_link(mapping), run=run, outcome="linked")
    assert "Undo" in words(browser.get(f"/runs/{run.pk}/"))
    plan = run_at(browser.post(f"/runs/{run.pk}/undo/"))
    assert (plan.kind, plan.origin_id, plan.scope["of"]) == ("preview", run.pk, "undo")
    an_update(plan, mapping)
    refused = [{"code": "engine.undo_edited", "values": {"label": "Phone"}}]
    an_item(plan, mapping, "refused", "Copper Kettle", reasons=refused)
    Run.all_companies.filter(pk=plan.pk).update(state="done")
    text = words(browser.get(f"/runs/{plan.pk}/"))
    for part in ("Undo 1 record", "Pause the mapping", "Edited since", "Undo it"):
        assert part in text, part
    undoing = run_at(browser.post(f"/runs/{plan.pk}/apply/", {"pause": "on"}))
    mapping.refresh_from_db()
    assert (undoing.kind, mapping.mode) == ("undo", "button")
    assert "The mapping is paused" in words(browser.get(f"/runs/{undoing.pk}/"))
    browser.post(f"/runs/{undoing.pk}/go-on/")
    mapping.refresh_from_db()
    assert mapping.mode == "changes"


def test_unticking_leaves_the_mapping_running(browser: Client, mapping: Mapping) -> None:
    plan = a_plan(mapping, scope={"of": "undo"})
    an_update(plan, mapping)
    browser.post(f"/runs/{plan.pk}/apply/")
    mapping.refresh_from_db()
    assert mapping.mode == "changes"


def test_viewers_look_and_do_nothing(viewer: Client, mapping: Mapping) -> None:
    plan = a_plan(mapping)
    an_update(plan, mapping)
    text = words(viewer.get(f"/runs/{plan.pk}/"))
    assert ("555-2" in text, "Apply" in text, "Discard" in text) == (True, False, False)
    for action in ("apply", "discard", "again", "undo", "go-on"):
        assert viewer.post(f"/runs/{plan.pk}/{action}/").status_code == 403
    assert viewer.get("/sync/").status_code == 403
    assert Attempt.all_companies.count() == 0


# --- asking for one ---


def test_sync_now_takes_conditions_with_curly_quotes_and_previews(browser: Client, mapping: Mapping) -> None:
    answer = browser.post(
        "/sync/",
        {"direction": "to_qbo", "mapping": mapping.pk, "text": "Id = ‘001A’", "do": "preview"},
    )
    run = run_at(answer)
    assert (run.kind, run.direction, run.scope["groups"]) == ("preview", "to_qbo", [[["Id", "eq", "001A"]]])
    again = run_at(
        browser.post("/sync/", {"direction": "to_sf", "mapping": mapping.pk, "text": "", "do": "sync"})
    )
    assert (again.kind, again.scope["side"]) == ("sync_now", "qbo")


def test_a_mistake_in_the_filter_is_told_beside_it_with_its_place(browser: Client, mapping: Mapping) -> None:
    asked = {"direction": "to_qbo", "mapping": mapping.pk, "text": "Name = 'Blue", "do": "preview"}
    answer = browser.post("/sync/", asked)
    text = words(answer)
    assert (answer.status_code, "The quote at character 8 is not closed" in text) == (422, True)
    assert "Name = &#x27;Blue" in answer.content.decode()
    assert not Run.all_companies.exists()


def test_records_a_record_and_a_schedule_can_be_previewed(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping)
    chosen = run_at(browser.post("/records/sync/", {"record": [str(link.pk)], "do": "preview"}))
    one = run_at(browser.post(f"/records/{link.pk}/sync/", {"do": "preview"}))
    schedule = run_at(
        browser.post(f"/schedules/{a_schedule(mapping.integration, mapping=mapping).pk}/preview/")
    )
    assert [run.scope["of"] for run in (chosen, one, schedule)] == ["links", "links", "changes"]
    assert {run.kind for run in (chosen, one, schedule)} == {"preview"}
    assert not LinkWork.all_companies.exists()


# --- why ---


def test_why_answers_for_a_record_in_words(browser: Client, mapping: Mapping) -> None:
    Connection.all_companies.update(status="needs_reauth")  # nobody is called
    link = a_link(mapping, name="Blue Pine")
    with_answers = words(browser.get("/why/", {"q": "Blue"}))
    assert ("Blue Pine" in with_answers, "A connection does not work" in with_answers) == (True, True)
    panel = words(browser.post(f"/records/{link.pk}/why/"))
    assert ("It is known here" in panel, "Why is it so?" in words(browser.get(f"/records/{link.pk}/"))) == (
        True,
        True,
    )


def test_why_says_when_it_knows_nothing(browser: Client) -> None:
    assert "Nothing of that name is known" in words(browser.get("/why/", {"q": "Nobody"}))
    assert "Find the reason" in words(browser.get("/why/"))
