"""Payments both ways: entered in Salesforce they go to QuickBooks with what they pay of each invoice, and back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from syncapp.models import Mapping
from syncapp.services import sides
from syncapp.store import links as stored_links
from syncapp.tenancy import tenant
from tests.services.sales import a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine
from tests.services.test_record_views import pay

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

PAIRS = (
    "account_customer",
    "product_item",
    "opportunity_invoice",
    "invoice_record",
    "creditmemo_record",
    "payment_record",
    "payment_payment",
)


@pytest.fixture
def spine() -> Iterator[Spine]:
    """An invoice of 200, shown as a record in Salesforce."""
    with a_spine(recipes=PAIRS, winner="sf") as made:
        bench = a_product(made, "Cedar bench", "CB", 100)
        made.deal = an_opportunity(
            made, "Spring", {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100}
        )
        made.first_load()
        made.sync()
        yield made


@pytest.fixture
def with_credit(spine: Spine) -> tuple[Spine, dict[str, Any]]:
    """The invoice of 200, and a credit memo of 100 of the same customer."""
    return spine, a_credit(spine, 100)


def received(spine: Spine, amount: float, **more: Any) -> str:
    """Somebody enters a payment of the invoice in Salesforce."""
    invoice = spine.rows("SELECT Id, Account__c FROM QBO_Invoice__c")[0]
    payment = spine.make(
        "QBO_Payment__c",
        **{
            "Type__c": "Payment",
            "Account__c": invoice["Account__c"],
            "Date__c": "2026-11-25",
            "Amount__c": amount,
            **more,
        },
    )
    spine.make("QBO_Payment_Line__c", Payment__c=payment, Invoice__c=invoice["Id"], Amount__c=amount)
    return payment


def payment_link(spine: Spine) -> Any:
    return next(link for link in spine.links if link.qbo_entity == "Payment")


def test_one_mapping_carries_payments_both_ways(spine):
    keys = Mapping.all_companies.filter(qbo_entity="Payment").values_list("key", flat=True)
    assert list(keys) == ["payment_payment"]


def test_a_payment_entered_in_salesforce_pays_the_invoice_in_quickbooks(spine):
    entered = received(spine, 80, Reference_Number__c="CHK-7")
    spine.sync()
    spine.sync()
    payment = document(spine, "Payment")
    assert (payment["TotalAmt"], payment["TxnDate"], payment["PaymentRefNum"]) == (80, "2026-11-25", "CHK-7")
    assert payment["CustomerRef"]["value"] == document(spine)["CustomerRef"]["value"]
    assert [(line["Amount"], line["LinkedTxn"][0]["TxnType"]) for line in payment["Line"]] == [
        (80, "Invoice")
    ]
    assert document(spine)["Balance"] == 120
    row = spine.row("Opportunity", spine.deal)
    assert (row["QBO_Doc_Status__c"], row["QBO_Balance__c"]) == ("Partly paid", 120)
    shown = spine.row("QBO_Payment__c", entered)
    assert (shown["Status__c"], shown["QBO_Id__c"].split(":")[1]) == ("Applied", "Payment")
    assert payment_link(spine).attention == "none"
    spine.sync()
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_a_payment_of_quickbooks_still_becomes_a_record(spine):
    pay(spine, document(spine), 50)
    spine.sync()
    spine.sync()
    rows = spine.rows(
        "SELECT Amount__c, (SELECT Amount__c, Invoice__r.Name FROM Lines__r) FROM QBO_Payment__c"
    )
    assert [row["Amount__c"] for row in rows] == [50]
    assert rows[0]["Lines__r"]["records"][0]["Invoice__r"]["Name"] == document(spine)["DocNumber"]
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_an_amount_that_names_no_invoice_is_a_problem_that_says_so(spine):
    account = spine.rows("SELECT Id FROM Account WHERE Name = 'Acme'")[0]["Id"]
    payment = spine.make("QBO_Payment__c", Type__c="Payment", Account__c=account, Amount__c=30)
    spine.make("QBO_Payment_Line__c", Payment__c=payment, Amount__c=30)
    spine.sync()
    assert spine.booked("Payment") == []
    link = payment_link(spine)
    assert (link.attention, link.attention_code, link.attention_values["line"]) == (
        *("data_error", "engine.pays_nothing"),
        1,
    )


def shown(link: Any) -> Any:
    with tenant(link.company_id):
        found = sides.sides(link).document
    assert found is not None
    return found


@pytest.fixture
def two_payments(spine: Spine) -> list[Any]:
    """One that was entered in QuickBooks and one that was entered in Salesforce, by name."""
    pay(spine, document(spine), 50, TxnDate="2026-11-24")
    spine.sync()
    spine.sync()
    received(spine, 80, Reference_Number__c="CHK-7")
    spine.sync()
    spine.sync()
    return [link for link in spine.links if link.qbo_entity == "Payment"]


def test_a_payment_in_step_is_the_same_to_the_cent_on_its_page(spine, two_payments):
    """Read from what was agreed, and read again from what capture brings."""
    for _ in range(2):
        assert [
            (line.agrees, line.sf and line.sf.amount, line.qbo and line.qbo.amount)
            for link in two_payments
            for line in shown(link).lines
        ] == [(True, Decimal(50), Decimal(50)), (True, Decimal(80), Decimal(80))]
        assert [shown(link).differences for link in two_payments] == [0, 0]
        spine.capture()


def test_a_payment_is_called_by_its_number_or_by_whose_it_is_and_how_much(spine, two_payments):
    assert [link.name for link in two_payments] == ["Acme, 50.00, 2026-11-24", "CHK-7"]
    spine.edit("QBO_Payment__c", two_payments[0].sf_id, Status__c="Unapplied")
    spine.sync()
    assert [link.name for link in spine.links if link.qbo_entity == "Payment"] == [
        "Acme, 50.00, 2026-11-24",
        "CHK-7",
    ]


def a_credit(spine: Spine, amount: float) -> dict[str, Any]:
    """Somebody gives the customer credit in QuickBooks; its record in Salesforce follows."""
    item = spine.booked("Item")[0]["Id"]
    line = {
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": amount},
    }
    customer = document(spine)["CustomerRef"]["value"]
    made = spine.book("CreditMemo", CustomerRef={"value": customer}, Line=[line], TxnDate="2026-11-22")
    spine.sync()
    spine.sync()
    return made


def shown_document(spine: Spine, kind: str) -> dict[str, Any]:
    return spine.rows(
        f"SELECT Id, Account__c, Status__c, Balance__c FROM QBO_Invoice__c WHERE Type__c = '{kind}'"
    )[0]


def entered(spine: Spine, kind: str, amount: float | None, *lines: tuple[str, float]) -> str:
    """Somebody enters money or credit in Salesforce, with what each line takes of which document."""
    payment = spine.make(
        "QBO_Payment__c",
        Type__c=kind,
        Account__c=shown_document(spine, "Invoice")["Account__c"],
        Date__c="2026-11-25",
        Amount__c=amount,
    )
    for name, part in lines:
        spine.make(
            "QBO_Payment_Line__c",
            Payment__c=payment,
            Invoice__c=shown_document(spine, name)["Id"] if name else None,
            Amount__c=part,
        )
    return payment


def applied(payment: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (line["Amount"], line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"])
        for line in payment["Line"]
    ]


def test_credit_applied_in_salesforce_becomes_a_payment_of_nothing_that_links_both(with_credit):
    spine, credit = with_credit
    made = entered(spine, "Credit Application", None, ("Invoice", 60.25), ("Credit Memo", 60.25))
    spine.sync()
    spine.sync()
    payment = document(spine, "Payment")
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (0, 0)
    assert applied(payment) == [
        (60.25, "Invoice", document(spine)["Id"]),
        (60.25, "CreditMemo", credit["Id"]),
    ]
    assert (document(spine)["Balance"], document(spine, "CreditMemo")["Balance"]) == (139.75, 39.75)
    row = spine.row("QBO_Payment__c", made)
    assert (row["Type__c"], row["Status__c"], row["Amount__c"] or 0) == ("Credit Application", "Applied", 0)
    assert payment_link(spine).attention == "none"
    assert shown_document(spine, "Credit Memo")["Balance__c"] == 39.75
    spine.sync()
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_an_edit_of_applied_credit_in_salesforce_follows_in_quickbooks_only_where_it_cancels_out(with_credit):
    spine, _ = with_credit
    made = entered(spine, "Credit Application", 0, ("Invoice", 60), ("Credit Memo", 60))
    spine.sync()
    spine.sync()
    lines = spine.rows(f"SELECT Id FROM QBO_Payment_Line__c WHERE Payment__c = '{made}'")
    spine.edit("QBO_Payment_Line__c", lines[0]["Id"], Amount__c=75)
    spine.sync()
    link = payment_link(spine)
    assert (link.attention, link.attention_code) == ("data_error", "engine.credit_uneven")
    assert (link.attention_values["invoices"], link.attention_values["by"]) == ("75.00", "15.00")
    assert [amount for amount, _, _ in applied(document(spine, "Payment"))] == [60, 60]
    spine.edit("QBO_Payment_Line__c", lines[1]["Id"], Amount__c=75)
    spine.sync()
    assert [amount for amount, _, _ in applied(document(spine, "Payment"))] == [75, 75]
    assert payment_link(spine).attention == "none"


def test_credit_that_was_applied_in_quickbooks_names_both_documents_and_is_taken_back_there(with_credit):
    spine, credit = with_credit
    customer = document(spine)["CustomerRef"]["value"]
    made = spine.book(
        "Payment",
        CustomerRef={"value": customer},
        TotalAmt=0,
        Line=[
            {"Amount": 100, "LinkedTxn": [{"TxnId": document(spine)["Id"], "TxnType": "Invoice"}]},
            {"Amount": 100, "LinkedTxn": [{"TxnId": credit["Id"], "TxnType": "CreditMemo"}]},
        ],
    )
    spine.sync()
    spine.sync()
    [row] = spine.rows(
        "SELECT Id, Type__c, Amount__c, (SELECT Amount__c, Linked_Type__c, Invoice__r.Type__c FROM Lines__r)"
        " FROM QBO_Payment__c"
    )
    assert (row["Type__c"], row["Amount__c"]) == ("Credit Application", 0)
    assert [
        (line["Linked_Type__c"], line["Invoice__r"]["Type__c"], line["Amount__c"])
        for line in row["Lines__r"]["records"]
    ] == [("Invoice", "Invoice", 100), ("Credit Memo", "Credit Memo", 100)]
    spine.qbo("POST", "payment?operation=delete", {"Id": made["Id"], "SyncToken": made["SyncToken"]})
    spine.sync()
    assert document(spine)["Balance"] == 200
    assert spine.row("Opportunity", spine.deal)["QBO_Balance__c"] == 200


def test_money_and_credit_together_pay_an_invoice(with_credit):
    spine, _ = with_credit
    entered(spine, "Payment", 140, ("Invoice", 200), ("Credit Memo", 60))
    spine.sync()
    payment = document(spine, "Payment")
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (140, 0)
    assert [amount for amount, _, _ in applied(payment)] == [200, 60]
    assert (document(spine)["Balance"], document(spine, "CreditMemo")["Balance"]) == (0, 40)


BAD = (
    ("Credit Application", 0, (("Invoice", 60), ("Credit Memo", 50)), "credit_uneven", {"by": "10.00"}),
    ("Credit Application", 0, (("Invoice", 60),), "credit_without", {"document": "credit memo"}),
    (
        "Credit Application",
        60,
        (("Invoice", 60), ("Credit Memo", 60)),
        "credit_with_money",
        {"value": "60.00"},
    ),
    ("Credit Application", 0, (("Invoice", 110), ("Credit Memo", 110)), "pays_too_much", {"open": "100.00"}),
    ("Credit Application", 0, (("Invoice", -5), ("Credit Memo", -5)), "pays_below_zero", {"value": "-5.00"}),
    ("Payment", 80, (("Invoice", 50), ("Invoice", 30)), "pays_twice", {"line": 2}),
    ("Payment", 80, (("Invoice", 90),), "pays_more", {"by": "10.00"}),
    ("Payment", None, (("Invoice", 20),), "no_amount", {}),
    ("Payment", 80, (("Invoice", 50), ("", 30)), "pays_nothing", {"line": 2}),
)


def test_money_that_does_not_add_up_is_a_problem_of_its_own_and_the_rest_goes_on(with_credit):
    spine, _ = with_credit
    made = [entered(spine, kind, amount, *lines) for kind, amount, lines, _, _ in BAD]
    good = entered(spine, "Payment", 20.01, ("Invoice", 20.01))
    spine.sync()
    assert [payment["TotalAmt"] for payment in spine.booked("Payment")] == [20.01]
    links = {link.sf_id: link for link in spine.links}
    assert links[good].attention == "none"
    for payment, (*_, code, told) in zip(made, BAD, strict=True):
        link = links[payment]
        assert (link.attention, link.attention_code) == ("data_error", f"engine.{code}")
        assert {name: link.attention_values.get(name) for name in told} == told


def test_what_quickbooks_did_not_apply_is_told_to_the_cent(spine, monkeypatch):
    """Nobody here knows yet that the invoice was paid meanwhile: QuickBooks applies no more than is open."""
    monkeypatch.setattr(stored_links, "held_values", lambda _links, _key: {})
    pay(spine, document(spine), 150)
    received(spine, 80)
    spine.sync()
    link = next(each for each in spine.links if each.qbo_entity == "Payment" and each.attention != "none")
    assert (link.attention, link.attention_code) == ("data_error", "engine.money_differs")
    assert (link.attention_values["ours"], link.attention_values["theirs"]) == ("80.00", "50.00")
