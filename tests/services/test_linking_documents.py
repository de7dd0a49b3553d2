"""Documents that both systems had before go-live are linked as they are; what is not clear is left to a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from syncapp.models import Mapping, RecordLink
from syncapp.services import linking_documents
from syncapp.services.errors import Refused
from syncapp.services.linking_documents import Old, Proposal, _compared
from syncapp.tenancy import tenant
from tests.services.sales import a_product, an_opportunity
from tests.services.spine import Spine, a_spine

GO_LIVE = date(2026, 11, 1)
CUSTOMERS = {"A": "7", "B": "8"}


# --- who fits whom ---


def a_record(number: str = "1001", party: str = "A", amount: str = "200.00", **more: Any) -> Old:
    return Old(uuid4(), f"sf-{number}", number, number, party, (Decimal(amount),), "2026-01-09", **more)


def a_document(number: str = "1001", party: str = "7", *amounts: str) -> Old:
    found = tuple(Decimal(one) for one in amounts or ("200.00",))
    return Old(uuid4(), f"qbo-{number}", number, number, party, found, "2026-01-10")


def compared(records: list[Old], documents: list[Old]) -> Proposal:
    return _compared(records, documents, CUSTOMERS, 0, 1)


def test_what_shares_number_customer_and_amount_with_one_alone_is_linked() -> None:
    record, document = a_record(), a_document()
    made = compared([record, a_record("1002")], [document, a_document("1003")])
    assert made.pairs == ((record, document),)
    assert ([one.why for one in made.left], made.alone) == (["none"], 1)


def test_the_amount_may_be_with_or_without_tax_to_the_cent() -> None:
    assert (
        len(compared([a_record(amount="200.00")], [a_document("1001", "7", "217.50", "200.00")]).pairs) == 1
    )
    near = compared([a_record(amount="199.99")], [a_document("1001", "7", "217.50", "200.00")])
    assert [one.why for one in near.left] == ["amount"]


@pytest.mark.parametrize(
    ("records", "documents"),
    [
        ([a_record(), a_record()], [a_document()]),
        ([a_record()], [a_document(), a_document()]),
    ],
)
def test_what_several_share_is_listed_and_none_of_them_is_linked(
    records: list[Old], documents: list[Old]
) -> None:
    made = compared(records, documents)
    assert made.pairs == ()
    assert {one.why for one in made.left} == {"several"}


def test_a_number_of_another_customer_or_of_an_account_that_is_not_linked_proves_nothing() -> None:
    made = compared([a_record(party="B"), a_record("1002", party="C")], [a_document(), a_document("1002")])
    assert [(one.why, len(one.might_be)) for one in made.left] == [("account", 1), ("account", 1)]


def test_a_record_without_a_number_is_linked_with_nothing() -> None:
    made = compared([a_record(number="")], [a_document(number="")])
    assert [one.why for one in made.left] == ["none"]


# --- on the simulator ---


@pytest.fixture
def spine(transactional_db: None) -> Iterator[Spine]:
    with a_spine(recipes=("account_customer", "product_item", "opportunity_invoice")) as made:
        yield made


def an_invoice(spine: Spine, customer: str, number: str, amount: int, day: str = "2026-01-10") -> str:
    line = {
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    made = spine.book("Invoice", DocNumber=number, TxnDate=day, CustomerRef={"value": customer}, Line=[line])
    return str(made["Id"])


def old(spine: Spine, name: str, number: str, amount: int, day: str = "2026-01-09", **line: Any) -> str:
    lines = [line] if line else []
    return an_opportunity(spine, name, *lines, CloseDate=day, Amount=amount, QBO_Doc_Number__c=number)


def link_id(name: str) -> UUID:
    return RecordLink.all_companies.exclude(lifecycle="absorbed").get(sf_object="Opportunity", name=name).pk


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_old_invoices_are_linked_as_they_are_and_nothing_old_is_exported(spine: Spine) -> None:
    contact = {"Phone": "(555) 010-0000", "BillingPostalCode": "97301"}
    spine.make("Account", Name="Acme", QBO_Email__c="a@acme.example", **contact)
    acme = spine.customer(
        DisplayName="Acme",
        PrimaryEmailAddr={"Address": "a@acme.example"},
        PrimaryPhone={"FreeFormNumber": "(555) 010-0000"},
    )["Id"]
    clear = old(spine, "Clear", "1001", 200)
    twice = old(spine, "Twice", "1002", 300)
    old(spine, "Twice, the other", "1002", 300)
    old(spine, "Other amount", "1003", 400)
    entry = a_product(spine, "Cedar bench", "CB-1", 500)
    new = {"PricebookEntryId": entry, "Quantity": 1, "UnitPrice": 500}
    fresh = old(spine, "After go-live", "", 500, day="2026-11-20", **new)
    invoice = an_invoice(spine, acme, "1001", 200)
    for number, amount in (("1002", 300), ("1003", 401)):
        an_invoice(spine, acme, number, amount)
    spine.scan()
    mark = spine.mark()
    metered = spine.sim.quickbooks.calls()
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        found = linking_documents.propose(mapping, GO_LIVE)
        assert [(sf.name, qbo.id) for sf, qbo in found.pairs] == [("Clear", invoice)]
        assert {(one.record.name, one.why) for one in found.left} == {
            ("Twice", "several"),
            ("Twice, the other", "several"),
            ("Other amount", "amount"),
        }
        assert (found.calls > 0, spine.sim.quickbooks.calls()) == (True, metered)
        done = linking_documents.link(mapping, GO_LIVE, spine.person)
    assert (done.linked, done.left_alone, done.moved) == (1, 3, 0)
    assert spine.writes(mark) == []
    spine.first_load()
    written = [entry for entry in spine.sim.quickbooks.log(mark[1]) if entry["object"] == "Invoice"]
    assert [entry["operation"] for entry in written] == ["create"]
    assert spine.row("Opportunity", fresh)["QBO_Doc_Status__c"]
    row = spine.row("Opportunity", clear)
    assert (row["QBO_Invoice_Id__c"].endswith(f":Invoice:{invoice}"), row["QBO_Total__c"]) == (True, 200)
    assert spine.row("Opportunity", twice)["QBO_Invoice_Id__c"] is None
    link = RecordLink.all_companies.get(pk=link_id("Clear"))
    assert (link.lifecycle, link.attention, link.base.held) == ("linked", "none", {})
    spine.sync()
    assert [one["object"] for one in spine.sim.quickbooks.log(mark[1])].count("Invoice") == 1


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_a_linked_document_follows_its_record_from_its_next_change_on(spine: Spine) -> None:
    acme = spine.customer(DisplayName="Acme", PrimaryEmailAddr={"Address": "a@acme.example"})["Id"]
    spine.make("Account", Name="Acme", QBO_Email__c="a@acme.example")
    entry = a_product(spine, "Cedar bench", "CB-1", 100)
    clear = old(spine, "Clear", "1001", 200, PricebookEntryId=entry, Quantity=2, UnitPrice=100)
    invoice = an_invoice(spine, acme, "1001", 200)
    spine.scan()
    with tenant(spine.company.pk):
        linking_documents.link(Mapping.objects.get(key="opportunity_invoice"), GO_LIVE, spine.person)
    spine.first_load()
    spine.edit("Opportunity", clear, Name="Clear, renamed")
    spine.sync()
    body = next(one for one in spine.booked("Invoice") if one["Id"] == invoice)
    assert (body["PrivateNote"], body["TotalAmt"], body["TxnDate"]) == ("Clear, renamed", 200, "2026-01-10")
    assert body["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] == "1"


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_a_pair_that_is_switched_on_already_shows_number_and_balance_at_once(spine: Spine) -> None:
    acme = spine.customer(DisplayName="Acme", PrimaryEmailAddr={"Address": "a@acme.example"})["Id"]
    spine.make("Account", Name="Acme", QBO_Email__c="a@acme.example")
    spine.first_load()
    Mapping.all_companies.update(mode="button")
    clear = old(spine, "Clear", "1001", 200)
    an_invoice(spine, acme, "1001", 200)
    spine.capture()
    mark = spine.mark()
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        done = linking_documents.link(mapping, GO_LIVE, spine.person)
    spine.carry()
    assert (done.linked, spine.sim.quickbooks.log(mark[1])) == (1, [])
    assert spine.row("Opportunity", clear)["QBO_Balance__c"] == 200


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_a_field_that_the_org_does_not_have_and_a_mapping_without_documents_are_refused(spine: Spine) -> None:
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="opportunity_invoice")
        with pytest.raises(Refused, match=r"filter\.unknown_field"):
            linking_documents.propose(mapping, GO_LIVE, "No_Such_Field__c")
        accounts = Mapping.objects.get(key="account_customer")
        assert (linking_documents.can_link(mapping), linking_documents.can_link(accounts)) == (True, False)
        with pytest.raises(Refused, match=r"link_documents\.not_possible"):
            linking_documents.propose(accounts, GO_LIVE)
