"""Change events and platform events at the long-poll side door (reference/salesforce.md 5.4, 5.5)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from connectors.simulator.testing import Side, simulator
from tests.shared import recorded
from tests.simulator.salesforce.caller import Caller, caller_of
from tests.simulator.salesforce.test_metadata import XMLNS, custom_object, deploy, field, package, result
from tests.simulator.salesforce.test_recorded import shape

ACCOUNTS = "/data/AccountChangeEvent"


@pytest.fixture
def side() -> Iterator[Side]:
    with simulator(only="salesforce", seed="empty") as running:
        running.salesforce.post("settings", {"change_events": ["Account"]})
        yield running.salesforce


def read(side: Side, channel: str = ACCOUNTS, after: int = -2, wait: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = side.get(f"events?channel={quote(channel)}&after={after}&wait={wait}")
    return found


def payloads(side: Side, channel: str = ACCOUNTS, after: int = -2) -> list[dict[str, Any]]:
    return [one["data"]["payload"] for one in read(side, channel, after)["events"]]


def kinds(side: Side) -> list[str]:
    return [one["ChangeEventHeader"]["changeType"] for one in payloads(side)]


def same_shape_where_told(mine: Any, theirs: Any) -> None:
    """Header alike in keys and types; every field that both name is null or of the same type."""
    assert set(mine["ChangeEventHeader"]) == set(theirs["ChangeEventHeader"])
    ours = {name for name in theirs if not name.endswith("__c")} & set(mine)
    assert {"Name", "ParentId", "BillingAddress", "Phone", "OwnerId", "LastModifiedDate"} <= ours
    for name in ours - {"ChangeEventHeader"}:
        if mine[name] is not None and theirs[name] is not None:
            assert type(mine[name]) is type(theirs[name]), name


def test_a_new_record_is_told_with_all_its_values(side: Side) -> None:
    caller = caller_of(side)
    made = caller.post(
        "/sobjects/Account",
        {"Name": "Acme", "BillingStreet": "415 Mission Street", "BillingCity": "San Francisco"},
        Sforce_Call_Options="client=QboPortal",
    ).json["id"]
    (event,) = payloads(side)
    theirs = recorded("salesforce/cdc/account_create.pubsub.json")
    same_shape_where_told(event, theirs)
    header = event["ChangeEventHeader"]
    assert (header["entityName"], header["recordIds"], header["changeType"]) == ("Account", [made], "CREATE")
    assert header["changeOrigin"] == "com/salesforce/api/rest/66.0;client=QboPortal"
    assert (header["changedFields"], header["nulledFields"], header["diffFields"]) == ([], [], [])
    assert event["Name"] == "Acme"
    assert set(event["BillingAddress"]) == set(theirs["BillingAddress"])
    assert event["BillingAddress"]["Street"] == "415 Mission Street"
    assert event["Phone"] is None


def test_an_update_tells_only_what_changed_and_marks_it(side: Side) -> None:
    caller = caller_of(side)
    made = caller.make("Account", Name="Acme", BillingStreet="415 Mission Street", Phone="1")
    caller.patch(f"/sobjects/Account/{made}", {"BillingStreet": "Suite B", "Phone": None, "Name": "Acme"})
    event = payloads(side)[-1]
    same_shape_where_told(event, recorded("salesforce/cdc/account_update.pubsub.json"))
    header = event["ChangeEventHeader"]
    assert header["changeType"] == "UPDATE"
    top, inner = header["changedFields"]
    place = list(event).index("BillingAddress")
    assert inner == f"{place}-0x01"
    bit = 1 << list(event).index("Phone")
    assert int(top, 16) & bit
    assert header["nulledFields"] == [f"0x{bit:X}".replace("0x", "0x0" if len(f"{bit:X}") % 2 else "0x")]
    assert event["BillingAddress"] == {**dict.fromkeys(event["BillingAddress"]), "Street": "Suite B"}
    assert event["Name"] is None


def test_the_same_change_of_many_records_becomes_one_event(side: Side) -> None:
    caller = caller_of(side)
    made = [caller.make("Account", Name=f"A{number}") for number in range(3)]
    records = [{"attributes": {"type": "Account"}, "id": one, "Industry": "Apparel"} for one in made]
    assert all(one["success"] for one in caller.patch("/composite/sobjects", {"records": records}).json)
    event = payloads(side)[-1]
    same_shape_where_told(event, recorded("salesforce/cdc/account_update_merged.pubsub.json"))
    assert event["ChangeEventHeader"]["recordIds"] == made
    assert event["Industry"] == "Apparel"
    assert len(payloads(side)) == 4


def test_deleting_restoring_and_merging_are_told_and_purging_is_not(side: Side) -> None:
    caller = caller_of(side)
    made, other = caller.make("Account", Name="A"), caller.make("Account", Name="B")
    caller.delete(f"/sobjects/Account/{made}")
    side.post("records", {"object": "Account", "action": "undelete", "id": made})
    side.post("records", {"object": "Account", "action": "merge", "id": made, "losers": [other]})
    side.post("records", {"object": "Account", "action": "purge", "id": other})
    assert kinds(side) == ["CREATE", "CREATE", "DELETE", "UNDELETE", "DELETE", "UPDATE"]
    assert payloads(side)[2]["Name"] is None
    assert payloads(side)[3]["Name"] == "A"


def test_a_refused_write_is_not_told(side: Side) -> None:
    caller = caller_of(side)
    records = [
        {"attributes": {"type": "Account"}, "Name": "Good"},
        {"attributes": {"type": "Account"}, "Name": ""},
    ]
    caller.post("/composite/sobjects", {"allOrNone": True, "records": records})
    assert read(side) == {"events": [], "replay": 0}


def test_gaps_say_only_that_something_was_missed(side: Side) -> None:
    made = caller_of(side).make("Account", Name="A")
    side.post("events", {"object": "Account", "change": "GAP_CREATE", "ids": [made]})
    side.post("events", {"object": "Account", "change": "GAP_OVERFLOW"})
    for event, name in zip(payloads(side)[1:], ("gap_create", "gap_overflow"), strict=True):
        theirs = recorded(f"salesforce/cdc/{name}.pubsub.json")
        assert set(event["ChangeEventHeader"]) == set(theirs["ChangeEventHeader"])
        assert event["ChangeEventHeader"]["changeType"] == theirs["ChangeEventHeader"]["changeType"]
        assert [
            value for key, value in event.items() if key != "ChangeEventHeader" and value is not None
        ] == []
    assert payloads(side)[-1]["ChangeEventHeader"]["recordIds"] == ["000000000000000AAA"]


def test_a_reader_goes_on_where_it_stopped_and_waits_for_the_next(side: Side) -> None:
    caller = caller_of(side)
    caller.make("Account", Name="First")
    seen = read(side)["replay"]
    threading.Timer(0.3, lambda: caller.make("Account", Name="Second")).start()
    began = time.monotonic()
    (event,) = read(side, after=seen, wait=10)["events"]
    assert time.monotonic() - began < 8
    assert event["data"]["payload"]["Name"] == "Second"
    assert event["data"]["event"]["replayId"] == seen + 1
    assert read(side, "/data/ChangeEvents")["events"] == read(side)["events"]
    assert read(side, after=seen + 1, wait=1)["events"] == []


def test_events_older_than_72_hours_are_gone(side: Side) -> None:
    caller = caller_of(side)
    for name in ("A", "B"):
        caller.make("Account", Name=name)
    side.post("clock", {"advance": 73 * 3600})
    side.post("records", {"object": "Account", "action": "create", "values": {"Name": "C"}})
    assert [one["Name"] for one in payloads(side)] == ["C"]
    assert "72 hours" in refusal(side, f"events?channel={ACCOUNTS}&after=1")


def refusal(side: Side, path: str) -> str:
    reply = Caller(side).call("GET", f"/_sim/{path}")
    assert reply.status == 400
    error: str = reply.json["error"]
    return error


def test_only_selected_objects_have_a_channel_and_five_at_most(side: Side) -> None:
    assert "not switched on" in refusal(side, "events?channel=/data/ContactChangeEvent")
    assert "no such channel" in refusal(side, "events?channel=/data/NothingChangeEvent")
    assert "no such platform event" in refusal(side, "events?channel=/event/Nothing__e")
    member = (
        f'<?xml version="1.0"?><PlatformEventChannelMember {XMLNS}><eventChannel>ChangeEvents</eventChannel>'
        "<selectedEntity>ContactChangeEvent</selectedEntity></PlatformEventChannelMember>"
    )
    files = {
        "package.xml": package(PlatformEventChannelMember=["ContactChangeEvent"]),
        "platformEventChannelMembers/ContactChangeEvent.platformEventChannelMember": member,
    }
    assert deployed(side, files)["success"] is True
    assert side.get("settings")["change_events"] == ["Account", "Contact"]
    six = ["Account", "Contact", "Opportunity", "OpportunityLineItem", "Product2", "PricebookEntry"]
    body = {"change_events": six}
    assert "at most 5" in Caller(side).call("POST", "/_sim/settings", body).json["error"]
    caller_of(side).make("Contact", LastName="Doe", FirstName="Jane")
    name = payloads(side, "/data/ContactChangeEvent")[0]["Name"]
    assert (name["FirstName"], name["LastName"]) == ("Jane", "Doe")


def deployed(side: Side, files: dict[str, str]) -> dict[str, Any]:
    caller = caller_of(side)
    return result(caller, deploy(caller, files))


@pytest.fixture
def printer(side: Side) -> Caller:
    """An org with the platform event of the vendor's example."""
    own = "<label>Low Ink</label><pluralLabel>Low Inks</pluralLabel><eventType>HighVolume</eventType>"
    inside = field("Printer_Model__c") + field("Serial_Number__c")
    inside += field("Ink_Percentage__c", "Number", "<precision>4</precision><scale>2</scale>")
    files = {
        "package.xml": package(CustomObject=["Low_Ink__e"]),
        "objects/Low_Ink__e.object": custom_object(inside, own),
    }
    outcome = deployed(side, files)
    assert outcome["success"] is True, outcome
    return caller_of(side)


def test_a_platform_event_is_published_by_rest_and_read_from_its_channel(printer: Caller, side: Side) -> None:
    values = {"Printer_Model__c": "XZO-5", "Serial_Number__c": "12345", "Ink_Percentage__c": 0.2}
    reply = printer.post("/sobjects/Low_Ink__e", values)
    theirs = recorded("salesforce/platform_event/publish_rest.201.json")
    assert reply.status == 201
    assert shape(reply.json) == shape(theirs)
    assert reply.json["id"].startswith("e0")
    assert reply.json["errors"][0]["statusCode"] == "OPERATION_ENQUEUED"
    (event,) = read(side, "/event/Low_Ink__e")["events"]
    message = recorded("salesforce/platform_event/cometd_message.json")
    assert shape(event) == shape(message)
    assert {name: event["data"]["payload"][name] for name in values} == values
    assert event["data"]["event"]["EventUuid"] == reply.json["errors"][0]["message"]


def test_a_platform_event_is_checked_as_a_record_is_and_cannot_be_queried(
    printer: Caller, side: Side
) -> None:
    assert printer.post("/sobjects/Low_Ink__e", {"Nothing__c": 1}).code == "INVALID_FIELD"
    assert printer.query("SELECT Id FROM Low_Ink__e").status == 400
    assert printer.patch("/sobjects/Low_Ink__e/e00000000000001AAA", {}).status in (400, 404, 405)
    assert printer.get("/sobjects/Low_Ink__e/describe").json["queryable"] is False
    assert read(side, "/event/Low_Ink__e")["events"] == []


def test_a_locked_record_is_refused_as_often_as_asked(side: Side) -> None:
    caller = caller_of(side)
    held, free = caller.make("Account", Name="Held"), caller.make("Account", Name="Free")
    side.post("locks", {"ids": [held], "times": 1})
    records = [{"attributes": {"type": "Account"}, "id": one, "Phone": "1"} for one in (held, free)]
    first, second = caller.patch("/composite/sobjects", {"records": records}).json
    assert (first["success"], first["errors"][0]["statusCode"]) == (False, "UNABLE_TO_LOCK_ROW")
    assert second["success"] is True
    assert caller.patch(f"/sobjects/Account/{held}", {"Phone": "1"}).status == 204
