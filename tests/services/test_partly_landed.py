"""A call whose answer was lost after only some of its writes were taken: each write that landed has one row in the
trail and is not sent again, the refused one is told. The log and the trail are compared after each of these tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import AuditEvent, BatchSend, LinkWork, RecordLink, WriteIntent
from syncapp.store import bulk
from tests.services.sales import a_product, an_opportunity, invoices_shown
from tests.services.spine import Spine, a_spine
from tests.services.test_audit_per_record import LINE, a_line
from tests.services.test_crash_matrix import OPEN

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])
NO_FAX = {
    "object": "Account",
    "condition": "Fax = '(555) 010-6666'",
    "message": "This number takes no faxes.",
}


@pytest.fixture
def spine(settings: Any) -> Iterator[Spine]:
    settings.TIMING_DIVISOR = 40
    with a_spine() as made:
        yield made


@pytest.fixture
def invoices(settings: Any) -> Iterator[Spine]:
    """A company whose invoices are shown in Salesforce as records with lines."""
    settings.TIMING_DIVISOR = 40
    with invoices_shown() as made:
        yield made


@pytest.fixture
def sales(settings: Any) -> Iterator[Spine]:
    settings.TIMING_DIVISOR = 40
    with a_spine(recipes=("account_customer", "product_item", "opportunity_invoice"), winner="sf") as made:
        made.make("Account", Name="Acme", BillingStreet="1 Main St", QBO_Email__c="pay@acme.example")
        made.entry = a_product(made, "Cedar bench", "CB", 100)
        made.first_load()
        made.sync()
        yield made


def lose_the_answer(side: Any, path: str, body: str = "") -> None:
    side.plan({"method": "POST", "path": path, "body": body, "action": "reset_after"})


def recovered(spine: Spine) -> None:
    """The workers look, as often as their rules say, until nothing is open any more."""
    for _ in range(4):
        bulk.execute("update syncapp_batchsend set next_at = lb_now() where state = 'unknown'")
        spine.a_minute_later()
    assert WriteIntent.all_companies.filter(state__in=OPEN).count() == 0
    assert BatchSend.all_companies.filter(state__in=OPEN).count() == 0
    assert LinkWork.all_companies.count() == 0


def logged(side: Any, object_: str, after: int = 0) -> Counter[tuple[str, str]]:
    return Counter((one["id"], one["operation"]) for one in side.log(after) if one["object"] == object_)


def told(object_: str, **of: Any) -> Counter[tuple[str, str]]:
    rows = AuditEvent.all_companies.filter(object=object_, **of).exclude(intent=None)
    return Counter(rows.values_list("remote_id", "action"))


def test_customers_that_were_made_by_a_lost_batch_are_made_once_and_the_refused_one_is_told(
    spine: Spine,
) -> None:
    spine.vendor(DisplayName="Cedar Supply")
    for name in ("Pine 0", "Cedar Supply", "Pine 1"):
        spine.account(Name=name)
    lose_the_answer(spine.sim.quickbooks, "/batch$")

    spine.first_load()
    recovered(spine)

    made = {(row["Id"], "create"): 1 for row in spine.customers()}
    assert logged(spine.sim.quickbooks, "Customer") == told("Customer") == made
    assert {link.name: link.attention for link in spine.links} == {
        "Cedar Supply": "data_error",
        "Pine 0": "none",
        "Pine 1": "none",
    }


def test_accounts_that_a_lost_call_updated_are_updated_once_and_the_refused_one_is_told(
    spine: Spine,
) -> None:
    accounts = [spine.account(Name=f"Pine {number}") for number in range(3)]
    spine.first_load()
    mark = spine.mark()[0]
    spine.sim.salesforce.post("settings", {"validation_rules": [NO_FAX]})
    for number, fax in enumerate(("(555) 010-1111", "(555) 010-6666", "(555) 010-2222")):
        spine.edit_customer(f"Pine {number}", Fax={"FreeFormNumber": fax})
    spine.capture()
    lose_the_answer(spine.sim.salesforce, "/composite$", "010-6666")

    spine.carry()
    recovered(spine)

    assert [spine.read_account(id_)["Fax"] for id_ in accounts] == ["(555) 010-1111", None, "(555) 010-2222"]
    assert logged(spine.sim.salesforce, "Account", mark) == {
        (accounts[0], "update"): 1,
        (accounts[2], "update"): 1,
    }
    assert [link.attention for link in sorted(spine.links, key=lambda link: link.name)] == [
        "none",
        "data_error",
        "none",
    ]


def test_accounts_that_a_lost_call_made_are_made_once_and_the_refused_one_is_told(spine: Spine) -> None:
    for number, fax in enumerate(("(555) 010-1111", "(555) 010-6666", "(555) 010-2222")):
        spine.customer(DisplayName=f"Birch {number}", Fax={"FreeFormNumber": fax})
    spine.sim.salesforce.post("settings", {"validation_rules": [NO_FAX]})
    lose_the_answer(spine.sim.salesforce, "/composite$", "010-6666")

    spine.first_load()
    recovered(spine)

    assert sorted(row["Name"] for row in spine.accounts()) == ["Birch 0", "Birch 2"]
    made = logged(spine.sim.salesforce, "Account")
    assert {operation for _, operation in made} == {"create"}
    assert {link.name: link.attention for link in spine.links} == {
        "Birch 0": "none",
        "Birch 1": "data_error",
        "Birch 2": "none",
    }


def test_ids_that_a_lost_call_wrote_back_are_written_once_and_the_refused_one_later(spine: Spine) -> None:
    accounts = [spine.account(Name=f"Pine {number}") for number in range(3)]
    mark = spine.mark()[0]
    spine.sim.salesforce.post("locks", {"ids": [accounts[1]], "times": 1})
    lose_the_answer(spine.sim.salesforce, "/composite$", "QBO_Customer_Id__c.{0,4}:")

    spine.first_load()
    recovered(spine)

    written = {(id_, "update"): 1 for id_ in accounts}
    assert logged(spine.sim.salesforce, "Account", mark) == told("Account") == written


def test_lines_that_a_lost_call_wrote_are_written_once_and_the_refused_one_later(invoices: Spine) -> None:
    spine = invoices
    customer = spine.customer(DisplayName="Acme")["Id"]
    lines = [a_line(spine, text, number) for number, text in enumerate(("Benches", "Tables", "Chairs"), 1)]
    made = spine.book("Invoice", CustomerRef={"value": customer}, Line=lines, TxnDate="2026-11-20")
    spine.first_load()
    spine.sync()
    mark = spine.mark()[0]
    rows = {row["Description__c"]: row["Id"] for row in spine.rows(f"SELECT Id, Description__c FROM {LINE}")}
    new = [{**line, "Description": f"Cedar {line['Description']}"} for line in made["Line"][:3]]
    spine.book("Invoice", **{**made, "Line": new})
    spine.capture()
    spine.sim.salesforce.post("locks", {"ids": [rows["Tables"]], "times": 1})
    lose_the_answer(spine.sim.salesforce, "/composite$", "Cedar Tables")

    spine.carry()
    recovered(spine)

    texts = spine.rows(f"SELECT Description__c FROM {LINE}")
    assert sorted(row["Description__c"] for row in texts) == ["Cedar Benches", "Cedar Chairs", "Cedar Tables"]
    assert logged(spine.sim.salesforce, LINE, mark) == {(id_, "update"): 1 for id_ in rows.values()}


def test_invoices_that_a_lost_batch_made_are_made_once_and_the_refused_one_is_told(sales: Spine) -> None:
    spine = sales
    line = {"PricebookEntryId": spine.entry, "Quantity": 1, "UnitPrice": 100}
    for number in range(3):
        an_opportunity(spine, f"Deal {number}", line)
    spine.capture()
    lose_the_answer(spine.sim.quickbooks, "/batch$", "Invoice")

    spine.carry()
    recovered(spine)

    made = {(row["Id"], "create"): 1 for row in spine.booked("Invoice")}
    assert len(made) == 3
    assert logged(spine.sim.quickbooks, "Invoice") == told("Invoice") == made
    assert set(RecordLink.all_companies.filter(qbo_entity="Invoice").values_list("attention", flat=True)) == {
        "none"
    }
