"""What was applied to what: payments and credits to invoices, invoices to estimates, deposits to payments."""

from __future__ import annotations

from decimal import Decimal

from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.records import Body, table_name
from connectors.simulator.quickbooks.times import cents, home_money, money
from connectors.simulator.store import Column, Store, Table


def define(store: Store) -> None:
    """The table of links: source (a payment, deposit or invoice) to target, with the amount as text."""
    store.define(
        Table(
            "qbo_link",
            (
                Column("realm"),
                Column("source_type"),
                Column("source_id"),
                Column("position", "INTEGER"),
                Column("target_type"),
                Column("target_id"),
                Column("amount"),
            ),
            ("realm", "source_type", "source_id", "position"),
            indexes=(("realm", "target_type", "target_id"),),
        )
    )


def set_links(
    context: Context, source_type: str, source_id: str, targets: list[tuple[str, str, Decimal]]
) -> None:
    """Replace what a source is applied to: (target type, target id, amount)."""
    context.store.write(
        "DELETE FROM qbo_link WHERE realm = ? AND source_type = ? AND source_id = ?",
        (context.realm, source_type, source_id),
    )
    for position, (kind, number, amount) in enumerate(targets):
        context.store.write(
            "INSERT INTO qbo_link VALUES (?, ?, ?, ?, ?, ?, ?)",
            (context.realm, source_type, source_id, position, kind, number, str(amount)),
        )


def targets_of(context: Context, source_type: str, source_id: str) -> list[tuple[str, str]]:
    """What a source is applied to."""
    return [
        (row[0], row[1])
        for row in context.store.rows(
            "SELECT target_type, target_id FROM qbo_link WHERE realm = ? AND source_type = ? AND source_id = ?",
            (context.realm, source_type, source_id),
        )
    ]


def sources_of(context: Context, target_type: str, target_id: str) -> list[tuple[str, str]]:
    """What is applied to a target."""
    return [
        (row[0], row[1])
        for row in context.store.rows(
            "SELECT source_type, source_id FROM qbo_link WHERE realm = ? AND target_type = ? AND target_id = ?"
            " ORDER BY CAST(source_id AS INTEGER)",
            (context.realm, target_type, target_id),
        )
    ]


def applied_to(
    context: Context, target_type: str, target_id: str, *, besides: tuple[str, str] | None = None
) -> Decimal:
    """How much is applied to a target, the source `besides` not counted."""
    rows = context.store.rows(
        "SELECT source_type, source_id, amount FROM qbo_link"
        " WHERE realm = ? AND target_type = ? AND target_id = ?",
        (context.realm, target_type, target_id),
    )
    return sum((Decimal(row[2]) for row in rows if (row[0], row[1]) != besides), Decimal(0))


def settle_target(context: Context, target_type: str, target_id: str) -> None:
    """Bring an invoice's or credit memo's balance and links up to date after what is applied to it changed.

    Its SyncToken moves (assumed, quickbooks.md 3.10)."""
    body = context.get(target_type.lower(), target_id)
    if body is None:
        return
    changes = open_balance(context, target_type, body)
    if target_type == "Invoice":
        others = [link for link in body.get("LinkedTxn", []) if link.get("TxnType") != "Payment"]
        paid = [
            {"TxnId": number, "TxnType": kind}
            for kind, number in sources_of(context, target_type, target_id)
            if kind == "Payment"
        ]
        changes["LinkedTxn"] = others + paid
    if any(body.get(name) != value for name, value in changes.items()):
        context.touch(target_type.lower(), target_id, changes, token=True)
        settle_customer(context, body["CustomerRef"]["value"])


def open_balance(context: Context, target_type: str, body: Body) -> Body:
    """The balance members of an invoice or credit memo."""
    applied = applied_to(context, target_type, body["Id"])
    rest = Decimal(body["TotalAmt"]) - Decimal(body.get("Deposit") or 0) - applied
    changes: Body = {"Balance": money(rest)}
    if target_type == "CreditMemo":
        changes["RemainingCredit"] = money(rest)
    if "HomeBalance" in body:
        changes["HomeBalance"] = home_money(rest * Decimal(body.get("ExchangeRate", 1)))
    return changes


def settle_customer(context: Context, customer_id: str) -> None:
    """Recompute a customer's balances, and those of the customers above it. No SyncToken moves."""
    customer = context.get("customer", customer_id)
    if customer is None:
        return
    own = (
        _open_sum(context, "invoice", customer_id)
        - _open_sum(context, "creditmemo", customer_id)
        - _unapplied(context, customer_id)
    )
    below = context.records.children(context.realm, ENTITIES["customer"], customer_id)
    total = own + sum((Decimal(child.get("BalanceWithJobs") or 0) for child in below), Decimal(0))
    changes: Body = {"Balance": money(own), "BalanceWithJobs": money(total)}
    if any(customer.get(name) != value for name, value in changes.items()):
        context.touch("customer", customer_id, changes)
    if customer.get("ParentRef"):
        settle_customer(context, customer["ParentRef"]["value"])


def _open_sum(context: Context, path: str, customer_id: str) -> Decimal:
    rows = context.store.rows(
        f'SELECT f_Balance FROM "{table_name(ENTITIES[path])}"'
        " WHERE realm = ? AND f_CustomerRef = ? AND deleted = 0 AND f_Balance != 0",
        (context.realm, customer_id),
    )
    return sum((cents(Decimal(str(row[0]))) for row in rows), Decimal(0))


def _unapplied(context: Context, customer_id: str) -> Decimal:
    rows = context.store.rows(
        "SELECT unapplied FROM qbo_payment"
        " WHERE realm = ? AND f_CustomerRef = ? AND deleted = 0 AND unapplied != 0",
        (context.realm, customer_id),
    )
    return sum((cents(Decimal(str(row[0] or 0))) for row in rows), Decimal(0))
