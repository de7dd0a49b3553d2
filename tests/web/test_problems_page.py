"""Problems by cause, with what to do, as people use them."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from django.test import Client

from portal.people.models import Role
from syncapp.models import (
    LinkWork,
    Mapping,
    Run,
)
from tests.builders import (
    a_connection_problem,
    a_link,
    a_problem,
    an_attempt,
)
from tests.web.builders import a_browser, queries_of, words

pytestmark = pytest.mark.django_db


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
