"""Customers, vendors and employees: what QuickBooks fills in, refuses and keeps (quickbooks.md 3.1 to 3.4)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from connectors.simulator.testing import Simulator
from tests.shared import recorded
from tests.simulator.wire_client import Books

_numbers = itertools.count()


def _name(label: str = "Name") -> str:
    return f"{label} {next(_numbers)}"


def _customer(books: Books, **fields: Any) -> dict[str, Any]:
    return books.post("customer", {"DisplayName": _name(), **fields})


def test_a_minimal_customer_comes_back_with_every_recorded_default(books: Books) -> None:
    shape = recorded("quickbooks/customer.create_minimal.response.json")["Customer"]
    made = books.post("customer", {"DisplayName": "Doe5, Jane"})
    free = ("Id", "MetaData")
    assert {k: v for k, v in shape.items() if k not in free} == {k: made[k] for k in shape if k not in free}


def test_a_full_customer_comes_back_as_recorded(books: Books) -> None:
    sent = recorded("quickbooks/customer.create_full.request.json")
    shape = recorded("quickbooks/customer.create_full.response.json")["Customer"]
    made = books.post("customer", sent)
    made["BillAddr"].pop("Id")
    shape["BillAddr"].pop("Id")
    free = ("Id", "MetaData")
    assert {k: v for k, v in shape.items() if k not in free} == {k: made[k] for k in shape if k not in free}


def test_the_display_name_is_built_from_the_name_parts(books: Books) -> None:
    made = books.post("customer", {"Title": "Mr", "GivenName": "Built", "FamilyName": "Name", "Suffix": "Jr"})
    assert made["DisplayName"] == "Mr Built Name Jr"
    assert books.call("POST", "customer", {"CompanyName": "Only a company"}).code == "6080"


@pytest.mark.parametrize("other", ["vendor", "employee"])
def test_a_name_belongs_to_one_customer_vendor_or_employee(books: Books, other: str) -> None:
    name = f"{other.title()} Clash"
    body = {"GivenName": other.title(), "FamilyName": "Clash"}
    books.post(other, body if other == "employee" else {"DisplayName": name})
    got = books.call("POST", "customer", {"DisplayName": name.upper()})
    assert (got.status, got.fault) == (
        400,
        recorded("quickbooks/fault.400_6240_duplicate_name.json")["Fault"]["Error"][0],
    )


def test_a_sub_customer_may_carry_a_name_that_a_top_customer_has(books: Books) -> None:
    parent = _customer(books)
    twin = _customer(books)
    child = books.post(
        "customer",
        {"DisplayName": twin["DisplayName"], "Job": True, "ParentRef": {"value": parent["Id"]}},
    )
    assert child["FullyQualifiedName"] == f"{parent['DisplayName']}:{twin['DisplayName']}"
    assert (child["Level"], child["ParentRef"]) == (1, {"value": parent["Id"]})


def test_renaming_a_parent_renames_the_full_names_below_without_their_sync_token(books: Books) -> None:
    parent = _customer(books)
    child = _customer(books, Job=True, ParentRef={"value": parent["Id"]})
    renamed = books.change("customer", parent, DisplayName=_name("Renamed"))
    below = books.get(f"customer/{child['Id']}")
    assert below["FullyQualifiedName"] == f"{renamed['DisplayName']}:{child['DisplayName']}"
    assert below["SyncToken"] == "0"


def test_five_levels_are_enough(books: Books) -> None:
    above = _customer(books)
    for _ in range(4):
        above = _customer(books, Job=True, ParentRef={"value": above["Id"]})
    got = books.call(
        "POST", "customer", {"DisplayName": _name(), "Job": True, "ParentRef": {"value": above["Id"]}}
    )
    assert got.code == "6180"
    assert books.call("POST", "customer", {"DisplayName": _name(), "Job": True}).code == "6150"


def test_deactivation_marks_the_name_and_frees_it(books: Books) -> None:
    made = _customer(books, CompanyName="Stays")
    gone = books.change("customer", made, Active=False)
    name = made["DisplayName"]
    assert (gone["DisplayName"], gone["FullyQualifiedName"]) == (f"{name} (deleted)", f"{name} (deleted)")
    assert (gone["Active"], gone["CompanyName"], gone["PrintOnCheckName"]) == (False, "Stays", "Stays")
    assert books.get(f"customer/{made['Id']}")["Active"] is False
    assert books.rows(f"select * from Customer where Id = '{made['Id']}'") == []
    again = books.post("customer", {"DisplayName": name})
    assert again["Id"] != made["Id"]


def test_a_change_of_nothing_keeps_token_and_time(books: Books) -> None:
    made = _customer(books, Notes="same")
    same = books.change("customer", made, Notes="same")
    assert same == made


def test_sync_tokens_rise_and_stale_ones_are_refused(books: Books) -> None:
    made = _customer(books)
    changed = books.change("customer", made, Notes="one")
    stale = books.call(
        "POST", "customer", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "two"}
    )
    ahead = books.call("POST", "customer", {"Id": made["Id"], "SyncToken": "7", "sparse": True, "Notes": "x"})
    assert changed["SyncToken"] == "1"
    assert (stale.status, stale.code, ahead.code) == (400, "5010", "5010")
    assert set(stale.fault) == set(recorded("quickbooks/fault.400_5010_stale.json")["Fault"]["Error"][0])


def test_a_sparse_update_changes_what_it_names_and_clears_what_it_empties(books: Books) -> None:
    made = _customer(
        books, Notes="keep", PrimaryPhone={"FreeFormNumber": "1"}, BillAddr={"Line1": "a", "City": "b"}
    )
    changed = books.change(
        "customer",
        made,
        PrimaryPhone={"FreeFormNumber": ""},
        BillAddr={"City": "c"},
        WebAddr={},
        MiddleName=None,
    )
    assert "PrimaryPhone" not in changed
    assert changed["Notes"] == "keep"
    assert {k: v for k, v in changed["BillAddr"].items() if k != "Id"} == {"City": "c"}  # replaced whole
    assert changed["BillAddr"]["Id"] == made["BillAddr"]["Id"]
    assert books.change("customer", changed, DisplayName="", Notes="")["DisplayName"] == made["DisplayName"]


def test_a_full_update_clears_what_it_leaves_out(books: Books) -> None:
    made = _customer(books, Notes="gone", PrimaryPhone={"FreeFormNumber": "1"})
    sent = recorded("quickbooks/customer.update_full.request.json")
    sent |= {"Id": made["Id"], "SyncToken": made["SyncToken"], "DisplayName": _name("Full")}
    changed = books.post("customer", sent)
    shape = recorded("quickbooks/customer.update_full.response.json")["Customer"]
    assert set(shape) <= set(changed)
    assert "Notes" not in changed
    assert (changed["PrintOnCheckName"], changed["SyncToken"]) == (sent["DisplayName"], "1")


@pytest.mark.parametrize(
    ("fields", "code", "element"),
    [
        ({"PrimaryPhone": {"FreeFormNumber": "1" * 31}}, "2050", "PrimaryPhone.FreeFormNumber"),
        ({"DisplayName": "x" * 501}, "2050", "DisplayName"),
        ({"GivenName": "x" * 101}, "2050", "GivenName"),
        ({"PrimaryEmailAddr": {"Address": "nobody"}}, "2210", "PrimaryEmailAddr"),
        ({"WebAddr": {"URI": "example.com"}}, "2200", "WebAddr"),
        ({"DisplayName": "a:b"}, "2040", "DisplayName"),
        ({"GivenName": "a\tb"}, "2040", "GivenName"),
        ({"SalesTermRef": {"value": "77"}}, "2500", ""),
        ({"CurrencyRef": {"value": "ZZZ"}}, "2220", "CurrencyRef"),
        ({"Taxable": "perhaps"}, "2230", "Taxable"),
    ],
)
def test_fields_are_checked_as_the_vendor_does(
    books: Books, fields: dict[str, Any], code: str, element: str
) -> None:
    got = books.call("POST", "customer", {"DisplayName": _name(), **fields})
    assert (got.status, got.code, got.fault.get("element")) == (400, code, element)


def test_unknown_properties_are_named_with_the_class(books: Books) -> None:
    got = books.call("POST", "customer", {"DisplayName": _name(), "BadJson": 1})
    assert got.code == "2010"
    assert 'Unrecognized field "BadJson" (class com.intuit.schema.finance.v3.Customer)' in got.fault["Detail"]
    assert "element" not in got.fault
    assert books.call("POST", "customer", "{not json").code == "2010"


def test_bytes_that_are_no_utf8_are_an_unsupported_operation(books: Books) -> None:
    got = books.call("POST", "customer", b'{"DisplayName": "caf\xe9"}')
    assert (got.status, got.code) == (400, "500")
    assert "MalformedByteSequenceException" in got.fault["Detail"]
    assert (
        books.post("customer", {"DisplayName": "Caf\u00e9 \U0001f600"})["DisplayName"]
        == "Caf\u00e9 \U0001f600"
    )


def test_read_only_members_and_numbers_as_text_are_taken_quietly(books: Books) -> None:
    made = _customer(books, Balance="12.50", FullyQualifiedName="Else", Taxable="false", Level=3)
    assert (made["Balance"], made["Taxable"], "Level" in made) == (0, False, False)
    assert made["FullyQualifiedName"] == made["DisplayName"]


def test_a_missing_or_broken_id_is_never_a_404(books: Books) -> None:
    assert (
        books.call("GET", "customer/987654").fault
        == (recorded("quickbooks/fault.400_610_inactive_or_missing.json")["Fault"]["Error"][0])
    )
    broken = books.call("GET", "customer/1.5")
    assert (broken.status, broken.json) == (400, recorded("quickbooks/fault.400_2030_invalid_id.json"))
    nowhere = books.call("GET", "customer/1/5")
    assert (nowhere.status, nowhere.code) == (400, "500")


def test_names_share_one_id_sequence(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    ids = [
        books.post(path, body)["Id"]
        for path, body in (
            ("customer", {"DisplayName": "C"}),
            ("vendor", {"DisplayName": "V"}),
            ("employee", {"GivenName": "E"}),
            ("customer", {"DisplayName": "D"}),
        )
    ]
    assert ids == ["1", "2", "3", "4"]


def test_a_request_id_replays_the_first_answer_and_does_nothing_twice(books: Books) -> None:
    name = _name("Once")
    first = books.call("POST", "customer", {"DisplayName": name}, requestid="same-id")
    second = books.call("POST", "customer", {"DisplayName": "something else"}, requestid="same-id")
    assert first.json["Customer"] == second.json["Customer"]
    assert books.call("POST", "customer", {"DisplayName": _name()}, requestid="x" * 51).code == "2130"


def test_preferences_are_read_and_changed(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    before = books.get("preferences")
    after = books.post(
        "preferences",
        {
            "Id": "1",
            "SyncToken": before["SyncToken"],
            "sparse": True,
            "SalesFormsPrefs": {"CustomTxnNumbers": True},
        },
    )
    assert (before["SalesFormsPrefs"]["CustomTxnNumbers"], after["SalesFormsPrefs"]["CustomTxnNumbers"]) == (
        False,
        True,
    )
    assert after["SalesFormsPrefs"]["AllowDiscount"] is True
    assert set(recorded("quickbooks/preferences.read.json")["Preferences"]) <= set(after)


def test_the_company_tells_what_a_connection_needs(books: Books) -> None:
    company = books.get("companyinfo/" + books.credentials["realm_id"])
    shape = recorded("quickbooks/companyinfo.read.json")["CompanyInfo"]
    assert set(shape) - set(company) <= {"EmployerId"}
    extras = {entry["Name"]: entry["Value"] for entry in company["NameValue"]}
    assert (company["Country"], extras["OfferingSku"], extras["SubscriptionStatus"]) == (
        "US",
        "QuickBooks Online Plus",
        "PAID",
    )


def test_an_answer_is_xml_unless_json_is_asked_for(books: Books) -> None:
    got = books.call("GET", "customer/1", headers={"Accept": "*/*"})
    assert got.headers["content-type"] == "application/xml"
    assert b'<Customer domain="QBO" sparse="false">' in got.body


def test_every_answer_carries_the_recorded_headers(books: Books) -> None:
    sets = recorded("quickbooks/headers.recorded.json")
    transport = {"date", "transfer-encoding", "connection", "content-length", "server", "intuit-tid"}
    got = books.call("GET", "customer/1")
    assert {name.lower() for name in sets["200_read"]} - transport <= set(got.headers)
    assert "intuit_tid" in got.headers
    assert "qbo-version" not in books.call("GET", "customer/1.5").headers


def test_the_books_know_some_of_the_products_that_are_sold(books: Books) -> None:
    rows = books.rows("SELECT * FROM Item WHERE Active IN (true, false) MAXRESULTS 100")
    named = {row["Name"]: (row.get("Sku"), row["Active"]) for row in rows}
    assert named["Garden Design"] == ("SVC-DES", True)
    assert named["Path Light"] == (None, True)
    assert named["Potting Soil 50 l (deleted)"] == ("SOIL-50", False)
    assert "Pest Inspection" not in named
