"""Mappings on one page, their versions and files, the lists that they use."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from syncapp.models import (
    FieldList,
    FieldMapping,
    Mapping,
    ReferenceEntry,
    ReferenceList,
    ValueMap,
    ValueMapEntry,
)
from tests.web.builders import the_form, words

pytestmark = pytest.mark.django_db


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
