"""Invoices: due dates, deposits, open balances, links to estimates and payments (quickbooks.md 3.7)."""

from __future__ import annotations

from decimal import Decimal

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules import links
from connectors.simulator.quickbooks.rules.sales import SalesRules, let_go
from connectors.simulator.quickbooks.times import days_later, money


class InvoiceRules(SalesRules):
    """Invoices: due dates, deposits, open balances, links to estimates and payments."""

    kept = frozenset({"Balance", "LinkedTxn"})

    def special(
        self, context: Context, body: Body, old: Body | None, clean: Body, customer: Body | None
    ) -> None:
        for name in (
            "AllowIPNPayment",
            "AllowOnlinePayment",
            "AllowOnlineCreditCardPayment",
            "AllowOnlineACHPayment",
        ):
            body.setdefault(name, False)
        body["AllowIPNPayment"] = body["AllowOnlinePayment"] = False
        self._due(context, body, old, clean, customer)
        if body.get("Deposit") and not context.preference("SalesFormsPrefs", "AllowDeposit", False):
            raise faults.business("Deposits are turned off for this company.")
        if not body.get("Deposit"):
            body.pop("Deposit", None)
        self._link_estimates(context, body, old)

    @staticmethod
    def _due(context: Context, body: Body, old: Body | None, clean: Body, customer: Body | None) -> None:
        own = (customer or {}).get("SalesTermRef")
        if old is None and own and "SalesTermRef" not in body:
            body["SalesTermRef"] = own
        changed = old is not None and any(
            body.get(name) != old.get(name) for name in ("SalesTermRef", "TxnDate")
        )
        if "DueDate" in clean and body.get("DueDate"):
            return
        if "DueDate" in body and not changed:
            return
        term = body.get("SalesTermRef") or context.preference("SalesFormsPrefs", "DefaultTerms") or {}
        found = context.get("term", str(term.get("value", ""))) or {}
        body["DueDate"] = days_later(body["TxnDate"], int(found.get("DueDays", 30)))

    @staticmethod
    def _link_estimates(context: Context, body: Body, old: Body | None) -> None:
        linked = body.get("LinkedTxn") or []
        estimates = [link for link in linked if link.get("TxnType") == "Estimate"]
        for link in estimates:
            estimate = context.get("estimate", str(link.get("TxnId")))
            if estimate is None or estimate["CustomerRef"]["value"] != body["CustomerRef"]["value"]:
                raise faults.business(
                    "Transaction cannot be linked.", "620", "Transaction cannot be linked", "LinkedTxn"
                )
        paid = [link for link in (old or {}).get("LinkedTxn", []) if link.get("TxnType") == "Payment"]
        others = [link for link in linked if link.get("TxnType") in ("TimeActivity", "ReimburseCharge")]
        body["LinkedTxn"] = (
            [{"TxnId": str(link["TxnId"]), "TxnType": "Estimate"} for link in estimates] + others + paid
        )

    def balance(self, context: Context, body: Body, old: Body | None) -> None:
        applied = Decimal(0) if old is None else links.applied_to(context, "Invoice", old["Id"])
        rest = Decimal(body["TotalAmt"]) - Decimal(body.get("Deposit") or 0) - applied
        body["Balance"] = money(max(rest, Decimal(0)))

    def saved(self, context: Context, entity: Entity, old: Body | None, new: Body) -> None:
        if old is not None and new.get("PrivateNote", "").startswith("Voided") and not new["TotalAmt"]:
            let_go(context, "Invoice", new["Id"])
        for link in new.get("LinkedTxn", []):
            if link["TxnType"] == "Estimate":
                _close_estimate(context, link["TxnId"], new["Id"])
        super().saved(context, entity, old, new)
        if old is None and context.preference("SalesFormsPrefs", "AutoApplyCredit", False):
            _apply_credits(context, new)

    def deleted(self, context: Context, entity: Entity, body: Body) -> None:
        let_go(context, "Invoice", body["Id"])
        super().deleted(context, entity, body)


def _close_estimate(context: Context, estimate_id: str, invoice_id: str) -> None:
    estimate = context.get("estimate", estimate_id) or {}
    linked = estimate.get("LinkedTxn", [])
    if not any(link["TxnId"] == invoice_id for link in linked):
        context.touch(
            "estimate",
            estimate_id,
            {"TxnStatus": "Closed", "LinkedTxn": [*linked, {"TxnId": invoice_id, "TxnType": "Invoice"}]},
            token=True,
        )


def _apply_credits(context: Context, invoice: Body) -> None:
    """Open credits of the customer are used up at once, through payments of nothing."""
    from connectors.simulator.quickbooks.writes import write

    credits_ = context.records.find(
        context.realm,
        ENTITIES["creditmemo"],
        "f_CustomerRef = ? AND f_Balance > 0",
        (invoice["CustomerRef"]["value"],),
    )
    rest = Decimal(invoice["Balance"])
    for credit in credits_:
        amount = min(rest, Decimal(credit["Balance"]))
        if amount <= 0:
            return
        lines = [
            {"Amount": amount, "LinkedTxn": [{"TxnId": number, "TxnType": kind}]}
            for kind, number in (("Invoice", invoice["Id"]), ("CreditMemo", credit["Id"]))
        ]
        write(
            context,
            "payment",
            {"CustomerRef": {"value": invoice["CustomerRef"]["value"]}, "TotalAmt": 0, "Line": lines},
        )
        rest -= amount
