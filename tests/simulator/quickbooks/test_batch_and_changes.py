"""Batches and change data capture (quickbooks.md 5.1, 5.2)."""

from __future__ import annotations

from typing import Any

from connectors.simulator.testing import Simulator
from tests.shared import recorded
from tests.simulator.wire_client import Books, Got


def _create(number: int, name: str) -> dict[str, Any]:
    return {"bId": f"b{number}", "operation": "create", "Customer": {"DisplayName": name}}


def _batch(books: Books, items: list[dict[str, Any]], **query: str) -> Got:
    return books.call("POST", "batch", {"BatchItemRequest": items}, **query)


def _changes(books: Books, entities: str, since: str) -> list[dict[str, Any]]:
    got = books.call("GET", "cdc", entities=entities, changedSince=since)
    assert got.status == 200, got.body
    blocks: list[dict[str, Any]] = got.json["CDCResponse"][0]["QueryResponse"]
    return blocks


def test_a_mixed_batch_answers_each_item_by_itself_inside_a_200(books: Books) -> None:
    sent = recorded("quickbooks/batch.mixed.request.json")
    receipt = books.post(
        "salesreceipt",
        {
            "Line": [
                {
                    "Amount": 337.5,
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": {"ItemRef": {"value": "4"}},
                }
            ]
        },
    )
    sent["BatchItemRequest"][1]["Invoice"]["Id"] = "99999"
    sent["BatchItemRequest"][2]["SalesReceipt"] |= {"Id": receipt["Id"], "SyncToken": "5"}
    got = books.call("POST", "batch", sent)
    shape = recorded("quickbooks/batch.mixed.response.json")
    assert got.status == 200
    for mine, theirs in zip(got.json["BatchItemResponse"], shape["BatchItemResponse"], strict=True):
        assert set(mine) == set(theirs)
        if "Fault" in theirs:
            assert mine["Fault"]["Error"][0]["code"] == theirs["Fault"]["Error"][0]["code"]
    vendor = got.json["BatchItemResponse"][0]["Vendor"]
    assert set(shape["BatchItemResponse"][0]["Vendor"]) == set(vendor)


def test_one_refused_item_leaves_the_others_done(books: Books) -> None:
    got = _batch(books, [_create(1, "Batch A"), _create(2, "batch a"), _create(3, "Batch C")])
    kinds = ["Fault" if "Fault" in item else "Customer" for item in got.json["BatchItemResponse"]]
    assert kinds == ["Customer", "Fault", "Customer"]
    assert [item["bId"] for item in got.json["BatchItemResponse"]] == ["b1", "b2", "b3"]


def test_more_than_thirty_items_are_refused_as_a_whole(books: Books) -> None:
    got = _batch(books, [_create(n, f"Too many {n}") for n in range(31)])
    assert (got.status, got.code) == (400, "1040")
    assert books.rows("select * from Customer where DisplayName like 'Too many%'") == []


def test_a_batch_is_replayed_only_with_the_same_request_id_and_the_same_item_ids(
    empty_sim: Simulator,
) -> None:
    books = Books.of(empty_sim)
    first = _batch(books, [_create(1, "Replay")], requestid="rq")
    same = _batch(books, [_create(1, "Replay")], requestid="rq")
    other = _batch(books, [_create(2, "Replay")], requestid="rq")
    assert first.json["BatchItemResponse"] == same.json["BatchItemResponse"]
    assert "Fault" in other.json["BatchItemResponse"][0]
    assert len(empty_sim.quickbooks.log()) == 1
    assert _batch(books, [{**_create(1, "x"), "bId": "b" * 11}], requestid="rq2").code == "2130"
    assert _batch(books, [_create(1, "x")], requestid="r" * 37).code == "2130"


def test_queries_and_voids_ride_in_a_batch(books: Books) -> None:
    line = {
        "Amount": 10,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    invoice = books.post("invoice", {"CustomerRef": {"value": "2"}, "Line": [line]})
    got = _batch(
        books,
        [
            {"bId": "1", "Query": "select count(*) from Term"},
            {
                "bId": "2",
                "operation": "update",
                "optionsData": "void",
                "Invoice": {"Id": invoice["Id"], "SyncToken": "0"},
            },
            {"bId": "3", "operation": "create", "Elephant": {}},
        ],
    ).json["BatchItemResponse"]
    assert got[0]["QueryResponse"] == {"totalCount": 5}
    assert (got[1]["Invoice"]["PrivateNote"], got[1]["Invoice"]["TotalAmt"]) == ("Voided", 0)
    assert got[2]["Fault"]["Error"][0]["code"] == "2000"


def test_change_capture_lists_changes_deactivations_and_deletions(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    since = empty_sim.quickbooks.get("clock")["now"]
    empty_sim.quickbooks.post("clock", {"advance": 10})
    kept = books.post("customer", {"DisplayName": "Kept"})
    gone = books.change("customer", books.post("customer", {"DisplayName": "Gone"}), Active=False)
    payment = books.post("payment", {"CustomerRef": {"value": kept["Id"]}, "TotalAmt": 5})
    books.post("payment?operation=delete", {"Id": payment["Id"], "SyncToken": payment["SyncToken"]})
    customers, payments, vendors = _changes(books, "Customer,Payment,Vendor", since)
    assert {row["Id"]: row.get("Active") for row in customers["Customer"]} == {
        kept["Id"]: True,
        gone["Id"]: False,
    }
    shape = recorded("quickbooks/cdc.deleted_only.json")["CDCResponse"][0]["QueryResponse"][0]
    assert set(payments["Payment"][0]) == set(shape["CreditMemo"][0])
    assert "startPosition" not in payments
    assert (customers["startPosition"], customers["maxResults"], vendors) == (1, 2, {})


def test_a_payment_brings_its_customer_into_the_changes_with_the_same_sync_token(
    empty_sim: Simulator,
) -> None:
    books = Books.of(empty_sim)
    customer = books.post("customer", {"DisplayName": "Payer"})
    empty_sim.quickbooks.post("clock", {"advance": 60})
    since = empty_sim.quickbooks.get("clock")["now"]
    empty_sim.quickbooks.post("clock", {"advance": 60})
    books.post("payment", {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": 5})
    (block,) = _changes(books, "customer", since)
    (row,) = block["Customer"]
    assert (row["SyncToken"], row["Balance"]) == ("0", -5)
    assert row["MetaData"]["LastUpdatedTime"] > customer["MetaData"]["LastUpdatedTime"]


def test_change_capture_is_cut_at_a_thousand_and_looks_back_thirty_days(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    since = empty_sim.quickbooks.get("clock")["now"]
    empty_sim.quickbooks.post("clock", {"advance": 10})
    for start in range(0, 1020, 30):
        _batch(books, [_create(n, f"C{n}") for n in range(start, start + 30)])
    books.post("vendor", {"DisplayName": "After the cut"})
    customers, vendors = _changes(books, "Customer,Vendor", since)
    assert (len(customers["Customer"]), vendors) == (1000, {})
    empty_sim.quickbooks.post("clock", {"advance": 31 * 86400})
    late = Books.of(empty_sim).call("GET", "cdc", entities="Customer", changedSince=since)
    assert (late.status, late.json["Fault"]["type"]) == (400, "ValidationFault")


def test_lists_without_change_capture_are_refused(books: Books) -> None:
    got = books.call("GET", "cdc", entities="TaxCode", changedSince="2026-11-20T00:00:00-08:00")
    assert (got.status, got.code) == (400, "4001")
