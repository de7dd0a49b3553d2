"""Whatever a vendor sends and however a link stands, there is a decision, and what it writes can be composed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contracts import RecordState, Side
from syncapp.engine.bases import held_after
from syncapp.engine.decide import decide
from syncapp.engine.decision import Decision
from syncapp.engine.mapping import OnConflict
from syncapp.engine.match import keys_of
from syncapp.engine.projection import compose, compose_create, from_json, project, to_json
from syncapp.recipes import Template, get, prepare
from tests.engine.agreed import after_adoption, after_write, bases_of
from tests.engine.builders import link, qbo_record, sf_record, situation

SPECS = [
    replace(prepare(get("account_customer"), template, winner).spec, external_id_field="QBO_Id__c")
    for template in Template
    for winner in OnConflict
]
INDEX = st.integers(0, len(SPECS) - 1)
ODD = (
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text()
)
PART = ODD | st.dictionaries(
    st.sampled_from(["Line1", "Line2", "City", "Country", "FreeFormNumber", "URI", "value"]), ODD, max_size=4
)
SF_BODIES = st.dictionaries(
    st.sampled_from(
        [
            "Name",
            "Phone",
            "Website",
            "BillingStreet",
            "BillingCountry",
            "ParentId",
            "Description",
            "QBO_Id__c",
        ]
    ),
    ODD,
    max_size=6,
)
QBO_BODIES = st.dictionaries(
    st.sampled_from(
        ["DisplayName", "CompanyName", "BillAddr", "PrimaryPhone", "WebAddr", "ParentRef", "Notes"]
    ),
    PART,
    max_size=6,
)
STATES = st.sampled_from(list(RecordState))
LIFECYCLES = st.sampled_from(["candidate", "creating", "linked", "unlinked", "gone", "absorbed"])


@settings(max_examples=200, deadline=None)
@given(
    INDEX,
    st.none() | st.tuples(SF_BODIES, STATES),
    st.none() | st.tuples(QBO_BODIES, STATES),
    st.none() | st.tuples(SF_BODIES, QBO_BODIES),
    LIFECYCLES,
    st.none() | st.sampled_from(list(Side)),
)
def test_there_is_always_a_decision_and_it_can_be_carried_out(index, sf, qbo, base, lifecycle, forced):
    mapping = SPECS[index]
    account = sf_record(sf[0], state=sf[1]) if sf else None
    customer = qbo_record(qbo[0], state=qbo[1]) if qbo else None
    view = link(lifecycle=lifecycle, forced=forced)
    if base:
        sf_base, qbo_base = (
            project(Side.SALESFORCE, base[0], mapping),
            project(Side.QUICKBOOKS, base[1], mapping),
        )
        view = replace(view, sf_base=sf_base, qbo_base=qbo_base)
    decision = decide(situation(mapping, account, customer, view, realm="99"))
    assert decision.reasons
    _carry_out(mapping, view, decision)


def _carry_out(mapping, view, decision: Decision) -> None:
    bases = after_adoption(mapping, bases_of(view), decision)
    for side in Side:
        values = {key: value for c in decision.changes if c.target is side for key, value in c.values.items()}
        compose(side, mapping, values)
        if decision.create_on is side:
            compose_create(side, mapping, decision.create_values)
        bases = after_write(mapping, bases, decision, side)
    held_after(view, decision)
    for values in (bases.sf, bases.qbo):
        if values is not None:
            assert from_json(mapping, to_json(mapping, values)) == values


@given(INDEX, SF_BODIES, QBO_BODIES)
def test_every_record_has_keys_and_a_projection(index, sf, qbo):
    mapping = SPECS[index]
    assert all(key.value for key in keys_of(Side.SALESFORCE, sf_record(sf), mapping, "99"))
    assert all(key.value for key in keys_of(Side.QUICKBOOKS, qbo_record(qbo), mapping, "99"))
    assert None not in project(Side.QUICKBOOKS, qbo, mapping).values()
