"""The package's own objects: invoices and payments of the books as records of their own (product.md 5.8, 5.9)."""

from __future__ import annotations

from dataclasses import replace

from .fields import (
    Field,
    SObject,
    audit,
    currency,
    date,
    datetime,
    deleted_flag,
    double,
    email,
    identity,
    owner,
    picklist,
    reference,
    string,
    textarea,
    url,
)
from .package import DOCUMENT_STATES, as_custom, auto_number, quickbooks_id

DOCUMENT_TYPES = ("Invoice", "Sales Receipt", "Credit Memo", "Estimate")
PAYMENT_TYPES = ("Payment", "Refund Receipt", "Credit Application")
PAYMENT_STATES = ("Applied", "Partly applied", "Unapplied", "Voided", "Deleted")


def master(name: str, label: str, target: str, children: str) -> Field:
    """A master-detail reference: required, fixed, and the parent takes its details along."""
    made = reference(name, label, target, children=children, on_parent_delete="cascade")
    return replace(made, nillable=False, updateable=False, permissionable=False)


def lookup(name: str, label: str, target: str, children: str) -> Field:
    return reference(name, label, target, children=children, on_parent_delete="clear")


def custom_object(name: str, label: str, prefix: str, name_field: Field, own: tuple[Field, ...]) -> SObject:
    """A custom object with its system fields; a detail has no owner of its own."""
    detail = any(one.type == "reference" and not one.updateable for one in own)
    return SObject(
        name, label, f"{label}s", prefix, custom=True,
        fields=(
            identity("Record"), *(() if detail else (owner(),)), deleted_flag(), name_field, *audit(),
            *(as_custom(field) for field in own),
        ),
    )  # fmt: skip


def text_name(label: str) -> Field:
    """A Name that people give; without one the platform takes the record's id."""
    return string("Name", label, 80, defaulted=True, name_field=True, id_lookup=True, permissionable=False)


def _envelope() -> tuple[Field, ...]:
    """Where the record comes from and when it was last brought up to date."""
    return (
        quickbooks_id("QBO_Id__c", "QuickBooks Id"),
        string("QBO_Sync_Token__c", "QuickBooks Sync Token", 20),
        datetime("QBO_Created__c", "Created in QuickBooks"),
        datetime("QBO_Updated__c", "Updated in QuickBooks"),
        datetime("QBO_Last_Sync__c", "QuickBooks Last Sync"),
        url("QBO_Link__c", "QuickBooks Link"),
    )


def _money(*fields: tuple[str, str]) -> tuple[Field, ...]:
    amounts = (currency(name, label, 16, 2) for name, label in fields)
    return (
        *amounts,
        string("Currency__c", "Currency", 3),
        double("Exchange_Rate__c", "Exchange Rate", 18, 6),
    )


def _invoice(prefix: str) -> SObject:
    own = (
        *_envelope(),
        picklist("Type__c", "Type", *DOCUMENT_TYPES, length=255, default="Invoice"),
        lookup("Account__c", "Account", "Account", "QBO_Invoices__r"),
        lookup("Opportunity__c", "Opportunity", "Opportunity", "QBO_Invoices__r"),
        date("Date__c", "Date"),
        date("Due_Date__c", "Due Date"),
        picklist("Status__c", "Status", *DOCUMENT_STATES, length=255),
        *_money(
            ("Total__c", "Total"), ("Tax__c", "Tax"), ("Balance__c", "Balance"), ("Discount__c", "Discount")
        ),
        string("Terms__c", "Terms", 31),
        email("Email__c", "Billing E-mail", 100),
        picklist("Email_Status__c", "E-mail Status", "NotSet", "NeedToSend", "EmailSent", length=255),
        textarea("Memo__c", "Customer Memo", 1000),
        textarea("Private_Note__c", "Private Note", 4000),
    )
    return custom_object("QBO_Invoice__c", "QBO Invoice", prefix, text_name("Invoice Number"), own)


def _invoice_line(prefix: str) -> SObject:
    own = (
        master("Invoice__c", "Invoice", "QBO_Invoice__c", "Lines__r"),
        quickbooks_id("QBO_Id__c", "QuickBooks Id"),
        lookup("Product__c", "Product", "Product2", "QBO_Invoice_Lines__r"),
        double("Line_Number__c", "Line Number", 5, 0),
        picklist(
            "Type__c", "Type", "Item", "Discount", "Shipping", "Text", "Bundle", length=255, default="Item"
        ),
        string("Item__c", "Item", 255),
        textarea("Description__c", "Description", 4000),
        double("Quantity__c", "Quantity", 16, 5),
        currency("Unit_Price__c", "Unit Price", 16, 5),
        currency("Amount__c", "Amount", 16, 2),
        string("Tax_Code__c", "Tax Code", 100),
        string("Class__c", "Class", 255),
        date("Service_Date__c", "Service Date"),
    )
    number = auto_number("Line", "QIL-{00000000}")
    return custom_object("QBO_Invoice_Line__c", "QBO Invoice Line", prefix, number, own)


def _payment(prefix: str) -> SObject:
    own = (
        *_envelope(),
        picklist("Type__c", "Type", *PAYMENT_TYPES, length=255, default="Payment"),
        lookup("Account__c", "Account", "Account", "QBO_Payments__r"),
        date("Date__c", "Date"),
        picklist("Status__c", "Status", *PAYMENT_STATES, length=255),
        *_money(("Amount__c", "Amount"), ("Unapplied_Amount__c", "Unapplied Amount")),
        string("Payment_Method__c", "Payment Method", 31),
        string("Reference_Number__c", "Reference Number", 21),
        string("Deposit_To__c", "Deposit To", 100),
        textarea("Private_Note__c", "Private Note", 4000),
    )
    return custom_object(
        "QBO_Payment__c", "QBO Payment", prefix, auto_number("Payment", "QP-{00000000}"), own
    )


def _payment_line(prefix: str) -> SObject:
    own = (
        master("Payment__c", "Payment", "QBO_Payment__c", "Lines__r"),
        quickbooks_id("QBO_Id__c", "QuickBooks Id"),
        lookup("Invoice__c", "Invoice", "QBO_Invoice__c", "Payment_Lines__r"),
        lookup("Opportunity__c", "Opportunity", "Opportunity", "QBO_Payment_Lines__r"),
        picklist("Linked_Type__c", "Applied To", "Invoice", "Credit Memo", "Refund Receipt", length=255),
        string("Linked_Id__c", "Applied To (QuickBooks Id)", 64),
        currency("Amount__c", "Amount", 16, 2),
    )
    number = auto_number("Line", "QPL-{00000000}")
    return custom_object("QBO_Payment_Line__c", "QBO Payment Line", prefix, number, own)


def package_objects(invoice: str, invoice_line: str, payment: str, payment_line: str) -> tuple[SObject, ...]:
    """The four objects, each with the key prefix given for it."""
    return (_invoice(invoice), _invoice_line(invoice_line), _payment(payment), _payment_line(payment_line))
