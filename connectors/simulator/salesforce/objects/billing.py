"""An invoice object as companies build one for themselves: Billing with its lines.

It knows nothing of QuickBooks but the few fields an administrator adds when documents are made from it.
"""

from __future__ import annotations

from .fields import SObject, boolean, currency, date, double, percent, picklist, string, textarea, url
from .invoices import custom_object, lookup, master
from .package import DOCUMENT_STATES, auto_number, quickbooks_id


def _billing(prefix: str) -> SObject:
    own = (
        lookup("Account__c", "Account", "Account", "Billings__r"),
        lookup("Contact__c", "Contact", "Contact", "Billings__r"),
        date("Billing_Date__c", "Billing Date"),
        date("Due_Date__c", "Due Date"),
        picklist("Status__c", "Status", "Draft", "Approved", "Cancelled", length=255, default="Draft"),
        string("PO_Number__c", "PO Number", 80),
        textarea("Notes__c", "Notes", 1000),
        currency("Total__c", "Total", 16, 2),
        quickbooks_id("QBO_Invoice_Id__c", "QuickBooks Invoice Id"),
        string("QBO_Doc_Number__c", "QuickBooks Document Number", 21),
        currency("QBO_Total__c", "QuickBooks Total", 16, 2),
        currency("QBO_Balance__c", "QuickBooks Balance", 16, 2),
        picklist("QBO_Doc_Status__c", "QuickBooks Document Status", *DOCUMENT_STATES, length=255),
        url("QBO_Link__c", "QuickBooks Link"),
    )
    return custom_object("Billing__c", "Billing", prefix, auto_number("Billing Number", "B-{00000}"), own)


def _billing_line(prefix: str) -> SObject:
    own = (
        master("Billing__c", "Billing", "Billing__c", "Billing_Lines__r"),
        lookup("Product__c", "Product", "Product2", "Billing_Lines__r"),
        double("Position__c", "Position", 5, 0),
        string("Description__c", "Description", 255),
        double("Quantity__c", "Quantity", 16, 4),
        currency("Unit_Price__c", "Unit Price", 16, 4),
        percent("Discount__c", "Discount", 5, 2),
        currency("Amount__c", "Amount", 16, 2),
        boolean("Taxable__c", "Taxable"),
        quickbooks_id("QBO_Line_Id__c", "QuickBooks Line Id"),
    )
    number = auto_number("Billing Line", "BL-{00000}")
    return custom_object("Billing_Line__c", "Billing Line", prefix, number, own)


def billing_objects(billing: str, line: str) -> tuple[SObject, ...]:
    """Both objects, each with the key prefix given for it."""
    return (_billing(billing), _billing_line(line))
