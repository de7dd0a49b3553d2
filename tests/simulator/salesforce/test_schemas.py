"""Objects describe and answer themselves by the vendor's field lists (reference/schemas/sf_describe.json)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shared import recorded
from tests.simulator.salesforce.caller import Caller

OBJECTS = (
    "Account", "Contact", "Opportunity", "Lead", "Case", "OpportunityContactRole", "Product2", "Pricebook2",
    "PricebookEntry", "OpportunityLineItem", "User", "Order", "OrderItem", "Contract", "Organization", "Campaign",
    "Task", "RecordType", "UserRole", "Quote",
)  # fmt: skip
#: Objects that are stored, checked by their fields and queried, with the least that makes one.
THIN: dict[str, dict[str, Any]] = {
    "Lead": {"LastName": "Rossi", "Company": "Rossi & Sons"},
    "Case": {"Subject": "The pump drips"},
    "Task": {"Subject": "Call back"},
    "Event": {"Subject": "Visit", "DurationInMinutes": 30, "ActivityDateTime": "2026-11-07T07:00:00Z"},
    "Campaign": {"Name": "Spring"},
    "Contract": {},
}
#: A text of each that takes a known number of characters.
LONGEST = {
    "Lead": ("Company", 255), "Case": ("Subject", 255), "Task": ("Subject", 255), "Event": ("Location", 255),
    "Campaign": ("Name", 80), "Contract": ("CustomerSignedTitle", 40),
}  # fmt: skip
#: What the recording says of its old server's single bytes.
_OF_THAT_SERVER = {("Opportunity", "Fiscal", "byteLength"), ("Case", "Comments", "byteLength")}


def wanted(name: str) -> dict[str, Any]:
    found: dict[str, Any] = recorded("schemas/sf_describe.json")["objects"][name]
    return found


def described(sf: Caller, name: str) -> dict[str, Any]:
    found: dict[str, Any] = sf.get(f"/sobjects/{name}/describe").json
    return found


def test_every_object_of_the_schema_is_looked_at() -> None:
    assert set(recorded("schemas/sf_describe.json")["objects"]) == set(OBJECTS)


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_has_every_field_of_the_schema_with_its_facts(sf: Caller, name: str) -> None:
    theirs, ours = wanted(name), described(sf, name)
    fields = {one["name"]: one for one in ours["fields"]}
    facts = {
        key: value for key, value in theirs.items() if key in ours and not isinstance(value, dict | list)
    }
    needed = {
        part for one in theirs.get("create_requires", ()) for part in ([one] if isinstance(one, str) else one)
    }
    assert set(theirs["fields"]) - set(fields) == set()
    assert set(theirs.get("object_keys", ())) - set(ours) == set()
    assert {key: ours[key] for key in facts} == facts
    for field, said in theirs["fields"].items():
        compared = set(said) & set(fields[field]) if "soapType" in said else {"nillable"}
        for key in compared - {"picklistValues"}:
            if (name, field, key) not in _OF_THAT_SERVER and not (key == "nillable" and field in needed):
                assert fields[field][key] == said[key], (field, key)


@pytest.mark.parametrize("name", OBJECTS)
def test_parents_read_only_and_required_fields_are_those_of_the_schema(sf: Caller, name: str) -> None:
    theirs, fields = wanted(name), {one["name"]: one for one in described(sf, name)["fields"]}
    parents = {
        one["relationshipName"]: one["referenceTo"] for one in fields.values() if one["relationshipName"]
    }
    for parent, targets in theirs.get("parents", {}).items():
        assert targets == ["Name"] or parents[parent] == targets, parent
    for field in theirs.get("by_hand_readonly", ()):
        assert (fields[field]["createable"], fields[field]["updateable"]) == (False, False), field
    for field in theirs.get("by_hand_not_updateable", ()):
        assert not fields[field]["updateable"], field
    for field, length in theirs.get("by_hand_lengths", {}).items():
        assert length is None or fields[field]["length"] == length, field
    plain = {one for one in theirs.get("create_requires", ()) if isinstance(one, str)}
    if plain:
        refused = sf.post(f"/sobjects/{name}", {})
        assert (refused.status, refused.code) == (400, "REQUIRED_FIELD_MISSING")
        assert set(refused.json[0]["fields"]) >= {
            one for one in plain if not fields[one]["defaultedOnCreate"]
        }


@pytest.mark.parametrize("name", sorted(THIN))
def test_a_thin_object_is_stored_read_in_full_queried_changed_and_deleted(sf: Caller, name: str) -> None:
    values = dict(THIN[name])
    if name == "Contract":
        values["AccountId"] = sf.make("Account", Name="Contracted")
    made = sf.make(name, **values)
    read = sf.read(name, made)
    read.pop("attributes")
    fields = {one["name"]: one for one in described(sf, name)["fields"]}

    assert set(read) == set(fields)
    for field, value in read.items():
        kind = fields[field]["type"]
        if value is None:
            assert fields[field]["nillable"], field
        elif kind == "boolean":
            assert isinstance(value, bool), field
        elif kind in ("int", "double", "currency", "percent"):
            assert type(value) in (int, float), field
        else:
            assert isinstance(value, dict if kind == "address" else str), field
    assert sf.rows(f"SELECT Id FROM {name} WHERE Id = '{made}'") == [{"Id": made}]
    assert sf.patch(f"/sobjects/{name}/{made}", {"Description": "Changed"}).status == 204
    assert sf.read(name, made)["Description"] == "Changed"
    assert sf.delete(f"/sobjects/{name}/{made}").status == 204
    assert sf.rows(f"SELECT Id FROM {name} WHERE Id = '{made}'") == []


@pytest.mark.parametrize("name", sorted(THIN))
def test_a_thin_object_refuses_what_its_field_list_does_not_allow(sf: Caller, name: str) -> None:
    values = dict(THIN[name])
    if name == "Contract":
        values["AccountId"] = sf.make("Account", Name="Contracted")
    field, longest = LONGEST[name]
    for bad, code in (
        ({"Nope": 1}, "INVALID_FIELD"),
        ({field: "x" * (longest + 1)}, "STRING_TOO_LONG"),
        ({"CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"OwnerId": "001000000000000AAA"}, "MALFORMED_ID"),
    ):
        refused = sf.post(f"/sobjects/{name}", {**values, **bad})
        assert (refused.status, refused.code) == (400, code), (bad, refused.text)
    if name in ("Lead", "Campaign", "Contract"):
        assert sf.post(f"/sobjects/{name}", {}).code == "REQUIRED_FIELD_MISSING"


def test_whatever_a_field_refers_to_can_be_described(sf: Caller) -> None:
    targets = {
        target
        for name in (one["name"] for one in sf.get("/sobjects").json["sobjects"])
        for field in described(sf, name)["fields"]
        for target in field["referenceTo"]
    }
    assert [one for one in sorted(targets) if sf.get(f"/sobjects/{one}/describe").status != 200] == []


def test_a_parent_of_a_kind_that_the_org_does_not_have_is_no_relationship(sf: Caller) -> None:
    made = sf.side.post("orgs", {"name": "No quotes", "quotes": False, "orders": False, "seed": "empty"})
    without = Caller(sf.side, made["access_token"])
    assert without.query("SELECT SyncedQuote.Name FROM Opportunity").code == "INVALID_FIELD"


def test_an_activated_contract_tells_who_and_when(sf: Caller) -> None:
    made = sf.make("Contract", AccountId=sf.make("Account", Name="Contracted"))
    assert sf.read("Contract", made)["ActivatedDate"] is None
    sf.patch(f"/sobjects/Contract/{made}", {"Status": "Activated"})
    contract = sf.read("Contract", made)

    assert (contract["StatusCode"], contract["ActivatedById"]) == (
        "Activated",
        sf.side.credentials()["user_id"],
    )
    assert contract["ActivatedDate"]
