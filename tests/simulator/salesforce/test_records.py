"""Single records: what a write stores, refuses and stamps (reference/salesforce.md 2.6, 4.1, 4.8, 4.9)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.simulator.testing import Side
from tests.simulator.salesforce.caller import Caller, V, caller_of


def test_a_create_answers_id_and_location_and_fills_in_the_rest(sf: Caller, side: Side) -> None:
    reply = sf.post(
        "/sobjects/Account/", {"name": "  Fern & Co  ", "NumberOfEmployees": "12", "AnnualRevenue": 99.5}
    )
    record = sf.read("Account", reply.json["id"])
    user = side.credentials()["user_id"]

    assert (reply.status, reply.json) == (201, {"id": record["Id"], "success": True, "errors": []})
    assert reply.headers["location"] == f"{V}/sobjects/Account/{record['Id']}"
    assert {
        name: record[name] for name in ("Name", "NumberOfEmployees", "AnnualRevenue", "OwnerId", "IsDeleted")
    } == {
        "Name": "Fern & Co",
        "NumberOfEmployees": 12,
        "AnnualRevenue": 100.0,
        "OwnerId": user,
        "IsDeleted": False,
    }
    assert record["CreatedById"] == record["LastModifiedById"] == user
    assert record["CreatedDate"] == record["LastModifiedDate"] == record["SystemModstamp"]
    assert record["SystemModstamp"].endswith(".000+0000")
    assert record["BillingAddress"] is None


def test_a_contact_is_named_by_its_parts_and_belongs_to_an_account(sf: Caller) -> None:
    account = sf.make("Account", Name="Parents")
    contact = sf.make("Contact", FirstName="Ana", LastName="Ito", AccountId=account, MailingCity="Reno")
    record = sf.read("Contact", contact)

    assert (record["Name"], record["AccountId"]) == ("Ana Ito", account)
    assert record["MailingAddress"]["city"] == "Reno"
    assert (
        sf.patch(f"/sobjects/Contact/{contact}", {"Name": "Other"}).code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    )


@pytest.mark.parametrize(
    ("values", "code", "message", "fields"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ["Name"]),
        (
            {"Name": "x" * 256},
            "STRING_TOO_LONG",
            f"Account Name: data value too large: {'x' * 256} (max length=255)",
            ["Name"],
        ),
        ({"Name": "x", "Nope": 1}, "INVALID_FIELD", "No such column 'Nope' on sobject of type Account", None),
        (
            {"Name": "x", "Id": "001"},
            "INVALID_FIELD",
            "The Id field should not be specified in the sobject data.",
            None,
        ),
        (
            {"Name": "x", "ParentId": "001"},
            "MALFORMED_ID",
            "Parent Account ID: id value of incorrect type: 001",
            ["ParentId"],
        ),
        (
            {"Name": "x", "ParentId": "001000000000000AAA"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            [],
        ),
        ({"Name": "x", "NumberOfEmployees": "many"}, "JSON_PARSER_ERROR", None, None),
        (
            {"Name": "x", "NumberOfEmployees": 123456789},
            "NUMBER_OUTSIDE_VALID_RANGE",
            None,
            ["NumberOfEmployees"],
        ),
        (
            {"Name": "x", "CleanStatus": "Nope"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Clean Status: bad value for restricted picklist field: Nope",
            ["CleanStatus"],
        ),
        (
            {"Name": "x", "BillingAddress": {"city": "x"}},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            None,
            ["BillingAddress"],
        ),
        (
            {"Name": "x", "CreatedDate": "2020-01-01T00:00:00Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            None,
            ["CreatedDate"],
        ),
        ({"Name": ["x"]}, "JSON_PARSER_ERROR", None, None),
    ],
)
def test_bad_values_are_refused_by_code_text_and_fields(
    sf: Caller, values: dict[str, Any], code: str, message: str | None, fields: list[str] | None
) -> None:
    reply = sf.post("/sobjects/Account", values)

    assert (reply.status, reply.code) == (400, code)
    assert message is None or reply.json[0]["message"] == message
    assert reply.json[0].get("fields") == fields


def test_bad_email_and_date_are_refused(sf: Caller) -> None:
    assert sf.post("/sobjects/Contact", {"LastName": "x", "Email": "123"}).json == [
        {
            "message": "Email: invalid email address: 123",
            "errorCode": "INVALID_EMAIL_ADDRESS",
            "fields": ["Email"],
        }
    ]
    assert (
        sf.post("/sobjects/Contact", {"LastName": "x", "Birthdate": "2026-02-30"}).code == "JSON_PARSER_ERROR"
    )


def test_an_update_answers_204_and_always_moves_the_stamp(sf: Caller, side: Side) -> None:
    account = sf.make("Account", Name="Stamped", Phone="1")
    before = sf.read("Account", account)
    side.post("clock", {"advance": 5})
    reply = sf.patch(f"/sobjects/Account/{account}", {"Phone": "1"})
    after = sf.read("Account", account)
    side.post("clock", {"reset": True})

    assert (reply.status, reply.text) == (204, "")
    assert after["SystemModstamp"] > before["SystemModstamp"]
    assert after["CreatedDate"] == before["CreatedDate"]


def test_null_and_empty_text_clear_a_field_and_left_out_ones_stay(sf: Caller) -> None:
    account = sf.make("Account", Name="Cleared", Phone="1", Fax="2", Website="w")
    sf.patch(f"/sobjects/Account/{account}", {"Phone": None, "Fax": ""})
    record = sf.read("Account", account)

    assert (record["Phone"], record["Fax"], record["Website"]) == (None, None, "w")


def test_ids_of_fifteen_characters_are_as_good_and_other_prefixes_are_not(sf: Caller) -> None:
    account = sf.make("Account", Name="Short")

    assert sf.read("Account", account[:15])["Id"] == account
    wrong = sf.get(f"/sobjects/Contact/{account}")
    assert (wrong.status, wrong.json) == (
        400,
        [
            {
                "message": f"Contact ID: id value of incorrect type: {account}",
                "errorCode": "MALFORMED_ID",
                "fields": ["Id"],
            }
        ],
    )
    assert sf.get("/sobjects/Account/001000000000000AAA").status == 404
    assert sf.get("/sobjects/Nope/001000000000000AAA").json == [
        {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}
    ]


def test_only_the_fields_asked_for_are_shown(sf: Caller) -> None:
    account = sf.make("Account", Name="Partly", Phone="1")

    assert set(sf.get(f"/sobjects/Account/{account}?fields=name,Phone").json) == {
        "attributes",
        "Name",
        "Phone",
    }
    assert sf.get(f"/sobjects/Account/{account}?fields=Nope").code == "INVALID_FIELD"


def test_deleting_twice_says_the_entity_is_deleted(sf: Caller) -> None:
    account = sf.make("Account", Name="Gone")
    assert sf.delete(f"/sobjects/Account/{account}").status == 204
    for reply in (
        sf.delete(f"/sobjects/Account/{account}"),
        sf.get(f"/sobjects/Account/{account}"),
        sf.patch(f"/sobjects/Account/{account}", {"Phone": "1"}),
    ):
        assert (reply.status, reply.json) == (
            404,
            [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}],
        )


def test_deleting_an_account_takes_its_contacts_and_undeleting_brings_them_back(
    sf: Caller, side: Side
) -> None:
    account = sf.make("Account", Name="Cascade")
    contact = sf.make("Contact", LastName="Child", AccountId=account)
    sf.delete(f"/sobjects/Account/{account}")
    assert sf.get(f"/sobjects/Contact/{contact}").code == "ENTITY_IS_DELETED"
    side.post("records", {"object": "Account", "action": "undelete", "id": account})
    assert sf.read("Contact", contact)["AccountId"] == account


def test_an_account_with_cases_cannot_be_deleted(sf: Caller) -> None:
    account = sf.make("Account", Name="Busy")
    sf.make("Case", Subject="x", AccountId=account)
    reply = sf.delete(f"/sobjects/Account/{account}")

    assert (reply.status, reply.code) == (400, "DELETE_FAILED")
    assert sf.read("Account", account)["IsDeleted"] is False


def test_a_merge_moves_the_children_and_marks_the_loser(sf: Caller, side: Side) -> None:
    master, loser = sf.make("Account", Name="Winner"), sf.make("Account", Name="Loser")
    contact = sf.make("Contact", LastName="Moved", AccountId=loser)
    side.post("records", {"object": "Account", "action": "merge", "id": master, "losers": [loser]})

    assert sf.read("Contact", contact)["AccountId"] == master
    shown = sf.query(f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{loser}'", "queryAll").json[
        "records"
    ]
    assert (shown[0]["IsDeleted"], shown[0]["MasterRecordId"]) == (True, master)


# -- by external id -------------------------------------------------------------------------------------------


def test_a_body_of_another_kind_than_json_is_415(sf: Caller) -> None:
    for kind in ("text/xml; charset=utf-8", "application/x-www-form-urlencoded"):
        refused = sf.post("/sobjects/Account", '{"Name": "x"}', Content_Type=kind)
        assert (refused.status, refused.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_upsert_creates_then_updates(sf: Caller) -> None:
    path = "/sobjects/Account/QBO_Customer_Id__c/9130%3ACustomer%3A1%2F2"
    created = sf.patch(path, {"Name": "Upserted"})
    updated = sf.patch(path, {"Phone": "1"})
    record = sf.read("Account", created.json["id"])

    assert (created.status, created.json["created"], updated.status, updated.json["created"]) == (
        201,
        True,
        200,
        False,
    )
    assert (record["QBO_Customer_Id__c"], record["Phone"]) == ("9130:Customer:1/2", "1")
    assert sf.get(path).json["Id"] == record["Id"]
    assert sf.patch(path, {"QBO_Customer_Id__c": "other"}).code == "INVALID_FIELD"


def test_update_only_never_creates(sf: Caller) -> None:
    assert sf.patch("/sobjects/Account/QBO_Customer_Id__c/none?updateOnly=true", {"Name": "x"}).status == 404


def test_a_field_that_is_no_external_id_is_404(sf: Caller) -> None:
    reply = sf.patch("/sobjects/Account/Namez/1", {"Name": "x"})
    assert (reply.status, reply.json) == (
        404,
        [
            {
                "message": "Provided external ID field does not exist or is not accessible: Namez",
                "errorCode": "NOT_FOUND",
            }
        ],
    )


def test_a_value_that_several_records_hold_is_300(sf: Caller) -> None:
    ids = [sf.make("Contact", LastName=f"Twin {n}", Email="twin@example.com") for n in range(2)]
    reply = sf.patch("/sobjects/Contact/Email/twin@example.com", {"Phone": "1"})

    assert (reply.status, reply.json) == (300, [f"{V}/sobjects/Contact/{one}" for one in ids])


def test_a_unique_value_names_the_record_that_has_it(sf: Caller) -> None:
    first = sf.make("Account", Name="First", QBO_Customer_Id__c="taken")
    reply = sf.post("/sobjects/Account", {"Name": "Second", "QBO_Customer_Id__c": "taken"})

    assert reply.json == [
        {
            "message": f"duplicate value found: QBO_Customer_Id__c duplicates value on record with id: {first[:15]}",
            "errorCode": "DUPLICATE_VALUE",
            "fields": [],
        }
    ]
    sf.delete(f"/sobjects/Account/{first}")
    assert sf.post("/sobjects/Account", {"Name": "Second", "QBO_Customer_Id__c": "taken"}).status == 201


def test_a_parent_may_be_named_by_its_external_id(sf: Caller) -> None:
    account = sf.make("Account", Name="Keyed", QBO_Customer_Id__c="key-1")
    contact = sf.make("Contact", LastName="x", Account={"QBO_Customer_Id__c": "key-1"})

    assert sf.read("Contact", contact)["AccountId"] == account
    lost = sf.post("/sobjects/Contact", {"LastName": "x", "Account": {"QBO_Customer_Id__c": "no"}})
    assert lost.json[0]["message"] == (
        "Foreign key external ID: no not found for field QBO_Customer_Id__c in entity Account"
    )


# -- conditions -----------------------------------------------------------------------------------------------


def test_a_write_made_for_an_older_state_is_412(sf: Caller, side: Side) -> None:
    account = sf.make("Account", Name="Guarded")
    seen = sf.get(f"/sobjects/Account/{account}").headers["last-modified"]
    assert sf.patch(f"/sobjects/Account/{account}", {"Phone": "1"}, If_Unmodified_Since=seen).status == 204
    side.post("clock", {"advance": 5})
    sf.patch(f"/sobjects/Account/{account}", {"Phone": "2"})
    late = sf.patch(f"/sobjects/Account/{account}", {"Phone": "3"}, If_Unmodified_Since=seen)
    side.post("clock", {"reset": True})

    assert late.status == 412
    assert sf.read("Account", account)["Phone"] == "2"


def test_what_has_not_changed_is_304(sf: Caller) -> None:
    account = sf.make("Account", Name="Cached")
    first = sf.get(f"/sobjects/Account/{account}")

    again = sf.get(f"/sobjects/Account/{account}", If_Modified_Since=first.headers["last-modified"])
    assert (again.status, again.text) == (304, "")
    assert sf.get(f"/sobjects/Account/{account}", If_None_Match=first.headers["etag"]).status == 304
    described = sf.get("/sobjects/Account/describe")
    assert (
        sf.get("/sobjects/Account/describe", If_Modified_Since=described.headers["last-modified"]).status
        == 304
    )
    stale = sf.patch(f"/sobjects/Account/{account}", {"Phone": "1"}, If_Match='"00000000"')
    assert stale.status == 412


# -- rules of the org -----------------------------------------------------------------------------------------


def test_a_validation_rule_refuses_with_the_admins_own_words(sf: Caller, side: Side) -> None:
    rule = {
        "object": "Account",
        "condition": "Phone = null AND Rating = 'Hot'",
        "message": "Hot ones need a phone",
        "field": "Phone",
    }
    side.post("settings", {"validation_rules": [rule]})
    try:
        reply = sf.post("/sobjects/Account", {"Name": "x", "Rating": "Hot"})
        assert reply.json == [
            {
                "message": "Hot ones need a phone",
                "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                "fields": ["Phone"],
            }
        ]
        assert sf.post("/sobjects/Account", {"Name": "x", "Rating": "Hot", "Phone": "1"}).status == 201
    finally:
        side.post("settings", {"validation_rules": []})
    with pytest.raises(ValueError, match="INVALID_FIELD"):
        side.post("settings", {"validation_rules": [{**rule, "condition": "Nope = 1"}]})


@pytest.mark.parametrize(("mode", "status"), [("alert", 201), ("block", 400)])
def test_duplicate_rules_alert_or_block(sf: Caller, side: Side, mode: str, status: int) -> None:
    first = sf.make("Account", Name=f"Twice {mode}")
    side.post("settings", {"duplicate_rules": [{"object": "Account", "fields": ["Name"], "mode": mode}]})
    try:
        plain = sf.post("/sobjects/Account", {"Name": f"twice {mode}"})
        forced = sf.post(
            "/sobjects/Account", {"Name": f"twice {mode}"}, Sforce_Duplicate_Rule_Header="allowSave=true"
        )
    finally:
        side.post("settings", {"duplicate_rules": []})

    assert (plain.status, plain.code, forced.status) == (400, "DUPLICATES_DETECTED", status)
    match = plain.json[0]["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]
    assert match["Id"] == first


def test_hidden_fields_are_absent_and_read_only_ones_cannot_be_written(sf: Caller, side: Side) -> None:
    side.post("settings", {"hidden": ["Account.AnnualRevenue", "Quote"], "read_only": ["Account.Phone"]})
    try:
        names = {one["name"] for one in sf.get("/sobjects/Account/describe").json["fields"]}
        assert "AnnualRevenue" not in names
        assert sf.query("SELECT AnnualRevenue FROM Account").code == "INVALID_FIELD"
        assert sf.query("SELECT Id FROM Quote").code == "INVALID_TYPE"
        assert (
            sf.post("/sobjects/Account", {"Name": "x", "Phone": "1"}).code
            == "INVALID_FIELD_FOR_INSERT_UPDATE"
        )
    finally:
        side.post("settings", {"hidden": [], "read_only": []})


# -- faults and limits ----------------------------------------------------------------------------------------


def test_planned_faults_speak_salesforce(sf: Caller, side: Side) -> None:
    side.plan(
        {"action": "fault", "code": "UNABLE_TO_LOCK_ROW", "match": {"method": "PATCH", "path": "/sobjects/"}}
    )
    locked = sf.patch("/sobjects/Account/001000000000000AAA", {})
    side.plan({"action": "throttle"})
    throttled = sf.get("/limits")
    side.plan({"action": "html"})
    page = sf.get("/limits")

    assert (locked.status, locked.code) == (400, "UNABLE_TO_LOCK_ROW")
    assert (throttled.status, throttled.json) == (
        403,
        [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
    )
    assert (page.status, page.headers["content-type"]) == (503, "text/html")


def test_an_expired_token_is_401_until_a_new_one_is_fetched(sf: Caller, side: Side) -> None:
    side.plan({"action": "expire_token", "match": {"path": "/limits"}})
    assert sf.get("/limits").code == "INVALID_SESSION_ID"
    assert caller_of(side).get("/limits").status == 200


def test_every_answer_says_how_many_calls_are_used(sf: Caller) -> None:
    first = int(sf.get("/limits").headers["sforce-limit-info"].split("=")[1].split("/")[0])
    composite = {
        "compositeRequest": [
            {"method": "GET", "url": f"{V}/limits", "referenceId": f"r{n}"} for n in range(5)
        ]
    }
    second = sf.post("/composite", composite).headers["sforce-limit-info"]

    assert second == f"api-usage={first + 1}/115000"


def test_updated_and_deleted_lists_cover_the_period(sf: Caller) -> None:
    account = sf.make("Account", Name="Listed")
    period = "start=2026-01-01T00:00:00Z&end=2030-01-01T00:00:00%2B00:00"
    recent = sf.get("/sobjects/Account/updated/?" + _last_hour())
    assert account in recent.json["ids"]
    sf.delete(f"/sobjects/Account/{account}")
    gone = sf.get("/sobjects/Account/deleted/?" + _last_hour()).json
    assert account in [one["id"] for one in gone["deletedRecords"]]
    assert set(gone) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}
    assert account not in sf.get("/sobjects/Account/updated?" + _last_hour()).json["ids"]
    assert sf.get("/sobjects/Account/updated?" + period).code == "INVALID_REPLICATION_DATE"


def _last_hour() -> str:
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    start = (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"start={start}&end={(now + timedelta(hours=1)).strftime('%Y-%m-%dT%H:%M:%SZ')}"


def test_a_lag_shows_changes_with_older_stamps(sf: Caller, side: Side) -> None:
    side.post("settings", {"commit_lag_seconds": 60})
    try:
        record = sf.read("Account", sf.make("Account", Name="Late"))
    finally:
        side.post("settings", {"commit_lag_seconds": 0})
    assert record["SystemModstamp"] < record["CreatedDate"]
