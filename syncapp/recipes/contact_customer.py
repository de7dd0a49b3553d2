"""Salesforce Contact <-> QuickBooks Customer: people who buy for themselves (product.md 5.3; quickbooks.md 3.1.7, 3.3).

A contact without an account is a customer of its own; one with an account contributes to that account's customer. In
QuickBooks a customer is a person where it has a last name, no company name and no customer above it: an account's
customer always has a company name.
"""

from __future__ import annotations

from connectors.contracts import Condition, Group
from syncapp.engine.mapping import Direction, FieldSpec, Initial, OnDrift, ValueType
from syncapp.recipes import account_customer
from syncapp.recipes.account_customer import address
from syncapp.recipes.recipe import Recipe, RecipeRow

KEY = "contact_customer"
DISPLAY_NAME = 'TRIM({FirstName} & " " & {LastName})'
SHARED = ("phone", "fax", "notes", "currency", "balance")
"""Rows that a person has as a company has them."""


def _row(
    key: str, label: str, sf: str, qbo: str, lengths: tuple[int, int], kind: ValueType = ValueType.TEXT
) -> RecipeRow:
    sf_length, qbo_length = lengths
    return RecipeRow(
        FieldSpec(
            key=key,
            label=label,
            sf_path=sf,
            qbo_path=qbo,
            type=kind,
            required=key == "last_name",
            sf_length=sf_length,
            qbo_length=qbo_length,
        )
    )


def _display_name() -> RecipeRow:
    """First and last name. What QuickBooks calls the person by otherwise stays until the name changes."""
    spec = FieldSpec(
        key="name",
        label="Name",
        sf_path="",
        qbo_path="DisplayName",
        formula=DISPLAY_NAME,
        direction=Direction.TO_QBO,
        on_drift=OnDrift.LEAVE,
        transform="strip_deleted",
        initial=Initial.QBO,
        required=True,
        qbo_length=500,
    )
    return RecipeRow(spec, fixed=True)


def _rows() -> tuple[RecipeRow, ...]:
    return (
        _display_name(),
        _row("salutation", "Salutation", "Salutation", "Title", (40, 16), ValueType.CHOICE),
        _row("first_name", "First name", "FirstName", "GivenName", (40, 100)),
        _row("middle_name", "Middle name", "MiddleName", "MiddleName", (40, 100)),
        _row("last_name", "Last name", "LastName", "FamilyName", (80, 100)),
        _row("suffix", "Suffix", "Suffix", "Suffix", (40, 16)),
        *address("billing", "Mailing", "Mailing", "BillAddr"),
        _row("email", "E-mail", "Email", "PrimaryEmailAddr.Address", (80, 100), ValueType.EMAIL),
        _row("mobile", "Mobile phone", "MobilePhone", "Mobile.FreeFormNumber", (40, 30), ValueType.PHONE),
        *(row for row in account_customer.ROWS if row.spec.key in SHARED),
    )


PERSON = (
    Condition("CompanyName", "blank", True),
    Condition("FamilyName", "blank", False),
    Condition("ParentRef.value", "blank", True),
)
COMPANY = Group(
    "any",
    tuple(Condition(one.path, one.operator, not one.value) for one in PERSON),
)
"""What an account's mapping takes of QuickBooks' customers beside this one: all who are no persons."""

RECIPE = Recipe(
    key=KEY,
    label="Contact and Customer",
    summary="People without an account in Salesforce, and customers in QuickBooks who are persons: names, address,"
    " phone, e-mail and balance.",
    sf_object="Contact",
    qbo_entity="Customer",
    rows=_rows(),
    external_id_fields=("QBO_Customer_Id__c",),
    sf_filter=(Condition("AccountId", "blank", True),),
    qbo_filter=PERSON,
    policies={"filter_left": "ask"},
    beside_qbo={account_customer.KEY: (COMPANY,)},
)
