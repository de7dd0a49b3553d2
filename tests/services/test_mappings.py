"""The draft of a mapping: checked as a whole, published as a version that never changes, compared, switched."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syncapp.engine.mapping import Mode, WriteMode
from syncapp.models import AuditEvent, FieldMapping, Mapping, MappingVersion, ValueMap, ValueMapEntry
from syncapp.services import mapping_checks, mappings, modes
from syncapp.services.errors import Refused
from syncapp.store import specs
from syncapp.tenancy import tenant
from tests.builders import CUSTOMER_FIELDS, a_mapping, a_member, a_row, an_integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping() -> Any:
    made = a_mapping()
    with tenant(made.company_id):
        yield made


def row(mapping: Mapping, key: str) -> FieldMapping:
    return FieldMapping.objects.get(mapping=mapping, key=key)


def change(mapping: Mapping, key: str, **values: Any) -> None:
    FieldMapping.objects.filter(mapping=mapping, key=key).update(**values)


def codes(mapping: Mapping) -> list[tuple[str, int | None]]:
    return [(fault.code, fault.position) for fault in mapping_checks.validate(mapping)]


def test_a_stored_version_is_the_same_value_again(mapping: Mapping) -> None:
    spec = specs.draft_spec(mapping)
    again = specs.from_json(specs.to_json(spec), number=spec.version, mode=spec.mode)
    assert again == spec


def test_the_same_version_is_the_same_object_and_costs_no_query(mapping: Mapping) -> None:
    first = specs.published_spec(mapping)
    with CaptureQueriesContext(connection) as queries:
        again = specs.published_spec(mapping)
    assert (again is first, len(queries)) == (True, 0)


def test_the_mode_takes_effect_without_publishing(mapping: Mapping) -> None:
    modes.set_mode(mapping, "button", None)
    spec = specs.published_spec(mapping)
    assert spec is not None
    assert (spec.mode, mappings.draft_differs(mapping)) == (Mode.BUTTON, False)


def test_publishing_freezes_the_draft_as_the_next_version(mapping: Mapping) -> None:
    person = a_member(mapping.company)
    change(mapping, "phone", direction="to_qbo")
    assert mappings.draft_differs(mapping)
    version = mappings.publish(mapping, person, "Phones only go out")
    mapping.refresh_from_db()
    assert (version.number, version.note, version.published_by) == (2, "Phones only go out", person.email)
    assert (mapping.published_number, mappings.draft_differs(mapping)) == (2, False)
    event = AuditEvent.objects.get(action="mapping.published")
    assert (event.actor, event.before["version"], event.after["version"]) == (person.email, 1, 2)


def test_a_published_version_keeps_its_rows_when_the_draft_goes_on(mapping: Mapping) -> None:
    change(mapping, "phone", enabled=False)
    published, draft = specs.published_spec(mapping), specs.draft_spec(mapping)
    assert published is not None
    assert "phone" in {field.key for field in published.fields}
    assert "phone" not in {field.key for field in draft.fields}


def test_publishing_the_same_again_is_refused(mapping: Mapping) -> None:
    with pytest.raises(Refused) as refused:
        mappings.publish(mapping, None)
    assert (refused.value.code, MappingVersion.objects.count()) == ("mapping.unchanged", 1)


def test_every_fault_is_named_at_once_with_its_place(mapping: Mapping) -> None:
    change(mapping, "company", qbo_path="displayname")
    change(mapping, "phone", qbo_path="")
    change(mapping, "website", sf_path="", constant=None)
    change(mapping, "city", direction="to_sf")
    change(mapping, "notes", type="reference", refers_to="nowhere")
    mapping.sf_filter = [{"path": "Type", "operator": "resembles", "value": "x"}]
    mapping.save()
    assert codes(mapping) == [
        ("mapping.bad_condition", None),
        ("mapping.two_rows_one_field", 2),
        ("mapping.no_quickbooks_field", 3),
        ("mapping.no_salesforce_field", 4),
        ("mapping.group_disagrees", 6),
        ("mapping.refers_to_nothing", 8),
    ]
    with pytest.raises(Refused) as refused:
        mappings.publish(mapping, None)
    assert (refused.value.code, refused.value.values["count"]) == ("mapping.invalid", 6)
    assert MappingVersion.objects.count() == 1


def test_a_fixed_value_may_only_go_out(mapping: Mapping) -> None:
    a_row(mapping, key="active", label="Active", sf_path="", qbo_path="Active", constant=True, position=9)
    assert codes(mapping) == [("mapping.constant_both_ways", 9)]
    change(mapping, "active", direction="to_qbo")
    assert codes(mapping) == []


def test_two_rows_may_read_one_field_and_may_not_write_one(mapping: Mapping) -> None:
    assert codes(mapping) == []  # name and company name both read Name
    change(mapping, "company", direction="both")
    assert codes(mapping) == [("mapping.two_rows_one_field", 2)]


def test_a_mapping_without_rows_cannot_be_published(mapping: Mapping) -> None:
    mapping.rows.update(enabled=False)
    assert codes(mapping) == [("mapping.no_rows", None)]


def test_a_draft_never_published_differs_and_cannot_be_switched_on() -> None:
    fresh = a_mapping(published=False, mode="off")
    with tenant(fresh.company_id):
        assert mappings.draft_differs(fresh)
        with pytest.raises(Refused) as refused:
            modes.set_mode(fresh, "changes", None)
        assert refused.value.code == "mapping.not_published"
        with pytest.raises(Refused) as refused:
            modes.set_mode(fresh, "sometimes", None)
        assert refused.value.code == "mapping.unknown_mode"


def test_the_changes_of_a_draft_are_named_row_by_row(mapping: Mapping) -> None:
    change(mapping, "phone", direction="to_qbo", on_conflict="sf")
    change(mapping, "notes", enabled=False)
    a_row(mapping, key="fax", label="Fax", position=9)
    mapping.create_in_sf = False
    mapping.save()
    changes = {(one.label, one.what): (one.before, one.after) for one in mappings.draft_changes(mapping)}
    assert set(changes) == {
        ("Phone", "changed"),
        ("Notes", "removed"),
        ("Fax", "added"),
        ("Settings", "changed"),
    }
    assert changes[("Phone", "changed")] == (
        {"direction": "both", "on_conflict": "ask"},
        {"direction": "to_qbo", "on_conflict": "sf"},
    )


def test_discarding_a_draft_puts_every_row_and_setting_back(mapping: Mapping) -> None:
    before = specs.to_json(specs.draft_spec(mapping))
    change(mapping, "phone", label="Telephone")
    a_row(mapping, key="fax")
    mapping.create_in_qbo = False
    mapping.save()
    mappings.discard_draft(mapping, None)
    mapping.refresh_from_db()
    assert (specs.to_json(specs.draft_spec(mapping)), mappings.draft_differs(mapping)) == (before, False)


def test_rows_move_one_place_and_stop_at_the_ends(mapping: Mapping) -> None:
    first, second = row(mapping, "name"), row(mapping, "company")
    mappings.move_row(mapping, first.pk, -1)
    mappings.move_row(mapping, second.pk, -1)
    order = list(FieldMapping.objects.filter(mapping=mapping).values_list("key", flat=True))
    assert order[:3] == ["company", "name", "phone"]
    assert [change.label for change in mappings.draft_changes(mapping)] == ["Order of the fields"]


def test_a_row_of_another_mapping_is_not_moved(mapping: Mapping) -> None:
    other = a_mapping(an_integration(mapping.company), key="other")
    mappings.move_row(mapping, row(other, "company").pk, -1)
    assert list(other.rows.values_list("key", flat=True)) == [one["key"] for one in CUSTOMER_FIELDS]


def test_formulas_and_value_maps_are_checked_and_frozen_with_the_version(mapping: Mapping) -> None:
    regions = ValueMap.objects.create(integration=mapping.integration, name="Regions")
    ValueMapEntry.objects.create(value_map=regions, sf_value="EU", qbo_value="Europe")
    change(mapping, "notes", sf_path="", formula='LOOKUP("Regions", LEFT(Region__c))')
    assert codes(mapping) == [("mapping.formula_wrong", 8)]
    change(mapping, "notes", formula='LOOKUP("Regions", Region__c) & LOOKUP("Zones", Region__c)')
    assert codes(mapping) == [("mapping.no_list", 8)]
    change(mapping, "notes", formula='LOOKUP("Regions", Region__c)')
    version = mappings.publish(mapping, None)
    regions.entries.update(qbo_value="European Union")
    assert version.spec["value_maps"] == [
        {
            "name": "Regions",
            "entries": [["EU", "Europe"]],
            "unknown": "stop",
            "default_sf": "",
            "default_qbo": "",
        }
    ]
    mapping.refresh_from_db()
    assert mappings.draft_differs(mapping)


def test_a_computed_row_has_one_direction_and_no_other_source(mapping: Mapping) -> None:
    change(mapping, "notes", formula="Name")
    assert codes(mapping) == [("mapping.formula_has_source", 8)]
    change(mapping, "notes", sf_path="", direction="both", write="append")
    assert codes(mapping) == [("mapping.formula_both_ways", 8), ("mapping.append_needs_text", 8)]


def test_a_version_of_the_first_release_still_says_what_is_written_once() -> None:
    row = {"key": "a", "label": "A", "sf_path": "A", "qbo_path": "A", "create_only": True}
    stored = {"key": "m", "label": "M", "sf_object": "Account", "qbo_entity": "Customer", "fields": [row]}
    assert specs.from_json(stored, number=1).fields[0].write is WriteMode.ON_CREATE
