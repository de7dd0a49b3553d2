"""A mapping's draft: edited, judged, published, discarded."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.people.models import Role
from syncapp.models import (
    FieldMapping,
    Mapping,
    MappingCriteria,
    MappingVersion,
)
from tests.builders import (
    CUSTOMER_FIELDS,
)
from tests.web.builders import a_browser, the_form, words

pytestmark = pytest.mark.django_db


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
