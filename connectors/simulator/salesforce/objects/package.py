"""What the product's own package adds to standard objects, and its request object (reference/salesforce.md 7.3).

Identity fields hold `<realm>:<entity>:<id>`: one for each QuickBooks entity that an object can stand for. The package's
Invoice and Payment objects are in `invoices.py`.
"""

from __future__ import annotations

from dataclasses import replace

from .fields import (
    Field,
    SObject,
    audit,
    boolean,
    currency,
    date,
    datetime,
    deleted_flag,
    double,
    email,
    identity,
    owner,
    picklist,
    read_only,
    reference,
    string,
    textarea,
    url,
)
from .people import ACCOUNT_TYPES

SYNC_STATES = ("Not Synced", "Pending", "Synced", "Error", "Linked", "Unlinked")
GENERATED = ("Invoice", "Sales Receipt", "Credit Memo", "Estimate")
#: What a document can be in the books (product.md 5.8; the last five belong to estimates).
DOCUMENT_STATES = (
    "Not sent", "Open", "Partly paid", "Paid", "Overdue", "Voided", "Deleted",
    "Pending", "Accepted", "Closed", "Converted", "Rejected",
)  # fmt: skip
ITEM_TYPES = ("Service", "NonInventory", "Inventory", "Group")


def as_custom(field: Field) -> Field:
    return replace(field, custom=True)


def quickbooks_id(name: str, label: str) -> Field:
    """Holds the identity of one QuickBooks record: an external id, found whatever the object."""
    return string(name, label, 64, unique=True, external_id=True, id_lookup=True, case_sensitive=True)


def auto_number(label: str, form: str) -> Field:
    """The Name of an object whose records number themselves."""
    return read_only(
        string("Name", label, 80, nillable=False, defaulted=True, name_field=True, id_lookup=True,
               auto_number=form, permissionable=False)
    )  # fmt: skip


def _long_text(name: str, label: str) -> Field:
    return textarea(name, label, 32768)


def _state_fields() -> tuple[Field, ...]:
    return (
        string("QBO_Sync_Token__c", "QuickBooks Sync Token", 20),
        picklist("QBO_Status__c", "QuickBooks Status", *SYNC_STATES, length=255),
        datetime("QBO_Last_Sync__c", "QuickBooks Last Sync"),
        _long_text("QBO_Error__c", "QuickBooks Error"),
        url("QBO_Link__c", "QuickBooks Link"),
    )


def _with_ids(*ids: tuple[str, str], more: tuple[Field, ...] = ()) -> tuple[Field, ...]:
    return tuple(
        as_custom(field)
        for field in (
            quickbooks_id("QBO_Id__c", "QuickBooks Id"),
            *(quickbooks_id(name, label) for name, label in ids),
            *_state_fields(),
            *more,
        )
    )


_DOCUMENT_IDS = (
    ("QBO_Invoice_Id__c", "QuickBooks Invoice Id"),
    ("QBO_SalesReceipt_Id__c", "QuickBooks Sales Receipt Id"),
    ("QBO_CreditMemo_Id__c", "QuickBooks Credit Memo Id"),
    ("QBO_Estimate_Id__c", "QuickBooks Estimate Id"),
)
#: What a document in the books looks like, as far as it fits on the record it was made from.
_DOCUMENT_VIEW = (
    string("QBO_Doc_Number__c", "QuickBooks Document Number", 21),
    date("QBO_Date__c", "QuickBooks Date"),
    date("QBO_Due_Date__c", "QuickBooks Due Date"),
    currency("QBO_Total__c", "QuickBooks Total", 16, 2),
    currency("QBO_Tax__c", "QuickBooks Tax", 16, 2),
    currency("QBO_Balance__c", "QuickBooks Balance", 16, 2),
    picklist("QBO_Doc_Status__c", "QuickBooks Document Status", *DOCUMENT_STATES, length=255),
)
_DOCUMENT_FIELDS = (
    picklist("QBO_Generate__c", "Generate", *GENERATED, length=255, restricted=True),
    *_DOCUMENT_VIEW,
    boolean("QBO_Paid__c", "Paid in QuickBooks"),
)
_LINE_FIELDS = (string("QBO_Tax_Code__c", "QuickBooks Tax Code", 100),)


def _contact_of(children: str) -> Field:
    return reference(
        "QBO_Contact__c", "QuickBooks Contact", "Contact", children=children, on_parent_delete="clear"
    )


#: Fields added to standard objects, by object.
ADDED_FIELDS: dict[str, tuple[Field, ...]] = {
    "Account": (
        *_with_ids(
            ("QBO_Customer_Id__c", "QuickBooks Customer Id"),
            ("QBO_Vendor_Id__c", "QuickBooks Vendor Id"),
            more=(
                email("QBO_Email__c", "QuickBooks E-mail"),
                string("QBO_Terms__c", "QuickBooks Terms", 31),
                currency("QBO_Balance__c", "QuickBooks Open Balance", 16, 2),
                _contact_of("QBO_Accounts__r"),
            ),
        ),
        # Companies add their suppliers to the standard picklist.
        picklist("Type", "Account Type", *ACCOUNT_TYPES, "Vendor", "Vendor and Customer"),
    ),
    "Contact": _with_ids(
        ("QBO_Customer_Id__c", "QuickBooks Customer Id"),
        more=(boolean("QBO_Primary__c", "QuickBooks Contact"),),
    ),
    "Opportunity": _with_ids(
        *_DOCUMENT_IDS,
        more=(
            *_DOCUMENT_FIELDS,
            string("Product_SKU__c", "Product SKU", 180),
            _contact_of("QBO_Opportunities__r"),
        ),
    ),
    "OpportunityLineItem": _with_ids(("QBO_Line_Id__c", "QuickBooks Line Id"), more=_LINE_FIELDS),
    "Product2": _with_ids(
        ("QBO_Item_Id__c", "QuickBooks Item Id"),
        more=(
            picklist("QBO_Item_Type__c", "QuickBooks Item Type", *ITEM_TYPES, length=255),
            boolean("QBO_Taxable__c", "Taxable in QuickBooks"),
        ),
    ),
    "Quote": _with_ids(("QBO_Estimate_Id__c", "QuickBooks Estimate Id"), more=_DOCUMENT_VIEW),
    "QuoteLineItem": _with_ids(("QBO_Line_Id__c", "QuickBooks Line Id"), more=_LINE_FIELDS),
    "Order": _with_ids(*_DOCUMENT_IDS, more=_DOCUMENT_FIELDS),
    "OrderItem": _with_ids(("QBO_Line_Id__c", "QuickBooks Line Id"), more=_LINE_FIELDS),
}


def sync_request_object(prefix: str) -> SObject:
    """QBO_Sync__c: one row asks for one thing to be done; the row is the outbox (section 5.7)."""
    own = (
        picklist("Object_Type__c", "Object Type", "Account", "Contact", "Opportunity", "Product2", "Quote",
                 "Order", length=255),
        string("Record_Id__c", "Record Id", 18),
        picklist("Platform__c", "Platform", "QuickBooks Online", length=255),
        string("QB_Company_Id__c", "QuickBooks Company Id", 30),
        picklist("Operation__c", "Operation", "Send", "Pull", "Link", "Unlink", "Delete", "Generate",
                 length=255),
        picklist("Generate__c", "Generate", *GENERATED, length=255),
        picklist("Direction__c", "Direction", "To QuickBooks", "To Salesforce", length=255),
        picklist("Status__c", "Status", "New", "Queued", "Processing", "Processed", "Error", "Skipped",
                 length=255, default="New", restricted=True),
        _long_text("Message__c", "Message"),
        string("QBO_Object__c", "QuickBooks Object", 64),
        string("QBO_Id__c", "QuickBooks Id", 64),
        url("QBO_Url__c", "QuickBooks Link"),
        double("Attempts__c", "Attempts", 3, 0),
        reference("Requested_By__c", "Requested By", "User"),
        datetime("Requested_At__c", "Requested At"),
        datetime("Processed_At__c", "Processed At"),
        string("Correlation_Id__c", "Correlation Id", 64, external_id=True, id_lookup=True),
        reference("Account__c", "Account", "Account", children="QBO_Syncs__r"),
        reference("Contact__c", "Contact", "Contact", children="QBO_Syncs__r"),
        reference("Opportunity__c", "Opportunity", "Opportunity", children="QBO_Syncs__r"),
        reference("Product__c", "Product", "Product2", children="QBO_Syncs__r"),
    )  # fmt: skip
    return SObject(
        "QBO_Sync__c", "QBO Sync", "QBO Syncs", prefix, custom=True,
        fields=(
            identity("Record"), owner(), deleted_flag(), auto_number("QBO Sync Number", "QS-{00000000}"), *audit(),
            *(as_custom(field) for field in own),
        ),
    )  # fmt: skip
