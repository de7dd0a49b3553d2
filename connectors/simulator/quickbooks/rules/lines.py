"""The lines of a sales document: what each kind needs, ids and numbers, amounts to the cent (quickbooks.md 3.6, 3.18)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules.base import described, resolve_reference
from connectors.simulator.quickbooks.times import cents, money

SHIPPING = "SHIPPING_ITEM_ID"
GRATUITY = "GRATUITY_ITEM_ID"
_DETAIL_ORDER = (
    "ItemRef",
    "ClassRef",
    "UnitPrice",
    "Qty",
    "ItemAccountRef",
    "TaxCodeRef",
    "TaxClassificationRef",
    "ServiceDate",
    "TaxInclusiveAmt",
    "DiscountRate",
    "DiscountAmt",
    "MarkupInfo",
)


class SalesLines:
    """Turns the lines of a request into the lines that are stored and answered, for one document."""

    def __init__(self, context: Context, body: Body, customer: Body | None, old_lines: list[Body]) -> None:
        self._context = context
        self._body = body
        self._customer = customer
        self._known_ids = {str(line["Id"]) for line in _all_lines(old_lines) if "Id" in line}
        self._next_id = max((int(i) for i in self._known_ids if i.isdigit()), default=0)
        self._number = 0
        self._us = context.is_us

    def build(self, sent: list[Body]) -> list[Body]:
        """Item lines in the order sent, then the subtotal, the discount, shipping."""
        items: list[Body] = []
        discounts: list[Body] = []
        shipping: list[Body] = []
        for line in sent:
            kind = line.get("DetailType")
            if not kind:
                raise Fault(faults.missing("Line.DetailType"))
            if kind == "SubTotalLineDetail" or kind == "TaxLineDetail":
                continue
            if kind == "DiscountLineDetail":
                discounts.append(line)
            elif _item_id(line) in (SHIPPING, GRATUITY):
                shipping.append(line)
            else:
                items.append(self._item_or_text(line, kind))
        if len(discounts) > 1:
            raise faults.business(
                "Only one discount line is allowed.", "2600", "Conflicting elements in request"
            )
        subtotal = sum((_amount(line) for line in _all_lines(items)), Decimal(0))
        lines = [
            *items,
            {"Amount": money(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
        ]
        lines += [self._discount(line, subtotal) for line in discounts]
        lines += [self._shipping(line) for line in shipping]
        if not items and not shipping:
            raise faults.business("At least one line is required.", "2250", "Missing lines", "Line")
        return lines

    # -- kinds ----------------------------------------------------------------------------------------------------

    def _item_or_text(self, line: Body, kind: str) -> Body:
        if kind == "SalesItemLineDetail":
            detail = line.get(kind)
            if not isinstance(detail, dict):
                raise Fault(faults.missing("Line.SalesItemLineDetail"))
            if not detail.get("ItemRef"):  # without an item a line is text and its amount does not count
                return self._numbered(
                    {"Description": line.get("Description", ""), "DetailType": "DescriptionOnly"}
                )
            return self._item(line, detail)
        if kind == "GroupLineDetail":
            return self._group(line)
        if kind == "DescriptionOnly":
            text = {"DetailType": kind, "DescriptionLineDetail": line.get("DescriptionLineDetail") or {}}
            if line.get("Description"):
                text = {"Description": line["Description"], **text}
            return self._numbered(text, line)
        raise Fault(faults.invalid_enumeration(kind))

    def _item(self, line: Body, detail: Body) -> Body:
        context = self._context
        item = _live(context, "item", detail["ItemRef"])
        if item["Type"] == "Category":
            raise faults.business("A category cannot be used on a transaction.")
        self._check_start(item)
        made: Body = {"ItemRef": described("ItemRef", ENTITIES["item"], item)}
        for name in ("ClassRef",):
            if detail.get(name) and context.preference(
                "AccountingInfoPrefs", "ClassTrackingPerTxnLine", False
            ):
                made[name] = resolve_reference(context, ENTITIES["invoice"], name, detail[name])
        for name in ("UnitPrice", "Qty", "ServiceDate", "DiscountRate", "DiscountAmt", "MarkupInfo"):
            if detail.get(name) not in (None, ""):
                made[name] = detail[name]
        if detail.get("TaxInclusiveAmt"):
            made["TaxInclusiveAmt"] = detail["TaxInclusiveAmt"]
        if item.get("IncomeAccountRef"):
            made["ItemAccountRef"] = item["IncomeAccountRef"]
        made["TaxCodeRef"] = self._tax_code(detail, item)
        stored: Body = {
            "Amount": money(self._checked_amount(line, made)),
            "DetailType": "SalesItemLineDetail",
        }
        if line.get("Description"):
            stored = {"Description": line["Description"], **stored}
        stored["SalesItemLineDetail"] = {name: made[name] for name in _DETAIL_ORDER if name in made}
        if line.get("LinkedTxn"):
            stored["LinkedTxn"] = line["LinkedTxn"]
        return self._numbered(stored, line)

    def _check_start(self, item: Body) -> None:
        """Refuse a sale of an inventory item from before it was counted (6270)."""
        started = item.get("InvStartDate")
        if started and self._body.get("TxnDate", started) < started:
            raise faults.business(
                "The transaction date is before the start date of an inventory item.",
                "6270",
                "Transaction date is prior to start date for inventory item",
            )

    def _checked_amount(self, line: Body, detail: Body) -> Decimal:
        """The line's amount to the cent; below nothing only where the company allows it (2290)."""
        amount = self._amount_of(line, detail)
        if amount < 0 and self._context.knobs.negative_lines == "refuse":
            raise faults.business(
                "Negative amounts are not supported.", "2290", "Negative amount not supported", "Line.Amount"
            )
        return amount

    @staticmethod
    def _amount_of(line: Body, detail: Body) -> Decimal:
        price, quantity = detail.get("UnitPrice"), detail.get("Qty")
        product = None if price is None or quantity is None else cents(Decimal(price) * Decimal(quantity))
        sent = line.get("Amount")
        if sent is None:
            if product is None:
                raise Fault(faults.missing("Line.Amount"))
            return product
        if product is not None and cents(Decimal(sent)) != product:
            detail_text = f"Amount is not equal to UnitPrice * Qty. Supplied value:{Decimal(sent):,f}"
            raise faults.business(
                detail_text, "6070", "Amount calculation incorrect in the request", "Line.Amount"
            )
        return cents(Decimal(sent))

    def _tax_code(self, detail: Body, item: Body) -> Body:
        code = (detail.get("TaxCodeRef") or {}).get("value")
        if self._us:
            if code in (None, ""):
                taxed = item.get("Taxable") and (self._customer or {}).get("Taxable")
                return {"value": "TAX" if taxed else "NON"}
            if code not in ("TAX", "NON"):
                raise faults.business(
                    "Invalid tax code. For US, specify TAX or NON.",
                    "6100",
                    "Invalid Line TaxCode in the request",
                    "TaxCodeRef",
                )
            return {"value": code}
        if code in (None, "") or code in ("TAX", "NON"):
            if self._body.get("GlobalTaxCalculation") == "NotApplicable":
                return {"value": code or "NON"}
            raise faults.business("Make sure all your transactions have a GST/HST rate before you save.")
        _live(self._context, "taxcode", {"value": code})
        return {"value": code}

    def _group(self, line: Body) -> Body:
        detail = line.get("GroupLineDetail") or {}
        group = _live(self._context, "item", detail.get("GroupItemRef") or {})
        quantity = Decimal(detail.get("Quantity") or 1)
        head = self._numbered(
            {
                "Description": line.get("Description", group["Name"]),
                "Amount": 0,
                "DetailType": "GroupLineDetail",
            },
            line,
        )
        inner = detail.get("Line") or [
            self._component(part, quantity)
            for part in (group.get("ItemGroupDetail") or {}).get("ItemGroupLine", [])
        ]
        head["GroupLineDetail"] = {
            "GroupItemRef": described("GroupItemRef", ENTITIES["item"], group),
            "Quantity": quantity,
            "Line": [self._item(part, part["SalesItemLineDetail"]) for part in inner],
        }
        return head

    def _component(self, part: Body, quantity: Decimal) -> Body:
        item = _live(self._context, "item", part["ItemRef"])
        detail: Body = {
            "ItemRef": part["ItemRef"],
            "UnitPrice": item.get("UnitPrice", 0),
            "Qty": Decimal(part["Qty"]) * quantity,
        }
        if not self._us:
            detail["TaxCodeRef"] = item.get("SalesTaxCodeRef") or {"value": "3"}
        return {"Description": item.get("Description", ""), "SalesItemLineDetail": detail}

    def _discount(self, line: Body, subtotal: Decimal) -> Body:
        context = self._context
        if not context.preference("SalesFormsPrefs", "AllowDiscount", False):
            raise faults.business("Discounts are turned off for this company.")
        detail = dict(line.get("DiscountLineDetail") or {})
        if detail.get("PercentBased"):
            if detail.get("DiscountPercent") is None:
                raise _discount_needs_amount()
            if not 0 <= Decimal(detail["DiscountPercent"]) <= 100:
                raise faults.invalid_percent(detail["DiscountPercent"])
            amount = cents(subtotal * Decimal(detail["DiscountPercent"]) / 100)
        else:
            if line.get("Amount") is None:
                raise _discount_needs_amount()
            detail["PercentBased"] = False
            amount = cents(Decimal(line["Amount"]))
        account = detail.get("DiscountAccountRef") or {
            "value": str(context.preference("SalesFormsPrefs", "DefaultDiscountAccount", "86"))
        }
        found = _live(context, "account", account)
        if found["AccountType"] not in ("Income", "Other Income", "Expense"):
            raise faults.business("Invalid account type used.", "6430", "Invalid account type used")
        made: Body = {"PercentBased": bool(detail["PercentBased"])}
        if detail.get("DiscountPercent") is not None:
            made["DiscountPercent"] = detail["DiscountPercent"]
        made["DiscountAccountRef"] = described("DiscountAccountRef", ENTITIES["account"], found)
        return {"Amount": money(amount), "DetailType": "DiscountLineDetail", "DiscountLineDetail": made}

    def _shipping(self, line: Body) -> Body:
        item = _item_id(line)
        if item == SHIPPING and not self._context.preference("SalesFormsPrefs", "AllowShipping", False):
            raise faults.business("Shipping is turned off for this company.")
        if line.get("Amount") is None:
            raise Fault(faults.missing("Line.Amount"))
        detail: Body = {"ItemRef": {"value": item}}
        if (line["SalesItemLineDetail"].get("TaxCodeRef") or {}).get("value"):
            detail["TaxCodeRef"] = {"value": line["SalesItemLineDetail"]["TaxCodeRef"]["value"]}
        return {
            "Amount": money(cents(Decimal(line["Amount"]))),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": detail,
        }

    # -- ids ------------------------------------------------------------------------------------------------------

    def _numbered(self, stored: Body, sent: Body | None = None) -> Body:
        """Id and LineNum: a line with a known Id keeps it, every other line gets a new one."""
        self._number += 1
        sent_id = str((sent or {}).get("Id") or "")
        if sent_id not in self._known_ids:
            self._next_id += 1
            sent_id = str(self._next_id)
        return {"Id": sent_id, "LineNum": self._number, **stored}


def _discount_needs_amount() -> Fault:
    return faults.business(
        "A discount line needs an amount or a percent.", "6090", "Invalid discount line", "Line.Amount"
    )


def _item_id(line: Body) -> str:
    detail = line.get("SalesItemLineDetail")
    reference = detail.get("ItemRef") if isinstance(detail, dict) else None
    return str(reference["value"]) if isinstance(reference, dict) and "value" in reference else ""


def _live(context: Context, path: str, reference: Any) -> Body:
    """The record that a line refers to. Raises 2500 for an unknown one, 610 for an inactive one."""
    record_id = str(reference.get("value", "")) if isinstance(reference, dict) else ""
    found = context.get(path, record_id)
    if found is None:
        entity = ENTITIES[path]
        raise faults.invalid_reference(entity.reference_word or entity.name, record_id)
    if found.get("Active") is False:
        raise faults.not_found()
    return found


def _amount(line: Body) -> Decimal:
    return Decimal(line.get("Amount") or 0) if line.get("DetailType") == "SalesItemLineDetail" else Decimal(0)


def _all_lines(lines: list[Body]) -> list[Body]:
    """Every line, those inside bundles included."""
    flat: list[Body] = []
    for line in lines:
        flat.append(line)
        inner = (line.get("GroupLineDetail") or {}).get("Line")
        if inner:
            flat += inner
    return flat


def item_lines(lines: list[Body]) -> list[Body]:
    """The lines that are sold, without shipping; the parts of bundles included."""
    return [
        line
        for line in _all_lines(lines)
        if line.get("DetailType") == "SalesItemLineDetail" and _item_id(line) not in (SHIPPING, GRATUITY)
    ]


def extra_lines(lines: list[Body]) -> list[Body]:
    """Shipping and gratuity lines."""
    return [line for line in lines if _item_id(line) in (SHIPPING, GRATUITY)]


def discount_of(lines: list[Body]) -> Decimal:
    """The document's discount as a positive amount."""
    amounts = (Decimal(line["Amount"]) for line in lines if line.get("DetailType") == "DiscountLineDetail")
    return sum(amounts, Decimal(0))
