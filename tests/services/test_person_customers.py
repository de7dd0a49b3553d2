"""People who buy for themselves: contacts without an account and QuickBooks' customers who are persons, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import Mapping
from syncapp.services.mapping_checks import validate
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("account_customer", "contact_customer"), winner="sf") as made:
        yield made


def person_link(spine: Spine) -> Any:
    [link] = [link for link in spine.links if link.sf_object == "Contact" and link.attention != "skipped"]
    return link


def contacts(spine: Spine) -> list[dict[str, Any]]:
    return spine.rows("SELECT Id, FirstName, LastName, MailingCity, AccountId FROM Contact ORDER BY LastName")


def test_a_contact_without_an_account_becomes_a_customer_and_both_follow_one_another(spine):
    ada = spine.make(
        "Contact",
        Salutation="Ms.", FirstName="Ada", LastName="Byron", Email="ada@byron.example", MobilePhone="555-0100",
        MailingStreet="1 Main St\nSuite 5", MailingCity="Springfield", MailingState="IL", MailingPostalCode="62701",
        MailingCountry="United States",
    )  # fmt: skip
    account = spine.account(Name="Acme")
    spine.make("Contact", FirstName="Grace", LastName="Hopper", AccountId=account)
    spine.first_load()
    assert sorted(row["DisplayName"] for row in spine.customers()) == ["Acme", "Ada Byron"]
    customer = spine.customer_named("Ada Byron")
    assert (customer["Title"], customer["GivenName"], customer["FamilyName"]) == ("Ms.", "Ada", "Byron")
    assert (customer["PrimaryEmailAddr"]["Address"], customer["Mobile"]["FreeFormNumber"]) == (
        "ada@byron.example",
        "555-0100",
    )
    assert (customer["BillAddr"]["Line1"], customer["BillAddr"]["Line2"]) == ("1 Main St", "Suite 5")
    assert "CompanyName" not in customer
    assert spine.row("Contact", ada)["QBO_Customer_Id__c"].endswith(f":Customer:{customer['Id']}")
    assert spine.customer_named("Acme")["CompanyName"] == "Acme"

    spine.edit_customer("Ada Byron", PrimaryEmailAddr={"Address": "countess@lovelace.example"})
    spine.edit("Contact", ada, LastName="Lovelace")
    spine.sync()
    customer = spine.read_customer(customer["Id"])
    assert (customer["DisplayName"], customer["FamilyName"]) == ("Ada Lovelace", "Lovelace")
    assert spine.row("Contact", ada)["Email"] == "countess@lovelace.example"
    assert (person_link(spine).name, person_link(spine).attention) == ("Ada Lovelace", "none")
    spine.sync()
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_a_person_of_quickbooks_becomes_a_contact_and_a_company_an_account(spine):
    spine.customer(DisplayName="Rodriguez, Diego", GivenName="Diego", FamilyName="Rodriguez")
    spine.customer(
        DisplayName="Amy's Bird Sanctuary",
        CompanyName="Amy's Bird Sanctuary",
        GivenName="Amy",
        FamilyName="Lauterbach",
    )
    spine.customer(DisplayName="Cash sales")
    spine.first_load()
    spine.sync()
    [diego] = contacts(spine)
    assert (diego["FirstName"], diego["LastName"], diego["AccountId"]) == ("Diego", "Rodriguez", None)
    assert sorted(row["Name"] for row in spine.accounts()) == ["Amy's Bird Sanctuary", "Cash sales"]
    assert spine.customer_named("Rodriguez, Diego")["GivenName"] == "Diego"
    spine.edit_customer("Rodriguez, Diego", BillAddr={"Line1": "1 Elm St", "City": "Phoenix"})
    spine.sync()
    assert contacts(spine)[0]["MailingCity"] == "Phoenix"
    assert spine.customer_named("Rodriguez, Diego")["DisplayName"] == "Rodriguez, Diego"
    spine.edit("Contact", diego["Id"], FirstName="James")
    spine.sync()
    assert spine.customer_named("James Rodriguez")["GivenName"] == "James"
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_a_person_who_is_on_both_sides_is_linked_and_nobody_is_made_twice(spine):
    spine.make("Contact", FirstName="Ada", LastName="Byron", Email="ada@byron.example")
    spine.customer(
        DisplayName="Ada Byron",
        GivenName="Ada",
        FamilyName="Byron",
        PrimaryEmailAddr={"Address": "ada@byron.example"},
    )
    spine.first_load()
    spine.sync()
    assert (len(contacts(spine)), len(spine.customers()), len(spine.accounts())) == (1, 1, 0)
    assert (person_link(spine).lifecycle, person_link(spine).attention) == ("linked", "none")


def test_a_contact_who_is_called_like_an_accounts_customer_asks_and_makes_none(spine):
    spine.account(Name="Ada Byron")
    spine.first_load()
    spine.make("Contact", FirstName="Ada", LastName="Byron")
    spine.sync()
    assert [row["DisplayName"] for row in spine.customers()] == ["Ada Byron"]
    link = person_link(spine)
    assert (link.qbo_id, link.attention, link.attention_code) == (None, "candidate", "engine.match_held")
    assert len(spine.accounts()) == 1


def test_two_contacts_of_one_name_do_not_share_a_customer(spine):
    for email in ("one@byron.example", "two@byron.example"):
        spine.make("Contact", FirstName="Ada", LastName="Byron", Email=email)
    spine.first_load()
    spine.sync()
    assert len(spine.customers()) == 1
    states = sorted((link.lifecycle, link.attention) for link in spine.links if link.sf_object == "Contact")
    assert states[-1] == ("linked", "none")
    assert states[0][1] in ("candidate", "data_error")


def test_a_contact_that_gets_an_account_is_asked_about_and_stays_as_it_is(spine):
    ada = spine.make("Contact", FirstName="Ada", LastName="Byron")
    account = spine.account(Name="Acme")
    spine.first_load()
    spine.edit("Contact", ada, AccountId=account, FirstName="Augusta")
    spine.sync()
    link = person_link(spine)
    assert (link.attention, link.attention_code) == ("data_error", "engine.filter_left")
    assert spine.customer_named("Ada Byron")["GivenName"] == "Ada"


def test_who_makes_customers_of_the_same_records_is_told_at_save_time(spine):
    with tenant(spine.company.pk):
        people = Mapping.objects.get(key="contact_customer")
        companies = Mapping.objects.get(key="account_customer")
        assert "mapping.overlap" not in {
            fault.code for each in (people, companies) for fault in validate(each)
        }
        companies.qbo_filter = []
        companies.save()
        assert ("mapping.overlap", "QuickBooks") in {
            (fault.code, fault.values.get("side")) for fault in validate(companies)
        }
