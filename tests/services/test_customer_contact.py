"""The primary contact of an account is shown on its customer; it is never written (product.md 5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncapp.models import Mapping
from syncapp.services import mappings
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("account_customer",), winner="sf") as made:
        yield made


def rules(spine: Spine, **chosen: Any) -> None:
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="account_customer")
        mapping.policies["options"] = {**mapping.policies.get("options", {}), "rules": chosen}
        mapping.save()
        mappings.publish(mapping, spine.person)


def shown(spine: Spine, name: str = "Acme") -> tuple[str | None, ...]:
    body = spine.customer_named(name)
    mobile = (body.get("Mobile") or {}).get("FreeFormNumber")
    return (body.get("Title"), body.get("GivenName"), body.get("FamilyName"), mobile)


ADA = {"Salutation": "Ms.", "FirstName": "Ada", "LastName": "Byron", "MobilePhone": "555-0101"}


def test_without_a_rule_no_contact_is_taken(spine):
    account = spine.make("Account", Name="Acme")
    spine.make("Contact", AccountId=account, QBO_Primary__c=True, **ADA)
    spine.first_load()
    assert shown(spine) == (None, None, None, None)


def test_the_contact_that_a_checkbox_marks_is_the_customers_and_follows_its_changes(spine):
    account = spine.make("Account", Name="Acme")
    spine.make("Contact", AccountId=account, FirstName="Nobody", LastName="Special")
    ada = spine.make("Contact", AccountId=account, QBO_Primary__c=True, **ADA)
    rules(spine, contact="field")
    spine.first_load()
    assert shown(spine) == ("Ms.", "Ada", "Byron", "555-0101")
    spine.edit("Contact", ada, LastName="Lovelace")
    spine.sync()
    assert shown(spine) == ("Ms.", "Ada", "Lovelace", "555-0101")
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_the_contact_that_the_account_names_is_the_customers(spine):
    account = spine.make("Account", Name="Acme")
    ada = spine.make("Contact", AccountId=account, **ADA)
    spine.edit("Account", account, QBO_Contact__c=ada)
    rules(spine, contact="account")
    spine.first_load()
    assert shown(spine) == ("Ms.", "Ada", "Byron", "555-0101")
    spine.edit("Contact", ada, FirstName="Augusta")
    spine.sync()
    assert shown(spine) == ("Ms.", "Augusta", "Byron", "555-0101")


def test_another_primary_contact_takes_the_place_and_no_contact_is_ever_written(spine):
    account = spine.make("Account", Name="Acme")
    ada = spine.make("Contact", AccountId=account, QBO_Primary__c=True, **ADA)
    rules(spine, contact="field")
    spine.first_load()
    mark = spine.mark()
    spine.edit("Contact", ada, QBO_Primary__c=False)
    spine.make("Contact", AccountId=account, QBO_Primary__c=True, FirstName="Grace", LastName="Hopper")
    spine.sync()
    assert shown(spine)[1:3] == ("Grace", "Hopper")
    spine.edit_customer("Acme", GivenName="Gracie")
    spine.sync()
    ours = [entry for entry in spine.writes(mark) if entry["object"] == "Contact"]
    assert [entry["operation"] for entry in ours] == [
        "update",
        "create",
    ]  # what the person did, nothing of ours
    assert shown(spine)[1] == "Gracie"  # an edit in QuickBooks stays until the contact changes


def test_the_rule_leaves_no_trace_in_the_draft(spine):
    rules(spine, contact="field")
    with tenant(spine.company.pk):
        mapping = Mapping.objects.get(key="account_customer")
        mappings.discard_draft(mapping, spine.person)
        assert mapping.policies["options"] == {"rules": {"contact": "field"}}
        assert not mappings.draft_differs(mapping)
