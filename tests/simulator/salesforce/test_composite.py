"""Composite, batch, graph, tree and collections (reference/salesforce.md 4.2 to 4.4)."""

from __future__ import annotations

from typing import Any

from tests.simulator.salesforce.caller import Caller, V

HALTED = "The transaction was rolled back since another operation in the same transaction failed."


def part(method: str, url: str, reference: str, body: Any = None, **more: Any) -> dict[str, Any]:
    made = {"method": method, "url": f"{V}{url}", "referenceId": reference, **more}
    return made if body is None else {**made, "body": body}


def accounts(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"attributes": {"type": "Account"}, "Name": name, **more} for name in names]


def test_a_composite_hands_ids_on_and_answers_in_order(sf: Caller) -> None:
    reply = sf.post(
        "/composite",
        {
            "allOrNone": True,
            "compositeRequest": [
                part("POST", "/sobjects/Account", "acc", {"Name": "Composed"}),
                part("POST", "/sobjects/Contact", "con", {"LastName": "x", "AccountId": "@{acc.id}"}),
                part("GET", "/query?q=SELECT Id FROM Contact WHERE AccountId = '@{acc.id}'", "q"),
                part("PATCH", "/sobjects/Contact/@{q.records[0].Id}", "up", {"Phone": "1"}),
            ],
        },
    )
    answers = reply.json["compositeResponse"]

    assert reply.status == 200
    assert [one["httpStatusCode"] for one in answers] == [201, 201, 200, 204]
    assert [one["referenceId"] for one in answers] == ["acc", "con", "q", "up"]
    assert answers[0]["httpHeaders"] == {"Location": f"{V}/sobjects/Account/{answers[0]['body']['id']}"}
    assert answers[3]["body"] is None


def test_all_or_none_undoes_everything_and_halts_the_others(sf: Caller) -> None:
    before = sf.query("SELECT COUNT() FROM Account").json["totalSize"]
    answers = sf.post(
        "/composite",
        {
            "allOrNone": True,
            "compositeRequest": [
                part("POST", "/sobjects/Account", "a", {"Name": "Undone"}),
                part("POST", "/sobjects/Contact", "b", {"FirstName": "no last name"}),
                part("POST", "/sobjects/Account", "c", {"Name": "Never"}),
            ],
        },
    ).json["compositeResponse"]

    assert [one["body"][0]["errorCode"] for one in answers] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert answers[0]["body"] == [{"errorCode": "PROCESSING_HALTED", "message": HALTED}]
    assert [one["httpStatusCode"] for one in answers] == [400, 400, 400]
    assert sf.query("SELECT COUNT() FROM Account").json["totalSize"] == before


def test_a_failed_row_in_a_nested_collection_rolls_back_rows_that_still_read_success(sf: Caller) -> None:
    answers = sf.post(
        "/composite",
        {
            "allOrNone": True,
            "compositeRequest": [
                part(
                    "POST",
                    "/composite/sobjects",
                    "rows",
                    {"allOrNone": False, "records": accounts("Liar", "")},
                ),
                part("POST", "/sobjects/Contact", "c", {"LastName": "x"}),
            ],
        },
    ).json["compositeResponse"]

    assert [row["success"] for row in answers[0]["body"]] == [True, False]
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert sf.rows("SELECT Id FROM Account WHERE Name = 'Liar'") == []


def test_without_all_or_none_each_part_stands_alone(sf: Caller) -> None:
    answers = sf.post(
        "/composite",
        {
            "compositeRequest": [
                part("POST", "/sobjects/Contact", "bad", {}),
                part("POST", "/sobjects/Contact", "orphan", {"LastName": "x", "AccountId": "@{bad.id}"}),
                part("POST", "/sobjects/Contact", "good", {"LastName": "x"}),
                part("GET", "/sobjects/Nope", "none"),
            ]
        },
    ).json["compositeResponse"]

    assert [one["httpStatusCode"] for one in answers] == [400, 400, 201, 404]
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_a_composite_has_its_limits(sf: Caller) -> None:
    many = [part("GET", "/limits", f"r{n}") for n in range(26)]
    heavy = [part("GET", "/query?q=SELECT Id FROM Account LIMIT 1", f"r{n}") for n in range(6)]

    assert sf.post("/composite", {"compositeRequest": many}).status == 400
    assert sf.post("/composite", {"compositeRequest": many[:25]}).status == 200
    assert sf.post("/composite", {"compositeRequest": heavy}).status == 400
    assert sf.post("/composite", {"compositeRequest": heavy[:5]}).status == 200
    assert sf.post("/composite", {"compositeRequest": [part("GET", "/limits", "a-b")]}).status == 400
    assert sf.post("/composite", {"compositeRequest": [many[0], many[0]]}).status == 400
    assert sf.post("/composite", {"compositeRequest": [part("get", "/limits", "r")]}).status == 400
    forbidden = part("GET", "/limits", "r", httpHeaders={"Authorization": "Bearer x"})
    assert sf.post("/composite", {"compositeRequest": [forbidden]}).status == 400


def test_a_part_may_carry_conditions_of_its_own(sf: Caller) -> None:
    account = sf.make("Account", Name="Conditional")
    old = "Thu, 03 Sep 2020 21:35:07 GMT"
    answers = sf.post(
        "/composite",
        {
            "compositeRequest": [
                part(
                    "PATCH",
                    f"/sobjects/Account/{account}",
                    "late",
                    {"Phone": "1"},
                    httpHeaders={"If-Unmodified-Since": old},
                ),
                part("PATCH", f"/sobjects/Account/{account}", "plain", {"Phone": "2"}),
            ]
        },
    ).json["compositeResponse"]

    assert [one["httpStatusCode"] for one in answers] == [412, 204]


def test_collections_answer_each_row_in_order(sf: Caller) -> None:
    reply = sf.post(
        "/composite/sobjects",
        {
            "allOrNone": False,
            "records": [
                *accounts("One"),
                {"attributes": {"type": "Contact"}},
                {"attributes": {"type": "Nope"}},
                *accounts("Two"),
            ],
        },
    )
    rows = reply.json

    assert reply.status == 200
    assert [row["success"] for row in rows] == [True, False, False, True]
    assert set(rows[0]) == {"id", "success", "errors"}
    assert rows[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }
    assert rows[2]["errors"][0]["statusCode"] == "INVALID_TYPE"


def test_an_all_or_none_collection_keeps_nothing_after_one_failure(sf: Caller) -> None:
    rows = sf.post("/composite/sobjects", {"allOrNone": True, "records": accounts("Kept not", "")}).json

    assert rows[0]["errors"][0] == {
        "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "fields": [],
        "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    }
    assert rows[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert sf.rows("SELECT Id FROM Account WHERE Name = 'Kept not'") == []


def test_collections_update_by_id_in_any_spelling(sf: Caller) -> None:
    one, two = sf.make("Account", Name="Up 1"), sf.make("Account", Name="Up 2")
    rows = sf.patch(
        "/composite/sobjects",
        {
            "records": [
                {"attributes": {"type": "Account"}, "Id": one, "Phone": "11"},
                {"attributes": {"type": "Account"}, "id": two[:15], "Phone": "22"},
                {"attributes": {"type": "Account"}, "Phone": "33"},
                {"attributes": {"type": "Account"}, "id": "001000000000000AAA", "Phone": "44"},
                {"attributes": {"type": "Account"}, "id": one, "Phone": "55"},
            ]
        },
    ).json

    assert [row["success"] for row in rows] == [True, True, False, False, False]
    assert rows[3]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    assert sf.read("Account", one)["Phone"] == "11"


def test_collections_upsert_by_external_id_says_created_for_each_row(sf: Caller) -> None:
    sf.make("Account", Name="Old", QBO_Customer_Id__c="c-1")
    path = "/composite/sobjects/Account/QBO_Customer_Id__c"
    rows = sf.patch(
        path,
        {
            "allOrNone": False,
            "records": [
                *accounts("Old renamed", QBO_Customer_Id__c="c-1"),
                *accounts("New", QBO_Customer_Id__c="c-2"),
                *accounts("Again", QBO_Customer_Id__c="c-2"),
                *accounts("Without key"),
                {"attributes": {"type": "Account"}, "QBO_Customer_Id__c": "c-3"},
            ],
        },
    ).json

    assert [row["success"] for row in rows] == [True, True, False, False, False]
    assert [row["created"] for row in rows[:2]] == [False, True]
    assert rows[2]["errors"][0]["message"] == "Duplicate external id specified: c-2"
    assert sf.values("SELECT Name FROM Account WHERE QBO_Customer_Id__c IN ('c-1', 'c-2') ORDER BY Name") == [
        "New",
        "Old renamed",
    ]
    by_id = sf.patch("/composite/sobjects/Account/Id", {"records": accounts("By null id", Id=None)}).json
    assert by_id[0]["created"] is True


def test_collections_delete_and_retrieve_by_ids(sf: Caller) -> None:
    one, two = sf.make("Account", Name="Ret 1"), sf.make("Account", Name="Ret 2")
    shown = sf.get(f"/composite/sobjects/Account?ids={two},001000000000000AAA,{one}&fields=Name").json
    posted = sf.post("/composite/sobjects/Account", {"ids": [one, "x"], "fields": ["Name"]}).json
    assert [row and row["Name"] for row in shown] == ["Ret 2", None, "Ret 1"]
    assert [row and row["Name"] for row in posted] == ["Ret 1", None]
    deleted = sf.delete(f"/composite/sobjects?ids={one},nonsense,{one}&allOrNone=false").json
    assert [row["success"] for row in deleted] == [True, False, False]
    assert deleted[1]["errors"] == [
        {"statusCode": "MALFORMED_ID", "message": "malformed id nonsense", "fields": []}
    ]
    assert deleted[2]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_two_hundred_records_are_the_most(sf: Caller) -> None:
    assert sf.post("/composite/sobjects", {"records": accounts(*["x"] * 201)}).code == "EXCEEDED_ID_LIMIT"
    mixed = [{"attributes": {"type": kind}} for _ in range(6) for kind in ("Account", "Contact")]
    assert sf.post("/composite/sobjects", {"records": mixed}).status == 400


def test_batch_parts_each_count_and_may_halt(sf: Caller) -> None:
    body = {
        "haltOnError": True,
        "batchRequests": [
            {"method": "GET", "url": "v66.0/limits"},
            {"method": "GET", "url": "v66.0/sobjects/Nope"},
            {"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {"Name": "x"}},
        ],
    }
    reply = sf.post("/composite/batch", body)

    assert reply.json["hasErrors"] is True
    assert [one["statusCode"] for one in reply.json["results"]] == [200, 404, 412]
    relaxed = sf.post("/composite/batch", {**body, "haltOnError": False}).json
    assert [one["statusCode"] for one in relaxed["results"]] == [200, 404, 201]


def test_each_graph_is_a_transaction_of_its_own(sf: Caller) -> None:
    def graph(name: str, last: str) -> dict[str, Any]:
        return {
            "graphId": name,
            "compositeRequest": [
                part("POST", "/sobjects/Account/", f"a{name}", {"name": f"Graph {name}"}),
                part(
                    "POST",
                    "/sobjects/Contact/",
                    f"c{name}",
                    {"LastName": last, "AccountId": f"@{{a{name}.id}}"},
                ),
            ],
        }

    shown = sf.post("/composite/graph", {"graphs": [graph("1", "x"), graph("2", "")]}).json["graphs"]
    assert [one["isSuccessful"] for one in shown] == [True, False]
    assert sf.values("SELECT Name FROM Account WHERE Name LIKE 'Graph %'") == ["Graph 1"]
    queries = {"graphId": "q", "compositeRequest": [part("GET", "/query?q=SELECT Id FROM Account", "q")]}
    assert sf.post("/composite/graph", {"graphs": [queries]}).status == 400


def test_graphs_have_their_limits(sf: Caller) -> None:
    def graphs(*counts: int) -> dict[str, Any]:
        made = [
            [part("POST", "/sobjects/Account", f"r{node}", {"Name": "Counted"}) for node in range(count)]
            for count in counts
        ]
        return {"graphs": [{"graphId": f"g{n}", "compositeRequest": one} for n, one in enumerate(made)]}

    def chain(length: int) -> dict[str, Any]:
        parents = [{}, *({"ParentId": f"@{{r{node}.id}}"} for node in range(length - 1))]
        nodes = [
            part("POST", "/sobjects/Account", f"r{node}", {"Name": "Chained", **parent})
            for node, parent in enumerate(parents)
        ]
        return {"graphs": [{"graphId": "g", "compositeRequest": nodes}]}

    kinds = [part("GET", f"/sobjects/Kind{n}__c/001", f"k{n}") for n in range(16)]
    for body in (
        graphs(501),
        graphs(250, 251),
        graphs(*[1] * 76),
        chain(16),
        {"graphs": [{"graphId": "g", "compositeRequest": kinds}]},
        graphs(),
    ):
        assert sf.post("/composite/graph", body).status == 400
    assert sf.post("/composite/graph", chain(15)).json["graphs"][0]["isSuccessful"] is True
    assert sf.query("SELECT COUNT() FROM Account WHERE Name = 'Counted'").json["totalSize"] == 0


def test_after_fourteen_failed_graphs_the_rest_is_not_tried(sf: Caller) -> None:
    bad = [part("POST", "/sobjects/Account", "r", {})]
    good = [part("POST", "/sobjects/Account", "r", {"Name": "Too late"})]
    asked = [{"graphId": f"g{n}", "compositeRequest": bad} for n in range(14)]
    last = {"graphId": "late", "compositeRequest": good}
    shown = sf.post("/composite/graph", {"graphs": [*asked, last]}).json["graphs"]

    assert [one["isSuccessful"] for one in shown] == [False] * 15
    (halted,) = shown[-1]["graphResponse"]["compositeResponse"]
    assert halted["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert sf.values("SELECT Name FROM Account WHERE Name = 'Too late'") == []


def test_a_tree_is_made_whole_or_not_at_all(sf: Caller) -> None:
    def tree(name: str, email: str) -> dict[str, Any]:
        contact = {"attributes": {"type": "Contact", "referenceId": "ref2"}, "LastName": "x", "Email": email}
        root = {
            "attributes": {"type": "Account", "referenceId": "ref1"},
            "Name": name,
            "Contacts": {"records": [contact]},
        }
        return {"records": [root]}

    made = sf.post("/composite/tree/Account", tree("Tree", "a@example.com"))
    bad = sf.post("/composite/tree/Account", tree("No tree", "123"))

    assert (made.status, made.json["hasErrors"]) == (201, False)
    assert [one["referenceId"] for one in made.json["results"]] == ["ref1", "ref2"]
    assert (bad.status, bad.json) == (
        400,
        {
            "hasErrors": True,
            "results": [
                {
                    "referenceId": "ref2",
                    "errors": [
                        {
                            "statusCode": "INVALID_EMAIL_ADDRESS",
                            "message": "Email: invalid email address: 123",
                            "fields": ["Email"],
                        },
                    ],
                }
            ],
        },
    )
    assert sf.rows("SELECT Id FROM Account WHERE Name = 'No tree'") == []
