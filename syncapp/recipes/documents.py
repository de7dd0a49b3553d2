"""The rows that recipes of sales documents share: what a document shows back, and what its lines are made of
(product.md 5.5 to 5.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.contracts import Condition
from syncapp.engine.mapping import (
    Direction,
    FieldSpec,
    Initial,
    OnConflict,
    OnDrift,
    ValueType,
    WriteMode,
)
from syncapp.engine.pricing import AUTO
from syncapp.recipes import account_customer, product_item
from syncapp.recipes.recipe import RecipeRow

QUANTITY_PLACES, PRICE_PLACES = 5, 7
LINES = "lines"
GENERATE = "QBO_Generate__c"


def to_qbo(key: str, label: str, sf: str, qbo: str, **more: Any) -> RecipeRow:
    """A row that only ever flows to QuickBooks, whatever the template; what somebody edits there stays and is told."""
    row = {
        name: more.pop(name)
        for name in ("sf_choices", "fallback", "needs_currencies", "first_of")
        if name in more
    }
    spec = FieldSpec(
        key=key,
        label=label,
        sf_path=sf,
        qbo_path=qbo,
        **{"direction": Direction.TO_QBO, "on_conflict": OnConflict.SF, "initial": Initial.SF, **more},
    )
    return RecipeRow(spec, fixed=True, **row)


def to_sf(key: str, label: str, sf: str, qbo: str, **more: Any) -> RecipeRow:
    """A row that mirrors what QuickBooks holds: an edit of it in Salesforce is put right."""
    row = {name: more.pop(name) for name in ("sf_choices", "needs_currencies") if name in more}
    spec = FieldSpec(
        key=key,
        label=label,
        sf_path=sf,
        qbo_path=qbo,
        direction=Direction.TO_SF,
        on_conflict=OnConflict.QBO,
        on_drift=OnDrift.OVERWRITE,
        initial=Initial.QBO,
        **more,
    )
    return RecipeRow(spec, fixed=True, **row)


def customer(sf: str = "AccountId") -> RecipeRow:
    """Whom the document is for: the account's customer, which goes first."""
    return to_qbo(
        *("customer", "Account", sf, "CustomerRef"),
        type=ValueType.REFERENCE,
        refers_to=account_customer.KEY,
        required=True,
    )


def email(*first_of: str) -> RecipeRow:
    """Where the document is mailed to: the first of these fields that holds an address, the account's own last."""
    return to_qbo(
        *("email", "E-mail", "", "BillEmail.Address"),
        first_of=(*first_of, f"Account.{account_customer.EMAIL_FIELDS[0]}"),
        type=ValueType.EMAIL,
        qbo_length=100,
    )


def currency() -> RecipeRow:
    """The currency of the document, in orgs with several."""
    return to_qbo(
        *("currency", "Currency", "CurrencyIsoCode", "CurrencyRef.value"),
        type=ValueType.CHOICE,
        write=WriteMode.ON_CREATE,
        needs_currencies=True,
    )


def view(*left_out: str) -> tuple[RecipeRow, ...]:
    """What the record in Salesforce shows of its document: number, dates, amounts, status."""
    money: dict[str, Any] = {"type": ValueType.DECIMAL}
    rows = (
        to_sf("doc_number", "Document number", "QBO_Doc_Number__c", "DocNumber", sf_length=21),
        to_sf("doc_date", "Document date", "QBO_Date__c", "TxnDate", type=ValueType.DATE),
        to_sf("doc_due_date", "Due date", "QBO_Due_Date__c", "DueDate", type=ValueType.DATE),
        to_sf("doc_total", "Total", "QBO_Total__c", "TotalAmt", **money),
        to_sf("doc_tax", "Tax", "QBO_Tax__c", "TotalTax", **money),
        to_sf("doc_balance", "Open balance", "QBO_Balance__c", "Balance", **money),
        to_sf("doc_status", "Document status", "QBO_Doc_Status__c", "Status", type=ValueType.CHOICE),
        to_sf("doc_paid", "Paid", "QBO_Paid__c", "Paid", type=ValueType.BOOL),
    )
    return tuple(row for row in rows if row.spec.key not in left_out)


def lines(relation: str, fields: Mapping[str, str]) -> tuple[RecipeRow, ...]:
    """The lines row and the rows of one line. `fields` names the child's fields: item, description, quantity,
    unit_price, discount, amount, tax_code, service_date; what a child lacks is left out."""
    number = {"type": ValueType.DECIMAL, "part": LINES}
    made = [
        to_qbo(LINES, "Lines", relation, "Line", type=ValueType.LINES, required=True),
        to_qbo(
            *("item", "Product", fields["item"], "SalesItemLineDetail.ItemRef"),
            type=ValueType.REFERENCE,
            refers_to=product_item.KEY,
            lookup="Item",
            part=LINES,
        ),
        _description(fields),
        to_qbo(
            *("quantity", "Quantity", fields["quantity"], "SalesItemLineDetail.Qty"),
            places=QUANTITY_PLACES,
            **number,
        ),
        to_qbo(
            *("unit_price", "Price", fields["unit_price"], "SalesItemLineDetail.UnitPrice"),
            places=PRICE_PLACES,
            **number,
        ),
        to_qbo("amount", "Amount", fields["amount"], "Amount", **number),
    ]
    if "discount" in fields:
        made.append(to_qbo("discount", "Discount", fields["discount"], "", places=4, **number))
    if "tax_code" in fields:
        made.append(
            to_qbo(
                *("tax_code", "Tax code", fields["tax_code"], "SalesItemLineDetail.TaxCodeRef"),
                type=ValueType.REFERENCE,
                lookup="TaxCode",
                part=LINES,
                fallback=AUTO,
            )
        )
    if "service_date" in fields:
        made.append(
            to_qbo(
                *("service_date", "Service date", fields["service_date"], "SalesItemLineDetail.ServiceDate"),
                type=ValueType.DATE,
                part=LINES,
            )
        )
    return tuple(made)


def _description(fields: Mapping[str, str]) -> RecipeRow:
    """A line's text: its own, else the product's name."""
    more: dict[str, Any] = {"part": LINES, "transform": "truncate", "qbo_length": 4000}
    if "product_name" not in fields:
        return to_qbo("description", "Line text", fields["description"], "Description", **more)
    text, name = fields["description"], fields["product_name"]
    return to_qbo(
        "description", "Line text", "", "Description", formula=f"IF(ISBLANK({text}), {name}, {text})", **more
    )


def generated(kind: str, *more: Condition) -> tuple[Condition, ...]:
    """Records whose Generate names this kind of document."""
    return (Condition(GENERATE, "eq", kind), *more)


DOCUMENT_POLICIES: Mapping[str, Any] = {"create_in_sf": False, "filter_left": "ask", "match_auto": True}
"""A document is made from its record, never the other way round, and stays when the record no longer asks for it."""
