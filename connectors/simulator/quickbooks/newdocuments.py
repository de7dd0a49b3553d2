"""A sales document made by hand: the form for it, and the create body that it becomes."""

from __future__ import annotations

from connectors.simulator import pages
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.records import Body

KINDS = ("invoice", "estimate", "salesreceipt", "creditmemo", "refundreceipt")
_ROWS = 3
_MOST_ITEMS = 200


def form_html(context: Context, form: dict[str, str]) -> str:
    """The controls, with what was typed before."""
    head = pages.field("Customer", "Customer", form.get("Customer", ""), hint="Display name or number")
    head += pages.field("Date", "TxnDate", form.get("TxnDate", context.today), kind="date")
    head += pages.field("Private note", "PrivateNote", form.get("PrivateNote", ""))
    items = context.records.find(context.realm, ENTITIES["item"], "f_Active = 1", ())[:_MOST_ITEMS]
    choices = [("", "-"), *((str(one["Id"]), str(one["Name"])) for one in items if one["Type"] != "Category")]
    rows = "".join(_row(choices, number, form) for number in range(1, _ROWS + 1))
    return f'<div class="fields">{head}</div><h2>Lines</h2>{rows}'


def _row(choices: list[tuple[str, str]], number: int, form: dict[str, str]) -> str:
    item = pages.field(
        f"Item {number}", f"Item{number}", form.get(f"Item{number}", ""), kind="select", options=choices
    )
    quantity = pages.field(f"Quantity {number}", f"Qty{number}", form.get(f"Qty{number}", "1"))
    price = pages.field(
        f"Price {number}",
        f"UnitPrice{number}",
        form.get(f"UnitPrice{number}", ""),
        hint="Empty: the item's own",
    )
    return f'<div class="fields">{item}{quantity}{price}</div>'


def payload(context: Context, path: str, form: dict[str, str]) -> Body:
    """The create body of what was typed."""
    body: Body = {"Line": [line for number in range(1, _ROWS + 1) if (line := _line(context, number, form))]}
    customer = _customer(context, form.get("Customer", "").strip())
    if customer:
        body["CustomerRef"] = {"value": customer}
    for name in ("TxnDate", "PrivateNote"):
        if form.get(name, "").strip():
            body[name] = form[name].strip()
    if path == "refundreceipt":
        body["DepositToAccountRef"] = {"value": "35"}
    return body


def _customer(context: Context, typed: str) -> str:
    """The number of the customer of that name; what is no name is taken for a number."""
    found = context.records.find(context.realm, ENTITIES["customer"], "f_DisplayName = ?", (typed,))
    return str(found[0]["Id"]) if found else typed


def _line(context: Context, number: int, form: dict[str, str]) -> Body | None:
    item = context.get("item", form.get(f"Item{number}", ""))
    if item is None:
        return None
    price = form.get(f"UnitPrice{number}", "").strip() or item.get("UnitPrice", 0)
    detail: Body = {
        "ItemRef": {"value": item["Id"]},
        "Qty": form.get(f"Qty{number}", "").strip() or 1,
        "UnitPrice": price,
    }
    if not context.is_us:
        detail["TaxCodeRef"] = item.get("SalesTaxCodeRef") or {"value": "3"}
    return {"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
