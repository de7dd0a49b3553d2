"""The page of reconciliation: totals, differences with their reasons, and a file of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import StreamingHttpResponse

from portal.people.models import Role
from syncapp.models import Mapping, Run
from tests.builders import a_link, a_mapping, an_integration
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db

INVOICE: dict[str, Any] = {
    "key": "opportunity_invoice",
    "label": "Opportunity to invoice",
    "recipe": "opportunity_invoice",
    "sf_object": "Opportunity",
    "qbo_entity": "Invoice",
}


def an_invoice(mapping: Mapping, sf: str, qbo: str, name: str) -> None:
    def base(amount: str) -> dict[str, Any]:
        return {"customer": "7", "date": "2026-11-20", "lines": [{"kind": "item", "amount": amount}]}

    a_link(mapping, name=name, sf_base=base(sf), qbo_base=base(qbo))


def test_the_page_shows_both_totals_and_leads_to_what_differs() -> None:
    mapping = a_mapping(rows=(), **INVOICE)
    an_invoice(mapping, "100.00", "103.00", "Spring order")
    an_invoice(mapping, "20.00", "20.00", "Autumn order")
    answer = a_browser(Role.VIEWER, mapping.company).get("/reconciliation/")
    text = words(answer)
    for part in (
        "120.00",
        "123.00",
        "1 document differs",
        "Spring order",
        "Their lines come to different amounts",
    ):
        assert part in text
    assert "Autumn order" not in text
    assert "Every record is accounted for" in text


def test_both_sides_are_read_anew_by_a_press_whose_metered_calls_are_told_before() -> None:
    mapping = a_mapping(rows=(), **INVOICE)
    an_invoice(mapping, "100.00", "103.00", "Spring order")
    browser = a_browser(Role.OPERATOR, mapping.company)
    assert "about 1 call to Salesforce and 1 metered call to QuickBooks" in words(
        browser.get("/reconciliation/")
    )
    answer = browser.post("/reconciliation/read/", {"mapping": mapping.pk})
    run = Run.all_companies.get(kind="check")
    assert answer.headers["Location"] == f"/runs/{run.pk}/"
    assert (run.mapping_id, run.cause) == (mapping.pk, "Reconciliation: both sides read anew")
    assert "Read both sides anew" not in words(
        a_browser(Role.VIEWER, mapping.company).get("/reconciliation/")
    )


def test_a_company_without_documents_is_told_so() -> None:
    integration = an_integration()
    assert "Nothing is kept in step yet" in words(
        a_browser(Role.VIEWER, integration.company).get("/reconciliation/")
    )


def test_the_file_holds_every_document_and_no_cell_that_computes() -> None:
    mapping = a_mapping(rows=(), **INVOICE)
    an_invoice(mapping, "100.00", "103.00", "=cmd()")
    browser = a_browser(Role.OPERATOR, mapping.company)
    answer = browser.get(f"/reconciliation/documents.csv?mapping={mapping.pk}")
    assert isinstance(answer, StreamingHttpResponse)
    [_, line] = b"".join(answer).decode().strip().splitlines()
    assert line == "'=cmd(),,,,2026-11-20,100.00,103.00,3.00,0,0,lines,Their lines come to different amounts"
    assert browser.get("/reconciliation/?mapping=999999").status_code == 404
