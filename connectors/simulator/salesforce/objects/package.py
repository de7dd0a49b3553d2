"""The fields and the object that the product's own package adds to an org (reference/salesforce.md section 7.3).

Identity fields hold `<realm>:<entity>:<id>`: one for each QuickBooks entity that an object can stand for.
"""

from __future__ import annotations

from dataclasses import replace

from .fields import (
    Field,
    SObject,
    audit,
    boolean,
    currency,
    datetime,
    deleted_flag,
    double,
    identity,
    owner,
    picklist,
    read_only,
    reference,
    string,
    textarea,
    url,
)

SYNC_STATES = ("Not Synced", "Pending", "Synced", "Error", "Linked", "Unlinked")
GENERATED = ("Invoice", "Sales Receipt", "Credit Memo", "Estimate")


def _custom(field: Field) -> Field:
    return replace(field, custom=True)


def _quickbooks_id(name: str, label: str) -> Field:
    return string(name, label, 64, unique=True, external_id=True, id_lookup=True, case_sensitive=True)


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
        _custom(field)
        for field in (
            _quickbooks_id("QBO_Id__c", "QuickBooks Id"),
            *(_quickbooks_id(name, label) for name, label in ids),
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
_DOCUMENT_FIELDS = (
    picklist("QBO_Generate__c", "Generate", *GENERATED, length=255, restricted=True),
    string("QBO_Doc_Number__c", "QuickBooks Document Number", 21),
    currency("QBO_Balance__c", "QuickBooks Balance", 16, 2),
    boolean("QBO_Paid__c", "Paid in QuickBooks"),
)

#: Fields added to standard objects, by object.
ADDED_FIELDS: dict[str, tuple[Field, ...]] = {
    "Account": _with_ids(
        ("QBO_Customer_Id__c", "QuickBooks Customer Id"), ("QBO_Vendor_Id__c", "QuickBooks Vendor Id")
    ),
    "Contact": _with_ids(("QBO_Customer_Id__c", "QuickBooks Customer Id")),
    "Opportunity": _with_ids(*_DOCUMENT_IDS, more=_DOCUMENT_FIELDS),
    "OpportunityLineItem": _with_ids(("QBO_Line_Id__c", "QuickBooks Line Id")),
    "Product2": _with_ids(("QBO_Item_Id__c", "QuickBooks Item Id")),
    "Quote": _with_ids(("QBO_Estimate_Id__c", "QuickBooks Estimate Id"), more=_DOCUMENT_FIELDS[1:2]),
    "Order": _with_ids(*_DOCUMENT_IDS, more=_DOCUMENT_FIELDS),
}


def sync_request_object(prefix: str) -> SObject:
    """QBO_Sync__c: one row asks for one thing to be done; the row is the outbox (section 5.7)."""
    own = (
        picklist("Object_Type__c", "Object Type", "Account", "Contact", "Opportunity", "Product2", "Quote",
                 "Order", length=255),
        string("Record_Id__c", "Record Id", 18),
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
    name = read_only(
        string("Name", "QBO Sync Number", 80, nillable=False, defaulted=True, name_field=True, id_lookup=True,
               auto_number="QS-{00000000}", permissionable=False)
    )  # fmt: skip
    return SObject(
        "QBO_Sync__c", "QBO Sync", "QBO Syncs", prefix, custom=True,
        fields=(
            identity("Record"), owner(), deleted_flag(), name, *audit(), *(_custom(field) for field in own),
        ),
    )  # fmt: skip
