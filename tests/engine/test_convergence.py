"""Rules of the whole: two servers that change what they store come to rest, and no typed value is lost."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contracts import Side
from syncapp.engine.decision import DecisionKind
from syncapp.engine.mapping import Direction, Initial, OnConflict, OnDrift, ValueType
from tests.engine.builders import row, spec
from tests.engine.replicas import Pair

RESTING = {DecisionKind.NOTHING, DecisionKind.CONFLICT, DecisionKind.HOLD}
COLUMNS = {"name": ("Name", "NameQ"), "country": ("Country", "CountryQ"), "city": ("City", "CityQ")}


def mapping(direction, conflict, drift, initial):
    more = {"direction": direction, "on_conflict": conflict, "on_drift": drift, "initial": initial}
    return spec(
        row("name", transform="truncate", qbo_length=12, **more),
        row("city", group="address", **more),
        row("country", type=ValueType.COUNTRY, group="address", **more),
    )


MAPPINGS = st.builds(
    mapping,
    st.sampled_from(list(Direction)),
    st.sampled_from(list(OnConflict)),
    st.sampled_from(list(OnDrift)),
    st.sampled_from(list(Initial)),
)
TEXTS = st.sampled_from(["Ann", "Ann  Bo", "a very long name", "Canada", "USA", "United States", " x ", ""])
EDIT = st.tuples(st.sampled_from(list(Side)), st.sampled_from(list(COLUMNS)), TEXTS)
EDITS = st.lists(EDIT, max_size=6)
NAMED_EDITS = st.lists(EDIT.filter(lambda edit: edit[1] != "name" or edit[2].strip()), max_size=6)
"""Edits that never take the name away: that is a data error, not a question."""


def edit(pair: Pair, side: Side, key: str, text: str) -> None:
    column = COLUMNS[key][0 if side is Side.SALESFORCE else 1]
    pair.server(side).put({column: text})


@settings(max_examples=500, deadline=None)
@given(MAPPINGS, EDITS, st.lists(EDITS, max_size=3))
def test_two_rounds_without_edits_come_to_rest(mapping, start, rounds):
    pair = Pair(mapping)
    pair.sf.put({"Name": "Start"})
    for edits in (start, *rounds):
        for side, key, text in edits:
            edit(pair, side, key, text)
        pair.reconcile()
        pair.reconcile()
        before = pair.writes()
        last = pair.reconcile()
        assert pair.writes() == before
        assert last.kind in RESTING or not last.changes


@settings(max_examples=400, deadline=None)
@given(MAPPINGS, EDITS)
def test_lost_answers_of_updates_heal_without_a_third_write(mapping, edits):
    pair = Pair(mapping)
    pair.sf.put({"Name": "Start"})
    pair.qbo.put({"NameQ": "Start"})
    pair.reconcile()
    for side, key, text in edits:
        edit(pair, side, key, text)
    pair.reconcile(lose_answers=True)
    pair.reconcile()
    pair.reconcile()
    before = pair.writes()
    pair.reconcile()
    assert pair.writes() == before


@settings(max_examples=400, deadline=None)
@given(NAMED_EDITS, st.sampled_from(["sf", "qbo", "leave"]))
def test_answered_questions_are_settled_for_good(edits, side):
    pair = Pair(mapping(Direction.BOTH, OnConflict.ASK, OnDrift.LEAVE, Initial.ASK))
    pair.sf.put({"Name": "Start"})
    pair.qbo.put({"NameQ": "Other"})
    for where, key, text in edits:
        edit(pair, where, key, text)
    pair.reconcile()
    pair.answer(side)
    pair.reconcile()
    pair.reconcile()
    assert pair.held == {}
    assert pair.reconcile().kind is DecisionKind.NOTHING


@settings(max_examples=400, deadline=None)
@given(MAPPINGS, st.sampled_from(list(COLUMNS)), st.sampled_from(list(Side)))
def test_one_persons_edit_is_never_lost(rules, key, side):
    """A value typed on one side is on the other afterwards, or both values are kept and shown."""
    pair = Pair(rules)
    pair.sf.put({"Name": "Start", "City": "Old", "Country": "USA"})
    pair.reconcile()
    edit(pair, side, key, "Typed")
    decision = pair.reconcile()
    here, there = COLUMNS[key] if side is Side.SALESFORCE else reversed(COLUMNS[key])
    unit = "name" if key == "name" else "address"
    assert (pair.server(side).body or {})[here] == "Typed" or decision.changes
    if rules.fields[0].direction.allows(side.other) and side is Side.SALESFORCE:
        assert (pair.server(side.other).body or {})[there] == "Typed" or unit in pair.held


def test_the_fourth_write_of_two_quarrelling_automations_is_stopped():
    pair = Pair(replace(mapping(Direction.BOTH, OnConflict.ASK, OnDrift.LEAVE, Initial.SF)))
    pair.sf.put({"Name": "One"})
    pair.qbo.put({"NameQ": "One"})
    pair.reconcile()
    kinds = []
    for side, text in [("sf", "Two"), ("qbo", "One"), ("sf", "Two"), ("qbo", "One"), ("sf", "Two")]:
        edit(pair, Side(side), "name", text)
        kinds.append(pair.reconcile().kind)
    assert kinds[:3] == [DecisionKind.UPDATE] * 3
    assert DecisionKind.CONFLICT in kinds[3:]
    assert pair.held["name"]["why"] == "oscillation"
