from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.contracts import FieldInfo, ObjectInfo, Side
from syncapp.engine.compiled import compile_spec
from syncapp.engine.mapping import Direction, Initial, OnConflict, WriteMode
from syncapp.recipes import RECIPES, Template, get, prepare
from tests import shared

RECIPE = get("account_customer")


def prepared(template=Template.BIDIRECTIONAL, winner=OnConflict.SF, sf=None, qbo=None):
    return prepare(RECIPE, template, winner, sf, qbo)


def account(*more: FieldInfo) -> ObjectInfo:
    names = ["Id", "Name", "Phone", "Fax", "Website", "Description", "ParentId"]
    names += [
        f"{kind}{part}"
        for kind in ("Billing", "Shipping")
        for part in ("Street", "City", "State", "PostalCode")
    ]
    names += ["BillingCountry", "ShippingCountry"]
    plain = tuple(FieldInfo(name, name, "string", length=255) for name in names)
    return ObjectInfo("Account", "Account", (*plain, *more))


def test_the_two_way_template_lets_the_winner_win():
    spec = prepared(winner=OnConflict.QBO).spec
    name = next(row for row in spec.fields if row.key == "name")
    assert (name.direction, name.on_conflict, name.initial) == (Direction.BOTH, OnConflict.QBO, Initial.QBO)
    assert (spec.policies.create_in_qbo, spec.policies.create_in_sf) == (True, True)


def test_without_a_fixed_winner_a_first_link_only_fills_what_is_empty():
    spec = prepared(winner=OnConflict.NEWEST).spec
    assert {row.initial for row in spec.fields if row.direction is Direction.BOTH} == {Initial.FILL_EMPTY}


def test_a_first_link_leaves_notes_and_company_names_that_are_there_alone():
    rows = {row.key: row for row in prepared().spec.fields}
    assert {rows[key].initial for key in ("notes", "company_name")} == {Initial.QBO}
    assert {rows[key].direction for key in ("notes", "company_name", "parent")} == {Direction.TO_QBO}


def test_to_quickbooks_writes_nothing_a_person_typed_to_salesforce():
    spec = prepared(Template.SF_TO_QBO).spec
    assert {row.direction for row in spec.fields} == {Direction.TO_QBO}
    assert (spec.policies.create_in_qbo, spec.policies.create_in_sf) == (True, False)


def test_to_salesforce_leaves_out_rows_that_would_write_to_quickbooks():
    result = prepared(Template.QBO_TO_SF)
    assert {row.direction for row in result.spec.fields} == {Direction.TO_SF}
    assert ("company_name", "template") in {(gone.key, gone.reason) for gone in result.left_out}


def test_rows_take_the_names_and_lengths_of_the_org():
    org = account(
        FieldInfo("BillingStateCode", "State code", "picklist", length=10),
        FieldInfo("Invoice_Email_Address__c", "E-mail", "email", length=80),
        FieldInfo("QBO_Balance__c", "Balance", "currency", scale=3, updateable=True),
        FieldInfo("CurrencyIsoCode", "Currency", "picklist", length=3),
        FieldInfo("QBO_Id__c", "Id", "string", external_id=True),
    )
    spec = prepared(sf=org).spec
    rows = {row.key: row for row in spec.fields}
    assert (rows["billing_state"].sf_path, rows["billing_state"].sf_length) == ("BillingStateCode", 10)
    assert rows["shipping_state"].sf_path == "ShippingState"
    assert rows["email"].sf_path == "Invoice_Email_Address__c"
    assert (rows["balance"].places, rows["balance"].direction) == (3, Direction.TO_SF)
    assert rows["currency"].write is WriteMode.ON_CREATE
    assert spec.external_id_field == "QBO_Id__c"


def test_rows_that_an_org_lacks_are_left_out_and_named():
    org = account()
    org = replace(org, fields=tuple(info for info in org.fields if info.name != "Fax"))
    qbo = ObjectInfo("Customer", "Customer", (FieldInfo("DisplayName", "Name", "string"),))
    gone = {(item.key, item.side, item.field) for item in prepared(sf=org).left_out}
    assert gone == {
        ("fax", Side.SALESFORCE, "Fax"),
        ("email", Side.SALESFORCE, "QBO_Email__c"),
        ("currency", Side.SALESFORCE, "CurrencyIsoCode"),
        ("balance", Side.SALESFORCE, "QBO_Balance__c"),
    }
    assert [row.key for row in prepared(sf=org, qbo=qbo).spec.fields] == ["name"]


def test_a_field_the_user_may_not_write_flows_to_quickbooks_only():
    org = account()
    fields = tuple(replace(info, updateable=info.name != "Phone") for info in org.fields)
    rows = {row.key: row for row in prepared(sf=replace(org, fields=fields)).spec.fields}
    assert rows["phone"].direction is Direction.TO_QBO


@pytest.mark.parametrize("template", list(Template))
@pytest.mark.parametrize("key", list(RECIPES))
def test_every_recipe_compiles_and_no_row_writes_a_field_twice(key, template):
    compiled = compile_spec(prepare(get(key), template, OnConflict.SF).spec)
    for side in Side:
        written = [row.members(side) for unit in compiled.units if unit.allows(side) for row in unit.rows]
        assert len(written) == len(set(written))


def test_the_recorded_describe_has_every_standard_field():
    described = shared.recorded("salesforce/describe/Account.describe.json")
    infos = tuple(
        FieldInfo(f["name"], f["label"], f["type"], length=f["length"] or None, updateable=f["updateable"])
        for f in described["fields"]
    )
    left_out = {gone.key for gone in prepared(sf=ObjectInfo("Account", "Account", infos)).left_out}
    assert left_out == {"email", "currency", "balance"}
