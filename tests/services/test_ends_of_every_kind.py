"""A document of any kind that ends on one side: QuickBooks is followed in what Salesforce shows and never made anew; an
opportunity that is deleted ends its document only by policy and on a person's word (sync-semantics section 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import Mapping
from syncapp.services import gone, mappings
from syncapp.tenancy import tenant
from tests.services.sales import a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

KINDS = [("Estimate", "Estimate", 2), ("SalesReceipt", "Sales Receipt", 2), ("CreditMemo", "Credit Memo", -2)]


@pytest.fixture
def spine(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One opportunity with its document of the kind that the test names."""
    entity, kind, quantity = request.param
    pairs = ("account_customer", "product_item", f"opportunity_{entity.lower()}")
    with a_spine(recipes=pairs, winner="sf") as made:
        bench = a_product(made, "Cedar bench", "CB", 100)
        line = {"PricebookEntryId": bench, "Quantity": quantity, "UnitPrice": 100}
        made.entity = entity
        made.deal = an_opportunity(made, "Spring", line, QBO_Generate__c=kind)
        made.first_load()
        made.sync()
        yield made


of_every_kind = pytest.mark.parametrize("spine", KINDS, indirect=True, ids=lambda one: one[0])
of_credits = pytest.mark.parametrize("spine", KINDS[2:], indirect=True, ids=lambda one: one[0])
of_receipts = pytest.mark.parametrize("spine", KINDS[1:2], indirect=True, ids=lambda one: one[0])


def end(spine: Any, operation: str) -> None:
    body = document(spine, spine.entity)
    spine.qbo(
        "POST",
        f"{spine.entity.lower()}?operation={operation}",
        {"Id": body["Id"], "SyncToken": body["SyncToken"]},
    )


def link(spine: Any) -> Any:
    return next(one for one in spine.links if one.sf_object == "Opportunity")


def policy(spine: Spine, **policies: Any) -> None:
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(sf_object="Opportunity")
        mapping.policies = {**mapping.policies, **policies}
        mapping.save()
        mappings.publish(mapping, spine.person)


@of_every_kind
def test_what_is_deleted_in_the_books_is_told_and_not_made_again(spine):
    end(spine, "delete")
    spine.sync()
    assert link(spine).attention_code == "engine.qbo_deleted"
    spine.edit("Opportunity", spine.deal, Name="Spring, renamed")
    spine.sync()
    assert spine.booked(spine.entity) == []


@of_receipts
def test_what_is_voided_in_the_books_is_shown_as_voided(spine):
    end(spine, "void")
    spine.sync()
    row = spine.row("Opportunity", spine.deal)
    assert (row["QBO_Doc_Status__c"], row["QBO_Total__c"]) == ("Voided", 0)


@of_credits
def test_by_policy_a_person_is_told_to_end_by_hand_what_nobody_can_void_from_outside(spine):
    policy(spine, sf_gone="void")
    spine.sf("DELETE", f"sobjects/Opportunity/{spine.deal}")
    spine.sync()
    assert (link(spine).attention_code, document(spine, spine.entity)["TotalAmt"]) == (
        "engine.void_by_hand",
        200,
    )
    with tenant(spine.company.pk):
        gone.answer(link(spine), "leave", spine.person)
    spine.carry()
    assert link(spine).attention_code == "engine.sf_deleted"
    assert document(spine, spine.entity)["TotalAmt"] == 200
    end(spine, "delete")
    spine.sync()
    assert link(spine).lifecycle == "gone"


@of_every_kind
def test_a_deleted_opportunity_leaves_its_document_alone(spine):
    spine.sf("DELETE", f"sobjects/Opportunity/{spine.deal}")
    spine.sync()
    assert link(spine).attention_code == "engine.sf_deleted"
    assert document(spine, spine.entity)["TotalAmt"] == 200


@of_receipts
def test_by_policy_a_person_is_asked_and_the_document_voided_on_their_word(spine):
    policy(spine, sf_gone="void")
    spine.sf("DELETE", f"sobjects/Opportunity/{spine.deal}")
    spine.sync()
    assert (link(spine).attention_code, document(spine, spine.entity)["TotalAmt"]) == ("engine.void_ask", 200)
    with tenant(spine.company.pk):
        gone.answer(link(spine), "void", spine.person)
    spine.carry()
    assert document(spine, spine.entity)["TotalAmt"] == 0
