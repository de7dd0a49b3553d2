"""Payments both ways: entered in Salesforce they go to QuickBooks with what they pay of each invoice, and back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from syncapp.models import Mapping
from syncapp.services import sides
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
    assert (link.attention, link.attention_code, link.attention_values["label"]) == (
        *("data_error", "engine.required"),
        "Invoice",
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
