"""Products, opportunities with lines and the documents made of them, on a spine's simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from syncapp.models import RecordLink
from tests.services.spine import Spine, a_spine

DOCUMENTS = (
    *("account_customer", "product_item", "opportunity_invoice"),
    *("opportunity_estimate", "opportunity_salesreceipt", "opportunity_creditmemo"),
)


def with_pairs(*keys: str) -> pytest.MarkDecorator:
    """Mark of a test whose fixture `spine` takes the pairs of objects that its company keeps in step."""
    return pytest.mark.parametrize("spine", [keys], indirect=True, ids=[""])


def standard_book(spine: Spine) -> str:
    return str(spine.rows("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"])


def a_product(spine: Spine, name: str, code: str, price: float) -> str:
    product = spine.make("Product2", Name=name, ProductCode=code, IsActive=True)
    return spine.make(
        "PricebookEntry",
        Pricebook2Id=standard_book(spine),
        Product2Id=product,
        UnitPrice=price,
        IsActive=True,
    )


def an_opportunity(spine: Spine, name: str, *lines: dict[str, Any], **fields: Any) -> str:
    """A won opportunity of Acme with these lines, to become an invoice."""
    known = spine.rows("SELECT Id FROM Account WHERE Name = 'Acme'")
    account = known[0]["Id"] if known else spine.make("Account", Name="Acme", BillingStreet="1 Main St")
    defaults = {
        "Name": name,
        "AccountId": account,
        "StageName": "Closed Won",
        "CloseDate": "2026-11-20",
        "QBO_Generate__c": "Invoice",
        "Pricebook2Id": standard_book(spine),
    }
    made = spine.make("Opportunity", **{**defaults, **fields})
    for line in lines:
        spine.make("OpportunityLineItem", OpportunityId=made, **line)
    return made


def document(spine: Spine, entity: str = "Invoice") -> dict[str, Any]:
    found = spine.booked(entity)
    assert len(found) == 1, found
    return found[0]


def sold(body: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (
            line.get("Description"),
            line["SalesItemLineDetail"].get("Qty"),
            line["SalesItemLineDetail"].get("UnitPrice"),
            line["Amount"],
        )
        for line in body["Line"]
        if line["DetailType"] == "SalesItemLineDetail"
    ]


def link_of(spine: Spine, entity: str = "Invoice") -> RecordLink:
    return RecordLink.all_companies.exclude(lifecycle="absorbed").get(qbo_entity=entity)


@contextmanager
def invoices_shown() -> Iterator[Spine]:
    """A company whose invoices are shown in Salesforce as records with lines; `bench` is an item to bill."""
    with a_spine(recipes=("account_customer", "product_item", "invoice_record"), winner="sf") as made:
        income = next(row for row in made.booked("Account") if row["AccountType"] == "Income")
        made.bench = made.book(
            "Item", Name="Bench", Type="Service", IncomeAccountRef={"value": income["Id"]}, UnitPrice=100
        )["Id"]
        yield made
