"""Where a document is mailed to: the contact that the record names, the primary one of its contact roles, else the
account's own address (product.md 5.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.contracts import FieldInfo, ObjectInfo
from syncapp.engine.mapping import OnConflict
from syncapp.recipes import RECIPES, Template, prepare
from syncapp.services import mappings
from syncapp.tenancy import tenant
from tests.services.sales import a_product, an_opportunity, document
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine(recipes=("account_customer", "product_item", "opportunity_invoice"), winner="sf") as made:
        yield made


def mailed_to(spine: Spine) -> Any:
    return (document(spine).get("BillEmail") or {}).get("Address")


def a_deal(spine: Spine, **fields: Any) -> tuple[str, str]:
    """A won opportunity of an account with an address of its own: the ids of both."""
    account = spine.account(Name="Acme", BillingStreet="1 Main St", QBO_Email__c="office@acme.example")
    bench = a_product(spine, "Cedar bench", "CB", 100)
    line = {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100}
    return an_opportunity(spine, "Spring", line, **fields), account


def a_contact(spine: Spine, account: str, name: str) -> str:
    return spine.make("Contact", AccountId=account, LastName=name, Email=f"{name.lower()}@acme.example")


def test_the_primary_contact_role_goes_before_the_account(spine):
    deal, account = a_deal(spine)
    for name, primary in (("Other", False), ("Byron", True)):
        contact = a_contact(spine, account, name)
        spine.make("OpportunityContactRole", OpportunityId=deal, ContactId=contact, IsPrimary=primary)
    spine.first_load()
    assert mailed_to(spine) == "byron@acme.example"
    spine.sync()
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []


def test_a_contact_that_the_opportunity_names_goes_before_both(spine):
    deal, account = a_deal(spine)
    role, named = a_contact(spine, account, "Byron"), a_contact(spine, account, "Hopper")
    spine.make("OpportunityContactRole", OpportunityId=deal, ContactId=role, IsPrimary=True)
    spine.edit("Opportunity", deal, QBO_Contact__c=named)
    spine.first_load()
    assert mailed_to(spine) == "hopper@acme.example"


def test_without_a_contact_the_account_is_written_to(spine):
    deal, account = a_deal(spine)
    contact = spine.make("Contact", AccountId=account, LastName="Silent")  # who has no address
    spine.make("OpportunityContactRole", OpportunityId=deal, ContactId=contact, IsPrimary=True)
    spine.first_load()
    assert mailed_to(spine) == "office@acme.example"


def test_where_salesforce_names_nobody_the_customers_own_address_in_quickbooks_is_taken(spine):
    """It is known from the last reading: no metered read asks for it."""
    spine.account(Name="Acme", BillingStreet="1 Main St")
    spine.first_load()
    spine.edit_customer("Acme", PrimaryEmailAddr={"Address": "books@acme.example"})
    spine.sync()
    account = spine.accounts()[0]["Id"]
    assert spine.read_account(account)["QBO_Email__c"] == "books@acme.example"
    # Somebody empties the field, and the mapping keeps what QuickBooks holds.
    with tenant(spine.company.pk):
        spine.mapping.rows.filter(key="email").update(direction="to_sf", on_drift="leave")
        mappings.publish(spine.mapping, spine.person)
    spine.sync()
    spine.edit_account(account, QBO_Email__c=None)
    bench = a_product(spine, "Cedar bench", "CB", 100)
    line = {"PricebookEntryId": bench, "Quantity": 1, "UnitPrice": 100}
    deal = an_opportunity(spine, "Spring", line, AccountId=account)
    spine.sync()
    assert spine.read_account(account)["QBO_Email__c"] is None
    assert mailed_to(spine) == "books@acme.example"
    spine.sync()
    mark = spine.mark()
    spine.sync()
    assert spine.writes(mark) == []
    contact = a_contact(spine, account, "Byron")
    spine.edit("Opportunity", deal, QBO_Contact__c=contact)
    spine.sync()
    assert mailed_to(spine) == "byron@acme.example"
    spine.edit("Opportunity", deal, QBO_Contact__c=None)
    spine.sync()
    assert mailed_to(spine) == "books@acme.example"


def described(name: str, *fields: str) -> ObjectInfo:
    return ObjectInfo(
        name=name,
        label=name,
        fields=tuple(FieldInfo(name=one, label=one, type="string") for one in fields),
    )


@pytest.mark.parametrize(
    ("own", "account", "path", "formula"),
    [
        ((), (), "OpportunityContactRoles[].Contact.Email", ""),
        (
            (),
            ("QBO_Email__c",),
            "",
            "BLANKVALUE({OpportunityContactRoles[].Contact.Email}, {Account.QBO_Email__c})",
        ),
        (
            ("QBO_Contact__c",),
            (),
            "",
            "BLANKVALUE({QBO_Contact__r.Email}, {OpportunityContactRoles[].Contact.Email})",
        ),
    ],
)
def test_an_org_that_lacks_some_of_the_fields_takes_the_others(own, account, path, formula):
    prepared = prepare(
        RECIPES["opportunity_invoice"],
        Template.SF_TO_QBO,
        OnConflict.SF,
        described("Opportunity", "Id", "Name", "AccountId", "CloseDate", *own),
        children={
            "OpportunityContactRole": described("OpportunityContactRole", "ContactId", "IsPrimary"),
            "Contact": described("Contact", "Email"),
            "Account": described("Account", "Name", *account),
        },
    )
    [row] = [row for row in prepared.spec.fields if row.key == "email"]
    assert (row.sf_path, row.formula) == (path, formula)
