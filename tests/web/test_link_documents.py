"""The page that links documents from before go-live."""

from __future__ import annotations

from decimal import Decimal
from unittest.mock import patch
from uuid import uuid4

import pytest

from portal.people.models import Role
from syncapp.models import Mapping
from syncapp.services import linking_documents
from syncapp.services.errors import Refused
from syncapp.services.linking_documents import Done, Left, Old, Proposal
from tests.builders import a_mapping, publish
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db

ROWS = (
    {"key": "customer", "label": "Account", "sf_path": "AccountId", "qbo_path": "CustomerRef"},
    {"key": "date", "label": "Close date", "sf_path": "CloseDate", "qbo_path": "TxnDate"},
    {"key": "doc_number", "label": "Number", "sf_path": "QBO_Doc_Number__c", "qbo_path": "DocNumber"},
)
FORM = {"go_live": "2026-11-01", "number": "QBO_Doc_Number__c", "leave_rest": "on"}


def a_document_mapping() -> Mapping:
    mapping = a_mapping(
        rows=ROWS,
        key="opportunity_invoice",
        label="Opportunity to invoice",
        recipe="opportunity_invoice",
        sf_object="Opportunity",
        qbo_entity="Invoice",
        policies={"options": {"lines": {"single": {"amount": "Amount"}}}},
    )
    publish(mapping)
    return mapping


def an_old(name: str, number: str = "1001") -> Old:
    return Old(uuid4(), name, name, number, "A", (Decimal("200.00"),), "2026-01-09")


def test_looking_shows_what_is_clear_and_what_is_not_before_anything_is_linked() -> None:
    mapping = a_document_mapping()
    browser = a_browser(Role.OPERATOR, mapping.company)
    page = f"/mappings/{mapping.pk}/link-documents/"
    assert page in browser.get(f"/mappings/{mapping.pk}/").content.decode()
    assert 'value="QBO_Doc_Number__c"' in browser.get(page).content.decode()
    found = Proposal(
        pairs=((an_old("Spring order"), an_old("Invoice 1001")),),
        left=(Left(an_old("Autumn order", "1002"), "several", (an_old("Invoice 1002"),)),),
        alone=2,
        unread=0,
        calls=3,
    )
    with patch.object(linking_documents, "propose", return_value=found):
        text = words(browser.post(page, {**FORM, "do": "look"}))
    for part in (
        "Will be linked: 1",
        "Spring order",
        "looking took 3 calls to Salesforce and no metered read",
        "Not clear: 1",
        "Several have this number, customer and amount",
        "2 older documents of QuickBooks fit no record and stay as they are.",
    ):
        assert part in text


def test_linking_says_what_was_done() -> None:
    mapping = a_document_mapping()
    browser = a_browser(Role.OPERATOR, mapping.company)
    with patch.object(linking_documents, "link", return_value=Done(5, 2, 0)) as linked:
        answer = browser.post(f"/mappings/{mapping.pk}/link-documents/", {**FORM, "do": "link"}, follow=True)
    assert "5 linked as they are, 2 left alone. Nothing was written to QuickBooks." in words(answer)
    assert linked.call_args.kwargs == {"leave_rest": True}


def test_a_refusal_stands_at_the_field_and_a_day_to_come_is_no_history() -> None:
    mapping = a_document_mapping()
    browser = a_browser(Role.OPERATOR, mapping.company)
    page = f"/mappings/{mapping.pk}/link-documents/"
    refused = Refused("filter.unknown_field", field="Nope__c", object="Opportunity")
    with patch.object(linking_documents, "propose", side_effect=refused):
        answer = browser.post(page, {**FORM, "do": "look"})
    assert (answer.status_code, "Nope__c" in words(answer)) == (422, True)
    later = browser.post(page, {**FORM, "go_live": "2999-01-01", "do": "look"})
    assert "This day has not come yet." in words(later)


def test_a_mapping_without_documents_has_no_such_page() -> None:
    mapping = a_mapping()
    browser = a_browser(Role.OPERATOR, mapping.company)
    page = f"/mappings/{mapping.pk}/link-documents/"
    assert browser.get(page).status_code == 404
    assert page not in browser.get(f"/mappings/{mapping.pk}/").content.decode()
    assert a_browser(Role.VIEWER, mapping.company).get(page).status_code == 403
