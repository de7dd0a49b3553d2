"""What recipes share that show QuickBooks documents as records of their own in Salesforce (product.md 5.8, 5.9)."""

from __future__ import annotations

from typing import Any

from connectors.contracts import Condition
from syncapp.engine.mapping import ValueType, WriteMode
from syncapp.engine.merge import OPTIONAL
from syncapp.recipes import account_customer, product_item
from syncapp.recipes.documents import LINES, PRICE_PLACES, QUANTITY_PLACES, to_sf
from syncapp.recipes.recipe import Recipe, RecipeRow

MIRROR_POLICIES: dict[str, Any] = {"create_in_qbo": False, "create_in_sf": True}


def account(sf: str = "Account__c") -> RecipeRow:
    """Whose document it is: the customer's account, which goes first."""
    return to_sf(
        *("account", "Account", sf, "CustomerRef"),
        type=ValueType.REFERENCE,
        refers_to=account_customer.KEY,
        default=OPTIONAL,
    )


def envelope() -> tuple[RecipeRow, ...]:
    """When the document was made and changed in QuickBooks, its currency and rate."""
    moment: dict[str, Any] = {"type": ValueType.DATETIME}
    return (
        to_sf("made_at", "Created in QuickBooks", "QBO_Created__c", "MetaData.CreateTime", **moment),
        to_sf("version", "Sync token", "QBO_Sync_Token__c", "SyncToken", sf_length=20),
        to_sf("currency", "Currency", "Currency__c", "CurrencyRef.value", sf_length=3),
        to_sf(
            *("in_currency", "Currency of the record", "CurrencyIsoCode", "CurrencyRef.value"),
            type=ValueType.CHOICE,
            write=WriteMode.ON_CREATE,
            needs_currencies=True,
        ),
        to_sf(
            *("rate", "Exchange rate", "Exchange_Rate__c", "ExchangeRate"),
            type=ValueType.DECIMAL,
            places=6,
        ),
        to_sf(
            "private_note",
            "Private note",
            "Private_Note__c",
            "PrivateNote",
            transform="truncate",
            sf_length=4000,
        ),
    )


def document(entity: str, label: str, kind: str, *left_out: str) -> Recipe:
    """A sales document with its lines as a QBO_Invoice__c of this type."""
    money: dict[str, Any] = {"type": ValueType.DECIMAL}
    line: dict[str, Any] = {"part": LINES}
    rows = (
        to_sf("doc_number", "Document number", "Name", "DocNumber", sf_length=80),
        to_sf("doc_type", "Type", "Type__c", "", constant=kind),
        account(),
        to_sf(
            *("opportunity", "Opportunity", "Opportunity__c", "Id"),
            type=ValueType.REFERENCE,
            refers_to=f"opportunity_{entity.lower()}",
            default=OPTIONAL,
        ),
        to_sf("doc_date", "Date", "Date__c", "TxnDate", type=ValueType.DATE),
        to_sf("doc_due_date", "Due date", "Due_Date__c", "DueDate", type=ValueType.DATE),
        to_sf("doc_status", "Status", "Status__c", "Status", type=ValueType.CHOICE),
        to_sf("doc_total", "Total", "Total__c", "TotalAmt", **money),
        to_sf("doc_tax", "Tax", "Tax__c", "TotalTax", **money),
        to_sf("doc_balance", "Balance", "Balance__c", "Balance", **money),
        to_sf("doc_discount", "Discount", "Discount__c", "DiscountTotal", **money),
        to_sf("doc_email", "E-mail", "Email__c", "BillEmail.Address", sf_length=100),
        to_sf("doc_email_status", "E-mail status", "Email_Status__c", "EmailStatus", type=ValueType.CHOICE),
        to_sf(
            "doc_memo", "Customer memo", "Memo__c", "CustomerMemo.value", transform="truncate", sf_length=1000
        ),
        *envelope(),
        to_sf(LINES, "Lines", "Lines__r", "Line", type=ValueType.LINES),
        to_sf(
            *("item", "Product", "Product__c", "SalesItemLineDetail.ItemRef"),
            type=ValueType.REFERENCE,
            refers_to=product_item.KEY,
            default=OPTIONAL,
            **line,
        ),
        to_sf("line_type", "Type", "Type__c", "LineKind", type=ValueType.CHOICE, **line),
        to_sf("item_name", "Item", "Item__c", "SalesItemLineDetail.ItemRef.name", sf_length=255, **line),
        to_sf(
            "description",
            "Description",
            "Description__c",
            "Description",
            transform="truncate",
            sf_length=4000,
            **line,
        ),
        to_sf(
            "quantity",
            "Quantity",
            "Quantity__c",
            "SalesItemLineDetail.Qty",
            places=QUANTITY_PLACES,
            **money,
            **line,
        ),
        to_sf(
            "unit_price",
            "Price",
            "Unit_Price__c",
            "SalesItemLineDetail.UnitPrice",
            places=min(PRICE_PLACES, 5),
            **money,
            **line,
        ),
        to_sf("amount", "Amount", "Amount__c", "Amount", **money, **line),
        to_sf(
            "tax_code",
            "Tax code",
            "Tax_Code__c",
            "SalesItemLineDetail.TaxCodeRef.value",
            sf_length=100,
            **line,
        ),
        to_sf(
            "line_number",
            "Line number",
            "Line_Number__c",
            "LineNum",
            type=ValueType.DECIMAL,
            places=0,
            **line,
        ),
        to_sf(
            *("service_date", "Service date", "Service_Date__c", "SalesItemLineDetail.ServiceDate"),
            type=ValueType.DATE,
            **line,
        ),
    )
    return Recipe(
        key=f"{entity.lower()}_record",
        label=f"{label} as Salesforce record",
        summary=f"Every {label.lower()} of QuickBooks with its lines as a record in Salesforce, kept up to date.",
        sf_object="QBO_Invoice__c",
        qbo_entity=entity,
        rows=tuple(row for row in rows if row.spec.key not in left_out),
        external_id_fields=("QBO_Id__c",),
        sf_filter=(Condition("Type__c", "eq", kind),),
        policies=MIRROR_POLICIES,
        options={
            "lines": {
                "sf_object": "QBO_Invoice_Line__c",
                "parent_field": "Invoice__c",
                "sort": ["Line_Number__c", "Id"],
                "every_kind": True,
            }
        },
    )
