"""The pages of the data check: counts, lists, files, and what they lead to."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import StreamingHttpResponse

from portal.people.models import Role
from syncapp.models import Mapping, MappingPass
from tests.builders import CUSTOMER_FIELDS, NOW, a_link, a_mapping, an_integration
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db

EMAIL = {
    "key": "email",
    "label": "E-mail",
    "sf_path": "QBO_Email__c",
    "qbo_path": "PrimaryEmailAddr.Address",
    "type": "email",
}


def a_read_mapping() -> Mapping:
    """Accounts and customers of which both sides were read to their end."""
    mapping = a_mapping(rows=(*CUSTOMER_FIELDS, EMAIL))
    for side in ("sf", "qbo"):
        MappingPass.all_companies.create(
            company=mapping.company, mapping=mapping, side=side, records=3, scanned_at=NOW
        )
    return mapping


def an_account(mapping: Mapping, name: str, **values: Any) -> None:
    a_link(mapping, name=name, base={"name": name, "city": "Salem", "email": "a@x.example", **values})


def test_what_is_to_see_to_comes_first_and_leads_to_its_list_and_its_file() -> None:
    mapping = a_read_mapping()
    an_account(mapping, "=Blue Pine", email=None)
    an_account(mapping, "Copper Kettle")
    browser = a_browser(Role.OPERATOR, mapping.company)
    page = f"/integrations/{mapping.integration_id}/data-check/"
    text = words(browser.get(page))
    assert "1 of 3 questions has records to see to." in text
    assert "Accounts without an e-mail address: 1 of 2" in text
    assert "Accounts with the same name: none" in text
    assert "Products are not among what is kept in step." in text
    assert "about 1 call to Salesforce and 1 metered read of QuickBooks" in text
    one = f"{page}{mapping.pk}/no_email/sf"
    assert one in browser.get(page).content.decode()
    listed = words(browser.get(f"{one}/"))
    assert "=Blue Pine" in listed
    assert "Copper Kettle" not in listed
    answer = browser.get(f"{one}.csv")
    assert isinstance(answer, StreamingHttpResponse)
    heading, line = b"".join(answer).decode().strip().splitlines()
    assert heading == "\ufeffSalesforce id,Name,Address,What it is"
    assert line.split(",")[1] == "'=Blue Pine"


def test_before_both_sides_were_read_the_page_says_so_and_leads_to_the_setup() -> None:
    mapping = a_mapping()
    text = words(
        a_browser(Role.VIEWER, mapping.company).get(f"/integrations/{mapping.integration_id}/data-check/")
    )
    assert "Both sides are not read yet" in text


def test_a_list_that_nobody_asked_for_and_one_of_another_company_are_not_there() -> None:
    mapping = a_read_mapping()
    page = f"/integrations/{mapping.integration_id}/data-check/"
    browser = a_browser(Role.OPERATOR, mapping.company)
    assert browser.get(f"{page}{mapping.pk}/no_code/sf/").status_code == 404
    assert browser.get(f"{page}{mapping.pk}/no_email/qbo/").status_code == 404
    assert a_browser(Role.OPERATOR, an_integration().company).get(page).status_code == 404
    assert (
        a_browser(Role.VIEWER, mapping.company).get(f"{page}{mapping.pk}/no_email/sf.csv").status_code == 403
    )


def test_a_list_that_became_empty_says_so() -> None:
    mapping = a_read_mapping()
    answer = a_browser(Role.VIEWER, mapping.company).get(
        f"/integrations/{mapping.integration_id}/data-check/{mapping.pk}/same_name/sf/"
    )
    assert "No record any more" in words(answer)
