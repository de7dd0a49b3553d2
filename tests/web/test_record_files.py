"""Records from a file, and as one."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import StreamingHttpResponse

from portal.people.models import Role
from syncapp.models import Run
from tests.builders import a_link, a_mapping
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


def a_file(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("wanted.csv", text.encode(), "text/csv")


def test_a_file_leads_to_its_plan_which_names_the_lines_that_are_not_in_it() -> None:
    mapping = a_mapping()
    a_link(mapping, name="Pine")
    browser = a_browser(Role.OPERATOR, mapping.company)
    form = {"mapping": mapping.pk, "direction": "to_qbo", "file": a_file("Name\nPine\n=Nobody\n")}
    answer = browser.post("/sync/file/", form)
    run = Run.all_companies.get(kind="preview")
    assert answer["Location"] == f"/runs/{run.pk}/"
    text = words(browser.get(f"/runs/{run.pk}/"))
    assert "1 record from 2 lines of the file" in text
    assert "1 line is not in the plan" in text
    assert "3 =Nobody No record has this name" in text
    lines = browser.get(f"/runs/{run.pk}/lines.csv")
    assert isinstance(lines, StreamingHttpResponse)
    assert b"3,'=Nobody,No record has this name." in b"".join(lines)


def test_a_file_without_a_record_says_so_and_lists_its_lines() -> None:
    mapping = a_mapping()
    browser = a_browser(Role.OPERATOR, mapping.company)
    form = {"mapping": mapping.pk, "direction": "to_qbo", "file": a_file("Name\nNobody\n")}
    answer = browser.post("/sync/file/", form)
    assert answer.status_code == 422
    assert "No line of this file names a record" in words(answer)
    assert "2 Nobody No record has this name" in words(answer)
    assert not Run.all_companies.exists()


def test_a_form_without_a_file_and_a_workbook_are_refused_at_the_field() -> None:
    mapping = a_mapping()
    browser = a_browser(Role.OPERATOR, mapping.company)
    form = {"mapping": mapping.pk, "direction": "to_qbo"}
    assert "Choose a file." in words(browser.post("/sync/file/", form))
    workbook = SimpleUploadedFile("a.xlsx", b"PK\x03\x04\0\0", "text/csv")
    assert "This is no CSV file" in words(browser.post("/sync/file/", {**form, "file": workbook}))


def test_what_is_pending_comes_as_a_file_that_may_come_back() -> None:
    mapping = a_mapping()
    a_link(mapping, name="=New", lifecycle="creating", qbo_id=None, sf_id="001000000000001AAA")
    a_link(mapping, name="In sync")
    browser = a_browser(Role.OPERATOR, mapping.company)
    assert "1 not in sync yet" in words(browser.get("/sync/file/"))
    answer = browser.get(f"/mappings/{mapping.pk}/pending.csv")
    assert isinstance(answer, StreamingHttpResponse)
    content = b"".join(answer)
    heading, line = content.decode("utf-8-sig").strip().splitlines()
    assert heading == "Salesforce id,QuickBooks id,Name,State,Why,Last tried"
    assert line.startswith("001000000000001AAA,,'=New,Not synced,")
    form = {"mapping": mapping.pk, "direction": "to_qbo", "file": a_file(content.decode())}
    browser.post("/sync/file/", form)
    assert Run.all_companies.get(kind="preview").scope["file"]["unusable"] == []


def test_a_run_that_was_not_made_from_a_file_has_no_lines() -> None:
    mapping = a_mapping()
    link = a_link(mapping)
    browser = a_browser(Role.OPERATOR, mapping.company)
    browser.post("/records/sync/", {"record": [str(link.pk)], "do": "preview"})
    run = Run.all_companies.get(kind="preview")
    assert browser.get(f"/runs/{run.pk}/lines.csv").status_code == 404


def test_only_who_starts_runs_may_send_a_file_or_take_one_out() -> None:
    mapping = a_mapping()
    browser = a_browser(Role.VIEWER, mapping.company)
    assert browser.get("/sync/file/").status_code == 403
    assert browser.get(f"/mappings/{mapping.pk}/pending.csv").status_code == 403
