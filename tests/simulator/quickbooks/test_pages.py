"""The pages of the QuickBooks stand-in: what a person sees and changes."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlencode

from connectors.simulator.testing import Simulator
from tests.simulator.wire_client import Books, Got, call

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _page(books: Books, path: str = "", **query: str) -> Got:
    url = f"{books.side.url}/app/{books.credentials['realm_id']}{path}"
    return call(url + (f"?{urlencode(query)}" if query else ""))


def _submit(books: Books, path: str, **fields: str) -> Got:
    url = f"{books.side.url}/app/{books.credentials['realm_id']}{path}"
    return call(url, "POST", urlencode(fields), FORM)


def _fields(page: Got) -> dict[str, str]:
    """What the edit form holds."""
    text = page.body.decode()
    found = dict(re.findall(r'<input type="(?:text|hidden|date)"[^>]* name="([^"]+)" value="([^"]*)"', text))
    found |= dict(re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', text))
    found |= dict.fromkeys(
        re.findall(r'type="checkbox"[^>]*name="([^"]+)" value="true" checked', text), "true"
    )
    return {name: value.replace("&#x27;", "'").replace("&amp;", "&") for name, value in found.items()}


def test_companies_lists_and_search_lead_to_a_record(books: Books) -> None:
    assert b"Maple Leaf Garden Centre" in call(f"{books.side.url}/app/").body
    assert b"Customer" in _page(books).body
    found = _page(books, "/customer", q="bird").body.decode()
    assert re.findall(r'href="/app/\d+/customer/(\d+)"', found) == ["1"]


def test_a_person_changes_a_phone_number_and_the_api_shows_it(books: Books) -> None:
    fields = _fields(_page(books, "/customer/2"))
    fields["PrimaryPhone.FreeFormNumber"] = "(650) 555-0199"
    saved = _submit(books, "/customer/2", **fields)
    assert saved.status == 303
    assert b"Saved." in call(f"{books.side.url}{saved.headers['location']}").body
    after = books.get("customer/2")
    assert (after["PrimaryPhone"], after["SyncToken"]) == ({"FreeFormNumber": "(650) 555-0199"}, "1")
    assert after["BillAddr"]["City"] == "Half Moon Bay"


def test_a_form_that_changes_nothing_writes_nothing(books: Books) -> None:
    before = books.get("customer/3")
    _submit(books, "/customer/3", **_fields(_page(books, "/customer/3")))
    assert books.get("customer/3") == before


def test_a_refusal_is_shown_beside_what_was_typed(books: Books) -> None:
    fields = _fields(_page(books, "/customer/4"))
    fields["DisplayName"] = "Robertson & Associates"
    page = _submit(books, "/customer/4", **fields)
    assert page.status == 200
    assert b"The name supplied already exists" in page.body
    assert b'value="Robertson &amp; Associates"' in page.body


def test_a_person_can_make_deactivate_and_merge_customers(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    for name in ("Here", "There"):
        _submit(books, "/customer/new", DisplayName=name, Active="true")
    here, there = books.rows("select * from Customer")
    fields = _fields(_page(books, f"/customer/{here['Id']}"))
    del fields["Active"]
    _submit(books, f"/customer/{here['Id']}", **fields)
    assert books.get(f"customer/{here['Id']}")["DisplayName"] == "Here (deleted)"
    _submit(books, f"/customer/{here['Id']}/merge", keep=there["Id"])
    assert books.call("GET", f"customer/{here['Id']}").code == "610"


def test_an_invoice_is_shown_paid_and_voided_by_hand(books: Books) -> None:
    invoice = books.rows("select * from Invoice where CustomerRef = '29'")[0]
    page = _page(books, f"/invoice/{invoice['Id']}").body
    assert b"Receive payment" in page
    assert b"Design" in page
    assert _submit(books, f"/invoice/{invoice['Id']}/pay").status == 303
    assert books.get(f"invoice/{invoice['Id']}")["Balance"] == 0
    _submit(books, f"/invoice/{invoice['Id']}/void")
    assert books.get(f"invoice/{invoice['Id']}")["PrivateNote"] == "Voided"


def test_a_person_makes_an_invoice_and_takes_part_of_the_money(books: Books) -> None:
    assert b"Lines" in _page(books, "/invoice/new").body
    typed = {"Customer": "Mark Cho", "TxnDate": "2026-03-01", "Item1": "4", "Qty1": "2", "Item2": "7", "Qty2": "1",
             "UnitPrice2": "60"}  # fmt: skip
    assert _submit(books, "/invoice/new", **typed).status == 303
    invoice = books.rows("select * from Invoice where TxnDate = '2026-03-01'")[0]
    assert (invoice["CustomerRef"]["name"], invoice["TotalAmt"]) == ("Mark Cho", 210)
    _submit(books, f"/invoice/{invoice['Id']}/pay", amount="60.50")
    assert books.get(f"invoice/{invoice['Id']}")["Balance"] == Decimal("149.50")
    assert b"Invalid Reference Id" in _submit(books, "/invoice/new", **{**typed, "Customer": "99999"}).body
    assert b"Line is missing" in _submit(books, "/estimate/new", Customer="Mark Cho").body


def test_what_people_type_is_never_taken_for_markup(books: Books) -> None:
    made = books.post("customer", {"DisplayName": "<script>alert(1)</script>"})
    assert b"<script>" not in _page(books, f"/customer/{made['Id']}").body
    assert b"<script>" not in _page(books, "/customer", q="<script>").body


def test_pages_are_for_this_machine_and_their_own_forms_only(books: Books) -> None:
    url = f"{books.side.url}/app/{books.credentials['realm_id']}/customer/1"
    assert call(url, headers={"Host": "evil.example"}).status == 403
    assert call(url, "POST", "DisplayName=x", {**FORM, "Origin": "http://evil.example"}).status == 403


def test_the_owner_can_disconnect_the_app(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    _submit(books, "/disconnect")
    assert books.call("GET", "companyinfo/1").status == 401
