"""What a person edits on a record's page: form fields, and how their texts become a request body."""

from __future__ import annotations

from typing import Any

from connectors.simulator.quickbooks.records import Body

_ADDRESS = (
    ("Line1", "street"),
    ("Line2", "street, second line"),
    ("City", "city"),
    ("CountrySubDivisionCode", "state"),
    ("PostalCode", "ZIP code"),
    ("Country", "country"),
)
# path of the value, label, kind of control
FORMS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "customer": (
        ("DisplayName", "Display name", "text"),
        ("CompanyName", "Company name", "text"),
        ("Title", "Title", "text"),
        ("GivenName", "First name", "text"),
        ("MiddleName", "Middle name", "text"),
        ("FamilyName", "Last name", "text"),
        ("Suffix", "Suffix", "text"),
        ("PrimaryEmailAddr.Address", "Email", "text"),
        ("PrimaryPhone.FreeFormNumber", "Phone", "text"),
        ("AlternatePhone.FreeFormNumber", "Other phone", "text"),
        ("Mobile.FreeFormNumber", "Mobile", "text"),
        ("Fax.FreeFormNumber", "Fax", "text"),
        ("WebAddr.URI", "Website", "text"),
        *((f"BillAddr.{name}", f"Billing {label}", "text") for name, label in _ADDRESS),
        *((f"ShipAddr.{name}", f"Shipping {label}", "text") for name, label in _ADDRESS),
        ("Notes", "Notes", "textarea"),
        ("Taxable", "Taxable", "checkbox"),
        ("Active", "Active", "checkbox"),
    ),
    "item": (
        ("Name", "Name", "text"),
        ("Sku", "SKU", "text"),
        ("Description", "Description", "textarea"),
        ("UnitPrice", "Price", "text"),
        ("PurchaseCost", "Cost", "text"),
        ("Taxable", "Taxable", "checkbox"),
        ("Active", "Active", "checkbox"),
    ),
}
FORMS["vendor"] = tuple(
    row
    for row in FORMS["customer"]
    if not row[0].startswith("ShipAddr") and row[0] not in ("Notes", "Taxable")
)
FORMS["employee"] = tuple(
    row
    for row in FORMS["customer"]
    if row[0].split(".")[0]
    in ("GivenName", "MiddleName", "FamilyName", "PrimaryPhone", "PrimaryEmailAddr", "Active")
)
for _path in ("account", "class", "department", "term", "paymentmethod"):
    FORMS[_path] = (("Name", "Name", "text"), ("Active", "Active", "checkbox"))
for _path in ("invoice", "estimate", "salesreceipt", "creditmemo", "refundreceipt", "payment"):
    FORMS[_path] = (
        ("DocNumber", "Number", "text"),
        ("TxnDate", "Date", "date"),
        *((("DueDate", "Due date", "date"),) if _path == "invoice" else ()),
        ("PrivateNote", "Private note", "textarea"),
        *((("CustomerMemo.value", "Message to the customer", "textarea"),) if _path != "payment" else ()),
    )


def value_at(body: Body, path: str) -> Any:
    """The value at a dotted path, or an empty text."""
    value: Any = body
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return "" if value is None else value


def changes(path: str, body: Body, form: dict[str, str]) -> Body:
    """The members that a submitted form changes, sub-objects whole; an emptied text clears its field."""
    changed: Body = {}
    for field_path, _, kind in FORMS[path]:
        top, _, inner = field_path.partition(".")
        new: Any = form.get(field_path, "").replace("\r\n", "\n")
        if kind == "checkbox":
            new = field_path in form
        if new == value_at(body, field_path) or (
            kind != "checkbox" and new == str(value_at(body, field_path))
        ):
            continue
        if inner:
            whole = changed.setdefault(top, dict(body.get(top) or {}))
            whole[inner] = new
        else:
            changed[top] = new
    return {
        name: {key: item for key, item in value.items() if key not in ("Id", "Lat", "Long")}
        if isinstance(value, dict)
        else value
        for name, value in changed.items()
    }
