"""Problems, runs, schedules, dashboard, integrations, mappings and the audit trail, as people use them."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors.contracts import Side
from portal.people.models import Role
from syncapp.engine.plan import Cost
from syncapp.models import (
    ApiUsage,
    AuditEvent,
    FieldList,
    FieldMapping,
    LinkWork,
    Mapping,
    MappingCriteria,
    MappingVersion,
    PreviewItem,
    RecordLink,
    ReferenceEntry,
    ReferenceList,
    Run,
    Schedule,
    ValueMap,
    ValueMapEntry,
    WriteIntent,
)
from syncapp.services.history import Forecast
from tests.builders import (
    CUSTOMER_FIELDS,
    a_company,
    a_connection_problem,
    a_link,
    a_mapping,
    a_member,
    a_problem,
    a_run,
    a_schedule,
    an_attempt,
    an_audit_row,
    an_integration,
)
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping()


@pytest.fixture
def browser(mapping: Mapping) -> Client:
    return a_browser(Role.ADMIN, mapping.company)


def queries_of(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return len(captured)


# --- problems ---


def test_problems_are_told_by_cause_with_what_to_do(browser: Client, mapping: Mapping) -> None:
    for number in range(7):
        a_problem(a_link(mapping, name=f"Nordlys {number}"))
    a_problem(
        a_link(mapping), code="engine.too_long", values={"label": "Notes", "limit": 4000, "length": 4210}
    )
    text = words(browser.get("/problems/"))
    for part in ("8 need a person", "Retry all 7", "Nordlys 6", "Notes", "What to do:"):
        assert part in text


def test_a_problem_of_the_connection_leads_to_the_connections(browser: Client, mapping: Mapping) -> None:
    a_connection_problem(mapping.integration.quickbooks)
    text = words(browser.get("/problems/"))
    assert ("Go to connections" in text, "Retry all" in text) == (True, False)


def test_a_cause_leads_to_its_explanation_the_mapping_and_the_details_for_support(
    browser: Client, mapping: Mapping
) -> None:
    problem = a_problem(
        a_link(mapping), code="engine.too_long", values={"label": "Notes", "limit": 4000, "length": 4210}
    )
    page = browser.get("/problems/").content.decode()
    for address in (
        "/help/errors/#engine-too-long",
        f"/mappings/{mapping.pk}/",
        f"/problems/{problem.pk}/support/",
    ):
        assert f'href="{address}"' in page
    assert 'id="engine-too-long"' in browser.get("/help/errors/").content.decode()


def test_the_page_of_errors_is_searched_by_code_or_words(browser: Client) -> None:
    assert "name already in use" in words(browser.get("/help/errors/?q=6240"))
    assert "No error has these words" in words(browser.get("/help/errors/?q=zebra"))


def test_what_is_copied_for_support_holds_ids_and_codes_and_nobodys_data(
    browser: Client, mapping: Mapping
) -> None:
    link = a_link(mapping, name="Ada Lovelace", sf_id="001A", qbo_id="58")
    an_attempt(
        link,
        outcome="failed",
        failure_code="qbo.2210",
        request_id="1-5f-2",
        failure_values={"message": "ada@example.com"},
    )
    problem = a_problem(
        link,
        code="qbo.2210",
        values={
            "name": "Ada Lovelace",
            "message": "Token eyJabc for ada@example.com",
            "detail": "ada@example.com is not valid",
            "request_id": "1-5f-2",
        },
    )
    for address in (f"/problems/{problem.pk}/support/", f"/records/{link.pk}/"):
        page = browser.get(address).content.decode()
        copied = page.split('<pre class="payload" tabindex="0" id="support-')[1].split("</pre>")[0]
        for part in ("qbo.2210", "1-5f-2", "001A", "58", str(link.pk), "Ledgerbridge 0."):
            assert part in copied, (address, part)
        assert not {part for part in ("Ada", "ada@", "eyJ") if part in copied}


def test_retrying_one_or_all_of_a_cause_makes_one_run(browser: Client, mapping: Mapping) -> None:
    problems = [a_problem(a_link(mapping)) for _ in range(3)]
    a_problem(a_link(mapping), code="qbo.2050")
    browser.post("/problems/retry/", {"problem": problems[0].pk, "do": "chosen"})
    assert [one.link_id for one in LinkWork.all_companies.all()] == [problems[0].link_id]
    LinkWork.all_companies.all().delete()
    Run.all_companies.all().delete()
    answer = browser.post("/problems/retry/", {"code": "qbo.6240", "do": "all", "mapping": mapping.pk})
    assert {one.link_id for one in LinkWork.all_companies.all()} == {one.link_id for one in problems}
    assert answer.headers["Location"] == f"/runs/{Run.all_companies.get().pk}/"


def test_the_export_is_a_file_a_spreadsheet_reads_without_formulas(browser: Client, mapping: Mapping) -> None:
    a_problem(a_link(mapping, name="=1+1", sf_id="001Hp00002vXc3TIAS"))
    answer = browser.get("/problems/export/")
    text = b"".join(answer.streaming_content).decode()
    headings, line = csv.reader(StringIO(text.removeprefix("\ufeff")))
    assert (answer.headers["Content-Type"], text[0]) == ("text/csv; charset=utf-8", "\ufeff")
    assert (headings[3], line[3], line[5]) == ("Record", "'=1+1", "001Hp00002vXc3TIAS")


def test_a_viewer_may_not_retry_or_export(mapping: Mapping) -> None:
    viewer = a_browser(Role.VIEWER, mapping.company)
    a_problem(a_link(mapping))
    page = words(viewer.get("/problems/"))
    assert ("Retry" in page, "Export CSV" in page) == (False, False)
    assert viewer.post("/problems/retry/", {"code": "qbo.6240", "do": "all"}).status_code == 403
    assert viewer.get("/problems/export/").status_code == 403


def test_nothing_wrong_is_a_calm_page(browser: Client) -> None:
    assert "No open problem" in words(browser.get("/problems/"))


def test_the_number_of_causes_and_records_costs_a_bounded_number_of_queries(
    browser: Client, mapping: Mapping
) -> None:
    for number in range(3):
        a_problem(a_link(mapping), code=f"qbo.{number}")
    few = queries_of(browser, "/problems/")
    for number in range(40):
        a_problem(a_link(mapping), code=f"qbo.{number % 8}")
    assert queries_of(browser, "/problems/") == few


# --- runs ---


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


# --- schedules ---


def test_the_dashboard_shows_the_schedules_that_are_due_soonest(browser: Client, mapping: Mapping) -> None:
    for minutes in (700, 15, 800, 600, 500, 400, 300, 200):
        a_schedule(mapping.integration, minutes=minutes, next_at=timezone.now() + timedelta(minutes=minutes))

    page = browser.get("/")

    assert len(page.context["schedules"]) == 6
    assert "6 of 8, those due soonest All schedules" in words(page)


def test_a_schedule_is_made_in_the_companys_zone(browser: Client, mapping: Mapping) -> None:
    answer = browser.post(
        "/schedules/add/", {"what": f"m:{mapping.pk}", "cadence": "daily", "at_time": "02:00"}
    )
    schedule = Schedule.all_companies.get()
    assert (answer.status_code, schedule.mapping, schedule.company) == (302, mapping, mapping.company)
    assert schedule.next_at is not None
    assert schedule.next_at.hour in {7, 8}  # 02:00 in Chicago, summer or winter


def test_a_schedule_runs_weekly_monthly_or_once_in_the_companys_zone(
    browser: Client, mapping: Mapping
) -> None:
    for data in (
        {"cadence": "weekly", "weekdays": ["0", "4"], "at_time": "06:00"},
        {"cadence": "monthly", "month_day": "31", "at_time": "06:00"},
        {"cadence": "once", "once_at": "2100-01-04T06:00"},
    ):
        assert browser.post("/schedules/add/", {"what": f"m:{mapping.pk}", **data}).status_code == 302
    page = words(browser.get("/schedules/"))
    assert "Every Mon, Fri at 06:00" in page
    assert "Every month on the last day at 06:00" in page
    assert "Once, 04 Jan 2100 at 06:00" in page
    once = Schedule.all_companies.get(cadence="once")
    assert "2100-01-04T06:00" in browser.get(f"/schedules/{once.pk}/").content.decode()


def test_the_next_times_are_shown_before_anything_is_saved(browser: Client, mapping: Mapping) -> None:
    text = words(
        browser.post(
            "/schedules/add/",
            {"what": f"m:{mapping.pk}", "cadence": "cron", "cron": "0 6 * * MON", "try": "1"},
        )
    )
    assert (text.count("Monday "), Schedule.all_companies.count()) == (5, 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"cadence": "cron", "cron": "often"}, "is not five fields"),
        ({"cadence": "every", "minutes": "0"}, "every 1 to 1440 minutes"),
        ({"cadence": "daily"}, "This field is required"),
    ],
)
def test_a_wrong_schedule_keeps_what_was_typed_and_says_why(
    browser: Client, mapping: Mapping, data: dict[str, str], said: str
) -> None:
    text = words(browser.post("/schedules/add/", {"what": f"m:{mapping.pk}", **data}))
    assert (said in text, Schedule.all_companies.count()) == (True, 0)


def test_a_schedule_of_another_companys_mapping_is_refused(browser: Client) -> None:
    other = a_mapping()
    answer = browser.post("/schedules/add/", {"what": f"m:{other.pk}", "cadence": "hourly", "at_minute": "0"})
    assert ("Select a valid choice" in words(answer), Schedule.all_companies.count()) == (True, 0)


def test_pausing_resuming_running_and_removing(browser: Client, mapping: Mapping) -> None:
    schedule = a_schedule(mapping.integration, mapping=mapping)
    address = f"/schedules/{schedule.pk}/"
    browser.post(f"{address}pause/")
    schedule.refresh_from_db()
    assert (schedule.paused, "Paused" in words(browser.get("/schedules/"))) == (True, True)
    browser.post(f"{address}pause/")
    answer = browser.post(f"{address}run/")
    run = Run.all_companies.get()
    assert (run.schedule, answer.headers["Location"]) == (schedule, f"/runs/{run.pk}/")
    assert "It is running already" in words(browser.post(f"{address}run/", follow=True))
    browser.post(f"{address}remove/")
    assert (Schedule.all_companies.count(), Run.all_companies.get().schedule) == (0, None)


def test_an_operator_runs_schedules_but_does_not_change_them(mapping: Mapping) -> None:
    operator = a_browser(Role.OPERATOR, mapping.company)
    schedule = a_schedule(mapping.integration, mapping=mapping)
    page = words(operator.get("/schedules/"))
    assert ("Run now" in page, "New schedule" in page, "Pause" in page) == (True, False, False)
    for part in ("", "pause/", "remove/"):
        assert operator.post(f"/schedules/{schedule.pk}/{part}").status_code == 403


# --- dashboard ---


def test_the_dashboard_says_how_it_stands_what_comes_next_and_what_to_do(
    browser: Client, mapping: Mapping
) -> None:
    for _ in range(3):
        an_attempt(a_link(mapping), finished_at=timezone.now())
    a_problem(a_link(mapping, attention="data_error"), last_seen_at=timezone.now())
    a_link(mapping, attention="skipped")
    a_run(mapping.integration, mapping=mapping, updated_count=3)
    a_schedule(mapping.integration, mapping=mapping, next_at=timezone.now() + timedelta(minutes=3))
    answer = browser.get("/")
    text, page = words(answer), answer.content.decode()
    for part in (
        "3 of 4 records are in sync; 1 more is left out",
        "75.0% of those to keep in step",
        "1 cause",
        "in 3 min",
        "Every 15 minutes",
        "Run now",
    ):
        assert part in text
    for address in ("/records/?state=needs_attention", "/records/?state=in_sync", "/problems/?code=qbo.6240"):
        assert address in page
    assert (
        'aria-label="Records per hour in the last 24 hours: 3 to QuickBooks, 0 to Salesforce, 0 failed'
        in page
    )


def test_only_the_head_of_the_dashboard_moves_while_a_person_reads(browser: Client, mapping: Mapping) -> None:
    a_link(mapping)
    part = browser.get("/", headers={"HX-Request": "true"})
    assert ("In sync" in words(part), "Records per hour" in words(part)) == (True, False)
    assert 'hx-trigger="every 20s"' in part.content.decode()


def test_the_dashboard_of_a_new_company_leads_to_the_setup() -> None:
    answer = a_browser(Role.OWNER, a_company()).get("/")
    assert ("Begin the setup" in words(answer), 'href="/setup/' in answer.content.decode()) == (True, True)


def test_a_lost_connection_is_seen_at_once(browser: Client, mapping: Mapping) -> None:
    mapping.integration.quickbooks.status = "needs_reauth"
    mapping.integration.quickbooks.save()
    text = words(browser.get("/"))
    assert ("Reconnect now" in text, "what is due waits" in text) == (True, True)


def test_a_connection_that_rests_says_so_and_when_it_goes_on(browser: Client, mapping: Mapping) -> None:
    connection = mapping.integration.quickbooks
    assert connection is not None
    connection.breaker_open_until = timezone.now() + timedelta(minutes=5)
    connection.save()
    assert "QuickBooks did not answer several times" in words(browser.get("/connections/"))


def test_the_connections_page_says_what_the_org_has_left_today_and_what_waits(
    browser: Client, mapping: Mapping
) -> None:
    connection = mapping.integration.salesforce
    assert connection is not None
    seen = []
    for left in (40_000, 15_000, 5_000):
        connection.facts = {**connection.facts, "calls_max": 100_000, "calls_left": left}
        connection.save()
        seen.append(words(browser.get("/connections/")))
    assert "60,000 of 100,000 (60 %), 40,000 left for all its apps" in seen[0]
    assert ["large loads wait and go on" in text for text in seen] == [False, True, False]
    assert ["large loads and schedules wait and go on" in text for text in seen] == [False, False, True]


def test_the_metered_reads_show_use_and_forecast_and_their_budget_is_changed(
    browser: Client, mapping: Mapping
) -> None:
    connection = mapping.integration.quickbooks
    assert connection is not None
    ApiUsage.all_companies.create(
        company=mapping.company,
        connection=connection,
        day=timezone.now().date(),
        endpoint="GET query",
        metered=400_000,
    )
    text = words(browser.get("/connections/"))
    assert "400,000 of 500,000 this month (80 %)" in text
    assert "400,000 of 500,000 metered reads this month" in words(browser.get("/", follow=True))
    browser.post(f"/connections/{connection.pk}/budget/", {"reads": "1,000,000"})
    assert "400,000 of 1,000,000 this month (40 %)" in words(browser.get("/connections/"))
    assert "How many reads a month?" in words(
        browser.post(f"/connections/{connection.pk}/budget/", {"reads": "lots"}, follow=True)
    )


def test_pausing_the_company_is_said_and_taken_back(browser: Client, mapping: Mapping) -> None:
    a_link(mapping)
    browser.post("/dashboard/pause/")
    assert "All syncing is paused" in words(browser.get("/"))
    browser.post("/dashboard/pause/")
    assert "All syncing is paused" not in words(browser.get("/"))


def test_sync_now_reads_every_mapping_that_is_on(browser: Client, mapping: Mapping) -> None:
    a_mapping(mapping.integration, key="off", mode="off", sf_object="Contact")
    answer = browser.post("/dashboard/sync/")
    run = Run.all_companies.get()
    assert (run.mapping, answer.headers["Location"]) == (mapping, f"/runs/{run.pk}/")


def test_the_dashboard_costs_the_same_for_many_mappings_and_schedules(
    browser: Client, mapping: Mapping
) -> None:
    a_schedule(mapping.integration, mapping=mapping)
    a_run(mapping.integration)
    few = queries_of(browser, "/")
    for number in range(4):
        more = a_mapping(mapping.integration, key=f"m{number}", sf_object=f"O{number}__c")
        a_schedule(mapping.integration, mapping=more)
        a_link(more)
    assert queries_of(browser, "/") <= few


@pytest.mark.parametrize("period", ["24h", "7d", "30d", "nonsense"])
def test_the_chart_has_a_table_of_its_figures(browser: Client, mapping: Mapping, period: str) -> None:
    an_attempt(a_link(mapping), finished_at=timezone.now())
    text = words(browser.get("/", {"period": period}))
    assert "As a table" in text


# --- integrations and mappings ---


def test_an_integration_shows_what_flows_and_what_waits_for_what(browser: Client, mapping: Mapping) -> None:
    mapping.sf_filter = [{"path": "Type", "operator": "in", "value": ["Customer", "Partner"]}]
    mapping.published_number = 0
    mapping.save()
    rows = ({"key": "account", "label": "Account", "type": "reference", "refers_to": mapping.key},)
    a_mapping(mapping.integration, key="contact", label="Contact ↔ Contact", sf_object="Contact", rows=rows)
    text = words(browser.get(f"/integrations/{mapping.integration_id}/"))
    for part in ("Type is one of Customer, Partner", "8 mapped", "As it changes", "not published"):
        assert part in text
    assert (
        "Contact ↔ Contact waits for Account ↔ Customer"
        in browser.get(f"/integrations/{mapping.integration_id}/").content.decode()
    )


def test_a_mapping_is_switched_where_it_is_listed(browser: Client, mapping: Mapping) -> None:
    browser.post(f"/mappings/{mapping.pk}/mode/", {"mode": "button"})
    mapping.refresh_from_db()
    assert mapping.mode == "button"
    assert "There is no such choice" in words(
        browser.post(f"/mappings/{mapping.pk}/mode/", {"mode": "x"}, follow=True)
    )


def test_an_integration_is_renamed_and_never_nameless(browser: Client, mapping: Mapping) -> None:
    address = f"/integrations/{mapping.integration_id}/rename/"
    browser.post(address, {"name": "US books"})
    assert "A name is needed" in words(browser.post(address, {"name": " "}, follow=True))
    mapping.integration.refresh_from_db()
    assert mapping.integration.name == "US books"


def the_form(mapping: Mapping, **changes: Any) -> dict[str, Any]:
    """What the browser posts for the draft as it is, with changes by `<row key>-<field>`."""
    rows = list(FieldMapping.all_companies.filter(mapping=mapping).order_by("position", "id"))
    data: dict[str, Any] = {
        "label": mapping.label, "create_in_qbo": "on", "create_in_sf": "on", "match_auto": "on", "sf_filter": "",
        "qbo_filter": "", "external_id_field": "",
        "criteria-TOTAL_FORMS": 1, "criteria-INITIAL_FORMS": 0,
        "criteria-0-position": 0, "criteria-0-name": "", "criteria-0-side": "sf",
        "criteria-0-enabled": "on", "criteria-0-rules": "",
        "rows-TOTAL_FORMS": len(rows), "rows-INITIAL_FORMS": len(rows), "rows-MIN_NUM_FORMS": 0,
    }  # fmt: skip
    for place, row in enumerate(rows):
        values = {
            "id": row.pk, "position": row.position, "enabled": "on" if row.enabled else "", "key": row.key,
            "label": row.label, "sf_path": row.sf_path, "direction": row.direction, "qbo_path": row.qbo_path,
            "type": row.type, "on_conflict": row.on_conflict, "on_drift": row.on_drift, "initial": row.initial,
            "group": row.group, "transform": row.transform, "places": row.places, "refers_to": row.refers_to,
            "required": "on" if row.required else "", "qbo_length": row.qbo_length or "", "sf_length": "",
            "constant": "", "default": "", "write": row.write, "formula": row.formula, "value_map": row.value_map,
        }  # fmt: skip
        values |= {
            name.partition("__")[2]: value
            for name, value in changes.items()
            if name.startswith(f"{row.key}__")
        }
        data |= {f"rows-{place}-{name}": value for name, value in values.items() if value != ""}
    return {**data, **{name: value for name, value in changes.items() if "__" not in name}}


def test_an_edited_draft_is_stored_shown_and_published(browser: Client, mapping: Mapping) -> None:
    address = f"/mappings/{mapping.pk}/change/"
    assert browser.get(address).status_code == 200
    answer = browser.post(
        address, the_form(mapping, phone__direction="to_qbo", sf_filter="Type is one of Customer, Partner")
    )
    assert answer.headers["Location"] == f"/mappings/{mapping.pk}/"
    text = words(browser.get(f"/mappings/{mapping.pk}/"))
    for part in ("draft, 2 changes", "from Both ways to To QuickBooks", "Publish version 2"):
        assert part in text
    browser.post(f"/mappings/{mapping.pk}/publish/", {"note": "Phones only go out"})
    spec = MappingVersion.all_companies.get(number=2).spec
    assert {row["key"]: row["direction"] for row in spec["fields"]}["phone"] == "to_qbo"
    assert spec["sf_filter"] == [{"path": "Type", "operator": "in", "value": ["Customer", "Partner"]}]


def test_saving_a_draft_that_changes_nothing_leaves_nothing_to_publish(
    browser: Client, mapping: Mapping
) -> None:
    browser.post(f"/mappings/{mapping.pk}/change/", the_form(mapping))
    mapping.refresh_from_db()
    assert mapping.draft_changed_at is None
    assert "Nothing: the draft is what runs" in words(browser.get(f"/mappings/{mapping.pk}/"))


def test_a_new_field_gets_its_short_name_and_place(browser: Client, mapping: Mapping) -> None:
    data = the_form(mapping)
    number = data["rows-TOTAL_FORMS"]
    data["rows-TOTAL_FORMS"] = number + 1
    new = {
        "label": "Fax number", "enabled": "on", "sf_path": "Fax", "qbo_path": "Fax.FreeFormNumber", "type": "phone",
        "direction": "both", "on_conflict": "ask", "on_drift": "leave", "initial": "ask", "places": 2,
        "write": "always",
    }  # fmt: skip
    data |= {f"rows-{number}-{name}": value for name, value in new.items()}
    browser.post(f"/mappings/{mapping.pk}/change/", data)
    row = FieldMapping.all_companies.get(mapping=mapping, label="Fax number")
    assert (row.key, row.position, row.company) == ("fax_number", 9, mapping.company)


def test_a_row_moves_by_its_button_and_keeps_what_was_typed(browser: Client, mapping: Mapping) -> None:
    row = FieldMapping.all_companies.get(mapping=mapping, key="company")
    data = the_form(mapping, company__label="Trading name", _move=f"{row.pk}:up")
    answer = browser.post(f"/mappings/{mapping.pk}/change/", data)
    rows = FieldMapping.all_companies.filter(mapping=mapping).order_by("position")
    assert [(one.key, one.label) for one in rows][:2] == [("company", "Trading name"), ("name", "Name")]
    assert answer.headers["Location"].endswith(f"/mappings/{mapping.pk}/change/#row-{row.pk}")


def test_every_input_of_the_draft_has_a_name_for_screen_readers(browser: Client, mapping: Mapping) -> None:
    page = browser.get(f"/mappings/{mapping.pk}/change/").content.decode()
    for row in CUSTOMER_FIELDS:
        assert f"Salesforce field of {row['label']}" in page
        assert f"Move {row['label']} up" in page


def test_a_draft_with_faults_names_them_and_has_no_publish_button(browser: Client, mapping: Mapping) -> None:
    browser.post(f"/mappings/{mapping.pk}/change/", the_form(mapping, company__direction="both", _stay="1"))
    text = words(browser.get(f"/mappings/{mapping.pk}/"))
    assert ("both write DisplayName" in text or "both write Name" in text, "Publish version" in text) == (
        True,
        False,
    )
    answer = browser.post(f"/mappings/{mapping.pk}/publish/", follow=True)
    assert "cannot be published yet" in words(answer)


def test_a_condition_nobody_can_read_is_refused_beside_its_field(browser: Client, mapping: Mapping) -> None:
    answer = browser.post(
        f"/mappings/{mapping.pk}/change/", the_form(mapping, sf_filter="Type resembles Customer")
    )
    assert "is not a field, a comparison and a value" in words(answer)


def test_discarding_the_draft_goes_back_to_what_runs(browser: Client, mapping: Mapping) -> None:
    browser.post(f"/mappings/{mapping.pk}/change/", the_form(mapping, phone__label="Telephone"))
    browser.post(f"/mappings/{mapping.pk}/discard/")
    assert FieldMapping.all_companies.get(mapping=mapping, key="phone").label == "Phone"


def test_an_operator_sees_mappings_and_changes_none(mapping: Mapping) -> None:
    operator = a_browser(Role.OPERATOR, mapping.company)
    page = words(operator.get(f"/mappings/{mapping.pk}/"))
    assert ("What runs now" in page, "Edit draft" in page, "Publish" in page) == (True, False, False)
    for part in ("publish/", "discard/", "move/", "mode/"):
        assert operator.post(f"/mappings/{mapping.pk}/{part}", {"mode": "off"}).status_code == 403
    operator.post(f"/mappings/{mapping.pk}/change/", the_form(mapping, phone__label="Telephone"))
    assert FieldMapping.all_companies.get(mapping=mapping, key="phone").label == "Phone"


# --- audit ---


def test_the_trail_shows_who_changed_what_from_what_to_what(browser: Client, mapping: Mapping) -> None:
    an_audit_row(
        mapping.company, link=a_link(mapping, name="Nordlys"), actor="maren@example.com",
        before={"phone": "1"}, after={"phone": "2"}, request_id="1-65f2",
    )  # fmt: skip
    text = words(browser.get("/audit/"))
    for part in ("Nordlys", "Updated in QuickBooks", "maren@example.com", "phone: from 1 to 2", "1-65f2"):
        assert part in text
    assert "Nordlys" in words(browser.get("/audit/?show=writes"))
    assert "Nordlys" not in words(browser.get("/audit/?show=decisions"))


def a_write(mapping: Mapping, link: RecordLink, object_: str, **values: Any) -> WriteIntent:
    return WriteIntent.all_companies.create(
        company_id=mapping.company_id, connection=mapping.integration.quickbooks, link=link, side="sf",
        object=object_, remote_id="a0900001", operation="update", state="applied", body_sha256="x", **values,
    )  # fmt: skip


def test_the_lines_of_a_document_are_folded_into_its_row(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping, name="INV-1042")
    whole, lines = (a_write(mapping, link, "QBO_Invoice__c") for _ in range(2))
    said = {"link": link, "side": "sf"}
    invoice = {**said, "object": "QBO_Invoice__c", "remote_id": "a0900001"}
    an_audit_row(mapping.company, intent=whole, after={"Total": "300.00"}, **invoice)
    for number in range(1, 3):
        line = {**said, "object": "QBO_Invoice_Line__c", "remote_id": f"a0L0000{number}"}
        an_audit_row(mapping.company, intent=whole, part=number, after={"Quantity": f"{number}"}, **line)
    an_audit_row(mapping.company, intent=lines, action="delete", before={"Quantity": "7"}, **line)

    text = words(browser.get("/audit/"))

    assert text.count("INV-1042") == 2
    assert "QBO_Invoice__c a0900001" in text
    assert "2 related records Updated · QBO_Invoice_Line__c a0L00001 Quantity" in text
    assert "1 related record Deleted · QBO_Invoice_Line__c a0L00002 Quantity" in text
    assert text.index("1 related record") < text.index("2 related records")


def test_a_document_of_very_many_lines_shows_the_first(browser: Client, mapping: Mapping) -> None:
    link = a_link(mapping, name="INV-1042")
    write = a_write(mapping, link, "QBO_Invoice__c")
    for number in range(30):
        an_audit_row(
            mapping.company, link=link, intent=write, part=number, side="sf", object="QBO_Invoice_Line__c"
        )

    assert "More than 20 related records" in words(browser.get("/audit/"))


def test_the_trail_names_the_person_whose_press_wrote_it(browser: Client, mapping: Mapping) -> None:
    person = a_member(mapping.company, first_name="Maren", last_name="Okonkwo")
    link = a_link(mapping, name="Nordlys")
    run = a_run(mapping.integration, kind="button", person=person, cause="Send to QuickBooks")
    intent = WriteIntent.all_companies.create(
        company_id=mapping.company_id, connection=mapping.integration.quickbooks, link=link, side="qbo",
        object="Customer", operation="update", state="applied", body_sha256="x", run=run,
    )  # fmt: skip
    an_audit_row(mapping.company, link=link, intent=intent, actor="Ledgerbridge", cause="Send to QuickBooks")
    assert "Maren Okonkwo Send to QuickBooks" in words(browser.get("/audit/?show=writes"))


def test_the_trail_is_for_those_who_run_the_company(mapping: Mapping) -> None:
    assert a_browser(Role.OPERATOR, mapping.company).get("/audit/").status_code == 403


def test_a_long_trail_costs_a_bounded_number_of_queries(browser: Client, mapping: Mapping) -> None:
    an_audit_row(mapping.company, link=a_link(mapping))
    few = queries_of(browser, "/audit/")
    for _ in range(60):
        an_audit_row(mapping.company, link=a_link(mapping))
    assert queries_of(browser, "/audit/") == few
    assert "Next 50" in words(browser.get("/audit/"))


# --- everything ---

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


def test_criteria_are_written_as_text_and_belong_to_the_draft(browser: Client, mapping: Mapping) -> None:
    data = the_form(mapping)
    data |= {
        "criteria-TOTAL_FORMS": 1,
        "criteria-0-name": "Big ones",
        "criteria-0-side": "sf",
        "criteria-0-enabled": "on",
        "criteria-0-rules": "Type is Customer\nany of:\nRating is Hot",
    }
    address = f"/mappings/{mapping.pk}/change/"
    assert "Line 2: This group is empty: indent the lines that belong to it." in words(
        browser.post(address, data)
    )
    browser.post(
        address, {**data, "criteria-0-rules": "Type is Customer\nany of:\n  Rating is Hot\n  Fax is empty"}
    )
    [criteria] = MappingCriteria.all_companies.filter(mapping=mapping)
    assert (criteria.company, [rule.get("joined") for rule in criteria.rules]) == (
        mapping.company,
        [None, "any"],
    )
    page = words(browser.get(f"/mappings/{mapping.pk}/"))
    assert "Big ones (Salesforce): Type is Customer; Rating is Hot or Fax is empty" in page
    assert "Rating is Hot" in browser.get(address).content.decode()


# --- mappings: all on a page, versions, tries, lists ---


def test_all_mappings_stand_on_one_page_with_what_they_do(browser: Client, mapping: Mapping) -> None:
    page = words(browser.get("/mappings/"))
    assert "1. Account" in page
    assert "QuickBooks and Salesforce every record" in page


def test_any_two_versions_are_compared_and_an_older_one_is_taken_back(
    browser: Client, mapping: Mapping
) -> None:
    browser.post(f"/mappings/{mapping.pk}/change/", the_form(mapping, phone__label="Telephone"))
    browser.post(f"/mappings/{mapping.pk}/publish/", {"note": "Longer words"})
    page = words(browser.get(f"/mappings/{mapping.pk}/versions/?from=1&to=2"))
    assert "Telephone Label" in page
    assert "Longer words" in page
    answer = browser.post(f"/mappings/{mapping.pk}/versions/back/", {"version": "1"}, follow=True)
    assert "Version 3 is what version 1 was" in words(answer)
    mapping.refresh_from_db()
    assert mapping.published_number == 3


def test_a_mapping_is_exported_and_imported_after_a_look_at_the_differences(
    browser: Client, mapping: Mapping
) -> None:
    file = browser.get(f"/mappings/{mapping.pk}/export/")
    assert file.headers["Content-Disposition"] == 'attachment; filename="account_customer.mapping.json"'
    FieldMapping.all_companies.filter(mapping=mapping, key="phone").update(label="Changed")
    upload = SimpleUploadedFile("mapping.json", file.content)
    address = f"/mappings/{mapping.pk}/import/"
    shown = browser.post(address, {"file": upload})
    assert "Take it into the draft" in words(shown)
    assert FieldMapping.all_companies.get(mapping=mapping, key="phone").label == "Changed"
    browser.post(address, {"content": file.content.decode(), "take": "1"})
    assert FieldMapping.all_companies.get(mapping=mapping, key="phone").label == "Phone"
    assert "This file cannot be used" in words(browser.post(address, {"content": "{}"}, follow=True))


def test_a_draft_offers_the_fields_that_both_sides_described(browser: Client, mapping: Mapping) -> None:
    address = f"/mappings/{mapping.pk}/change/"
    assert "have not been asked for yet" in words(browser.get(address))
    fax = {"name": "Fax", "label": "Account Fax", "type": "phone", "length": 40}
    notes = {"name": "Notes", "label": "Notes", "type": "textarea"}
    sides = (
        (mapping.integration.salesforce, "Account", fax),
        (mapping.integration.quickbooks, "Customer", notes),
    )
    for side, name, info in sides:
        FieldList.all_companies.update_or_create(
            company=mapping.company, connection=side, object=name,
            defaults={"read_at": mapping.created_at, "info": {"name": name, "label": name, "fields": [info]}},
        )  # fmt: skip
    page = browser.get(address).content.decode()
    assert '<option value="Fax">Account Fax, phone, at most 40</option>' in page
    assert 'list="pick-sf"' in page
    checks = words(browser.get(f"/mappings/{mapping.pk}/"))
    assert "Phone: Salesforce has no field Phone" in checks


def test_a_value_map_in_use_is_not_removed(browser: Client, mapping: Mapping) -> None:
    pairs = {"entries-TOTAL_FORMS": 2, "entries-INITIAL_FORMS": 0, "entries-0-sf_value": "EU",
             "entries-0-qbo_value": "Europe", "entries-1-sf_value": "NA", "entries-1-qbo_value": "America"}  # fmt: skip
    data = {"integration": mapping.integration.pk, "name": "Regions", "unknown": "stop", **pairs}
    assert "Regions is saved" in words(browser.post("/value-maps/add/", data, follow=True))
    made = ValueMap.all_companies.get(name="Regions")
    entries = list(
        ValueMapEntry.all_companies.filter(value_map=made).values_list("sf_value", "position", "company_id")
    )
    assert entries == [("EU", 1, mapping.company_id), ("NA", 2, mapping.company_id)]
    FieldMapping.all_companies.filter(mapping=mapping, key="notes").update(value_map="Regions")
    answer = browser.post(f"/value-maps/{made.pk}/delete/", {"post": "yes"}, follow=True)
    assert "Regions is in use" in words(answer)
    assert ValueMap.all_companies.filter(pk=made.pk).exists()


def test_lists_are_shown_with_what_they_hold(browser: Client, mapping: Mapping) -> None:
    connection = mapping.integration.quickbooks
    made = ReferenceList.all_companies.create(
        company=mapping.company, connection=connection, entity="Term", read_at=mapping.created_at
    )
    ReferenceEntry.all_companies.create(company=mapping.company, list=made, remote_id="3", name="Net 30")
    address = f"/integrations/{mapping.integration.pk}/lists/"
    assert "Terms 1 active" in words(browser.get(address))
    assert "Net 30" in words(browser.get(f"{address}Term/?q=net"))
    assert "Nothing here has “x”" in words(browser.get(f"{address}Term/?q=x"))
