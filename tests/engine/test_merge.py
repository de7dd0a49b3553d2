from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contracts import Side
from syncapp.engine import reasons
from syncapp.engine.compiled import CompiledUnit, compile_spec
from syncapp.engine.decision import ParentNeed
from syncapp.engine.lists import NotListed
from syncapp.engine.mapping import Direction, FieldSpec, Initial, OnConflict, OnDrift, ValueType, WriteMode
from syncapp.engine.merge import Action, MergeContext, Sides, UnitResult, merge_unit, value_digest
from tests.engine.builders import row, spec

SF, QBO = Side.SALESFORCE, Side.QUICKBOOKS
WRITES = {Action.TO_QBO: QBO, Action.TO_SF: SF}


@lru_cache(maxsize=1024)
def unit_of(field: FieldSpec) -> CompiledUnit:
    return compile_spec(spec(field)).units[0]


def merged(sf, qbo, base, field: FieldSpec | None = None, **context) -> UnitResult:
    """Merge one text row; `base` is (sf, qbo) or None."""
    unit = unit_of(field or row())
    known = None if base is None else Sides(_one(unit, base[0]), _one(unit, base[1]))
    return merge_unit(unit, Sides(_one(unit, sf), _one(unit, qbo)), known, MergeContext(**context))


def _one(unit, value):
    return {} if value is None else {unit.keys[0]: value}


def outcome(result: UnitResult) -> tuple[str, object]:
    return result.action.value, next(iter(result.values.values()), None)


@pytest.mark.parametrize(
    ("sf", "qbo", "base", "action", "value"),
    [
        ("a", "a", ("a", "a"), "nothing", None),
        ("b", "a", ("a", "a"), "to_qbo", "b"),
        ("a", "b", ("a", "a"), "to_sf", "b"),
        (None, "a", ("a", "a"), "to_qbo", None),
        ("b", "b", ("a", "a"), "adopt", None),
        ("b", "c", ("a", "a"), "hold", None),
        ("a", "a", None, "adopt", None),
        ("a", "b", None, "hold", None),
        ("short", "sho", ("short", "sho"), "nothing", None),
    ],
)
def test_the_table_of_a_merge_unit(sf, qbo, base, action, value):
    assert outcome(merged(sf, qbo, base)) == (action, value)


@pytest.mark.parametrize(
    ("rule", "newest", "action", "value", "reason"),
    [
        (OnConflict.SF, None, "to_qbo", "s", reasons.SF_WINS),
        (OnConflict.QBO, None, "to_sf", "q", reasons.QBO_WINS),
        (OnConflict.NEWEST, SF, "to_qbo", "s", reasons.NEWEST_WINS),
        (OnConflict.NEWEST, QBO, "to_sf", "q", reasons.NEWEST_WINS),
        (OnConflict.NEWEST, None, "hold", None, reasons.NEWEST_CLOSE),
        (OnConflict.ASK, SF, "hold", None, reasons.CONFLICT),
    ],
)
def test_a_conflict_follows_the_rows_rule(rule, newest, action, value, reason):
    result = merged("s", "q", ("a", "a"), row(on_conflict=rule), newest=newest)
    assert (*outcome(result), result.reason) == (action, value, reason)


@pytest.mark.parametrize(
    ("rule", "forced", "action", "asks"),
    [
        (OnDrift.LEAVE, None, "hold", False),
        (OnDrift.ASK, None, "hold", True),
        (OnDrift.OVERWRITE, None, "to_qbo", False),
        (OnDrift.LEAVE, QBO, "to_qbo", False),
        (OnDrift.LEAVE, SF, "hold", False),
    ],
)
def test_an_edited_target_of_a_one_way_row_is_drift(rule, forced, action, asks):
    field = row(direction=Direction.TO_QBO, on_drift=rule)
    result = merged("a", "edited", ("a", "a"), field, forced=forced)
    assert (result.action.value, result.asks) == (action, asks)
    assert result.why == ("drift" if action == "hold" else "")


def test_a_drifted_target_is_rewritten_once_its_source_changes():
    result = merged("b", "edited", ("a", "a"), row(direction=Direction.TO_QBO))
    assert outcome(result) == ("to_qbo", "b")


@pytest.mark.parametrize(
    ("rule", "sf", "qbo", "direction", "action", "value"),
    [
        (Initial.SF, "s", "q", Direction.BOTH, "to_qbo", "s"),
        (Initial.QBO, "s", "q", Direction.BOTH, "to_sf", "q"),
        (Initial.SF, None, "q", Direction.BOTH, "to_sf", "q"),
        (Initial.SF, None, "q", Direction.TO_QBO, "adopt", None),
        (Initial.QBO, "s", "q", Direction.TO_QBO, "adopt", None),
        (Initial.FILL_EMPTY, "s", None, Direction.BOTH, "to_qbo", "s"),
        (Initial.FILL_EMPTY, None, "q", Direction.BOTH, "to_sf", "q"),
        (Initial.FILL_EMPTY, None, "q", Direction.TO_QBO, "adopt", None),
        (Initial.FILL_EMPTY, "s", "q", Direction.BOTH, "hold", None),
        (Initial.ASK, "s", "q", Direction.BOTH, "hold", None),
    ],
)
def test_unequal_values_without_an_agreement_follow_the_first_link_rule(
    rule, sf, qbo, direction, action, value
):
    assert outcome(merged(sf, qbo, None, row(initial=rule, direction=direction))) == (action, value)


def test_a_press_takes_the_pressed_source_where_the_first_link_would_ask():
    assert outcome(merged("s", "q", None, forced=QBO)) == ("to_qbo", "s")
    assert outcome(merged("s", "q", None, forced=SF)) == ("to_sf", "q")


def test_a_press_never_overrides_a_conflict():
    assert merged("s", "q", ("a", "a"), forced=QBO).action is Action.HOLD


def test_values_that_were_cut_to_fit_count_as_agreed():
    field = row(transform="truncate", qbo_length=5)
    assert merged("a long text", "a lon", None, field).action is Action.ADOPT
    assert merged("a long thing", "a lon", ("a long text", "a lon"), field).action is Action.ADOPT


def test_what_is_written_looks_as_the_target_keeps_it():
    country = row("country", type=ValueType.COUNTRY, sf_path="BillingCountry")
    assert outcome(merged("Canada", "USA", ("United States", "USA"), country)) == ("to_qbo", "CAN")
    assert outcome(merged("United States", "CAN", ("United States", "USA"), country)) == ("to_sf", "Canada")
    code = replace(country, sf_path="BillingCountryCode")
    assert outcome(merged("US", "CAN", ("US", "USA"), code)) == ("to_sf", "CA")
    web = row("web", type=ValueType.URL)
    assert outcome(merged("new.example", "old.example", ("x", "old.example"), web)) == (
        "to_qbo",
        "https://new.example",
    )


def test_a_default_stands_for_an_empty_source():
    field = row(default="none given")
    assert outcome(merged(None, "a", ("a", "a"), field)) == ("to_qbo", "none given")
    assert merged(None, "none given", None, field).action is Action.ADOPT


def test_a_create_only_row_is_never_written_again():
    field = row(write=WriteMode.ON_CREATE)
    assert merged("EUR", "USD", None, field).action is Action.ADOPT
    assert merged("EUR", "USD", ("USD", "USD"), field).action is Action.ADOPT
    assert merged("USD", "USD", ("USD", "USD"), field).action is Action.NOTHING


class TestHeldUnits:
    HELD = {"why": "conflict", "sf": {"phone": "s"}, "qbo": {"phone": "q"}, "sf_token": "1", "qbo_token": "2"}

    def merge(self, sf, qbo, answer, tokens=("1", "2")):
        held = {"phone": {**self.HELD, "answer": {"side": answer}}}
        return merged(sf, qbo, ("a", "a"), held=held, tokens=tokens)

    def test_an_answer_is_written(self):
        assert outcome(self.merge("s", "q", "sf")) == ("to_qbo", "s")
        assert outcome(self.merge("s", "q", "qbo")) == ("to_sf", "q")

    def test_both_values_may_stay(self):
        assert self.merge("s", "q", "leave").action is Action.ADOPT

    def test_an_answer_counts_though_other_fields_moved(self):
        assert outcome(self.merge("s", "q", "sf", tokens=("5", "6"))) == ("to_qbo", "s")

    def test_an_answer_is_asked_again_when_the_unit_moved(self):
        assert self.merge("s", "other", "sf", tokens=("1", "3")).action is Action.HOLD

    def test_an_undone_unit_rests_until_its_source_changes(self):
        held = {"phone": {"why": "undone"}}
        assert merged("a", "a", ("a", "a"), held=held).why == "undone"
        assert outcome(merged("b", "a", ("a", "a"), held=held)) == ("to_qbo", "b")


class TestOscillation:
    X, Y = value_digest({"phone": "x"}), value_digest({"phone": "y"})

    def merge(self, *writes):
        return merged("y", "x", ("x", "x"), writes=tuple(("phone", *write) for write in writes))

    def test_the_fourth_write_of_a_quarrel_is_held(self):
        result = self.merge(("sf", self.X), ("qbo", self.Y), ("sf", self.X))
        assert (result.action, result.why) == (Action.HOLD, "oscillation")

    def test_three_writes_are_no_quarrel(self):
        assert self.merge(("qbo", self.Y), ("sf", self.X)).action is Action.TO_QBO

    def test_new_values_are_no_quarrel(self):
        other = value_digest({"phone": "z"})
        assert self.merge(("sf", self.X), ("qbo", other), ("sf", self.X)).action is Action.TO_QBO


class TestReferences:
    FIELD = row("parent", type=ValueType.REFERENCE, refers_to="account_customer")

    def merge(self, sf, qbo, base, *parents, field=None):
        known = {(need.key, need.side, need.remote_id): need for need in parents}
        return merged(sf, qbo, base, field or self.FIELD, parents=known)

    def linked(self, side, ours, theirs):
        return ParentNeed("parent", "account_customer", side, ours, "linked", theirs)

    def test_a_reference_is_written_as_the_counterparts_id(self):
        result = self.merge("001P", None, (None, None), self.linked(SF, "001P", "3"))
        assert outcome(result) == ("to_qbo", "3")

    def test_linked_parents_agree(self):
        assert self.merge("001P", "3", None, self.linked(SF, "001P", "3")).action is Action.ADOPT

    def test_an_unlinked_parent_is_waited_for(self):
        result = self.merge("001P", None, (None, None))
        assert (result.action, result.waits) == (
            Action.WAIT,
            (ParentNeed("parent", "account_customer", SF, "001P"),),
        )

    def test_the_target_of_a_one_way_reference_needs_no_parent(self):
        field = replace(self.FIELD, direction=Direction.TO_QBO)
        assert self.merge("001P", "9", ("001P", "3"), field=field).why == "drift"


VALUES = (None, "a", "b", "c")
BASES = (None, *product(VALUES, VALUES))
FIELDS = tuple(
    row(direction=direction, on_conflict=conflict, on_drift=drift, initial=initial)
    for direction, conflict, drift, initial in product(Direction, OnConflict, OnDrift, Initial)
)
SIDES = (None, *Side)
SPACE = (VALUES, VALUES, BASES, FIELDS, SIDES, SIDES)


def _case(number: int) -> tuple:
    """One point of the whole space of decisions; drawing one number keeps thousands of examples cheap."""
    picked = []
    for choices in SPACE:
        number, index = divmod(number, len(choices))
        picked.append(choices[index])
    return tuple(picked)


CASES = st.integers(0, prod(map(len, SPACE)) - 1).map(_case)


SWAPPED_DIRECTION = {Direction.TO_QBO: Direction.TO_SF, Direction.TO_SF: Direction.TO_QBO}
SWAPPED_CONFLICT = {OnConflict.SF: OnConflict.QBO, OnConflict.QBO: OnConflict.SF}
SWAPPED_INITIAL = {Initial.SF: Initial.QBO, Initial.QBO: Initial.SF}
SWAPPED_ACTION = {Action.TO_QBO: Action.TO_SF, Action.TO_SF: Action.TO_QBO}


def swapped(field: FieldSpec) -> FieldSpec:
    return replace(
        field,
        direction=SWAPPED_DIRECTION.get(field.direction, field.direction),
        on_conflict=SWAPPED_CONFLICT.get(field.on_conflict, field.on_conflict),
        initial=SWAPPED_INITIAL.get(field.initial, field.initial),
    )


def other(side):
    return side.other if side else None


@settings(max_examples=5000, deadline=None)
@given(CASES)
def test_swapping_the_sides_swaps_the_result(case):
    sf, qbo, base, field, newest, forced = case
    straight = merged(sf, qbo, base, field, newest=newest, forced=forced)
    mirrored = merged(
        qbo, sf, base and (base[1], base[0]), swapped(field), newest=other(newest), forced=other(forced)
    )
    assert mirrored.action is SWAPPED_ACTION.get(straight.action, straight.action)
    assert (mirrored.values, mirrored.why, mirrored.asks) == (straight.values, straight.why, straight.asks)


@settings(max_examples=5000, deadline=None)
@given(CASES)
def test_a_write_never_invents_a_value_and_always_changes_its_target(case):
    sf, qbo, base, field, newest, forced = case
    result = merged(sf, qbo, base, field, newest=newest, forced=forced)
    target = WRITES.get(result.action)
    if target is None:
        assert result.values == {}
        return
    source, held = (sf, qbo) if target is QBO else (qbo, sf)
    assert result.values == {"phone": source}
    assert source != held
    assert field.direction.allows(target)


@settings(max_examples=5000, deadline=None)
@given(CASES)
def test_equal_values_are_never_written(case):
    value, _, base, field, _, forced = case
    result = merged(value, value, base, field, forced=forced)
    assert result.action in (Action.NOTHING, Action.ADOPT)


@settings(max_examples=5000, deadline=None)
@given(CASES)
def test_merging_is_idempotent(case):
    sf, qbo, base, field, newest, forced = case
    result = merged(sf, qbo, base, field, newest=newest, forced=forced)
    if result.action is Action.HOLD:
        assert merged(sf, qbo, base, field, newest=newest, forced=forced) == result
        return
    if result.action is Action.TO_QBO:
        qbo = result.values["phone"]
    elif result.action is Action.TO_SF:
        sf = result.values["phone"]
    if result.action is not Action.NOTHING:
        base = (sf, qbo)
    assert merged(sf, qbo, base, field, newest=newest, forced=forced).action is Action.NOTHING


def test_a_pair_that_was_linked_as_it_was_takes_both_values_as_agreed_once():
    held = {row().key: {"why": "as_is"}}
    first = merged("a", "b", None, held=held)
    assert (first.action, first.reason) == (Action.ADOPT, reasons.LINKED_AS_IS)
    assert merged("c", "b", ("a", "b"), held=held).action is Action.TO_QBO


def test_the_digest_of_a_write_bears_a_name_that_no_list_holds():
    line = [{"item": NotListed("Item", "Bench")}]
    assert value_digest({"lines": line}) == value_digest({"lines": [{"item": NotListed("Item", "Bench")}]})
