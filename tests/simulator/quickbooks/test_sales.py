"""Sales documents to the cent: lines, tax, links, voids (quickbooks.md 3.6 to 3.19)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.simulator.testing import Simulator
from tests.shared import recorded
from tests.simulator.wire_client import Books


def _line(item: str = "1", amount: Any = None, **detail: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}, **detail},
    }
    return line if amount is None else {**line, "Amount": amount}


def _taxed(item: str, amount: Any, code: str = "TAX", **detail: Any) -> dict[str, Any]:
    return _line(item, amount, TaxCodeRef={"value": code}, **detail)


def _invoice(books: Books, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return books.post(
        "invoice", {"CustomerRef": {"value": "1"}, "Line": list(lines) or [_line("1", 100)], **fields}
    )


def _pay(books: Books, amount: Any, *targets: tuple[str, Any, Any], customer: str = "1") -> dict[str, Any]:
    lines = [
        {"Amount": part, "LinkedTxn": [{"TxnId": target["Id"], "TxnType": kind}]}
        for kind, target, part in targets
    ]
    return books.post("payment", {"CustomerRef": {"value": customer}, "TotalAmt": amount, "Line": lines})


def test_a_minimal_invoice_gets_the_recorded_defaults(books: Books) -> None:
    sent = recorded("quickbooks/invoice.create_minimal.request.json")
    shape = recorded("quickbooks/invoice.create_minimal.response.json")["Invoice"]
    made = books.post("invoice", sent)
    assert set(shape) <= set(made)
    item, subtotal = made["Line"]
    assert (item["Id"], item["LineNum"], item["Amount"]) == ("1", 1, Decimal("100.00"))
    assert item["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}
    assert subtotal == shape["Line"][1]
    same = ("PrintStatus", "EmailStatus", "TotalAmt", "Balance", "LinkedTxn", "TxnTaxDetail", "CustomField")
    assert {name: made[name] for name in same} == {name: shape[name] for name in same}


def test_discount_shipping_deposit_and_tax_add_up_as_documented(books: Books) -> None:
    made = _invoice(
        books,
        _taxed("5", 50, Qty=1, UnitPrice=50),
        _line("SHIPPING_ITEM_ID", 2),
        {
            "DetailType": "DiscountLineDetail",
            "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10},
        },
        Deposit=12,
    )
    kinds = [line["DetailType"] for line in made["Line"]]
    assert kinds == [
        "SalesItemLineDetail",
        "SubTotalLineDetail",
        "DiscountLineDetail",
        "SalesItemLineDetail",
    ]
    assert made["Line"][2]["Amount"] == Decimal("5.00")
    assert made["TxnTaxDetail"]["TotalTax"] == Decimal("4.00")  # 8 % of the undiscounted 50
    assert (made["TotalAmt"], made["Balance"]) == (Decimal("51.00"), Decimal("39.00"))
    after = _invoice(
        books,
        _taxed("5", 50),
        {"Amount": 5, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}},
        ApplyTaxAfterDiscount=True,
    )
    assert after["TxnTaxDetail"]["TotalTax"] == Decimal("3.60")


def test_the_recorded_three_line_tax_example_comes_out_to_the_cent(books: Books) -> None:
    shape = recorded("quickbooks/invoice.read_tax_customfield_linked.json")["Invoice"]
    lines = [line for line in shape["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    made = _invoice(books, *lines)
    assert made["TxnTaxDetail"] == shape["TxnTaxDetail"]
    assert made["TotalAmt"] == shape["TotalAmt"]


def test_an_amount_must_be_quantity_times_price_rounded(books: Books) -> None:
    bad = {"CustomerRef": {"value": "1"}, "Line": [_line("1", 1000, Qty=3, UnitPrice=333)]}
    got = books.call("POST", "invoice", bad)
    assert (got.code, got.fault) == (
        "6070",
        recorded("quickbooks/fault.400_6070_amount_mismatch.json")["Fault"]["Error"][0],
    )
    made = _invoice(books, _line("1", "7.96", Qty=15, UnitPrice="0.5306667"))
    assert made["TotalAmt"] == Decimal("7.96")


def test_a_line_without_an_item_is_text_and_does_not_count(books: Books) -> None:
    text = {
        "DetailType": "SalesItemLineDetail",
        "Amount": 50,
        "Description": "words",
        "SalesItemLineDetail": {},
    }
    made = _invoice(books, _line("1", 10), text)
    assert made["TotalAmt"] == Decimal("10.00")
    assert made["Line"][1]["DetailType"] == "DescriptionOnly"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Line": [{"Amount": 5}]}, "2020"),
        ({"Line": []}, "2020"),
        ({"Line": [_line("999", 5)]}, "2500"),
        ({"Line": [_taxed("1", 5, "3")]}, "6100"),
        ({"Line": [{"DetailType": "DiscountLineDetail", "DiscountLineDetail": {}}]}, "6090"),
        ({"CustomerRef": {"value": "98765"}}, "2500"),
        ({"EmailStatus": "NeedToSend"}, "6420"),
        ({"DocNumber": "x" * 22}, "2050"),
        ({"CustomField": [{"DefinitionId": "9", "StringValue": "x"}]}, "3000"),
        ({"PrintStatus": "Perhaps"}, "2170"),
        ({"TxnDate": "yesterday"}, "2060"),
        ({"CurrencyRef": {"value": "EUR"}}, "6000"),
        ({"LinkedTxn": [{"TxnId": "99999", "TxnType": "Estimate"}]}, "620"),
    ],
)
def test_what_an_invoice_may_not_be(books: Books, fields: dict[str, Any], code: str) -> None:
    got = books.call("POST", "invoice", {"CustomerRef": {"value": "1"}, "Line": [_line("1", 5)], **fields})
    assert (got.status, got.code) == (400, code)


def test_numbers_count_up_and_doubles_are_refused_unless_allowed(books: Books) -> None:
    first, second = _invoice(books), _invoice(books)
    assert int(second["DocNumber"]) == int(first["DocNumber"]) + 1
    body = {"CustomerRef": {"value": "1"}, "Line": [_line("1", 5)], "DocNumber": first["DocNumber"]}
    got = books.call("POST", "invoice", body)
    assert got.code == "6140"
    assert (
        f"DocNumber={first['DocNumber']} is assigned to TxnType=Invoice with TxnId={first['Id']}"
        in (got.fault["Detail"])
    )
    assert books.call("POST", "invoice", body, include="allowduplicatedocnum").status == 200


def test_with_own_numbers_switched_on_an_omitted_number_stays_away(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    preferences = books.get("preferences")
    books.change("preferences", preferences, SalesFormsPrefs={"CustomTxnNumbers": True})
    books.post("customer", {"DisplayName": "One"})
    assert "DocNumber" not in _invoice(books)


def test_the_due_date_comes_from_the_terms(books: Books) -> None:
    plain = _invoice(books, TxnDate="2026-01-10")
    terms = _invoice(books, TxnDate="2026-01-10", SalesTermRef={"value": "2"})
    own = _invoice(books, TxnDate="2026-01-10", DueDate="2026-01-11")
    assert [plain["DueDate"], terms["DueDate"], own["DueDate"]] == ["2026-02-09", "2026-01-25", "2026-01-11"]


def test_sparse_lines_are_the_whole_new_list(books: Books) -> None:
    made = _invoice(books, _line("1", 10), _line("2", 20))
    first = made["Line"][0]
    changed = books.change("invoice", made, Line=[{**first, "Amount": 15}, _line("4", 5)])
    assert [line.get("Id") for line in changed["Line"]] == ["1", "3", None]
    assert changed["TotalAmt"] == Decimal("20.00")
    untouched = books.change("invoice", changed, PrivateNote="hello")
    assert untouched["Line"] == changed["Line"]


def test_a_full_update_of_a_receipt_resets_what_it_leaves_out_as_recorded(books: Books) -> None:
    sent = recorded("quickbooks/salesreceipt.update_full.request.json")
    shape = recorded("quickbooks/salesreceipt.update_full.response.json")["SalesReceipt"]
    made = books.post(
        "salesreceipt", {"CustomerRef": {"value": "2"}, "TxnDate": "2026-01-02", "Line": [_line("4", 75)]}
    )
    changed = books.post("salesreceipt", {**sent, "Id": made["Id"], "SyncToken": made["SyncToken"]})
    assert changed["TxnDate"] != "2026-01-02"
    assert changed["Line"][0]["Id"] != made["Line"][0]["Id"]
    assert {"CustomerRef", "BillAddr", "CustomerMemo"}.isdisjoint(changed)
    assert changed["DocNumber"] == made["DocNumber"]
    assert set(shape) <= set(changed)


def test_a_payment_settles_its_invoice_and_the_balances(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    customer = books.post("customer", {"DisplayName": "Payer"})
    invoice = _invoice(books, _line("1", 100))
    sent = recorded("quickbooks/payment.create.request.json")
    shape = recorded("quickbooks/payment.read.json")["Payment"]
    sent |= {"CustomerRef": {"value": "1"}}
    sent["Line"][0]["LinkedTxn"][0]["TxnId"] = invoice["Id"]
    payment = books.post("payment", sent)
    after = books.get(f"invoice/{invoice['Id']}")
    assert set(shape) - set(payment) <= {"PaymentMethodRef"}
    assert payment["UnappliedAmt"] == 0
    assert (after["Balance"], after["LinkedTxn"], after["SyncToken"]) == (
        Decimal("75.00"),
        [{"TxnId": payment["Id"], "TxnType": "Payment"}],
        "1",
    )
    owner = books.get(f"customer/{customer['Id']}")
    assert (owner["Balance"], owner["SyncToken"]) == (Decimal("75.00"), "0")


def test_too_much_money_stays_unapplied(books: Books) -> None:
    invoice = _invoice(books, _line("1", 100))
    over = _pay(books, 150, ("Invoice", invoice, 150))
    late = _pay(books, 30, ("Invoice", invoice, 30))
    assert (over["UnappliedAmt"], over["Line"][0]["Amount"]) == (Decimal("50.00"), Decimal("100.00"))
    assert (late["UnappliedAmt"], late["Line"]) == (Decimal("30.00"), [])
    body = {
        "CustomerRef": {"value": "2"},
        "TotalAmt": 5,
        "Line": [{"Amount": 5, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
    }
    assert books.call("POST", "payment", body).code == "620"


def test_a_credit_is_applied_by_a_payment_of_nothing(books: Books) -> None:
    credit = books.post("creditmemo", {"CustomerRef": {"value": "3"}, "Line": [_line("3", 50)]})
    invoice = books.post("invoice", {"CustomerRef": {"value": "3"}, "Line": [_line("3", 80)]})
    payment = _pay(books, 0, ("Invoice", invoice, 50), ("CreditMemo", credit, 50), customer="3")
    assert credit["RemainingCredit"] == Decimal("50.00")
    assert payment["UnappliedAmt"] == 0
    assert books.get(f"creditmemo/{credit['Id']}")["RemainingCredit"] == 0
    assert books.get(f"invoice/{invoice['Id']}")["Balance"] == Decimal("30.00")


def test_a_void_empties_the_invoice_and_frees_the_payment(books: Books) -> None:
    invoice = _invoice(books, _line("4", 150, Qty=2, UnitPrice=75))
    payment = _pay(books, 150, ("Invoice", invoice, 150))
    ids = {"Id": invoice["Id"], "SyncToken": "1"}
    voided = books.post("invoice?operation=void", ids)
    shape = recorded("quickbooks/invoice.void.response.json")["Invoice"]
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"], voided["LinkedTxn"]) == (
        0,
        0,
        "Voided",
        [],
    )
    assert voided["Line"][0]["SalesItemLineDetail"]["Qty"] == 0
    assert voided["DocNumber"] == invoice["DocNumber"]
    assert set(shape) <= set(voided)
    freed = books.get(f"payment/{payment['Id']}")
    assert (freed["UnappliedAmt"], freed["Line"]) == (Decimal("150.00"), [])


def test_a_deleted_invoice_is_gone_and_its_payment_stays(books: Books) -> None:
    invoice = _invoice(books)
    payment = _pay(books, 100, ("Invoice", invoice, 100))
    got = books.call("POST", "invoice?operation=delete", {"Id": invoice["Id"], "SyncToken": "1"})
    shape = recorded("quickbooks/invoice.delete.response.json")
    assert {k: v for k, v in got.json["Invoice"].items() if k != "Id"} == {
        k: v for k, v in shape["Invoice"].items() if k != "Id"
    }
    assert books.call("GET", f"invoice/{invoice['Id']}").code == "610"
    assert books.get(f"payment/{payment['Id']}")["UnappliedAmt"] == Decimal("100.00")


def test_closed_books_and_deposited_money_are_left_alone(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    books.post("customer", {"DisplayName": "One"})
    payment = books.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 10})
    deposit_line = {
        "Amount": 10,
        "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}],
    }
    books.post("deposit", {"DepositToAccountRef": {"value": "35"}, "Line": [deposit_line]})
    ids = {"Id": payment["Id"], "SyncToken": "0"}
    assert books.call("POST", "payment?operation=delete", ids).code == "6540"
    books.change("preferences", books.get("preferences"), AccountingInfoPrefs={"BookCloseDate": "2026-06-30"})
    early = {"CustomerRef": {"value": "1"}, "Line": [_line("1", 5)], "TxnDate": "2026-06-30"}
    assert books.call("POST", "invoice", early).code == "6210"


def test_an_estimate_closes_when_it_becomes_an_invoice(books: Books) -> None:
    estimate = books.post("estimate", recorded("quickbooks/estimate.create.request.json"))
    assert (estimate["TxnStatus"], "Balance" in estimate) == ("Pending", False)
    invoice = books.post(
        "invoice",
        {
            "CustomerRef": estimate["CustomerRef"],
            "Line": [_line("10", 35)],
            "LinkedTxn": [{"TxnId": estimate["Id"], "TxnType": "Estimate"}],
        },
    )
    after = books.get(f"estimate/{estimate['Id']}")
    assert (after["TxnStatus"], after["LinkedTxn"]) == (
        "Closed",
        [{"TxnId": invoice["Id"], "TxnType": "Invoice"}],
    )


def test_automated_sales_tax_follows_the_ship_to_address(small_sim: Simulator) -> None:
    books = Books.of(small_sim, 1)
    at_home = _invoice(books, _taxed("5", 100))
    elsewhere = _invoice(books, _taxed("5", 100), ShipAddr={"Line1": "x", "CountrySubDivisionCode": "OR"})
    told = _invoice(books, _taxed("5", 100), TxnTaxDetail={"TotalTax": "7.77"})
    assert at_home["TxnTaxDetail"]["TotalTax"] == Decimal("8.00")
    assert elsewhere["TxnTaxDetail"]["TotalTax"] == 0
    assert (told["TxnTaxDetail"]["TotalTax"], told["TotalAmt"]) == (Decimal("7.77"), Decimal("107.77"))


def test_outside_the_us_every_line_carries_a_rate(small_sim: Simulator) -> None:
    books = Books.of(small_sim, 2)
    bare = books.call("POST", "invoice", {"CustomerRef": {"value": "1"}, "Line": [_line("1", 100)]})
    made = _invoice(books, _taxed("1", 100, "5"), _taxed("1", 50, "6"))
    assert bare.code == "6000"
    amounts = {
        line["TaxLineDetail"]["TaxRateRef"]["value"]: line["Amount"]
        for line in made["TxnTaxDetail"]["TaxLine"]
    }
    assert amounts == {"2": Decimal("13.00"), "1": Decimal("2.50"), "3": Decimal("4.99")}
    assert (made["GlobalTaxCalculation"], made["TotalAmt"], made["ExchangeRate"]) == (
        "TaxExcluded",
        Decimal("170.49"),
        1,
    )
    inclusive = _invoice(
        books, _taxed("1", "8.85", "5", TaxInclusiveAmt=10), GlobalTaxCalculation="TaxInclusive"
    )
    assert (inclusive["TxnTaxDetail"]["TotalTax"], inclusive["TotalAmt"]) == (
        Decimal("1.15"),
        Decimal("10.00"),
    )


def test_a_foreign_customers_invoice_carries_both_amounts(small_sim: Simulator) -> None:
    books = Books.of(small_sim, 2)
    customer = books.post("customer", {"DisplayName": "Abroad", "CurrencyRef": {"value": "USD"}})
    body = {
        "CustomerRef": {"value": customer["Id"]},
        "Line": [_taxed("1", 50, "3")],
        "CurrencyRef": {"value": "USD"},
        "ExchangeRate": 1.5,
    }
    made = books.post("invoice", body)
    assert (made["TotalAmt"], made["HomeTotalAmt"], made["HomeBalance"]) == (
        Decimal("50.00"),
        Decimal("75.00"),
        Decimal("75.00"),
    )
    assert books.call("POST", "invoice", {**body, "CurrencyRef": {"value": "CAD"}}).code == "6000"


def test_further_faults_are_provoked_by_the_right_input(books: Books) -> None:
    invoice = _invoice(books, _line("1", 5))
    owner = books.get("customer/1")
    ids = {"Id": "1", "SyncToken": owner["SyncToken"], "sparse": True}
    assert books.call("POST", "customer", {**ids, "Active": False}).code == "6220"
    assert books.call("POST", "customer", {**ids, "BillWithParent": True}).code == "6130"
    body = {"CustomerRef": {"value": "1"}, "Line": [_line("11", 15)]}
    assert books.call("POST", "invoice", {**body, "TxnDate": "2019-12-31"}).code == "6270"
    card = {"CreditChargeInfo": {"Number": "4111 1111 1111 1111"}}
    assert books.call("POST", "invoice", {**body, "CreditCardPayment": card}).code == "6530"
    item = {"Name": "Counted", "Type": "Inventory", "TrackQtyOnHand": True}
    assert books.call("POST", "item", item).code == "6520"
    assert books.call("POST", "item", {"Name": "Group", "Type": "Group"}).code == "500"
    wrong = {"Name": "Wrong account", "Type": "Service", "IncomeAccountRef": {"value": "35"}}
    assert books.call("POST", "item", wrong).code == "6430"
    assert books.call("POST", "account", {"Name": "No kind"}).code == "6010"
    assert books.call("POST", "account", {"Name": "Empty kind", "AccountSubType": ""}).code == "2170"
    assert books.call("GET", f"invoice/{invoice['Id']}").status == 200


def test_sales_take_from_the_stock_and_voids_give_back(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    books.post("customer", {"DisplayName": "One"})
    invoice = _invoice(books, _taxed("11", 45, Qty=3, UnitPrice=15))
    after = books.get("item/11")
    changed = books.change("invoice", invoice, Line=[_taxed("11", 75, Qty=5, UnitPrice=15)])
    fewer = books.get("item/11")
    books.post("invoice?operation=void", {"Id": invoice["Id"], "SyncToken": changed["SyncToken"]})
    assert [after["QtyOnHand"], fewer["QtyOnHand"], books.get("item/11")["QtyOnHand"]] == [22, 20, 25]
    assert after["SyncToken"] == "0"


def test_open_credits_are_used_up_at_once_where_the_company_says_so(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    books.post("customer", {"DisplayName": "One"})
    credit = books.post("creditmemo", {"CustomerRef": {"value": "1"}, "Line": [_line("1", 30)]})
    books.change("preferences", books.get("preferences"), SalesFormsPrefs={"AutoApplyCredit": True})
    invoice = _invoice(books, _line("1", 100))
    assert (invoice["TotalAmt"], invoice["Balance"]) == (Decimal("100.00"), Decimal("70.00"))
    assert books.get(f"creditmemo/{credit['Id']}")["Balance"] == 0
    assert books.get("customer/1")["Balance"] == Decimal("70.00")


def test_an_ended_subscription_can_be_read_but_not_written(empty_sim: Simulator) -> None:
    books = Books.of(empty_sim)
    empty_sim.quickbooks.post("knobs", {"subscription": "ended"})
    got = books.call("POST", "customer", {"DisplayName": "Late"})
    assert (got.status, got.code, got.fault["Message"]) == (400, "6190", "Invalid Company Status")
    assert books.rows("select * from Item")
