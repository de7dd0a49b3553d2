"""A draft on live records: the fields as the sides describe them, what would be written, and how many would change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncapp.models import FieldList, FieldMapping, Mapping, Run, RunState
from syncapp.recipes import RECIPES
from syncapp.services import (
    apply,
    field_lists,
    mapping_checks,
    mapping_trial,
    mappings,
    prepare,
    runs,
    shown_plan,
)
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made, tenant(made.company.pk):
        yield made


def test_fields_are_described_by_the_sides_and_kept(spine: Spine) -> None:
    field_lists.read_for(spine.mapping)
    known = field_lists.known(spine.mapping)
    assert known.sf is not None
    assert known.qbo is not None
    name = next(one for one in known.sf.fields if one.name == "Name")
    assert (name.label, name.length, name.required) == ("Account Name", 255, True)
    assert "DisplayName" in {one.name for one in known.qbo.fields}
    assert "User" in known.related
    assert [one.failure_code for one in FieldList.objects.all() if one.failure_code] == []
    assert mapping_checks.serious(mapping_checks.validate(spine.mapping)) == []


def test_a_draft_is_tried_on_live_records_and_nothing_is_written(spine: Spine) -> None:
    spine.account(Name="Acme", Phone="(555) 010-1111", BillingCity="Kiel")
    spine.account(Name="Bolt")
    spine.first_load()
    spine.account(Name="New one", BillingCity="Bonn")
    mapping, mark = spine.mapping, spine.mark()
    row = _a_note_on_each(mapping)

    acme, bolt = spine.link("Acme"), spine.link("Bolt")
    tried = {one.name: one for one in mapping_trial.try_draft(mapping, [acme.pk, bolt.pk])}
    assert [(value.label, value.before, value.after) for value in tried["Acme"].values] == [
        ("Note", None, "in Kiel")
    ]
    assert (tried["Acme"].target, '"Notes": "in Kiel"' in tried["Acme"].body) == ("qbo", True)
    assert '"Notes": "no city"' in tried["Bolt"].body

    compared = mapping_trial.compare(mapping)
    assert (compared.tried, compared.linked, compared.now, compared.then) == (2, 2, 0, 2)
    row.delete()
    assert mapping_trial.compare(mapping).then == 0
    assert spine.writes(mark) == []


def _a_note_on_each(mapping: Mapping) -> FieldMapping:
    row = FieldMapping.objects.create(
        mapping=mapping, position=99, key="note", label="Note", qbo_path="Notes", direction="to_qbo",
        formula='IF(ISBLANK(BillingCity), "no city", "in " & BillingCity)', initial="sf",
    )  # fmt: skip
    mappings.mark_changed(mapping)
    return row


def _planned(plan: Run) -> list[tuple[str, str, list[tuple[str, str, object, object]]]]:
    return [
        (item.name, item.kind, [(one.label, one.side, one.before, one.after) for one in item.changes])
        for item in shown_plan.page(plan).items
    ]


def test_a_draft_is_previewed_on_every_record_and_never_applied(spine: Spine) -> None:
    spine.account(Name="Acme", BillingCity="Kiel")
    spine.account(Name="Bolt")
    spine.first_load()
    mapping, mark = spine.mapping, spine.mark()
    _a_note_on_each(mapping)

    plan = runs.preview_draft(mapping, spine.person)
    prepare.prepare(plan.pk)
    plan.refresh_from_db()
    assert plan.state == RunState.DONE
    assert _planned(plan) == [
        ("Acme", "update", [("Note", "qbo", None, "in Kiel")]),
        ("Bolt", "update", [("Note", "qbo", None, "no city")]),
    ]
    with pytest.raises(Refused) as refused:
        apply.request(plan, spine.person)
    assert refused.value.code == "plan.of_draft"
    spine.sync()
    assert spine.writes(mark) == []

    again = runs.preview_again(plan, spine.person)
    prepare.prepare(again.pk)
    assert _planned(again) == _planned(plan)


def test_a_plan_is_not_made_by_two_drafts(spine: Spine) -> None:
    spine.account(Name="Acme")
    spine.first_load()
    row = _a_note_on_each(spine.mapping)
    plan = runs.preview_draft(spine.mapping, spine.person)
    row.delete()
    prepare.prepare(plan.pk)
    plan.refresh_from_db()
    assert (plan.state, plan.failure_code, _planned(plan)) == (RunState.FAILED, "plan.draft_changed", [])


def test_no_shipped_mapping_is_in_serious_doubt_once_the_fields_are_known() -> None:
    with a_spine(recipes=list(RECIPES)) as made, tenant(made.company.pk):
        rows = list(Mapping.objects.filter(integration=made.integration).select_related("integration"))
        doubts = {}
        for mapping in rows:
            field_lists.read_for(mapping)
        for mapping in rows:
            found = mapping_checks.serious(mapping_checks.validate(mapping))
            doubts[mapping.key] = [(one.code, one.position, one.values) for one in found]
        assert len(rows) > 1
        told = sorted(
            {
                (key, one[0], one[2].get("field"), one[2].get("side"))
                for key, found in doubts.items()
                for one in found
            }
        )
        assert told == [], "\n".join(map(str, told))
