"""What the page of a mapping says of fields that vanished and of those that an org never had."""

from __future__ import annotations

from typing import Any

import pytest

from portal.people.models import Role
from syncapp.models import FieldList, Mapping
from tests.builders import a_mapping
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


def described(mapping: Mapping, *names: str) -> None:
    fields: list[dict[str, Any]] = [{"name": name, "label": name, "type": "string"} for name in names]
    FieldList.all_companies.update_or_create(
        company_id=mapping.company_id,
        connection=mapping.integration.salesforce,
        object=mapping.sf_object,
        defaults={
            "info": {"name": mapping.sf_object, "label": mapping.sf_object, "fields": fields},
            "read_at": mapping.created_at,
        },
    )


def of_opportunities() -> Mapping:
    return a_mapping(
        key="opportunity_invoice",
        label="Opportunity to invoice",
        recipe="opportunity_invoice",
        sf_object="Opportunity",
        qbo_entity="Invoice",
        sf_filter=[{"path": "IsWon", "operator": "eq", "value": True}],
        rows=(
            {"key": "date", "label": "Close date", "sf_path": "CloseDate", "qbo_path": "TxnDate",
             "type": "date", "direction": "to_qbo"},
        ),
    )  # fmt: skip


def test_a_field_that_vanished_is_flagged_in_what_runs() -> None:
    mapping = a_mapping()
    described(mapping, "Name", "Website", "BillingStreet", "BillingCity", "BillingPostalCode", "Description")
    page = words(a_browser(Role.ADMIN, mapping.company).get(f"/mappings/{mapping.pk}/"))
    assert page.count("Salesforce has no field Phone") == 2  # among the checks, and at its row


def test_an_org_without_generate_is_told_which_rule_takes_its_place_and_what_stays_here() -> None:
    mapping = of_opportunities()
    described(mapping, "Name", "CloseDate", "IsWon", "QBO_Doc_Number__c")
    page = words(a_browser(Role.ADMIN, mapping.company).get(f"/mappings/{mapping.pk}/"))
    assert "This org has no Generate field, so a rule takes its place" in page
    assert "Every Opportunity becomes a document here once IsWon is true" in page
    assert "Document status" in page
    assert "shown in Ledgerbridge only" in page


def test_an_org_with_all_fields_is_told_nothing() -> None:
    mapping = a_mapping()
    described(mapping, "Name")
    page = words(a_browser(Role.ADMIN, mapping.company).get(f"/mappings/{mapping.pk}/"))
    assert "Generate" not in page
