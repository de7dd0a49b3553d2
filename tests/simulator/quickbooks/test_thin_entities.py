"""Entities without accounting effect: stored, checked by their field lists, queried, shown (quickbooks.md 3, 8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.wire_client import Books, call


def account(number: str) -> dict[str, Any]:
    return {"AccountRef": {"value": number}}


EXPENSE = {
    "Amount": 5,
    "DetailType": "AccountBasedExpenseLineDetail",
    "AccountBasedExpenseLineDetail": account("80"),
}
ITEM = {
    "Amount": 5,
    "DetailType": "ItemBasedExpenseLineDetail",
    "ItemBasedExpenseLineDetail": {"ItemRef": {"value": "11"}, "Qty": 1, "UnitPrice": 5},
}


def journal(posting: str, number: str) -> dict[str, Any]:
    detail = {"PostingType": posting, **account(number)}
    return {"Amount": 5, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}


def deposit() -> dict[str, Any]:
    return {"Amount": 5, "DetailType": "DepositLineDetail", "DepositLineDetail": account("80")}


#: Path, entity, a field that a condition may name, and the least that makes one ("vendor": one of the company's).
THIN: list[tuple[str, str, dict[str, Any]]] = [
    ("bill", "Bill", {"VendorRef": "vendor", "Line": [EXPENSE]}),
    ("vendorcredit", "VendorCredit", {"VendorRef": "vendor", "Line": [EXPENSE]}),
    ("purchaseorder", "PurchaseOrder", {"VendorRef": "vendor", "APAccountRef": "payable", "Line": [ITEM]}),
    ("purchase", "Purchase", {"PaymentType": "Cash", **account("35"), "Line": [EXPENSE]}),
    ("journalentry", "JournalEntry", {"Line": [journal("Debit", "80"), journal("Credit", "35")]}),
    ("deposit", "Deposit", {"DepositToAccountRef": {"value": "35"}, "Line": [deposit()]}),
    (
        "transfer",
        "Transfer",
        {"FromAccountRef": {"value": "35"}, "ToAccountRef": {"value": "36"}, "Amount": 5},
    ),
    ("timeactivity", "TimeActivity", {"NameOf": "Employee", "EmployeeRef": "employee", "Hours": 2}),
    (
        "billpayment",
        "BillPayment",
        {
            "VendorRef": "vendor",
            "PayType": "Check",
            "CheckPayment": {"BankAccountRef": {"value": "35"}},
            "TotalAmt": 5,
            "Line": "bill",
        },
    ),
    ("employee", "Employee", {"GivenName": "Thin", "FamilyName": "Entity"}),
]
NAMES = [path for path, _, _ in THIN]


def found(books: Books, statement: str) -> dict[str, str]:
    return {"value": books.rows(statement)[0]["Id"]}


def body_of(books: Books, template: dict[str, Any]) -> dict[str, Any]:
    """The template with what the company has in place of the words."""
    named = {
        "vendor": lambda: found(books, "select * from Vendor"),
        "employee": lambda: found(books, "select * from Employee"),
        "payable": lambda: found(books, "select * from Account where AccountType = 'Accounts Payable'"),
        "bill": lambda: [paid(books)],
    }
    return {
        key: named[value]() if isinstance(value, str) and value in named else value
        for key, value in template.items()
    }


def paid(books: Books) -> dict[str, Any]:
    bill = books.post("bill", body_of(books, THIN[0][2]))
    return {"Amount": 5, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}


@pytest.mark.parametrize(("path", "name", "template"), THIN, ids=NAMES)
def test_a_thin_entity_is_made_read_queried_changed_and_shown(
    books: Books, path: str, name: str, template: dict[str, Any]
) -> None:
    made = books.post(path, body_of(books, template))
    field = {"timeactivity": "Description", "employee": "Title"}.get(path, "PrivateNote")
    changed = books.change(path, made, **{**body_of(books, template), field: "Noted"})

    assert (made["SyncToken"], changed["SyncToken"], changed[field]) == ("0", "1", "Noted")
    assert books.get(f"{path}/{made['Id']}") == changed
    assert books.rows(f"select * from {name} where Id = '{made['Id']}'") == [changed]
    page = call(f"{books.side.url}/app/{books.credentials['realm_id']}/{path}/{made['Id']}")
    assert page.status == 200
    if path != "employee":
        gone = books.post(f"{path}?operation=delete", {"Id": made["Id"], "SyncToken": "1"})
        assert gone["status"] == "Deleted"
        assert books.call("GET", f"{path}/{made['Id']}").code == "610"


@pytest.mark.parametrize(("path", "name", "template"), THIN, ids=NAMES)
def test_a_thin_entity_refuses_what_its_field_list_does_not_allow(
    books: Books, path: str, name: str, template: dict[str, Any]
) -> None:
    body = body_of(books, template)
    field, longest = {"timeactivity": ("Description", 4000), "employee": ("GivenName", 100)}.get(
        path, ("PrivateNote", 4000)
    )
    nothing = books.call("POST", path, {})

    assert books.call("POST", path, {**body, "Nope": 1}).code == "2010"
    assert books.call("POST", path, {**body, field: "x" * (longest + 1)}).code == "2050"
    assert (nothing.status, nothing.code) == (400, "2020")
    assert books.query(f"select * from {name} where Nope = '1'").code == "4001"
