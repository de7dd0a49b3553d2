"""The audit trail: who changed what from what to what."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from portal.people.models import Role
from syncapp.models import (
    Mapping,
    RecordLink,
    WriteIntent,
)
from tests.builders import (
    a_link,
    a_member,
    a_run,
    an_audit_row,
)
from tests.web.builders import a_browser, queries_of, words

pytestmark = pytest.mark.django_db


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
