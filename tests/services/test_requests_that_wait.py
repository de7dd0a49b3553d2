"""Requests whose record cannot go at once: they say why in Salesforce, and are told anew when it ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from syncapp import tasks
from syncapp.models import Connection, RecordLink
from syncapp.services import answers, sync_requests
from syncapp.services.clients import salesforce_client
from syncapp.tenancy import tenant
from tests.services.sales import DOCUMENTS, a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=DOCUMENTS, winner="ask") as made, override_settings(TIMING_DIVISOR=40):
        made.first_load()
        with tenant(made.company.pk):
            sync_requests.look_for(org(made), salesforce_client(org(made)))
        yield made


def org(spine: Spine) -> Connection:
    return Connection.all_companies.get(company=spine.company, side="sf")


def take(spine: Spine) -> None:
    tasks.take_requests(str(org(spine).pk))
    spine.carry()
    tasks.answer_requests(str(org(spine).pk))


def told(spine: Spine, request: str) -> tuple[str, str]:
    row = spine.row("QBO_Sync__c", request)
    return row["Status__c"], row["Message__c"] or ""


def test_parents_that_nobody_had_seen_go_first_and_the_type_is_the_one_that_was_asked_for(
    spine: Spine,
) -> None:
    bench = a_product(spine, "Cedar bench", "CB", 100)
    made = an_opportunity(spine, "Spring order", {"PricebookEntryId": bench, "Quantity": 2, "UnitPrice": 100})
    request = spine.make("QBO_Sync__c", Record_Id__c=made, QBO_Object__c="Invoice")

    take(spine)

    invoice = document(spine)
    assert told(spine, request) == ("Processed", f"Created: Invoice {invoice['Id']} in QuickBooks.")
    assert invoice["TotalAmt"] == 200


def test_a_type_that_the_record_does_not_fit_is_skipped_with_the_rule(spine: Spine) -> None:
    made = an_opportunity(spine, "Spring order")
    request = spine.make("QBO_Sync__c", Record_Id__c=made, Generate__c="Estimate")

    take(spine)

    status, message = told(spine, request)
    assert (status, "filter" in message, spine.booked("Estimate")) == ("Skipped", True, []), message


def test_what_its_parent_holds_up_says_so_and_is_told_anew_when_it_goes_on(spine: Spine) -> None:
    spine.vendor(DisplayName="Acme")
    bench = a_product(spine, "Cedar bench", "CB", 100)
    made = an_opportunity(spine, "Spring order", {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100})
    request = spine.make("QBO_Sync__c", Record_Id__c=made)
    take(spine)
    status, message = told(spine, request)
    assert (status in ("Error", "Processing"), "Acme" in message) == (True, True), (status, message)

    (account,) = spine.rows("SELECT Id FROM Account WHERE Name = 'Acme'")
    spine.edit_account(account["Id"], Name="Acme Gardens")
    spine.sync()
    take(spine)

    assert told(spine, request)[0] == "Processed"
    assert document(spine)["TotalAmt"] == 100


def test_what_asks_a_person_says_so_and_is_told_anew_after_the_answer(spine: Spine) -> None:
    account = spine.account(Name="Blue Pine Catering", Phone="(555) 010-0000")
    spine.sync()
    spine.edit_account(account, Phone="(555) 010-1111")
    spine.edit_customer("Blue Pine Catering", PrimaryPhone={"FreeFormNumber": "(555) 010-2222"})
    spine.sync()
    request = spine.make("QBO_Sync__c", Record_Id__c=account, Direction__c="To QuickBooks")
    link = RecordLink.all_companies.get(name="Blue Pine Catering")
    assert link.attention == "conflict"

    take(spine)
    status, message = told(spine, request)
    if status == "Processing":
        assert message.startswith("Waits for a person.")
        with tenant(spine.company.pk):
            answers.answer(link, "phone", "sf", spine.person, seen=None)
        take(spine)

    assert told(spine, request)[0] == "Processed"
    assert spine.customer_named("Blue Pine Catering")["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-1111"
