from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.contracts import RecordState, Side
from syncapp.engine import reasons
from syncapp.engine.bases import changed_units, held_after
from syncapp.engine.decide import decide
from syncapp.engine.decision import DecisionKind, ParentNeed, StateChange
from syncapp.engine.existence import delete_brake
from syncapp.engine.mapping import (
    Condition,
    Direction,
    Initial,
    MappingPolicies,
    Mode,
    OnDrift,
    ValueType,
)
from syncapp.engine.projection import compose, project
from tests.engine.agreed import after_adoption, after_write, bases_of
from tests.engine.builders import (
    NOW,
    ROW_NAME,
    ROW_PHONE,
    agreed_link,
    candidate,
    link,
    qbo_record,
    row,
    sf_record,
    situation,
    spec,
)

SF, QBO = Side.SALESFORCE, Side.QUICKBOOKS
K = DecisionKind
ACCOUNT = sf_record({"Name": "Acme", "Phone": "1"})
CUSTOMER = qbo_record({"DisplayName": "Acme", "PrimaryPhone": {"FreeFormNumber": "1"}})
MAPPING = spec()


def summary(decision):
    return decision.kind, decision.reasons[0].code, decision.attention


def test_records_as_they_were_agreed_need_nothing():
    decision = decide(situation(MAPPING, ACCOUNT, CUSTOMER, agreed_link(MAPPING, ACCOUNT, CUSTOMER)))
    assert summary(decision) == (K.NOTHING, reasons.IN_SYNC, "none")


def test_a_side_that_was_not_read_stands_for_what_is_known_of_it():
    view = agreed_link(MAPPING, ACCOUNT, CUSTOMER)
    unread = replace(CUSTOMER, body={})
    changed = sf_record({"Name": "Acme", "Phone": "2"})
    decision = decide(situation(MAPPING, changed, unread, view, known={QBO: view.qbo_base}))
    assert [(change.unit, change.target, dict(change.values)) for change in decision.changes] == [
        ("phone", QBO, {"phone": "2"})
    ]


def test_each_unit_goes_its_own_way():
    view = agreed_link(MAPPING, ACCOUNT, CUSTOMER)
    sf = sf_record({"Name": "Acme Two", "Phone": "1"})
    qbo = qbo_record({"DisplayName": "Acme", "PrimaryPhone": {"FreeFormNumber": "2"}})
    decision = decide(situation(MAPPING, sf, qbo, view))
    assert decision.kind is K.UPDATE
    assert {
        (c.unit, c.target, tuple(c.values.items()), tuple(c.before.items())) for c in decision.changes
    } == {
        ("name", QBO, (("name", "Acme Two"),), (("name", "Acme"),)),
        ("phone", SF, (("phone", "2"),), (("phone", "1"),)),
    }


def test_a_conflict_holds_its_unit_and_lets_the_others_go():
    view = agreed_link(MAPPING, ACCOUNT, CUSTOMER)
    sf = sf_record({"Name": "Acme Two", "Phone": "2"})
    qbo = qbo_record({"DisplayName": "Acme", "PrimaryPhone": {"FreeFormNumber": "3"}})
    decision = decide(situation(MAPPING, sf, qbo, view))
    assert summary(decision) == (K.UPDATE, reasons.CONFLICT, "conflict")
    assert [change.unit for change in decision.changes] == ["name"]
    assert [(hold.unit, hold.why, hold.sf, hold.qbo, hold.base_sf) for hold in decision.holds] == [
        ("phone", "conflict", {"phone": "2"}, {"phone": "3"}, {"phone": "1"})
    ]


class TestHoldsAsStored:
    def conflicted(self):
        view = agreed_link(MAPPING, ACCOUNT, CUSTOMER)
        sf = sf_record({"Name": "Acme", "Phone": "2"}, version="5")
        qbo = qbo_record({"DisplayName": "Acme", "PrimaryPhone": {"FreeFormNumber": "3"}}, version="6")
        return situation(MAPPING, sf, qbo, view)

    def test_a_hold_keeps_both_values_their_base_and_the_versions_seen(self):
        before = self.conflicted()
        assert before.sf is not None
        before = replace(before, sf=replace(before.sf, modified_by="Ida Berg"))
        decision = decide(before)
        assert decision.sf_token is not None
        assert decision.qbo_token is not None
        assert held_after(before.link, decision, NOW) == {
            "phone": {
                "why": "conflict",
                "sf": {"phone": "2"},
                "qbo": {"phone": "3"},
                "base_sf": {"phone": "1"},
                "base_qbo": {"phone": "1"},
                "sf_token": "5",
                "qbo_token": "6",
                "sf_at": decision.sf_token.modified.isoformat(),
                "qbo_at": decision.qbo_token.modified.isoformat(),
                "sf_by": "Ida Berg",
                "since": NOW.isoformat(),
                "code": reasons.CONFLICT,
                "details": {},
                "offers": ["sf", "qbo", "leave"],
            }
        }

    def test_an_answered_hold_is_written_and_released(self):
        before = self.conflicted()
        held = held_after(before.link, decide(before))
        held["phone"]["answer"] = {"side": "qbo"}
        view = replace(before.link, held=held)
        decision = decide(replace(before, link=view))
        assert [(c.target, dict(c.values)) for c in decision.changes] == [(SF, {"phone": "3"})]
        assert decision.released == ("phone",)
        assert held_after(view, decision) == {}

    def test_a_conflict_that_people_settled_themselves_is_released(self):
        before = self.conflicted()
        view = replace(before.link, held=held_after(before.link, decide(before)))
        qbo = qbo_record({"DisplayName": "Acme", "PrimaryPhone": {"FreeFormNumber": "2"}}, version="7")
        decision = decide(replace(before, link=view, qbo=qbo))
        assert (decision.kind, decision.adopt, decision.released) == (K.ADOPT, ("phone",), ("phone",))

    def test_a_standing_hold_keeps_when_it_was_first_seen(self):
        before = self.conflicted()
        held = held_after(before.link, decide(before))
        held["phone"]["since"] = "2026-11-20"
        view = replace(before.link, held=held)
        assert held_after(view, decide(replace(before, link=view)))["phone"]["since"] == "2026-11-20"


def test_a_drifted_field_is_shown_and_left():
    mapping = spec(ROW_NAME, replace(ROW_PHONE, direction=Direction.TO_QBO))
    view = agreed_link(mapping, ACCOUNT, CUSTOMER)
    qbo = qbo_record({"DisplayName": "Acme", "PrimaryPhone": {"FreeFormNumber": "9"}})
    decision = decide(situation(mapping, ACCOUNT, qbo, view))
    assert summary(decision) == (K.NOTHING, reasons.DRIFT_LEFT, "drift")
    assert decision.reasons[0].values["side"] == "qbo"
    assert [hold.why for hold in decision.holds] == ["drift"]


def test_a_drift_that_asks_is_a_hold():
    mapping = spec(ROW_NAME, replace(ROW_PHONE, direction=Direction.TO_QBO, on_drift=OnDrift.ASK))
    view = agreed_link(mapping, ACCOUNT, CUSTOMER)
    qbo = qbo_record({"DisplayName": "Acme", "PrimaryPhone": {"FreeFormNumber": "9"}})
    assert summary(decide(situation(mapping, ACCOUNT, qbo, view))) == (K.HOLD, reasons.DRIFT_ASK, "drift")


class TestSwitches:
    @pytest.mark.parametrize(
        ("mode", "more", "code"),
        [
            (Mode.OFF, {}, reasons.MAPPING_OFF),
            (Mode.OFF, {"forced": QBO}, reasons.MAPPING_OFF),
            (Mode.BUTTON, {}, reasons.BUTTON_ONLY),
            (Mode.BUTTON, {"forced": QBO}, reasons.IN_SYNC),
            (Mode.SCHEDULE, {}, reasons.IN_SYNC),
        ],
    )
    def test_a_mappings_switch_decides_first(self, mode, more, code):
        mapping = spec(mode=mode)
        view = agreed_link(mapping, ACCOUNT, CUSTOMER, **more)
        assert decide(situation(mapping, ACCOUNT, CUSTOMER, view)).reasons[0].code == code

    def test_a_needed_parent_ignores_the_trigger_but_not_the_filter(self):
        mapping = spec(mode=Mode.BUTTON, sf_filter=(Condition("Name", "eq", "Other"),))
        assert decide(situation(mapping, ACCOUNT, None, needed=True)).reasons[0].code == reasons.FILTERED

    def test_unlinked_links_rest(self):
        view = link(lifecycle="unlinked")
        assert summary(decide(situation(MAPPING, ACCOUNT, CUSTOMER, view))) == (
            K.SKIP,
            reasons.UNLINKED,
            "none",
        )

    @pytest.mark.parametrize(
        ("state", "kind"),
        [(RecordState.LIVE, K.UPDATE), (RecordState.MERGED, K.SKIP), (RecordState.DELETED, K.SKIP)],
    )
    def test_our_id_leaves_an_unlinked_record_only_where_that_is_still_there(self, state, kind):
        mapping = spec(external_id_field="QBO_Id__c")
        view = link(lifecycle="unlinked", sf_base={"name": "Acme", "external_id": "99:Customer:7"})
        gone = sf_record({"Name": "Acme", "QBO_Id__c": "99:Customer:7"}, state=state)
        assert decide(situation(mapping, gone, CUSTOMER, view)).kind is kind

    def test_nothing_is_written_before_a_person_switches_it_on(self):
        sf = sf_record({"Name": "New"})
        assert (
            decide(situation(MAPPING, sf, None, writes_enabled=False)).reasons[0].code == reasons.WRITES_OFF
        )

    def test_a_filter_names_the_condition_that_was_not_met(self):
        mapping = spec(sf_filter=(Condition("Type", "eq", "Customer"),))
        decision = decide(situation(mapping, ACCOUNT, None))
        assert decision.reasons[0] == reasons.because(
            reasons.FIELD_EMPTY,
            side="sf",
            field="Type",
            label="Type",
            operator="eq",
            wanted="Customer",
            value=None,
        )


S = RecordState
LIVE, NONE, DELETED, INACTIVE, VOIDED, MERGED, MISSING = (
    *(S.LIVE, S.NONE, S.DELETED, S.INACTIVE),
    *(S.VOIDED, S.MERGED, S.MISSING),
)


class TestExistence:
    def decide(self, sf, qbo, policies=None, **view):
        mapping = spec(policies=policies)
        records = (
            None if sf is NONE else replace(ACCOUNT, state=sf),
            None if qbo is NONE else replace(CUSTOMER, state=qbo),
        )
        ids = {"sf_id": "" if sf is NONE else "001A", "qbo_id": "" if qbo is NONE else "7"}
        return decide(situation(mapping, *records, link(**{**ids, **view})))

    @pytest.mark.parametrize(
        ("sf", "qbo", "kind", "code", "attention"),
        [
            (NONE, NONE, K.SKIP, reasons.NOTHING_THERE, "skipped"),
            (NONE, LIVE, K.CREATE, reasons.CREATED, "none"),
            (NONE, DELETED, K.SKIP, reasons.NEVER_LIVED, "skipped"),
            (NONE, INACTIVE, K.SKIP, reasons.INACTIVE_ALONE, "skipped"),
            (LIVE, NONE, K.CREATE, reasons.CREATED, "none"),
            (LIVE, LIVE, K.ADOPT, reasons.AGREED, "none"),
            (LIVE, DELETED, K.SKIP, reasons.QBO_DELETED, "gone"),
            (LIVE, INACTIVE, K.SKIP, reasons.QBO_INACTIVE, "gone"),
            (LIVE, VOIDED, K.SKIP, reasons.QBO_VOIDED, "gone"),
            (LIVE, MISSING, K.SKIP, reasons.QBO_MISSING, "gone"),
            (LIVE, MERGED, K.CONFLICT, reasons.QBO_MERGED, "conflict"),
            (DELETED, NONE, K.SKIP, reasons.NEVER_LIVED, "skipped"),
            (DELETED, LIVE, K.SKIP, reasons.SF_DELETED, "gone"),
            (MISSING, LIVE, K.SKIP, reasons.SF_MISSING, "gone"),
            (MERGED, LIVE, K.CONFLICT, reasons.SF_MERGED, "conflict"),
            (DELETED, INACTIVE, K.SKIP, reasons.GONE_BOTH, "gone"),
            (DELETED, DELETED, K.SKIP, reasons.GONE_BOTH, "gone"),
        ],
    )
    def test_the_matrix_with_its_defaults_destroys_nothing(self, sf, qbo, kind, code, attention):
        decision = self.decide(sf, qbo)
        assert summary(decision) == (kind, code, attention)
        assert decision.set_state is None

    def test_a_policy_may_make_the_customer_inactive_only_for_a_real_delete(self):
        policies = MappingPolicies(sf_gone="inactivate")
        assert self.decide(DELETED, LIVE, policies).set_state == StateChange(QBO, INACTIVE)
        assert self.decide(MISSING, LIVE, policies).set_state is None

    def test_an_undeleted_account_asks_before_its_customer_comes_back(self):
        assert summary(self.decide(LIVE, INACTIVE, sf_state=DELETED)) == (K.HOLD, reasons.REVIVE_ASK, "gone")
        policies = MappingPolicies(revive="reactivate")
        assert self.decide(LIVE, INACTIVE, policies, sf_state=DELETED).set_state == StateChange(QBO, LIVE)

    def test_an_undeleted_account_keeps_its_old_link(self):
        decision = self.decide(LIVE, LIVE, sf_state=DELETED, lifecycle="gone")
        assert (decision.kind, decision.lifecycle) == (K.ADOPT, "linked")

    def test_a_linked_record_that_was_not_found_is_missing_never_new(self):
        decision = decide(situation(MAPPING, ACCOUNT, None, link()))
        assert summary(decision) == (K.SKIP, reasons.QBO_MISSING, "gone")

    def test_too_many_deletions_at_once_stop_for_a_person(self):
        assert not delete_brake(MappingPolicies(), 20, 100)
        assert delete_brake(MappingPolicies(), 21, 100)
        assert not delete_brake(MappingPolicies(), 50, 1000)


class TestCreating:
    def test_a_new_customer_gets_every_filled_row_that_flows_there(self):
        mapping = spec(ROW_NAME, ROW_PHONE, row("balance", direction=Direction.TO_SF), row("empty"))
        decision = decide(situation(mapping, sf_record({"Name": "Acme", "Phone": "1", "Balance": "9"}), None))
        assert (decision.create_on, decision.create_values) == (QBO, {"name": "Acme", "phone": "1"})

    def test_nothing_is_made_before_both_sides_were_read_once(self):
        assert (
            decide(situation(MAPPING, ACCOUNT, None, barrier_open=False)).reasons[0].code
            == reasons.FIRST_SCAN
        )

    def test_an_undone_or_unlinked_record_is_not_made_again(self):
        view = link(qbo_id="", no_recreate=True)
        assert decide(situation(MAPPING, ACCOUNT, None, view)).reasons[0].code == reasons.NO_RECREATE

    def test_a_template_that_makes_nothing_there_says_so(self):
        mapping = spec(policies=MappingPolicies(create_in_qbo=False))
        assert decide(situation(mapping, ACCOUNT, None)).reasons[0].code == reasons.CREATE_OFF

    def test_what_quickbooks_would_refuse_is_said_before_any_call(self):
        mapping = spec(ROW_NAME, replace(ROW_PHONE, qbo_length=3), row("mail", type=ValueType.EMAIL))
        sf = sf_record({"Name": "A:B", "Phone": "12345", "Mail": "nobody"})
        decision = decide(situation(mapping, sf, None))
        assert (decision.kind, decision.attention) == (K.HOLD, "data_error")
        assert [(reason.code, reason.values["field"]) for reason in decision.reasons] == [
            (reasons.FORBIDDEN_CHARACTER, "DisplayName"),
            (reasons.TOO_LONG, "PrimaryPhone.FreeFormNumber"),
            (reasons.BAD_EMAIL, "MailQ"),
        ]

    def test_a_record_without_a_name_is_not_sent(self):
        decision = decide(situation(MAPPING, sf_record({"Phone": "1"}), None))
        assert [(reason.code, reason.values["label"]) for reason in decision.reasons] == [
            (reasons.REQUIRED, "Name")
        ]

    def test_a_child_waits_for_its_parent(self):
        parent = row("parent", sf_path="ParentId", type=ValueType.REFERENCE, refers_to="account_customer")
        mapping = spec(ROW_NAME, parent)
        sf = sf_record({"Name": "Acme", "ParentId": "001P"})
        need = ParentNeed("parent", "account_customer", SF, "001P")
        waiting = decide(situation(mapping, sf, None))
        assert (waiting.kind, waiting.waits, waiting.attention) == (K.WAIT, (need,), "waiting")
        blocked = decide(situation(mapping, sf, None, parents=(replace(need, state="problem"),)))
        assert summary(blocked) == (K.WAIT, reasons.PARENT_PROBLEM, "blocked")
        linked = replace(need, state="linked", other_id="3")
        assert decide(situation(mapping, sf, None, parents=(linked,))).create_values["parent"] == "3"

    def test_a_record_born_in_quickbooks_carries_its_external_id(self):
        mapping = spec(external_id_field="QBO_Id__c")
        decision = decide(situation(mapping, None, CUSTOMER, realm="99"))
        assert decision.create_values["external_id"] == "99:Customer:7"
        assert compose(SF, mapping, decision.create_values)["QBO_Id__c"] == "99:Customer:7"


class TestMatching:
    @pytest.mark.parametrize(
        ("found", "code"),
        [
            ([candidate(rank=5)], reasons.MATCH_WEAK),
            ([candidate(), candidate(id="8")], reasons.MATCH_CANDIDATES),
            ([candidate(holder="other")], reasons.MATCH_HELD),
            ([candidate(let_go=True)], reasons.MATCH_LET_GO),
            ([candidate(state=INACTIVE)], reasons.MATCH_INACTIVE),
            ([candidate(object="Vendor")], reasons.MATCH_OTHER_TYPE),
            ([candidate(unique_backwards=False)], reasons.MATCH_NOT_UNIQUE),
        ],
    )
    def test_what_is_not_certain_is_a_persons_choice(self, found, code):
        decision = decide(situation(MAPPING, ACCOUNT, None, candidates=tuple(found)))
        assert (*summary(decision), decision.lifecycle) == (K.HOLD, code, "candidate", "candidate")
        assert decision.candidates == tuple(found)

    @pytest.mark.parametrize("rank", [2, 3, 4])
    def test_one_clear_match_is_linked(self, rank):
        found = candidate(rank=rank)
        decision = decide(situation(MAPPING, ACCOUNT, None, candidates=(found, candidate(id="9", rank=5))))
        assert (decision.kind, decision.link_to, decision.lifecycle) == (K.LINK, found, "linked")

    def test_a_name_alone_links_where_the_mapping_says_so_and_it_is_the_only_one(self):
        mapping = spec(policies=MappingPolicies(name_clash="link"))
        alone = candidate(rank=5, reasons=("name",))
        decision = decide(situation(mapping, ACCOUNT, None, candidates=(alone,)))
        assert (decision.kind, decision.link_to) == (K.LINK, alone)
        for found in (
            candidate(rank=5, reasons=("email",)),
            candidate(rank=5, reasons=("name",), unique_backwards=False),
        ):
            assert decide(situation(mapping, ACCOUNT, None, candidates=(found,))).kind is K.HOLD

    def test_without_a_suffix_of_its_own_the_rule_adds_the_entitys_word(self):
        mapping = spec(policies=MappingPolicies(name_clash="suffix"))
        decision = decide(situation(mapping, ACCOUNT, None, candidates=(candidate(object="Vendor"),)))
        assert decision.create_values["name"] == "Acme (Customer)"

    def test_a_suffix_set_by_rule_is_added_and_taken_off_again(self):
        policies = MappingPolicies(name_clash="suffix")
        mapping = spec(policies=policies, options={"name_suffix": " (C)"})
        decision = decide(situation(mapping, ACCOUNT, None, candidates=(candidate(object="Vendor"),)))
        assert decision.create_values["name"] == "Acme (C)"
        assert decision.reasons[1].code == reasons.NAME_SUFFIX
        assert project(QBO, {"DisplayName": "Acme (C)"}, mapping)["name"] == "Acme"


class TestFirstLink:
    def test_equal_units_are_agreed_and_unequal_ones_follow_their_rule(self):
        mapping = spec(ROW_NAME, replace(ROW_PHONE, initial=Initial.QBO))
        qbo = qbo_record({"DisplayName": "Acme", "PrimaryPhone": {"FreeFormNumber": "2"}})
        view = link()
        decision = decide(situation(mapping, ACCOUNT, qbo, view))
        assert (decision.adopt, [(c.unit, c.target) for c in decision.changes]) == (
            ("name",),
            [("phone", SF)],
        )
        bases = after_adoption(mapping, bases_of(view), decision)
        assert (bases.sf, bases.qbo, bases.unknown) == ({"name": "Acme"}, {"name": "Acme"}, {"phone"})
        done = after_write(mapping, bases, decision, SF)
        assert (done.sf, done.unknown) == ({"name": "Acme", "phone": "2"}, frozenset())


def test_the_servers_own_words_become_the_base_of_the_written_side():
    view = agreed_link(MAPPING, ACCOUNT, CUSTOMER)
    decision = decide(situation(MAPPING, sf_record({"Name": "Acme", "Phone": "5 5 5"}), CUSTOMER, view))
    bases = after_write(MAPPING, bases_of(view), decision, QBO, {"name": "Acme elsewhere", "phone": "555"})
    assert bases.sf == {"name": "Acme", "phone": "5 5 5"}
    assert bases.qbo == {"name": "Acme", "phone": "555"}


def test_the_external_id_follows_a_create_and_then_rests():
    mapping = spec(external_id_field="QBO_Id__c")
    made = decide(situation(mapping, ACCOUNT, None, realm="99"))
    answer = project(QBO, CUSTOMER, mapping)
    bases = after_write(mapping, bases_of(link(qbo_id="")), made, QBO, answer)
    view = link(sf_base=bases.sf, qbo_base=bases.qbo, unknown_units=bases.unknown)
    stamped = decide(situation(mapping, ACCOUNT, CUSTOMER, view, realm="99"))
    assert [(c.unit, c.target, dict(c.values)) for c in stamped.changes] == [
        ("external_id", SF, {"external_id": "99:Customer:7"})
    ]
    done = after_write(mapping, bases, stamped, SF)
    sf = sf_record({"Name": "Acme", "Phone": "1", "QBO_Id__c": "99:Customer:7"})
    rest = link(sf_base=done.sf, qbo_base=done.qbo, unknown_units=done.unknown)
    assert decide(situation(mapping, sf, CUSTOMER, rest, realm="99")).kind is K.NOTHING


def test_a_stamp_that_may_still_move_is_waited_out_before_a_write():
    view = agreed_link(MAPPING, ACCOUNT, CUSTOMER)
    sf = sf_record({"Name": "Acme", "Phone": "1"}, settled=False)
    qbo = qbo_record({"DisplayName": "Acme", "PrimaryPhone": {"FreeFormNumber": "2"}})
    assert summary(decide(situation(MAPPING, sf, qbo, view))) == (K.WAIT, reasons.SF_SETTLING, "none")


def test_what_is_quickbooks_alone_does_not_wait_for_the_stamp():
    mirror = row("Balance", direction=Direction.TO_SF, on_drift=OnDrift.OVERWRITE, initial=Initial.QBO)
    mapping = spec(ROW_NAME, mirror, external_id_field="QBO_Id__c")
    view = agreed_link(mapping, ACCOUNT, CUSTOMER)
    sf = sf_record({"Name": "Acme", "Phone": "1"}, settled=False)
    qbo = qbo_record({"DisplayName": "Acme", "BalanceQ": "12.00"})
    decision = decide(situation(mapping, sf, qbo, view, realm="99"))
    assert [(change.unit, change.target) for change in decision.changes] == [("Balance", SF)]


def test_a_new_version_makes_only_rows_that_read_differently_unknown():
    new = spec(ROW_NAME, replace(ROW_PHONE, sf_path="MobilePhone"), row("fax"))
    assert changed_units(MAPPING, new) == {"phone", "fax"}
    assert (
        changed_units(MAPPING, spec(ROW_NAME, replace(ROW_PHONE, direction=Direction.TO_SF))) == frozenset()
    )


class TestOneFieldThatFeedsTwo:
    """Account.Name goes to DisplayName both ways and to CompanyName one way."""

    COMPANY = replace(
        ROW_NAME, key="company", qbo_path="CompanyName", direction=Direction.TO_QBO, initial=Initial.SF
    )
    MIRROR = row("balance", direction=Direction.TO_SF, on_drift=OnDrift.OVERWRITE, initial=Initial.QBO)
    MAPPING = spec(ROW_NAME, COMPANY, MIRROR)

    def settled(self, decision, view, target, answer=None):
        bases = after_write(self.MAPPING, bases_of(view), decision, target, answer)
        return replace(view, sf_base=bases.sf, qbo_base=bases.qbo, unknown_units=bases.unknown)

    def test_a_person_made_in_quickbooks_gets_no_company_name_afterwards(self):
        person = qbo_record({"DisplayName": "Ann", "BalanceQ": "5"})
        view = link(sf_id="")
        made = decide(situation(self.MAPPING, None, person, view))
        view = replace(self.settled(made, view, SF), sf_id="001A")
        account = sf_record({"Name": "Ann", "Balance": "5"})
        assert decide(situation(self.MAPPING, account, person, view)).kind is K.NOTHING

    def test_a_mirrored_field_is_still_written_back_after_a_create(self):
        account = sf_record({"Name": "Acme"})
        customer = qbo_record({"DisplayName": "Acme", "CompanyName": "Acme", "BalanceQ": "5"})
        view = link(qbo_id="")
        made = decide(situation(self.MAPPING, account, None, view))
        view = replace(self.settled(made, view, QBO, project(QBO, customer, self.MAPPING)), qbo_id="7")
        decision = decide(situation(self.MAPPING, account, customer, view))
        assert [(c.unit, c.target, dict(c.values)) for c in decision.changes] == [
            ("balance", SF, {"balance": "5"})
        ]

    def test_a_rename_in_quickbooks_does_not_echo_into_the_company_name(self):
        account = sf_record({"Name": "Acme"})
        view = agreed_link(
            self.MAPPING, account, qbo_record({"DisplayName": "Acme", "CompanyName": "Old Co"})
        )
        renamed = qbo_record({"DisplayName": "Acme Two", "CompanyName": "Old Co"})
        decision = decide(situation(self.MAPPING, account, renamed, view))
        assert [(c.unit, c.target) for c in decision.changes] == [("name", SF)]
        view = self.settled(decision, view, SF)
        assert (
            decide(situation(self.MAPPING, sf_record({"Name": "Acme Two"}), renamed, view)).kind is K.NOTHING
        )

    def test_a_rename_in_salesforce_feeds_both(self):
        account = sf_record({"Name": "Acme"})
        customer = qbo_record({"DisplayName": "Acme", "CompanyName": "Acme"})
        view = agreed_link(self.MAPPING, account, customer)
        decision = decide(situation(self.MAPPING, sf_record({"Name": "Acme Two"}), customer, view))
        assert [(c.unit, c.target) for c in decision.changes] == [("name", QBO), ("company", QBO)]
