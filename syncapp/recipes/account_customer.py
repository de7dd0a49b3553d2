"""Salesforce Account <-> QuickBooks Customer (product.md 5.1; lengths: salesforce.md 8.1, quickbooks.md 3.2, 3.3).

The rows say which fields belong together; a template and who wins turn them into directions and policies. Rows whose
Salesforce field an org lacks are left out and named. One-way rows whose `initial` is the side they flow to keep what
that side holds at the first link and only fill what is empty.
"""

from __future__ import annotations

from syncapp.engine.mapping import Direction, FieldSpec, Initial, OnConflict, OnDrift, ValueType, WriteMode
from syncapp.recipes.recipe import Recipe, RecipeRow

KEY = "account_customer"


def address(key: str, label: str, sf: str, qbo: str) -> tuple[RecipeRow, ...]:
    """The five rows of a postal address; they merge and are written as one (sync-semantics section 2.8)."""

    def row(
        part: str, words: str, sf_field: str, member: str, limits: tuple[int, int], **more: object
    ) -> RecipeRow:
        return RecipeRow(
            FieldSpec(
                key=f"{key}_{part}",
                label=f"{label} {words}",
                sf_path=f"{sf}{sf_field}",
                qbo_path=f"{qbo}.{member}",
                group=f"{key}_address",
                sf_length=limits[0],
                qbo_length=limits[1],
                **more,  # type: ignore[arg-type]
            ),
            instead_of=f"{sf}{sf_field}" if sf_field in ("State", "Country") else "",
        )

    return (
        row("street", "street", "Street", "Line1", (255, 500), transform="street_lines"),
        row("city", "city", "City", "City", (40, 255)),
        row("state", "state", "State", "CountrySubDivisionCode", (80, 255), type=ValueType.STATE),
        row("postal_code", "postal code", "PostalCode", "PostalCode", (20, 30)),
        row("country", "country", "Country", "Country", (80, 255), type=ValueType.COUNTRY),
    )


EMAIL_FIELDS = ("QBO_Email__c", "Invoice_Email_Address__c", "Billing_Email__c", "Email__c")
"""Names under which orgs keep an account's e-mail: a business account has none of its own (salesforce.md 8.1)."""

BALANCE_FIELDS = ("QBO_Balance__c", "Open_Balance__c")

ROWS: tuple[RecipeRow, ...] = (
    RecipeRow(
        FieldSpec(
            key="name",
            label="Name",
            sf_path="Name",
            qbo_path="DisplayName",
            transform="strip_deleted",
            required=True,
            sf_length=255,
            qbo_length=500,
        )
    ),
    RecipeRow(
        FieldSpec(
            key="company_name",
            label="Company name",
            sf_path="Name",
            qbo_path="CompanyName",
            direction=Direction.TO_QBO,
            on_drift=OnDrift.LEAVE,
            transform="truncate",
            initial=Initial.QBO,
            sf_length=255,
            qbo_length=100,
        ),
        fixed=True,
    ),
    *address("billing", "Billing", "Billing", "BillAddr"),
    *address("shipping", "Shipping", "Shipping", "ShipAddr"),
    RecipeRow(
        FieldSpec(
            key="phone",
            label="Phone",
            sf_path="Phone",
            qbo_path="PrimaryPhone.FreeFormNumber",
            type=ValueType.PHONE,
            sf_length=40,
            qbo_length=30,
        )
    ),
    RecipeRow(
        FieldSpec(
            key="fax",
            label="Fax",
            sf_path="Fax",
            qbo_path="Fax.FreeFormNumber",
            type=ValueType.PHONE,
            sf_length=40,
            qbo_length=30,
        )
    ),
    RecipeRow(
        FieldSpec(
            key="website",
            label="Website",
            sf_path="Website",
            qbo_path="WebAddr.URI",
            type=ValueType.URL,
            sf_length=255,
            qbo_length=1000,
        )
    ),
    RecipeRow(
        FieldSpec(
            key="email",
            label="E-mail",
            sf_path=EMAIL_FIELDS[0],
            qbo_path="PrimaryEmailAddr.Address",
            type=ValueType.EMAIL,
            sf_length=80,
            qbo_length=100,
        ),
        sf_choices=EMAIL_FIELDS,
    ),
    RecipeRow(
        FieldSpec(
            key="parent",
            label="Parent account",
            sf_path="ParentId",
            qbo_path="ParentRef",
            type=ValueType.REFERENCE,
            direction=Direction.TO_QBO,
            refers_to=KEY,
            initial=Initial.SF,
        )
    ),
    RecipeRow(
        FieldSpec(
            key="notes",
            label="Description",
            sf_path="Description",
            qbo_path="Notes",
            direction=Direction.TO_QBO,
            transform="truncate",
            initial=Initial.QBO,
            sf_length=32000,
            qbo_length=2000,
        )
    ),
    RecipeRow(
        FieldSpec(
            key="currency",
            label="Currency",
            sf_path="CurrencyIsoCode",
            qbo_path="CurrencyRef.value",
            type=ValueType.CHOICE,
            write=WriteMode.ON_CREATE,
            sf_length=3,
            qbo_length=3,
        ),
        needs_currencies=True,
    ),
    RecipeRow(
        FieldSpec(
            key="balance",
            label="Open balance",
            sf_path=BALANCE_FIELDS[0],
            qbo_path="Balance",
            type=ValueType.DECIMAL,
            transform="blank_is_zero",
            direction=Direction.TO_SF,
            on_conflict=OnConflict.QBO,
            on_drift=OnDrift.OVERWRITE,
            initial=Initial.QBO,
        ),
        sf_choices=BALANCE_FIELDS,
        fixed=True,
    ),
)

RECIPE = Recipe(
    key=KEY,
    label="Account and Customer",
    summary="Accounts in Salesforce and customers in QuickBooks: names, addresses, phone, e-mail, parent and balance.",
    sf_object="Account",
    qbo_entity="Customer",
    rows=ROWS,
    external_id_fields=("QBO_Customer_Id__c", "QBO_Id__c"),
)
