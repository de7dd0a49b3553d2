"""What a customer owes is shown on its account, and only ever flows there (product.md 5.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.services.sales import a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("account_customer", "product_item", "opportunity_invoice"), winner="sf") as made:
        yield made


def owed(spine: Spine) -> Any:
    [row] = spine.rows("SELECT QBO_Balance__c FROM Account WHERE Name = 'Acme'")
    return row["QBO_Balance__c"]


def pay(spine: Spine, amount: float) -> None:
    invoice = document(spine)
    spine.book(
        "Payment",
        CustomerRef=invoice["CustomerRef"],
        TotalAmt=amount,
        Line=[{"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
    )


def test_the_account_shows_what_its_customer_owes_and_follows_when_only_that_changes(spine):
    bench = a_product(spine, "Cedar bench", "CB", 100)
    an_opportunity(spine, "Spring", {"PricebookEntryId": bench, "Quantity": 3, "UnitPrice": 100})
    spine.first_load()
    spine.sync()
    assert owed(spine) == 300
    before = spine.customer_named("Acme")
    pay(spine, 120)
    after = spine.customer_named("Acme")
    assert (before["SyncToken"], before["Balance"]) == (after["SyncToken"], 300)  # only the balance moved
    spine.sync()
    assert owed(spine) == 180
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_a_balance_typed_into_salesforce_is_put_right_and_never_reaches_the_books(spine):
    account = spine.account(Name="Acme", QBO_Balance__c=999)
    spine.first_load()
    assert (owed(spine), spine.customer_named("Acme")["Balance"]) == (0, 0)
    mark = spine.mark()
    spine.edit_account(account, QBO_Balance__c=5)
    spine.sync()
    assert (owed(spine), spine.customer_named("Acme")["Balance"]) == (0, 0)
    assert {entry["object"] for entry in spine.writes(mark)} == {"Account"}
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []
