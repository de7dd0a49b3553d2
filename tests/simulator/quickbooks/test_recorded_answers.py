"""Recorded answers replayed as answers: faults, batches, voids, notifications, nested shapes (quickbooks.md 2 to 8)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.testing import Simulator, simulator
from tests.shared import recorded
from tests.simulator.quickbooks.receiver import endpoint_for, subscribe
from tests.simulator.quickbooks.test_recorded_bodies import _types
from tests.simulator.wire_client import Books, call

LINE = {
    "Amount": 5,
    "DetailType": "SalesItemLineDetail",
    "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
}


@pytest.fixture(scope="module")
def fresh() -> Iterator[Simulator]:
    with simulator(only="quickbooks", seed="empty") as running:
        yield running


@pytest.fixture
def shop(fresh: Simulator) -> Books:
    return Books.of(fresh)


def shorn(fault: dict[str, Any]) -> dict[str, Any]:
    """A fault without the ids and numbers in its sentences."""
    errors = [{**error, "Detail": re.sub(r"\b\d+\b", "#", error["Detail"])} for error in fault["Error"]]
    return {**fault, "Error": errors}


def customer(books: Books, name: str) -> str:
    made: str = books.post("customer", {"DisplayName": name})["Id"]
    return made


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        (
            "fault.400_2170_enum.json",
            "purchase",
            {
                "PaymentType": "Cash",
                "AccountRef": {"value": "35"},
                "Line": [
                    {
                        "Amount": 1,
                        "DetailType": "AccountBasedExpenseLineDetail",
                        "AccountBasedExpenseLineDetail": {
                            "AccountRef": {"value": "80"},
                            "BillableStatus": "HAS_BEEN_BILLED",
                        },
                    }
                ],
            },
        ),
        (
            "fault.400_2500_invalid_reference.json",
            "invoice",
            {"CustomerRef": {"value": "7000"}, "Line": [LINE]},
        ),
        ("fault.400_6000_business.json", "payment", {"CustomerRef": {"value": "?"}, "TotalAmt": -1}),
    ],
)
def test_a_recorded_fault_comes_back_by_its_input(
    shop: Books, name: str, path: str, body: dict[str, Any]
) -> None:
    if body.get("CustomerRef") == {"value": "?"}:
        body = {**body, "CustomerRef": {"value": customer(shop, "Pays less than nothing")}}
    got = shop.call("POST", path, body)

    assert got.status == 400
    assert shorn(got.json["Fault"]) == shorn(recorded(f"quickbooks/{name}")["Fault"])


def test_a_number_used_twice_is_refused_in_the_recorded_words(shop: Books) -> None:
    twin = {"CustomerRef": {"value": customer(shop, "Numbered")}, "Line": [LINE], "DocNumber": "1001"}
    shop.post("invoice", twin)
    got = shop.call("POST", "invoice", twin)

    wanted = recorded("quickbooks/fault.400_6140_duplicate_docnumber.json")["Fault"]
    assert shorn(got.json["Fault"]) == shorn(wanted)


def test_the_official_batch_of_faults_and_a_query_comes_out_as_printed(shop: Books) -> None:
    asked = recorded("quickbooks/batch.all_faults_and_query.request.json")
    wanted = recorded("quickbooks/batch.all_faults_and_query.response.json")["BatchItemResponse"]
    customer(shop, "Smith Family Store")
    line = {**LINE, "Amount": 400}
    receipt = shop.post("salesreceipt", {"Line": [line]})
    shop.change("salesreceipt", receipt, PrivateNote="moved on")
    items = {item["bId"]: item for item in asked["BatchItemRequest"]}
    items["bid3"]["SalesReceipt"]["Id"] = receipt["Id"]
    items["bid2"]["Invoice"]["Id"] = "129000"
    got = shop.call("POST", "batch", asked).json["BatchItemResponse"]

    for theirs, ours in zip(wanted, got, strict=True):
        assert set(ours) == set(theirs)
        if "Fault" in theirs:
            (error,), (said,) = ours["Fault"]["Error"], theirs["Fault"]["Error"]
            assert (error["code"], error["Message"], ours["Fault"]["type"]) == (
                said["code"],
                said["Message"],
                theirs["Fault"]["type"],
            )
    rows = got[3]["QueryResponse"]
    assert set(rows) >= {"SalesReceipt", "startPosition", "maxResults"}


def test_a_sent_credit_memo_tells_when_it_was_delivered(shop: Books) -> None:
    wanted = recorded("quickbooks/creditmemo.sent.json")["CreditMemo"]
    body = {"CustomerRef": {"value": customer(shop, "Credited")}, "Line": [LINE]}
    made = shop.post("creditmemo", {**body, "BillEmail": {"Address": "a@example.com"}})
    url = f"creditmemo/{made['Id']}/send"
    got = shop.call("POST", url, b"", {"Content-Type": "application/octet-stream"})
    sent = got.json["CreditMemo"]

    assert (sent["EmailStatus"], sent["SyncToken"]) == (wanted["EmailStatus"], made["SyncToken"])
    assert set(sent["DeliveryInfo"]) == set(wanted["DeliveryInfo"])
    assert sent["DeliveryInfo"]["DeliveryType"] == wanted["DeliveryInfo"]["DeliveryType"]


def test_an_employee_deactivated_twice_answers_as_recorded(shop: Books) -> None:
    wanted = recorded("quickbooks/employee.deactivate.response.json")["Employee"]
    made = shop.post("employee", {"GivenName": wanted["GivenName"], "FamilyName": wanted["FamilyName"]})
    first = shop.change("employee", made, Active=False)
    again = shop.change("employee", first, Active=False)

    assert set(again) == set(wanted)
    assert again["SyncToken"] == first["SyncToken"] == wanted["SyncToken"]
    for member in ("DisplayName", "PrintOnCheckName", "Active", "BillableTime"):
        assert again[member] == wanted[member], member


@pytest.mark.parametrize("name", ["payment.void_doc.json"])
def test_a_voided_payment_has_what_the_abridged_sample_shows(shop: Books, name: str) -> None:
    wanted = recorded(f"quickbooks/{name}")["Payment"]
    made = shop.post("payment", {"CustomerRef": {"value": customer(shop, "Voids")}, "TotalAmt": 9})
    switch = {"Id": made["Id"], "SyncToken": "0", "sparse": True}
    voided = shop.post("payment?operation=update&include=void", switch)

    assert set(wanted) <= set(voided)
    for member in ("TotalAmt", "UnappliedAmt", "PrivateNote", "SyncToken", "Line", "sparse"):
        assert voided[member] == wanted[member], member


def test_a_bundle_is_read_with_its_parts_as_recorded(fresh: Simulator, shop: Books) -> None:
    wanted = recorded("quickbooks/item.group.read.json")["Item"]
    body = {"realm_id": shop.credentials["realm_id"], "name": "Deluxe Fountain", "parts": {"1": 2}}
    fresh.quickbooks.post("bundle", body)
    (row,) = shop.rows("select * from Item where Name = 'Deluxe Fountain'")
    bundle = shop.get(f"item/{row['Id']}")

    assert set(wanted) - set(bundle) - {"Sku", "Description"} == set()
    assert bundle["Type"] == wanted["Type"]
    part, theirs = (one["ItemGroupDetail"]["ItemGroupLine"][0] for one in (bundle, wanted))
    assert (set(part), set(part["ItemRef"])) == (set(theirs), set(theirs["ItemRef"]))


def test_a_refused_token_answers_the_recorded_members(fresh: Simulator) -> None:
    wanted = recorded("quickbooks/oauth.error_invalid_grant_token.json")
    known = fresh.quickbooks.credentials()
    basic = base64.b64encode(f"{known['client_id']}:{known['client_secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    url = f"{fresh.quickbooks.url}/oauth2/v1/tokens/bearer"
    got = call(url, "POST", "grant_type=refresh_token&refresh_token=AB11nonsense", headers)

    assert (got.status, set(got.json), got.json["error"]) == (400, set(wanted), wanted["error"])


def test_a_first_page_and_the_changes_of_estimates_have_the_recorded_frame(shop: Books) -> None:
    page = recorded("quickbooks/query.page_1_of_6.json")["QueryResponse"]
    for number in range(6):
        shop.post("vendor", {"DisplayName": f"Paged {number}"})
    ours = shop.query("select * from Vendor maxresults 5").json["QueryResponse"]
    assert (set(ours), ours["maxResults"], ours["startPosition"]) == (set(page), 5, page["startPosition"])

    wanted = recorded("quickbooks/cdc.estimates.json")
    shop.post("estimate", {"CustomerRef": {"value": customer(shop, "Estimated")}, "Line": [LINE]})
    got = shop.call("GET", "cdc", entities="Estimate", changedSince="2026-11-01T00:00:00-08:00").json
    block, theirs = (one["CDCResponse"][0]["QueryResponse"][0] for one in (got, wanted))
    assert (set(got), set(block)) == (set(wanted), set(theirs))
    assert all(set(theirs["Estimate"][0]) - set(row) <= _OF_A_LIFE for row in block["Estimate"])


#: Members of a recorded estimate that it got in its own life: accepted, sent, linked, addressed.
_OF_A_LIFE = {
    "AcceptedBy", "AcceptedDate", "BillEmail", "BillAddr", "ShipAddr", "CustomerMemo", "LinkedTxn", "ExpirationDate",
    "DueDate", "DeliveryInfo", "PrivateNote", "CustomField",
}  # fmt: skip


def test_the_preferences_of_a_later_state_have_no_group_that_we_lack(shop: Books) -> None:
    wanted = recorded("quickbooks/preferences.read_2019.json")["Preferences"]

    assert set(wanted) - {"time"} - set(shop.get("preferences")) == set()


@pytest.mark.parametrize(
    "name", ["cloudevents_one", "cloudevents_many_realms", "cloudevents_customer_merged"]
)
def test_events_have_the_members_and_kinds_of_the_recorded_ones(fresh: Simulator, name: str) -> None:
    theirs = {
        "cloudevents_one": recorded("quickbooks/webhook.cloudevents_one.json"),
        "cloudevents_many_realms": recorded("quickbooks/webhook.cloudevents_many_realms.json"),
        "cloudevents_customer_merged": recorded("quickbooks/webhook.cloudevents_customer_merged.json"),
    }[name]
    with endpoint_for() as endpoint:
        first = subscribe(fresh, endpoint)
        second = Books.of(fresh, 1)
        keep, lose = (customer(first, f"{kind} of {name}") for kind in ("Keeps", "Loses"))
        customer(second, f"Elsewhere for {name}")
        endpoint.wait(1)
        ids = {"realm_id": first.credentials["realm_id"], "entity": "Customer", "keep": keep, "lose": lose}
        fresh.quickbooks.post("merge", ids)
        events = [event for body in endpoint.wait(2) for event in body]
    fresh.quickbooks.post("webhooks", {"url": ""})

    for event in events:
        assert {key: type(value) for key, value in event.items()} == {
            key: type(value) for key, value in theirs[0].items()
        }
        assert event["specversion"] == theirs[0]["specversion"]
        assert event["source"].startswith("intuit.")
        assert re.fullmatch(
            r"qbo\.[a-z]+\.(created|updated|deleted|merged|voided|emailed)\.v1", event["type"]
        )
    assert {event["intuitaccountid"] for event in events} == {
        first.credentials["realm_id"],
        second.credentials["realm_id"],
    }
    merged = next(event for event in events if event["type"] == "qbo.customer.merged.v1")
    assert (merged["intuitentityid"], merged["data"]) == (keep, {"deletedid": lose})


def test_a_legacy_notice_of_one_company_has_the_recorded_members(empty_sim: Simulator) -> None:
    wanted = recorded("quickbooks/webhook.legacy_one.json")
    with endpoint_for() as endpoint:
        subscribe(empty_sim, endpoint, format="legacy").post("customer", {"DisplayName": "One"})
        (body,) = endpoint.wait(1)
    ours, theirs = (one["eventNotifications"][0] for one in (body, wanted))

    assert (set(body), set(ours)) == (set(wanted), set(theirs))
    entity, said = (one["dataChangeEvent"]["entities"][0] for one in (ours, theirs))
    assert set(entity) == set(said)


# -- against the field schema and the shapes ------------------------------------------------------------------


def paths(value: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Every key path of an answer with its JSON type, as `qbo_shapes.json` writes them: `Line[].Amount`."""
    kinds = {"number": "number", "bool": "boolean", "str": "string", "list": "list", "dict": "object"}
    for key, inner in value.items():
        path = f"{before}{key}"
        yield path, kinds[_types(inner)]
        if isinstance(inner, dict):
            yield from paths(inner, f"{path}.")
        elif isinstance(inner, list):
            for one in inner:
                if isinstance(one, dict):
                    yield from paths(one, f"{path}[].")


@pytest.fixture(scope="module")
def small() -> Iterator[Simulator]:
    with simulator(only="quickbooks", seed="small") as running:
        yield running


@pytest.mark.parametrize("name", sorted(entity.name for entity in ENTITIES.values()))
def test_answers_have_the_types_of_the_shapes_and_the_fields_of_the_schema(
    small: Simulator, name: str
) -> None:
    seen = recorded("schemas/qbo_shapes.json")["entities"].get(name, {"keys": {}})["keys"]
    schema = recorded("schemas/qbo_schema.json")["entities"].get(name, {}).get("fields", {})
    # members that the API sends beside the schema: 2024 and later
    beside = {"status", "V4IDPseudonym", "ClientEntityId", "IsProject", "LastModifiedByRef"}
    looked_at = 0
    for number in range(3):
        books = Books.of(small, number)
        got = books.query(f"select * from {name} maxresults 30")
        rows = got.json["QueryResponse"].get(name, []) if got.status == 200 else []
        for row in rows:
            looked_at += 1
            if schema:
                assert set(row) - set(schema) - set(seen) - beside == set(), (name, row)
            for path, kind in paths(row):
                if path in seen:
                    assert kind in seen[path][1], (name, path, kind)
    if name in (
        "Customer",
        "Vendor",
        "Item",
        "Invoice",
        "Payment",
        "SalesReceipt",
        "CreditMemo",
        "Estimate",
        "Account",
    ):
        assert looked_at > 0, json.dumps(name)
