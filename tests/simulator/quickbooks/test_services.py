"""Sending, PDFs, attachments, tax codes, exchange rates, reports and merges."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from connectors.simulator.testing import Simulator
from tests.shared import recorded
from tests.simulator.wire_client import Books, Got, call


def _line(amount: Any) -> dict[str, Any]:
    return {
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }


def _invoice(books: Books, amount: Any = 100, customer: str = "2", **fields: Any) -> dict[str, Any]:
    return books.post("invoice", {"CustomerRef": {"value": customer}, "Line": [_line(amount)], **fields})


def _upload(books: Books, metadata: dict[str, Any], content: bytes = b"hello") -> Got:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="file_metadata_01"\r\n'
        b"Content-Type: application/json\r\n\r\n" + json.dumps(metadata).encode() + b"\r\n--B\r\n"
        b'Content-Disposition: form-data; name="file_content_01"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n--B--\r\n"
    )
    return books.call("POST", "upload", body, {"Content-Type": "multipart/form-data; boundary=B"})


def test_sending_marks_the_document_and_leaves_its_sync_token(books: Books) -> None:
    made = _invoice(books)
    assert books.call("POST", f"invoice/{made['Id']}/send").code == "6420"
    sent = books.post(f"invoice/{made['Id']}/send", None, sendTo="a@example.com")
    assert (sent["EmailStatus"], sent["BillEmail"], sent["SyncToken"]) == (
        "EmailSent",
        {"Address": "a@example.com"},
        made["SyncToken"],
    )
    assert set(sent["DeliveryInfo"]) == {"DeliveryType", "DeliveryTime"}


def test_a_document_can_be_had_as_pdf(books: Books) -> None:
    made = _invoice(books)
    got = books.call("GET", f"invoice/{made['Id']}/pdf", headers={"Accept": "application/pdf"})
    assert (got.status, got.headers["content-type"], got.body[:5]) == (200, "application/pdf", b"%PDF-")
    assert books.call("GET", "invoice/99999/pdf").code == "610"


def test_a_file_is_uploaded_linked_found_and_downloaded(books: Books) -> None:
    made = _invoice(books)
    link = {"EntityRef": {"type": "Invoice", "value": made["Id"]}}
    got = _upload(books, {"AttachableRef": [link], "FileName": "a.txt", "ContentType": "text/plain"})
    shape = recorded("quickbooks/attachable.upload.response.json")["AttachableResponse"][0]["Attachable"]
    stored = got.json["AttachableResponse"][0]["Attachable"]
    read = books.get(f"attachable/{stored['Id']}")
    assert (
        set(stored)
        == set(shape)
        == set(recorded("quickbooks/attachable.read.json")["Attachable"])
        == set(read)
    )
    found = books.rows(
        "select * from Attachable where AttachableRef.EntityRef.Type = 'Invoice'"
        f" and AttachableRef.EntityRef.value = '{made['Id']}'"
    )
    assert [row["Id"] for row in found] == [stored["Id"]]
    address = books.call("GET", f"download/{stored['Id']}").body.decode()
    assert call(address).body == b"hello"
    assert call(address.replace("signature=", "signature=0")).status == 403
    books.side.post("clock", {"advance": 1000})
    assert call(address).status == 403
    books.side.post("clock", {"reset": True})


def test_a_refused_upload_is_a_fault_inside_a_200(books: Books) -> None:
    got = _upload(books, {"AttachableRef": [{"EntityRef": {"type": "Estimate", "value": "75"}}]})
    shape = recorded("quickbooks/fault.200_inside_upload.json")
    assert got.status == 200
    assert got.json["AttachableResponse"] == shape["AttachableResponse"]


def test_a_note_is_an_attachable_without_a_file(books: Books) -> None:
    note = books.post("attachable", {"Note": "This is an attached note."})
    assert "FileAccessUri" not in note
    gone = books.post("attachable?operation=delete", {"Id": note["Id"], "SyncToken": "0"})
    assert gone == {"domain": "QBO", "status": "Deleted", "Id": note["Id"]}


def test_a_tax_code_is_made_with_its_rates(books: Books) -> None:
    sent = recorded("quickbooks/taxservice.create.request.json")
    shape = recorded("quickbooks/taxservice.create.response.json")
    got = books.call("POST", "taxservice/taxcode", sent)
    assert (got.status, set(got.json), set(got.json["TaxRateDetails"][0])) == (
        200,
        set(shape),
        set(shape["TaxRateDetails"][0]),
    )
    again = books.call("POST", "taxservice/taxcode", {**sent, "TaxCode": "Another"})
    assert again.code == "6240"


def test_exchange_rates_are_read_and_set(small_sim: Simulator) -> None:
    books = Books.of(small_sim, 2)
    shape = recorded("quickbooks/exchangerate.read.json")["ExchangeRate"]
    first = books.call("GET", "exchangerate", sourcecurrencycode="EUR", asofdate="2026-01-02").json
    books.post("exchangerate", {"SourceCurrencyCode": "EUR", "Rate": 2.5, "AsOfDate": "2026-01-02"})
    second = books.call("GET", "exchangerate", sourcecurrencycode="EUR", asofdate="2026-01-02").json
    assert set(first["ExchangeRate"]) == set(shape)
    assert second["ExchangeRate"]["Rate"] == Decimal("2.5")


def test_the_balance_reports_agree_with_the_customers(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    ids = [books.post("customer", {"DisplayName": name})["Id"] for name in ("Ann", "Bob")]
    _invoice(books, 100, ids[0])
    _invoice(books, "47.60", ids[1], TxnDate="2026-01-02")
    books.post("payment", {"CustomerRef": {"value": ids[0]}, "TotalAmt": 30})
    balance = books.call("GET", "reports/CustomerBalance").json
    shape = recorded("quickbooks/report.customer_balance.json")
    assert set(balance) == set(shape)
    rows = [[cell["value"] for cell in row["ColData"]] for row in balance["Rows"]["Row"] if "ColData" in row]
    assert rows == [["Ann", "70.00"], ["Bob", "47.60"]]
    assert balance["Rows"]["Row"][-1]["Summary"]["ColData"][1]["value"] == "117.60"
    detail = books.call("GET", "reports/CustomerBalanceDetail").json
    assert detail["Rows"]["Row"][-1]["Summary"]["ColData"][5]["value"] == "117.60"
    aged = books.call("GET", "reports/AgedReceivables", report_date="2026-12-31").json
    assert aged["Rows"]["Row"][-1]["Summary"]["ColData"][-1]["value"] == "117.60"


def test_a_report_of_an_earlier_day_shows_the_books_as_they_stood(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    customer = {"CustomerRef": {"value": books.post("customer", {"DisplayName": "Ann"})["Id"]}}
    first = _invoice(books, 100, customer["CustomerRef"]["value"], TxnDate="2026-01-02", DueDate="2026-02-01")
    second = _invoice(books, 50, customer["CustomerRef"]["value"], TxnDate="2026-06-01", DueDate="2026-07-01")

    def paid(day: str, amount: int, *links: tuple[str, int]) -> None:
        lines = [
            {"Amount": part, "LinkedTxn": [{"TxnId": number, "TxnType": "Invoice"}]} for number, part in links
        ]
        books.post("payment", {**customer, "TxnDate": day, "TotalAmt": amount, "Line": lines})

    paid(
        "2026-04-01", 30, (first["Id"], 10), (second["Id"], 20)
    )  # the second is paid for before it is written
    paid("2026-08-01", 90, (first["Id"], 90))

    def total(report: str, day: str) -> str:
        rows = books.call("GET", f"reports/{report}", report_date=day).json["Rows"]["Row"]
        cells = rows[-1]["Summary"]["ColData"]
        return str(cells[5 if report == "CustomerBalanceDetail" else -1]["value"])

    for day, owed in (
        ("2026-01-01", "0.00"),
        ("2026-03-01", "100.00"),
        ("2026-05-01", "70.00"),
        ("2026-06-30", "120.00"),
        ("2026-09-01", "30.00"),
    ):
        for report in ("CustomerBalance", "CustomerBalanceDetail", "AgedReceivables"):
            assert total(report, day) == owed, (report, day)
    aged = books.call("GET", "reports/AgedReceivables", report_date="2026-06-30").json["Rows"]["Row"][0]
    assert [cell["value"] for cell in aged["ColData"]] == ["Ann", "30.00", "", "", "", "90.00", "120.00"]


def test_the_transaction_list_and_the_income_are_computed_from_the_documents(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    customer = books.post("customer", {"DisplayName": "Ann"})["Id"]
    _invoice(books, "47.60", customer, TxnDate="2026-06-14")
    period = {"start_date": "2026-06-01", "end_date": "2026-07-31"}
    listed = books.call("GET", "reports/TransactionList", **period).json
    shape = recorded("quickbooks/report.transaction_list.json")
    assert [c["ColType"] for c in listed["Columns"]["Column"]] == [
        c["ColType"] for c in shape["Columns"]["Column"]
    ]
    cells = listed["Rows"]["Row"][0]["Rows"]["Row"][0]["ColData"]
    assert (cells[1]["value"], cells[-1]["value"]) == ("Invoice", "47.60")
    income = books.call("GET", "reports/ProfitAndLoss", **period).json
    assert [row["group"] for row in income["Rows"]["Row"]] == [
        row["group"] for row in recorded("quickbooks/report.profit_and_loss.json")["Rows"]["Row"]
    ]
    assert income["Rows"]["Row"][-1]["Summary"]["ColData"][1]["value"] == "47.60"
    empty = books.call("GET", "reports/ProfitAndLoss", start_date="2020-01-01", end_date="2020-02-01").json
    assert {"Name": "NoReportData", "Value": "true"} in empty["Header"]["Option"]


def test_a_merge_moves_the_documents_and_the_loser_is_gone(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    keep, lose = (books.post("customer", {"DisplayName": name})["Id"] for name in ("Keep", "Lose"))
    invoice = _invoice(books, 50, lose)
    empty_sim.quickbooks.post(
        "merge",
        {"realm_id": books.credentials["realm_id"], "entity": "Customer", "keep": keep, "lose": lose},
    )
    assert books.call("GET", f"customer/{lose}").code == "610"
    assert books.get(f"invoice/{invoice['Id']}")["CustomerRef"] == {"value": keep, "name": "Keep"}
    assert books.get(f"customer/{keep}")["Balance"] == Decimal("50.00")
    assert empty_sim.quickbooks.log()[-1]["operation"] == "merge"


def test_the_other_transactions_are_stored_by_their_field_lists(books: Books) -> None:
    expense = {
        "Amount": 12,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    }
    bill = books.post("bill", {"VendorRef": {"value": "30"}, "Line": [expense]})
    purchase = books.post(
        "purchase", {"PaymentType": "Cash", "AccountRef": {"value": "35"}, "Line": [expense]}
    )
    entry = {"DetailType": "JournalEntryLineDetail", "Amount": 5}
    sides = [
        {**entry, "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}}}
        for side, account in (("Debit", "35"), ("Credit", "36"))
    ]
    journal = books.post("journalentry", {"Line": sides})
    transfer = books.post(
        "transfer", {"FromAccountRef": {"value": "35"}, "ToAccountRef": {"value": "36"}, "Amount": 5}
    )
    hours = books.post("timeactivity", {"NameOf": "Employee", "EmployeeRef": {"value": "55"}, "Hours": 2})
    assert (bill["TotalAmt"], purchase["TotalAmt"]) == (Decimal("12.00"), Decimal("12.00"))
    assert bill["Line"][0]["AccountBasedExpenseLineDetail"]["AccountRef"]["name"] == "Advertising"
    assert [journal["SyncToken"], transfer["Amount"], hours["Hours"]] == ["0", 5, 2]
    assert books.call("POST", "journalentry", {"Line": sides[:1]}).code == "2300"
    assert books.call("POST", "bill", {"Line": [expense]}).code == "2020"
    assert len(books.rows("select * from Bill")) == 1
