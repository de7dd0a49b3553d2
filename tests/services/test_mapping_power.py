"""What a person can do with a mapping before it runs: live fields, checks against them, tries, versions, files."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.contracts import FieldInfo, ObjectInfo, Side
from syncapp.models import FieldList, FieldMapping, Mapping, MappingVersion, ValueMap, ValueMapEntry
from syncapp.services import field_lists, mapping_checks, mapping_versions, mappings
from syncapp.services.errors import Refused
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.builders import a_mapping

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Any:
    made = a_mapping()
    with tenant(made.company_id):
        yield made


def change(mapping: Mapping, key: str, **values: Any) -> None:
    FieldMapping.objects.filter(mapping=mapping, key=key).update(**values)


def described(mapping: Mapping, side: str, **fields: dict[str, Any]) -> None:
    """Let a side be known to have these fields."""
    integration = mapping.integration
    connection = integration.salesforce if side == "sf" else integration.quickbooks
    name = mapping.sf_object if side == "sf" else mapping.qbo_entity
    infos = [{"name": key, "label": key, "type": "string", **values} for key, values in fields.items()]
    info = {"name": name, "label": name, "fields": infos}
    FieldList.objects.update_or_create(
        connection=connection, object=name, defaults={"info": info, "read_at": integration.created_at}
    )


FIELDS = ("Name", "Phone", "Website", "BillingStreet", "BillingCity", "BillingPostalCode", "Description")
ACCOUNT: dict[str, dict[str, Any]] = {name: {} for name in FIELDS}


def codes(mapping: Mapping) -> list[tuple[str, int | None, bool]]:
    return [(fault.code, fault.position, fault.serious) for fault in mapping_checks.validate(mapping)]


def test_a_field_that_vanished_is_flagged_with_its_likely_successor(mapping: Mapping) -> None:
    described(
        mapping, "sf", **{**{key: value for key, value in ACCOUNT.items() if key != "Phone"}, "Phone2": {}}
    )
    [fault] = mapping_checks.validate(mapping)
    assert (fault.code, fault.position, fault.values["field"], fault.values["near"]) == (
        "mapping.field_gone", 3, "Phone", "Do you mean Phone2?",
    )  # fmt: skip


def test_formulas_filters_and_relationship_paths_are_checked_against_the_fields(mapping: Mapping) -> None:
    described(
        mapping,
        "sf",
        **ACCOUNT,
        OwnerId={"type": "reference", "references": ["User"]},
        Amount={"type": "currency"},
    )
    change(mapping, "notes", sf_path="", formula='Owner.Name & Nothing__c & LEFT("a", Name)')
    mapping.sf_filter = [{"path": "Gone__c", "operator": "eq", "value": "x"}]
    mapping.save()
    faults = {
        (one.code, one.values.get("field") or one.values["message"])
        for one in mapping_checks.validate(mapping)
    }
    assert faults == {
        ("mapping.field_gone", "Gone__c"),
        ("mapping.field_gone", "Nothing__c"),
        (
            "mapping.formula_wrong",
            "Here a number is needed, but this is text. VALUE(…) makes a number of a text.",
        ),
    }


def test_read_only_fields_types_lengths_and_required_ones_are_named(mapping: Mapping) -> None:
    described(
        mapping, "sf", **{**ACCOUNT, "Website": {"updateable": False}, "Phone": {"type": "date"}},
        Industry={"required": True},
    )  # fmt: skip
    change(mapping, "website", direction="to_sf")
    change(mapping, "name", sf_length=500)
    described_name = {**ACCOUNT, "Name": {"length": 255}}
    assert codes(mapping) == [
        ("mapping.field_read_only", 4, True),
        ("mapping.required_unmapped", None, False),
        ("mapping.type_differs", 3, False),
    ]
    described(mapping, "sf", **described_name)
    assert codes(mapping) == [("mapping.length_wrong", 1, True), ("mapping.may_be_too_long", None, False)]


def test_settings_that_a_company_cannot_have_are_refused(mapping: Mapping) -> None:
    quickbooks = mapping.integration.quickbooks
    quickbooks.facts = {"country": "US", "custom_numbers": False}
    quickbooks.save()
    change(mapping, "notes", qbo_path="GlobalTaxCalculation")
    change(mapping, "website", qbo_path="DocNumber")
    assert codes(mapping) == [("mapping.us_tax", 8, True), ("mapping.numbers_off", 4, False)]


def test_values_that_would_run_in_a_circle_are_refused(mapping: Mapping) -> None:
    change(mapping, "phone", sf_path="Phone", qbo_path="Notes", direction="to_qbo")
    change(mapping, "website", sf_path="Phone", qbo_path="Mobile.FreeFormNumber", direction="to_sf")
    change(mapping, "notes", sf_path="Description", qbo_path="Mobile.FreeFormNumber", direction="to_qbo")
    assert codes(mapping) == []
    change(mapping, "notes", sf_path="Phone")
    assert codes(mapping) == [("mapping.loop", 4, True), ("mapping.loop", 8, True)]


def test_two_mappings_of_one_entity_whose_filters_overlap_are_told(mapping: Mapping) -> None:
    other = a_mapping(mapping.integration, key="partners", label="Partners", published=False)
    other.sf_filter = [{"path": "Type", "operator": "eq", "value": "Partner"}]
    other.create_in_sf = False
    other.save()
    mappings.publish(other, None)
    assert codes(mapping) == [("mapping.overlap", None, False)]
    mapping.sf_filter = [{"path": "Type", "operator": "in", "value": ["Customer"]}]
    mapping.save()
    assert codes(mapping) == []


def test_an_older_version_is_published_anew(mapping: Mapping) -> None:
    change(mapping, "notes", enabled=False)
    mappings.publish(mapping, None)
    mapping.refresh_from_db()
    version = mapping_versions.roll_back(mapping, 1, None)
    mapping.refresh_from_db()
    assert (version.number, version.note, mapping.published_number) == (3, "Back to version 1", 3)
    first, last = (MappingVersion.objects.get(mapping=mapping, number=number).spec for number in (1, 3))
    assert first == last
    with pytest.raises(Refused) as caught:
        mapping_versions.roll_back(mapping, 9, None)
    assert caught.value.code == "mapping.no_version"


def test_a_mapping_travels_as_a_file_with_its_value_maps_and_nothing_of_its_connections(
    mapping: Mapping,
) -> None:
    regions = ValueMap.objects.create(integration=mapping.integration, name="Regions", unknown="keep")
    ValueMapEntry.objects.create(value_map=regions, sf_value="EU", qbo_value="Europe")
    change(mapping, "notes", value_map="Regions", sf_path="Region__c")
    content = mapping_versions.exported(mapping)
    told = specs.draft_spec(mapping)
    assert not any(secret in content for secret in ("token", mapping.integration.quickbooks.remote_id))

    change(mapping, "notes", value_map="", sf_path="Description")
    regions.delete()
    found = mapping_versions.imported(mapping, content.encode())
    assert [
        (one.key, one.after) for one in mapping_versions.differences(specs.draft_spec(mapping), found)
    ] == [
        ("notes", {"sf_path": "Region__c", "value_map": "Regions"}),
        ("", {"value_maps": specs.to_json(told)["value_maps"]}),
    ]
    mapping_versions.take_over(mapping, found)
    assert specs.to_json(specs.draft_spec(mapping)) == specs.to_json(told)


NONSENSE = {
    "sf_object": "Account",
    "qbo_entity": "Customer",
    "fields": [{"key": "x", "type": "nonsense"}],
}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"not json", "mapping.not_a_file"),
        (b"[]", "mapping.not_a_file"),
        (b'{"format": "ledgerbridge-mapping", "mapping": {}}', "mapping.other_objects"),
        (b"[" * 100_000, "mapping.not_a_file"),
        (json.dumps({"format": "ledgerbridge-mapping", "mapping": NONSENSE}).encode(), "mapping.not_a_file"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(mapping: Mapping, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        mapping_versions.imported(mapping, content)
    assert caught.value.code == code


def test_a_newer_recipe_is_offered_until_it_is_taken_or_declined(mapping: Mapping) -> None:
    assert not mapping_versions.newer_shipped(mapping)
    mapping.recipe, mapping.recipe_mark = "account_customer", "of an older one"
    mapping.save()
    assert mapping_versions.newer_shipped(mapping)
    mapping_versions.keep_own(mapping, None)
    assert not mapping_versions.newer_shipped(mapping)


def test_the_rows_of_lines_are_checked_against_the_object_of_the_lines() -> None:
    made = a_mapping(
        key="opportunity_invoice", sf_object="Opportunity", qbo_entity="Invoice",
        rows=(
            {"key": "lines", "label": "Lines", "sf_path": "OpportunityLineItems", "qbo_path": "Line", "type": "lines",
             "direction": "to_qbo"},
            {"key": "service_date", "label": "Service date", "sf_path": "Service_Date__c", "part": "lines",
             "qbo_path": "SalesItemLineDetail.ServiceDate", "type": "date", "direction": "to_qbo"},
        ),
        policies={"options": {"lines": {"sf_object": "OpportunityLineItem", "parent_field": "OpportunityId"}}},
    )  # fmt: skip
    with tenant(made.company_id):
        info = {"name": "OpportunityLineItem", "label": "Line", "fields": [
            {"name": "ServiceDate", "label": "Service date", "type": "date"},
            {"name": "Quantity", "label": "Quantity", "type": "double"},
        ]}  # fmt: skip
        FieldList.objects.create(
            connection=made.integration.salesforce,
            object="OpportunityLineItem",
            info=info,
            read_at=made.integration.created_at,
        )
        assert codes(made) == [("mapping.field_gone", 2, True)]
        change(made, "service_date", sf_path="", formula="Quantity & ServiceDate + 1")
        assert codes(made)[0][:2] == ("mapping.formula_wrong", 2)
        change(made, "service_date", formula="ServiceDate + 1")
        assert codes(made) == []


def test_values_that_a_picklist_does_not_offer_are_a_doubt(mapping: Mapping) -> None:
    described(
        mapping, "sf", **ACCOUNT | {"Website": {"picklist": ["Customer", "Partner"], "type": "picklist"}}
    )
    change(mapping, "website", value_map="Kinds", direction="to_sf")
    kinds = ValueMap.objects.create(integration=mapping.integration, name="Kinds")
    ValueMapEntry.objects.create(value_map=kinds, sf_value="Customer", qbo_value="c")
    ValueMapEntry.objects.create(value_map=kinds, sf_value="Reseller", qbo_value="r")
    [fault] = [one for one in mapping_checks.validate(mapping) if one.code == "mapping.not_in_picklist"]
    assert (fault.position, fault.values["values"], fault.serious) == (4, ["Reseller"], False)


def test_a_formula_of_another_kind_than_its_row_is_a_doubt_and_one_among_criteria_a_fault(
    mapping: Mapping,
) -> None:
    described(mapping, "sf", **ACCOUNT, Amount={"type": "currency"})
    change(mapping, "notes", sf_path="", formula="Amount * 2", type="date")
    mapping.sf_filter = [{"formula": 'Amount > "10"'}]
    mapping.save()
    found = [(one, serious) for one, _, serious in codes(mapping)]
    assert found == [("mapping.formula_wrong", True), ("mapping.formula_wrong", False)]


def test_fields_that_were_asked_for_long_ago_are_asked_for_again_and_what_vanished_is_flagged(
    monkeypatch: pytest.MonkeyPatch, mapping: Mapping
) -> None:
    class Org:
        """What the org describes today: the field Phone is gone."""

        def describe(self, name: str) -> ObjectInfo:
            fields = tuple(FieldInfo(one, one, "string") for one in FIELDS if one != "Phone")
            return ObjectInfo(name, name, fields)

    org: Any = Org()
    described(mapping, "sf", **ACCOUNT)
    row = FieldList.objects.get(object="Account")
    salesforce = mapping.integration.salesforce
    now = row.read_at + timedelta(hours=20)
    monkeypatch.setattr(field_lists.clock, "now", lambda: now)
    assert (field_lists.refresh_due(salesforce, Side.SALESFORCE, org), codes(mapping)) == (0, [])
    now += timedelta(hours=5)
    assert field_lists.refresh_due(salesforce, Side.SALESFORCE, org) == 1
    assert codes(mapping) == [("mapping.field_gone", 3, True)]
    assert field_lists.refresh_due(salesforce, Side.SALESFORCE, org) == 0
