"""Customer payments: applied to invoices, with credits, or left unapplied (quickbooks.md 3.10)."""

from __future__ import annotations

from decimal import Decimal

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules import cards, links
from connectors.simulator.quickbooks.rules.sales import TransactionRules
from connectors.simulator.quickbooks.times import cents, money

_ADDS = {"Invoice"}
_TAKES = {"CreditMemo", "JournalEntry", "Expense", "Check", "CreditCardCredit"}
_NAME_VALUE = {
    "name": "{http://schema.intuit.com/finance/v3}NameValue",
    "declaredType": "com.intuit.schema.finance.v3.NameValue",
    "scope": "javax.xml.bind.JAXBElement$GlobalScope",
}


class PaymentRules(TransactionRules):
    """Payments received."""

    def fill(self, context: Context, entity: Entity, body: Body, old: Body | None, clean: Body) -> None:
        super().fill(context, entity, body, old, clean)
        if Decimal(body.get("TotalAmt", 0)) < 0:
            raise faults.business("You must set a transaction amount.")
        customer = context.get("customer", body["CustomerRef"]["value"])
        self.set_currency(context, body, customer)
        body["TotalAmt"] = money(Decimal(body["TotalAmt"]))
        deposit_to = body.get("DepositToAccountRef") or {"value": "4"}
        body["DepositToAccountRef"] = {"value": deposit_to["value"]}
        if "PaymentMethodRef" in body:
            body["PaymentMethodRef"] = {"value": body["PaymentMethodRef"]["value"]}
        body["ProcessPayment"] = False
        body.pop("CustomField", None)
        lines = self._lines(context, body, old)
        body["Line"] = [line for line, _ in lines]
        applied = sum((sign * Decimal(line["Amount"]) for line, sign in lines), Decimal(0))
        rest = Decimal(body["TotalAmt"]) - applied
        if rest < 0:
            raise faults.business("The amount applied is more than the amount of the payment.")
        body["UnappliedAmt"] = money(rest)
        body["LinkedTxn"] = []

    def _lines(self, context: Context, body: Body, old: Body | None) -> list[tuple[Body, int]]:
        """The lines with their sign: invoices take of the payment, credits add to it."""
        made = []
        for line in body.get("Line") or []:
            linked = line.get("LinkedTxn") or []
            if len(linked) != 1 or line.get("Amount") is None:
                raise Fault(faults.missing("Line.LinkedTxn" if len(linked) != 1 else "Line.Amount"))
            kind, number = str(linked[0].get("TxnType", "")), str(linked[0].get("TxnId", ""))
            amount = cents(Decimal(line["Amount"]))
            if amount < 0:
                raise faults.business(
                    "Negative amounts are not supported.", "2290", "Negative amount not supported"
                )
            if kind not in _ADDS | _TAKES:
                raise faults.business(
                    "Transaction cannot be linked.", "620", "Transaction cannot be linked", "LinkedTxn"
                )
            target = self._target(context, body, kind, number)
            amount = min(amount, self._open(context, target, kind, old))
            if amount > 0:  # a line on something that is paid already is dropped, its money stays unapplied
                made.append((_line(amount, kind, number, target), 1 if kind in _ADDS else -1))
        return made

    @staticmethod
    def _target(context: Context, body: Body, kind: str, number: str) -> Body:
        target = context.get(kind.lower(), number) if kind.lower() in ENTITIES else None
        if target is None:
            raise faults.not_found()
        if "CustomerRef" in target:
            owner = target["CustomerRef"]["value"]
            payer = body["CustomerRef"]["value"]
            above = ((context.get("customer", owner) or {}).get("ParentRef") or {}).get("value")
            if payer not in (owner, above):
                raise faults.business(
                    "Transaction cannot be linked.", "620", "Transaction cannot be linked", "LinkedTxn"
                )
        return target

    @staticmethod
    def _open(context: Context, target: Body, kind: str, old: Body | None) -> Decimal:
        """What is still open on a target, this payment's own part not counted."""
        besides = ("Payment", old["Id"]) if old else None
        applied = links.applied_to(context, kind, target["Id"], besides=besides)
        return Decimal(target.get("TotalAmt", 0)) - Decimal(target.get("Deposit") or 0) - applied

    def void(self, context: Context, entity: Entity, body: Body) -> Body:
        cards.check_void(body)
        self.check_open(context, body["TxnDate"])
        self.check_deposited(context, entity, body)
        return {**body, "TotalAmt": 0, "UnappliedAmt": 0, "Line": [], "PrivateNote": "Voided"}

    def before_delete(self, context: Context, entity: Entity, body: Body) -> None:
        cards.check_delete(body)
        self.check_open(context, body["TxnDate"])
        self.check_deposited(context, entity, body)

    def saved(self, context: Context, entity: Entity, old: Body | None, new: Body) -> None:
        before = links.targets_of(context, "Payment", new["Id"])
        after = [
            (line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"], Decimal(line["Amount"]))
            for line in new.get("Line", [])
        ]
        links.set_links(context, "Payment", new["Id"], after)
        self._settle(context, {*before, *((kind, number) for kind, number, _ in after)}, old, new)

    def deleted(self, context: Context, entity: Entity, body: Body) -> None:
        before = links.targets_of(context, "Payment", body["Id"])
        links.set_links(context, "Payment", body["Id"], [])
        self._settle(context, set(before), body, None)

    @staticmethod
    def _settle(context: Context, targets: set[tuple[str, str]], old: Body | None, new: Body | None) -> None:
        for kind, number in sorted(targets):
            if kind in ("Invoice", "CreditMemo"):
                links.settle_target(context, kind, number)
        for body in (old, new):
            if body is not None:
                links.settle_customer(context, body["CustomerRef"]["value"])


def _line(amount: Decimal, kind: str, number: str, target: Body) -> Body:
    """A line as the wire shows it, with the block of notes that the vendor's server dumps into it."""
    facts = {
        "txnId": number,
        "txnOpenBalance": f"{Decimal(target.get('TotalAmt', 0)):.2f}",
        "txnReferenceNumber": str(target.get("DocNumber", "")),
    }
    dump = [
        {
            **_NAME_VALUE,
            "value": {"Name": name, "Value": value},
            "nil": False,
            "globalScope": True,
            "typeSubstituted": False,
        }
        for name, value in facts.items()
    ]
    return {
        "Amount": money(amount),
        "LinkedTxn": [{"TxnId": number, "TxnType": kind}],
        "LineEx": {"any": dump},
    }


def unlink(context: Context, payment_id: str, target_type: str, target_id: str) -> None:
    """Take the line on a target out of a payment; the money stays, unapplied."""
    payment = context.get("payment", payment_id)
    if payment is None:
        return
    kept = [
        line
        for line in payment.get("Line", [])
        if (line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"]) != (target_type, target_id)
    ]
    signs = {True: 1, False: -1}
    applied = sum(
        (signs[line["LinkedTxn"][0]["TxnType"] in _ADDS] * Decimal(line["Amount"]) for line in kept),
        Decimal(0),
    )
    rest = max(Decimal(payment["TotalAmt"]) - applied, Decimal(0))
    context.touch("payment", payment_id, {"Line": kept, "UnappliedAmt": money(rest)}, token=True)
    links.set_links(
        context,
        "Payment",
        payment_id,
        [
            (line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"], Decimal(line["Amount"]))
            for line in kept
        ],
    )
    links.settle_customer(context, payment["CustomerRef"]["value"])
