"""QuickBooks' custom fields: read and written by their definition."""

from __future__ import annotations

from decimal import Decimal

from connectors.contracts import Side
from connectors.quickbooks.custom_fields import names_in, sales_form_fields
from syncapp.engine.mapping import FieldSpec, ValueType
from syncapp.engine.projection import compose, compose_create, project
from tests.engine.builders import ROW_NAME, qbo_record, spec

CREW = FieldSpec("crew", "Crew", "Crew__c", "CustomField.1")
HOURS = FieldSpec("hours", "Hours", "Hours__c", "CustomField.1000", type=ValueType.DECIMAL)
MAPPING = spec(ROW_NAME, CREW, HOURS)
HELD = [
    {"DefinitionId": "1", "Name": "Crew #", "Type": "StringType", "StringValue": "102"},
    {"DefinitionId": "2", "Name": "Rep", "Type": "StringType", "StringValue": "Ada"},
]


def test_a_custom_field_is_read_by_its_definition():
    body = {
        "CustomField": [*HELD, {"DefinitionId": "1000", "Type": "NumberType", "NumberValue": Decimal("2.5")}]
    }
    assert project(Side.QUICKBOOKS, body, MAPPING) == {"crew": "102", "hours": Decimal("2.50")}
    assert project(Side.QUICKBOOKS, {"CustomField": [{"DefinitionId": "1", "Name": "Crew #"}]}, MAPPING) == {}


def test_a_custom_field_is_written_beside_the_others_that_a_record_has():
    body = compose(Side.QUICKBOOKS, MAPPING, {"crew": "103"}, current=qbo_record({"CustomField": HELD}))
    assert body["CustomField"] == [{**HELD[0], "StringValue": "103"}, HELD[1]]
    assert HELD[0]["StringValue"] == "102"


def test_a_cleared_custom_field_is_sent_empty():
    body = compose(Side.QUICKBOOKS, MAPPING, {"crew": None}, current=qbo_record({"CustomField": HELD}))
    assert body["CustomField"][0] == {**HELD[0], "StringValue": ""}


def test_a_new_record_gets_its_custom_fields_by_their_kind():
    body = compose_create(Side.QUICKBOOKS, MAPPING, {"name": "Acme", "crew": "7", "hours": Decimal("1.50")})
    assert body["CustomField"] == [
        {"DefinitionId": "1", "StringValue": "7", "Type": "StringType"},
        {"DefinitionId": "1000", "NumberValue": Decimal("1.50"), "Type": "NumberType"},
    ]


def test_sales_forms_have_the_custom_fields_that_the_company_switched_on():
    switches = [
        {"Name": f"SalesFormsPrefs.UseSalesCustom{n}", "Type": "BooleanType", "BooleanValue": n == 1}
        for n in (3, 2, 1)
    ]
    names = [{"Name": "SalesFormsPrefs.SalesCustomName1", "Type": "StringType", "StringValue": "Crew #"}]
    preferences = {"SalesFormsPrefs": {"CustomField": [{"CustomField": switches}, {"CustomField": names}]}}
    assert [
        (one.name, one.label, one.length) for one in sales_form_fields(names_in(preferences), "Invoice")
    ] == [("CustomField.1", "Crew #", 31)]
    assert sales_form_fields(names_in(preferences), "Customer") == ()
