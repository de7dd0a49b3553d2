"""The pairs of a value map are chosen from what both sides are known to have."""

from __future__ import annotations

import pytest

from portal.admin.value_pickers import Values, values_of
from portal.people.models import Role
from syncapp.models import FieldList, FieldMapping, Mapping, ReferenceEntry, ReferenceList, ValueMap
from syncapp.tenancy import tenant
from tests.builders import a_mapping
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


def a_list(mapping: Mapping, side: str, entity: str, *names: str) -> None:
    connection = mapping.integration.salesforce if side == "sf" else mapping.integration.quickbooks
    row = ReferenceList.objects.create(connection=connection, entity=entity, read_at=mapping.created_at)
    for number, name in enumerate(names):
        ReferenceEntry.objects.create(list=row, remote_id=str(number), name=name)


def used(mapping: Mapping, key: str, **values: str) -> None:
    FieldMapping.objects.filter(mapping=mapping, key=key).update(**values)


def test_sales_reps_are_offered_from_the_users_of_salesforce_and_terms_from_quickbooks() -> None:
    mapping = a_mapping()
    with tenant(mapping.company_id):
        reps = ValueMap.objects.create(integration=mapping.integration, name="Sales reps")
        terms = ValueMap.objects.create(integration=mapping.integration, name="Terms")
        used(mapping, "phone", value_map="Sales reps", sf_path="Owner.Name", direction="to_qbo")
        used(mapping, "website", value_map="Terms", lookup="Term", qbo_path="SalesTermRef")
        a_list(mapping, "sf", "User", "Dana Reyes", "Bo Lind")
        a_list(mapping, "qbo", "Term", "Net 30", "Due on receipt")
        fields = [
            {"name": "Website", "label": "Website", "type": "picklist", "picklist": ["30 days", "At once"]}
        ]
        FieldList.objects.create(
            connection=mapping.integration.salesforce,
            object="Account",
            info={"name": "Account", "label": "Account", "fields": fields},
            read_at=mapping.created_at,
        )
        assert values_of(reps) == Values(("Bo Lind", "Dana Reyes"), ())
        assert values_of(terms) == Values(("30 days", "At once"), ("Due on receipt", "Net 30"))
    browser = a_browser(Role.ADMIN, mapping.company)
    page = browser.get(f"/value-maps/{reps.pk}/change/").content.decode()
    assert '<option value="Dana Reyes">' in page
    assert 'list="pick-map-sf"' in page
    assert "Users" in words(browser.get(f"/integrations/{mapping.integration_id}/lists/"))
    listed = words(browser.get(f"/integrations/{mapping.integration_id}/lists/User/?q=dana"))
    assert ("Dana Reyes" in listed, "Bo Lind" in listed) == (True, False)
