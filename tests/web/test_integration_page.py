"""An integration: what flows, what waits for what, which mapping is on."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from syncapp.models import Mapping, Observation, Run
from tests.builders import a_link, a_mapping
from tests.web.builders import words

pytestmark = pytest.mark.django_db


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


def test_who_lets_a_mapping_follow_changes_is_told_what_becomes_of_what_has_waited(
    browser: Client, mapping: Mapping
) -> None:
    mapping.integration.switched_on_at = timezone.now()
    mapping.integration.save()
    address = f"/mappings/{mapping.pk}/mode/"
    browser.post(address, {"mode": "schedule"})
    assert "What came meanwhile is looked at now." in words(
        browser.post(address, {"mode": "changes"}, follow=True)
    )
    browser.post(address, {"mode": "button"})
    link = a_link(mapping, sf_id="001A")
    connection = mapping.integration.salesforce
    assert connection is not None
    Observation.all_companies.create(
        company=mapping.company,
        connection=connection,
        object="Account",
        remote_id="001A",
        token="1",
        fresh=True,
    )
    asked = browser.post(address, {"mode": "changes"})
    mapping.refresh_from_db()
    assert ("1 record has waited" in words(asked), mapping.mode) == (True, "button")
    browser.post(address, {"mode": "changes", "all": "1"})
    mapping.refresh_from_db()
    assert (mapping.mode, Run.all_companies.latest("id").mapping) == ("changes", link.mapping)
    browser.post(address, {"mode": "off"})
    assert "1 record has waited" in words(browser.post(address, {"mode": "schedule"}))


def test_an_integration_is_renamed_and_never_nameless(browser: Client, mapping: Mapping) -> None:
    address = f"/integrations/{mapping.integration_id}/rename/"
    browser.post(address, {"name": "US books"})
    assert "A name is needed" in words(browser.post(address, {"name": " "}, follow=True))
    mapping.integration.refresh_from_db()
    assert mapping.integration.name == "US books"
