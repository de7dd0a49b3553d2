"""Purchases and the other transactions: dates, totals of their lines, and what they freeze; nothing is posted."""

from __future__ import annotations

from decimal import Decimal

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules import charges, links
from connectors.simulator.quickbooks.rules.base import currency_reference, resolve_reference
from connectors.simulator.quickbooks.rules.sales import TransactionRules
from connectors.simulator.quickbooks.times import cents, money

_NO_TOTAL = {"Transfer", "TimeActivity", "Attachable", "BillPayment"}


class PlainRules(TransactionRules):
    """Stored and validated by their field lists; the total is the sum of the lines."""

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        super().fill(context, entity, body, old, clean)
        if "CurrencyRef" in entity.fields:
            asked = (body.get("CurrencyRef") or {}).get("value", context.home_currency)
            body["CurrencyRef"] = currency_reference(asked)
        lines = body.get("Line")
        if isinstance(lines, list):
            body["Line"] = self._numbered(context, entity, lines, old)
        if "TotalAmt" in entity.fields and entity.name not in _NO_TOTAL:
            body["TotalAmt"] = money(self._total(entity, body))
        if entity.name == "Bill":
            body["Balance"] = body["TotalAmt"]
            body.setdefault("DueDate", body["TxnDate"])
        if entity.name == "PurchaseOrder":
            body.setdefault("POStatus", "Open")

    @staticmethod
    def _total(entity: Entity, body: Body) -> Decimal:
        amounts = [Decimal(line.get("Amount") or 0) for line in body.get("Line", [])]
        if entity.name == "JournalEntry":
            return Decimal(0)
        back = Decimal((body.get("CashBack") or {}).get("Amount") or 0)
        return sum(amounts, Decimal(0)) - back

    def _numbered(self, context: Context, entity: Entity, lines: list[Body], old: Body | None) -> list[Body]:
        known = {str(line.get("Id")) for line in (old or {}).get("Line", [])}
        last = max((int(number) for number in known if number.isdigit()), default=-1 if old is None else 0)
        made: list[Body] = []
        for line in lines:
            kind = line.get("DetailType")
            if not kind and entity.name not in ("BillPayment", "Deposit"):
                raise Fault(faults.missing("Line.DetailType"))
            number = str(line.get("Id") or "")
            if number not in known:
                last += 1
                number = str(last)
            stored = dict(line)
            if line.get("Amount") is not None:
                stored["Amount"] = money(cents(Decimal(line["Amount"])))
            detail = line.get(kind or "")
            if isinstance(detail, dict):
                stored[str(kind)] = {
                    name: resolve_reference(context, entity, name, value)
                    if name.endswith("Ref") and name != "EntityRef"
                    else value
                    for name, value in detail.items()
                }
            made.append({**stored, "Id": number})
        return made

    def before_delete(self, context: Context, entity: Entity, body: Body) -> None:
        if charges.is_billed(body):
            raise faults.business(
                "Deleting this purchase invalidates the invoice that it is linked to.",
                "6400",
                "Linked purchase cannot be deleted",
            )
        self.check_open(context, body.get("TxnDate", context.today))

    def void(self, context: Context, entity: Entity, body: Body) -> Body:
        voided = {**body, "PrivateNote": "Voided"}
        for name in ("TotalAmt", "Balance", "Amount"):
            if name in voided:
                voided[name] = 0
        voided["Line"] = [{**line, "Amount": 0} for line in body.get("Line", [])]
        return voided


class JournalRules(PlainRules):
    """Journal entries: debits equal credits."""

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        super().fill(context, entity, body, old, clean)
        sides = {"Debit": Decimal(0), "Credit": Decimal(0)}
        for line in body.get("Line", []):
            detail = line.get("JournalEntryLineDetail") or {}
            if line.get("DetailType") != "JournalEntryLineDetail":
                continue
            if detail.get("PostingType") not in sides:
                raise faults.business(
                    "PostingType is required.", "2260", "Invalid posting type", "PostingType"
                )
            if not detail.get("AccountRef"):
                raise faults.business(
                    "An account is required.", "6440", "Transaction detail information required"
                )
            self._check_tax(detail)
            sides[detail["PostingType"]] += Decimal(line.get("Amount") or 0)
        if sides["Debit"] != sides["Credit"]:
            raise faults.business(
                "Debits must be equal to credits.", "2300", "Debits not equal to credits", "Line.Amount"
            )
        body.pop("TotalAmt", None)
        body.setdefault("Adjustment", False)

    @staticmethod
    def _check_tax(detail: Body) -> None:
        """A taxed line says on what (2270) and how much (2280)."""
        if not detail.get("TaxCodeRef"):
            return
        if not detail.get("TaxApplicableOn"):
            raise faults.business(
                "TaxApplicableOn is required.", "2270", "Invalid TaxApplicableOn", "TaxApplicableOn"
            )
        if detail.get("TaxAmount") is None:
            raise faults.business("The tax amount is required.", "2280", "Tax amount missing", "TaxAmount")


class DepositRules(PlainRules):
    """Deposits: the payments and receipts on them are frozen."""

    def saved(self, context: Context, entity: Entity, old: Body | None, new: Body) -> None:
        targets = [
            (str(link.get("TxnType")), str(link.get("TxnId")), Decimal(line.get("Amount") or 0))
            for line in new.get("Line", [])
            for link in line.get("LinkedTxn") or []
        ]
        links.set_links(context, "Deposit", new["Id"], targets)

    def deleted(self, context: Context, entity: Entity, body: Body) -> None:
        links.set_links(context, "Deposit", body["Id"], [])


class TimeRules(PlainRules):
    """Time activities: for an employee or a vendor."""

    def require(self, context: Context, entity: Entity, clean: Body) -> None:
        super().require(context, entity, clean)
        needed = {"Employee": "EmployeeRef", "Vendor": "VendorRef"}.get(clean["NameOf"])
        if needed and not clean.get(needed):
            raise Fault(faults.missing(needed))
