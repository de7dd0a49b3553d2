"""Rows that compute their value, value maps, and the ways a row is written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.contracts import Side
from syncapp.engine.checks import check_compiled
from syncapp.engine.compiled import compile_spec
from syncapp.engine.computed import Failed
from syncapp.engine.decide import decide
from syncapp.engine.decision import DecisionKind, LinkView
from syncapp.engine.formula import Environment
from syncapp.engine.formula.here import here
from syncapp.engine.mapping import Direction, FieldSpec, OnDrift, ValueMap, ValueType, WriteMode
from syncapp.engine.projection import fields_to_read, project, to_json
from tests.engine.builders import ROW_NAME, link, qbo_record, sf_record, situation, spec

TO_QBO, TO_SF = Direction.TO_QBO, Direction.TO_SF


def a_row(**more: Any) -> FieldSpec:
    return FieldSpec(
        **{"key": "made", "label": "Made", "sf_path": "", "qbo_path": "Notes", "direction": TO_QBO, **more}
    )


def linked(sf: dict[str, Any] | None, qbo: dict[str, Any] | None) -> LinkView:
    """A link whose last agreement held these values."""
    return link(sf_base=_full(sf), qbo_base=_full(qbo))


def _full(values: dict[str, Any] | None) -> dict[str, Any] | None:
    return values and {key: value for key, value in values.items() if value is not None}


def computed(formula: str, body: dict[str, Any], **more: Any) -> Any:
    mapping = spec(ROW_NAME, a_row(formula=formula, **more))
    return project(Side.SALESFORCE, body, mapping).get("made")


def test_a_formula_row_holds_what_the_formula_gives_in_the_form_of_its_type():
    assert computed('Name & " of " & BillingCity', {"Name": "Acme", "BillingCity": "Kiel"}) == "Acme of Kiel"
    assert computed("Amount / 3", {"Amount": 10}, type=ValueType.DECIMAL) == Decimal("3.33")
    assert computed("Amount / 4", {"Amount": 10}) == "2.5"
    assert computed("CloseDate + 30", {"CloseDate": "2026-11-21"}, type=ValueType.DATE) == date(2026, 12, 21)
    assert computed("ISBLANK(Phone)", {}, type=ValueType.BOOL) is True
    assert computed('""', {}) is None


def test_a_read_asks_for_the_fields_of_formulas_on_the_side_they_read():
    mapping = spec(
        ROW_NAME,
        a_row(formula="Owner.Name & Phone"),
        a_row(key="back", formula="BillAddr.City", qbo_path="", sf_path="Description", direction=TO_SF),
    )
    assert fields_to_read(Side.SALESFORCE, mapping)[-3:] == ("Owner.Name", "Phone", "Description")
    assert project(Side.QUICKBOOKS, {"BillAddr": {"City": "Kiel"}}, mapping)["back"] == "Kiel"


def test_a_formula_knows_the_day_that_the_services_say():
    assert computed("TODAY()", {}) == Failed("What day it is is not known here. (character 1)")
    with here(Environment(date(2026, 11, 21), datetime(2026, 11, 21, 12, tzinfo=UTC))):
        assert computed("TODAY() + 1", {}, type=ValueType.DATE) == date(2026, 11, 22)


def test_a_record_that_a_formula_cannot_serve_holds_only_that_row():
    mapping = spec(ROW_NAME, a_row(formula="TEXT(100 / Rate)"))
    decision = decide(
        situation(
            mapping,
            sf_record({"Name": "New name", "Rate": 0}),
            qbo_record({"DisplayName": "Acme"}),
            linked({"name": "Acme", "made": "5"}, {"name": "Acme", "made": "5"}),
        )
    )
    assert [(change.unit, dict(change.values)) for change in decision.changes] == [
        ("name", {"name": "New name"})
    ]
    assert [(hold.unit, hold.why) for hold in decision.holds] == [("made", "data")]
    assert [
        reason.values["message"] for reason in decision.reasons if reason.code == "engine.not_computed"
    ] == ["A number is divided by zero. (character 12)"]


REGIONS = ValueMap(
    "Regions", (("EMEA", "Europe"), ("EU", "Europe"), ("NA", "America"), ("Intern", "")), unknown="stop"
)


def mapped(value: str, target: Side, value_map: ValueMap = REGIONS) -> Any:
    row = a_row(sf_path="Region__c", direction=Direction.BOTH, value_map="Regions")
    return compile_spec(spec(ROW_NAME, row, value_maps=(value_map,))).by_key["made"].render(target, value)


def test_a_value_map_translates_both_ways_and_the_first_of_several_comes_back():
    assert [mapped(value, Side.QUICKBOOKS) for value in ("EU", "emea", "NA", "Intern")] == [
        "Europe", "Europe", "America", None,
    ]  # fmt: skip
    assert [mapped(value, Side.SALESFORCE) for value in ("Europe", "america")] == ["EMEA", "NA"]


def test_values_that_mean_the_same_on_the_other_side_are_in_step():
    row = a_row(sf_path="Region__c", direction=Direction.BOTH, value_map="Regions")
    mapping = spec(ROW_NAME, row, value_maps=(REGIONS,))
    decision = decide(
        situation(
            mapping,
            sf_record({"Name": "Acme", "Region__c": "EU"}),
            qbo_record({"DisplayName": "Acme", "Notes": "Europe"}),
            linked(None, None),
        )
    )
    assert (decision.kind, decision.changes) == (DecisionKind.ADOPT, ())


def test_a_value_without_an_entry_is_kept_stopped_or_replaced():
    def by(rule: str) -> Any:
        return mapped("APAC", Side.QUICKBOOKS, ValueMap("Regions", REGIONS.entries, rule, "?", "Elsewhere"))

    assert (by("keep"), by("default")) == ("APAC", "Elsewhere")
    stopped = by("stop")
    assert (type(stopped), stopped) == (Failed, "The value map Regions has no entry for “APAC”.")


def test_a_value_that_could_not_be_computed_is_refused_before_it_is_written():
    mapping = spec(ROW_NAME, a_row(formula='"x"'))
    [reason] = check_compiled(Side.QUICKBOOKS, compile_spec(mapping), {"made": Failed("No entry.")})
    assert (reason.code, reason.values["message"], reason.values["label"]) == (
        "engine.not_computed",
        "No entry.",
        "Made",
    )


def test_formulas_look_values_up_in_the_maps_of_the_mapping():
    row = a_row(formula='LOOKUP("Regions", Region__c, "Elsewhere")')
    mapping = spec(ROW_NAME, row, value_maps=(REGIONS,))
    assert [
        project(Side.SALESFORCE, {"Region__c": region}, mapping)["made"] for region in ("eu", "APAC")
    ] == ["Europe", "Elsewhere"]


def written(
    mode: WriteMode, sf: str | None, qbo: str | None, base: tuple[str | None, str | None], **more: Any
) -> Any:
    """What is written to QuickBooks; None where nothing is. Says so when a person is asked."""
    row = a_row(sf_path="Description", write=mode, **{"on_drift": OnDrift.OVERWRITE, **more})
    mapping = spec(ROW_NAME, row)
    decision = decide(
        situation(
            mapping,
            sf_record({"Name": "Acme", "Description": sf}),
            qbo_record({"DisplayName": "Acme", "Notes": qbo}),
            linked({"name": "Acme", "made": base[0]}, {"name": "Acme", "made": base[1]}),
        )
    )
    if decision.holds:
        return "asks"
    return decision.changes[0].values["made"] if decision.changes else None


def test_a_row_that_fills_what_is_empty_leaves_what_somebody_entered():
    assert written(WriteMode.WHEN_EMPTY, "new", None, ("old", None)) == "new"
    assert written(WriteMode.WHEN_EMPTY, "new", "mine", ("old", "mine")) is None
    assert written(WriteMode.WHEN_EMPTY, "old", "mine", ("old", "old")) is None


def test_a_row_that_appends_adds_to_what_is_there_once():
    assert written(WriteMode.APPEND, "new", "mine", ("old", "mine")) == "mine\nnew"
    assert written(WriteMode.APPEND, "new", "mine\nnew, edited", ("old", "mine")) is None
    assert written(WriteMode.APPEND, "new", None, ("old", None)) == "new"
    assert written(WriteMode.APPEND, None, "mine", ("old", "mine")) is None
    assert written(WriteMode.APPEND, "new", "mine and more", ("new", "mine\nnew")) is None


def test_a_computed_row_keeps_its_output_as_its_base():
    mapping = spec(ROW_NAME, a_row(formula="UPPER(Name)"))
    assert to_json(mapping, project(Side.SALESFORCE, {"Name": "Acme"}, mapping)) == {
        "name": "Acme",
        "made": "ACME",
    }
