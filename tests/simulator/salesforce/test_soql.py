"""SOQL of the stand-in: what queries answer, and how wrong ones are refused (reference/salesforce.md 3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from connectors.simulator.testing import Side
from tests.simulator.salesforce.caller import Caller, caller_of

HINT = (
    " If you are attempting to use a custom field, be sure to append the '__c' after the custom field name."
    " Please reference your WSDL or the describe call for the appropriate names."
)


@pytest.fixture(scope="module")
def books(running: Any) -> Caller:
    """An org of its own with a handful of accounts made for these tests."""
    side: Side = running.salesforce
    made = side.post("orgs", {"name": "Queries", "seed": "empty"})
    caller = Caller(side, made["access_token"])
    acme = caller.make("Account", Name="Acme", Industry="Retail", AnnualRevenue=100, NumberOfEmployees=5)
    caller.make("Account", Name="acme west", Industry="Retail", AnnualRevenue=50, ParentId=acme)
    caller.make("Account", Name="Ökohaus", Industry="Energy", BillingCity="Köln", QBO_Id__c="a'b\\c")
    caller.make("Account", Name="100% Cotton_Shirts", Rating="Hot")
    caller.make("Contact", LastName="Ito", FirstName="Ana", AccountId=acme, Email="ana@acme.example")
    caller.make("Contact", LastName="Zhang", AccountId=acme)
    caller.make("Contact", LastName="Free")
    return caller


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Name = 'ACME'", ["Acme"]),
        ("Name != 'acme'", ["100% Cotton_Shirts", "acme west", "Ökohaus"]),
        ("Name LIKE 'ac%'", ["Acme", "acme west"]),
        ("Name LIKE '_cme'", ["Acme"]),
        ("Name LIKE '100\\\\% %'", []),
        ("Name LIKE '100\\% cot%'", ["100% Cotton_Shirts"]),
        ("Name LIKE '%n\\_s%'", ["100% Cotton_Shirts"]),
        ("NOT Name LIKE 'ac%'", ["100% Cotton_Shirts", "Ökohaus"]),
        ("Name = 'ÖKOHAUS'", ["Ökohaus"]),
        ("Name LIKE 'ök%'", ["Ökohaus"]),
        ("BillingCity IN ('köln', 'x')", ["Ökohaus"]),
        ("Industry = null", ["100% Cotton_Shirts"]),
        ("Industry != null", ["Acme", "acme west", "Ökohaus"]),
        ("Industry NOT IN ('Retail')", ["100% Cotton_Shirts", "Ökohaus"]),
        ("NOT (Industry = 'Retail')", ["100% Cotton_Shirts", "Ökohaus"]),
        ("AnnualRevenue > 50", ["Acme"]),
        ("AnnualRevenue <= 100 AND Rating = null", ["Acme", "acme west"]),
        ("NOT (AnnualRevenue > 60)", ["100% Cotton_Shirts", "acme west", "Ökohaus"]),
        ("Parent.Name = 'Acme'", ["acme west"]),
        ("Parent.Name = null", ["100% Cotton_Shirts", "Acme", "Ökohaus"]),
        ("(Name = 'Acme' OR Rating = 'hot') AND IsDeleted = false", ["100% Cotton_Shirts", "Acme"]),
        ("QBO_Id__c = 'a\\'b\\\\c'", ["Ökohaus"]),
        ("QBO_Id__c = 'A\\'b\\\\c'", []),
        (
            "CreatedDate = TODAY AND CreatedDate >= LAST_N_DAYS:1",
            ["100% Cotton_Shirts", "Acme", "acme west", "Ökohaus"],
        ),
        ("CreatedDate < 2020-01-01T00:00:00Z", []),
        ("CreatedDate > 2020-01-01T00:00:00+01:00 AND Name = 'Acme'", ["Acme"]),
        ("Id IN (SELECT AccountId FROM Contact WHERE Email != null)", ["Acme"]),
        ("Id NOT IN (SELECT AccountId FROM Contact)", ["100% Cotton_Shirts", "acme west", "Ökohaus"]),
        ("Owner.Username LIKE 'integration%' AND Owner.Profile.Name != null AND Name = 'Acme'", ["Acme"]),
        ("CALENDAR_YEAR(CreatedDate) > 2000 AND Name = 'Acme'", ["Acme"]),
        ("Account.Name = 'Acme'", ["Acme"]),
    ],
)
def test_conditions_choose_as_salesforce_does(books: Caller, condition: str, names: list[str]) -> None:
    assert books.values(f"SELECT Name FROM Account WHERE {condition} ORDER BY Name") == names


def test_names_may_be_written_in_any_case_and_answer_in_theirs(books: Caller) -> None:
    assert books.rows(
        "select name, ANNUALREVENUE, parent.name from ACCOUNT a where A.name = 'acme west'"
    ) == [
        {
            "Name": "acme west",
            "AnnualRevenue": 50.0,
            "Parent": {
                "attributes": {
                    "type": "Account",
                    "url": books.query("SELECT Id FROM Account WHERE Name='Acme'").json["records"][0][
                        "attributes"
                    ]["url"],
                },
                "Name": "Acme",
            },
        }
    ]


def test_a_missing_parent_is_null_and_so_is_an_empty_child_list(books: Caller) -> None:
    rows = books.rows(
        "SELECT Name, Parent.Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account"
        " WHERE Name LIKE 'acme%' ORDER BY Name"
    )

    assert rows[0]["Parent"] is None
    assert rows[0]["Contacts"]["totalSize"] == 2
    assert [one["LastName"] for one in rows[0]["Contacts"]["records"]] == ["Ito", "Zhang"]
    assert rows[1]["Contacts"] is None


def test_nulls_come_first_unless_told_otherwise(books: Caller) -> None:
    def order(tail: str) -> list[Any]:
        return books.values(f"SELECT AnnualRevenue FROM Account ORDER BY AnnualRevenue {tail}")

    assert order("") == [None, None, 50.0, 100.0]
    assert order("DESC") == [None, None, 100.0, 50.0]
    assert order("DESC NULLS LAST") == [100.0, 50.0, None, None]
    assert order("NULLS LAST") == [50.0, 100.0, None, None]


def test_aggregates_group_count_and_name_their_columns(books: Caller) -> None:
    assert books.query("SELECT COUNT() FROM Account WHERE Industry != null").json == {
        "totalSize": 3,
        "done": True,
        "records": [],
    }
    assert books.rows("SELECT COUNT(Id), SUM(AnnualRevenue) total, MAX(Name) FROM Account") == [
        {"expr0": 4, "total": 150.0, "expr1": "Ökohaus"}
    ]
    assert books.rows(
        "SELECT Industry, COUNT(Id) n FROM Account GROUP BY Industry HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC"
    ) == [{"Industry": "Retail", "n": 2}]
    assert books.rows(
        "SELECT Account.Name, COUNT(Id) FROM Contact GROUP BY Account.Name ORDER BY Account.Name"
    ) == [
        {"Name": None, "expr0": 1},
        {"Name": "Acme", "expr0": 2},
    ]
    rollup = books.rows(
        "SELECT Industry, COUNT(Id) n, GROUPING(Industry) g FROM Account GROUP BY ROLLUP(Industry)"
    )
    assert rollup[-1] == {"Industry": None, "n": 4, "g": 1}


def test_limit_offset_and_fields(books: Caller) -> None:
    assert books.values("SELECT Name FROM Account ORDER BY Name LIMIT 2 OFFSET 1") == ["Acme", "acme west"]
    everything = books.rows("SELECT FIELDS(ALL) FROM Account ORDER BY Name LIMIT 1")[0]
    assert {"Id", "BillingAddress", "QBO_Customer_Id__c", "SystemModstamp"} <= set(everything)
    custom = books.rows("SELECT FIELDS(CUSTOM) FROM Account LIMIT 1")[0]
    assert all(name.endswith("__c") for name in custom)


def test_typeof_shapes_each_kind_of_parent(books: Caller) -> None:
    account = books.values("SELECT Id FROM Account WHERE Name = 'Acme'")[0]
    contact = books.values("SELECT Id FROM Contact WHERE LastName = 'Ito'")[0]
    books.make("Task", Subject="Call", WhatId=account, WhoId=contact)
    row = books.rows(
        "SELECT Subject, TYPEOF Who WHEN Contact THEN LastName, Email ELSE Id END, What.Name, What.Type FROM Task"
    )[0]

    assert row["Who"] == {
        "attributes": {"type": "Contact", "url": f"/services/data/v66.0/sobjects/Contact/{contact}"},
        "LastName": "Ito",
        "Email": "ana@acme.example",
    }
    assert (row["What"]["Name"], row["What"]["Type"]) == ("Acme", "Account")


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        (
            "SELECT Id FROMM Account",
            "MALFORMED_QUERY",
            "\nSELECT Id FROMM Account\n          ^\nERROR at Row:1:Column:11\nunexpected token: 'FROMM'",
        ),
        (
            "SELECT Id, Nope__c FROM Account",
            "INVALID_FIELD",
            (
                "\nSELECT Id, Nope__c FROM Account\n           ^\nERROR at Row:1:Column:12\n"
                f"No such column 'Nope__c' on entity 'Account'.{HINT}"
            ),
        ),
        (
            "SELECT Id FROM Nope__c",
            "INVALID_TYPE",
            (
                "\nSELECT Id FROM Nope__c\n               ^\nERROR at Row:1:Column:16\n"
                "sObject type 'Nope__c' is not supported. If you are attempting to use a custom object, be sure to"
                " append the '__c' after the entity name. Please reference your WSDL or the describe call for the"
                " appropriate names."
            ),
        ),
        (
            "SELECT Id\nFROM Account\nWHERE Foo = 1",
            "INVALID_FIELD",
            f"\nWHERE Foo = 1\n      ^\nERROR at Row:3:Column:7\nNo such column 'Foo' on entity 'Account'.{HINT}",
        ),
        (
            "SELECT Id FROM Account WHERE Id = 'x'",
            "INVALID_QUERY_FILTER_OPERATOR",
            (
                "\nSELECT Id FROM Account WHERE Id = 'x'\n                                  ^\n"
                "ERROR at Row:1:Column:35\ninvalid ID field: x"
            ),
        ),
        (
            "SELECT Id FROM Account OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000",
        ),
    ],
)
def test_errors_point_at_the_fault(books: Caller, soql: str, code: str, message: str) -> None:
    reply = books.query(soql)

    assert (reply.status, reply.json) == (400, [{"message": message, "errorCode": code}])


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Id IN ()", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a\\x'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE AnnualRevenue = '5'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate = 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate = '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account ORDER BY Description", "MALFORMED_QUERY"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Account GROUP BY Description", "MALFORMED_QUERY"),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE COUNT(Id) > 1", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account ORDER BY COUNT(Id)", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Account GROUP BY Type ORDER BY Name", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account HAVING COUNT(Id) > 1", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 201", "MALFORMED_QUERY"),
        ("SELECT Id, (SELECT Id FROM Nopes) FROM Account", "INVALID_TYPE"),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD"),
        ("SELECT Parent.Parent.Parent.Parent.Parent.Parent.Name FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account; DROP TABLE x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE CreatedDate > LAST_N_DAYS:99999999999", "INVALID_FIELD"),
        ("SELECT Id FROM ApexClass", "INVALID_TYPE"),
        ("", "MALFORMED_QUERY"),
        ("SELECT " + "Id," * 40_000 + "Name FROM Account", "QUERY_TOO_COMPLICATED"),
    ],
)
def test_wrong_queries_are_refused_by_their_code(books: Caller, soql: str, code: str) -> None:
    reply = (
        books.post(
            "/composite",
            {
                "compositeRequest": [
                    {"method": "GET", "url": "/services/data/v66.0/query?q=" + soql, "referenceId": "q"}
                ]
            },
        )
        if len(soql) > 5000
        else None
    )
    answer = reply.json["compositeResponse"][0] if reply is not None else None
    status, body = (answer["httpStatusCode"], answer["body"]) if answer else _asked(books, soql)

    assert (status, body[0]["errorCode"]) == (400, code)


def _asked(caller: Caller, soql: str) -> tuple[int, Any]:
    reply = caller.query(soql)
    return reply.status, reply.json


def test_long_results_come_in_pages_that_can_be_read_again(side: Side) -> None:
    made = side.post("orgs", {"name": "Pages", "seed": "500"})
    caller = Caller(side, made["access_token"])
    options = "batchSize=200"
    first = caller.query("SELECT Name FROM Account ORDER BY Name", Sforce_Query_Options=options).json
    second = caller.call("GET", first["nextRecordsUrl"]).json
    again = caller.call("GET", first["nextRecordsUrl"]).json
    third = caller.call("GET", second["nextRecordsUrl"]).json

    assert (first["totalSize"], first["done"], len(first["records"])) == (500, False, 200)
    assert first["nextRecordsUrl"].startswith("/services/data/v66.0/query/01g")
    assert first["nextRecordsUrl"].endswith("-200")
    assert second == again
    assert (third["done"], len(third["records"]), "nextRecordsUrl" in third) == (True, 100, False)
    names = [one["Name"] for page in (first, second, third) for one in page["records"]]
    assert names == sorted(names, key=str.lower)


def test_a_locator_is_its_users_own_and_lives_two_days(side: Side) -> None:
    caller = caller_of(side, 1)
    for number in range(205):
        caller.make("Lead", LastName=f"L{number}", Company="C") if number < 5 else None
    rows = [{"attributes": {"type": "Lead"}, "LastName": f"L{n}", "Company": "C"} for n in range(200)]
    caller.post("/composite/sobjects", {"records": rows})
    page = caller.query("SELECT Id FROM Lead", Sforce_Query_Options="batchSize=200").json
    assert caller_of(side, 2).call("GET", page["nextRecordsUrl"]).code == "INVALID_QUERY_LOCATOR"
    assert caller.get("/query/01gSm0100000001-2000").code == "INVALID_QUERY_LOCATOR"
    assert caller.get("/query/nonsense").code == "INVALID_QUERY_LOCATOR"
    side.post("clock", {"advance": 2 * 24 * 3600 + 60})
    late = Caller(side, side.credentials()["access_token"])
    assert late.call("GET", page["nextRecordsUrl"]).code == "INVALID_QUERY_LOCATOR"
    side.post("clock", {"reset": True})


def test_children_count_towards_the_page_and_long_child_lists_have_their_own_locator(side: Side) -> None:
    made = side.post("orgs", {"name": "Children", "seed": "empty"})
    caller = Caller(side, made["access_token"])
    parents = [caller.make("Account", Name=f"P{number}") for number in range(2)]
    for parent in parents:
        for start in range(0, 300, 100):
            rows = [
                {"attributes": {"type": "Contact"}, "LastName": f"C{start + n:03d}", "AccountId": parent}
                for n in range(100)
            ]
            caller.post("/composite/sobjects", {"records": rows})
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account ORDER BY Name"
    answer = caller.query(soql, Sforce_Query_Options="batchSize=200").json
    children = answer["records"][0]["Contacts"]
    rest = caller.call("GET", children["nextRecordsUrl"]).json

    assert (children["totalSize"], children["done"], len(children["records"])) == (300, False, 200)
    assert (rest["done"], len(rest["records"])) == (True, 100)
    assert rest["records"][0]["LastName"] == "C200"


def test_query_all_shows_the_recycle_bin(sf: Caller) -> None:
    record = sf.make("Account", Name="Gone tomorrow")
    sf.delete(f"/sobjects/Account/{record}")

    assert sf.rows(f"SELECT Id FROM Account WHERE Id = '{record}'") == []
    shown = sf.query(f"SELECT Id, IsDeleted FROM Account WHERE Id = '{record}'", "queryAll").json["records"][
        0
    ]
    assert shown["IsDeleted"] is True
    assert sf.query("SELECT COUNT() FROM Account WHERE IsDeleted = true").json["totalSize"] == 0


def test_the_tooling_envelope_has_more_keys(sf: Caller) -> None:
    answer = sf.query("SELECT Id, Name FROM ApexClass", "tooling/query").json

    assert answer == {
        "size": 0,
        "totalSize": 0,
        "done": True,
        "queryLocator": None,
        "entityTypeName": "ApexClass",
        "records": [],
    }


def test_the_columns_of_a_query_are_told_without_running_it(sf: Caller) -> None:
    """The vendor's command line lays out its tables by this."""

    def shown(soql: str) -> list[Any]:
        found = sf.get(f"/query?q={quote(soql)}&columns=true").json
        return [
            (
                one["columnName"],
                one["displayName"],
                one["aggregate"],
                [sub["columnName"] for sub in one["joinColumns"]],
            )
            for one in found["columnMetadata"]
        ]

    assert shown("SELECT Id, Owner.Name, (SELECT Email FROM Contacts) FROM Account") == [
        ("Id", "Id", False, []),
        ("Owner", "Owner", False, ["Name"]),
        ("Contacts", "Contacts", True, ["Email"]),
    ]
    assert shown("SELECT StageName, COUNT(Id), SUM(Amount) total FROM Opportunity GROUP BY StageName") == [
        ("StageName", "StageName", False, []),
        ("expr0", "COUNT(Id)", True, []),
        ("total", "SUM(Amount)", True, []),
    ]
