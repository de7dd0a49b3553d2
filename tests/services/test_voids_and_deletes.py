"""Documents that are voided or deleted on one side: what the other side does, by rule and by a person's word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import Mapping
from syncapp.services import gone, mappings
from syncapp.tenancy import tenant
from tests.services.sales import a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine
from tests.services.test_record_views import pay

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

PAIRS = ("account_customer", "product_item", "opportunity_invoice", "invoice_record")


@pytest.fixture
def spine() -> Iterator[Spine]:
    """One opportunity whose invoice is made and shown as a record."""
    with a_spine(recipes=PAIRS, winner="sf") as made:
        bench = a_product(made, "Cedar bench", "CB", 100)
        made.deal = an_opportunity(
            made, "Spring", {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100}
        )
        made.first_load()
        made.sync()
        yield made


def policy(spine: Spine, **policies: Any) -> None:
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        mapping.policies = {**mapping.policies, **policies}
        mapping.save()
        mappings.publish(mapping, spine.person)


def deal_link(spine: Spine) -> Any:
    return next(link for link in spine.links if link.sf_object == "Opportunity")


def operation(spine: Spine, body: dict[str, Any], name: str) -> None:
    spine.qbo("POST", f"invoice?operation={name}", {"Id": body["Id"], "SyncToken": body["SyncToken"]})


def delete_deal(spine: Any) -> None:
    spine.sf("DELETE", f"sobjects/Opportunity/{spine.deal}")


def test_an_invoice_voided_in_quickbooks_says_so_in_salesforce_and_stays_void(spine):
    operation(spine, document(spine), "void")
    spine.sync()
    row = spine.row("Opportunity", spine.deal)
    assert (row["QBO_Doc_Status__c"], row["QBO_Total__c"], row["QBO_Balance__c"]) == ("Voided", 0, 0)
    record = spine.rows("SELECT Status__c, Total__c FROM QBO_Invoice__c")
    assert [(one["Status__c"], one["Total__c"]) for one in record] == [("Voided", 0)]
    assert deal_link(spine).attention_code == "engine.qbo_voided"
    spine.edit("Opportunity", spine.deal, Name="Spring, renamed")
    spine.sync()
    assert document(spine)["TotalAmt"] == 0


def test_an_invoice_deleted_in_quickbooks_is_told_and_makes_no_second_one(spine):
    operation(spine, document(spine), "delete")
    spine.sync()
    assert deal_link(spine).attention_code == "engine.qbo_deleted"
    spine.edit("Opportunity", spine.deal, Name="Spring, renamed")
    spine.sync()
    assert spine.booked("Invoice") == []
    assert len(spine.rows("SELECT Id FROM Opportunity")) == 1


def test_an_opportunity_deleted_in_salesforce_leaves_its_invoice_alone(spine):
    delete_deal(spine)
    spine.sync()
    assert deal_link(spine).attention_code == "engine.sf_deleted"
    assert document(spine)["TotalAmt"] == 200


def test_by_policy_a_person_is_asked_and_the_invoice_voided_on_their_word(spine):
    policy(spine, sf_gone="void")
    delete_deal(spine)
    spine.sync()
    link = deal_link(spine)
    assert link.attention_code == "engine.void_ask"
    assert document(spine)["TotalAmt"] == 200
    with tenant(spine.company.pk):
        gone.answer(link, "void", spine.person)
    spine.carry()
    body = document(spine)
    assert (body["TotalAmt"], body["PrivateNote"][:6]) == (0, "Voided")


def test_a_paid_invoice_is_not_voided_even_on_a_persons_word(spine):
    policy(spine, sf_gone="void")
    invoice = document(spine)
    pay(spine, invoice, 50)
    delete_deal(spine)
    spine.sync()
    with tenant(spine.company.pk):
        gone.answer(deal_link(spine), "void", spine.person)
    spine.carry()
    assert document(spine)["TotalAmt"] == invoice["TotalAmt"]
    assert deal_link(spine).attention_code == "engine.locked_paid"


def test_a_record_of_an_invoice_that_is_deleted_in_salesforce_is_told(spine):
    record = spine.rows("SELECT Id FROM QBO_Invoice__c")[0]["Id"]
    spine.sf("DELETE", f"sobjects/QBO_Invoice__c/{record}")
    spine.sync()
    found = next(link for link in spine.links if link.sf_object == "QBO_Invoice__c")
    assert found.attention_code == "engine.sf_deleted"
    assert document(spine)["TotalAmt"] == 200
