"""What customers owe, document by document: as the books stand, or as they stood at the end of an earlier day."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.records import Body

#: Type, document, open amount with its sign.
Open = tuple[str, Body, Decimal]
_SIGNS = {"invoice": 1, "creditmemo": -1, "payment": -1}
_APPLIED = {"Invoice": 1, "CreditMemo": -1}


def open_items(context: Context, day: str) -> dict[str, list[Open]]:
    """The open documents of every customer at the end of a day, by date."""
    back = _applied_across(context, day)
    found: dict[str, list[Open]] = defaultdict(list)
    for path, sign in _SIGNS.items():
        kind = ENTITIES[path].name
        for body in context.records.find(context.realm, ENTITIES[path], "f_TxnDate <= ?", (day,)):
            member = "UnappliedAmt" if path == "payment" else "Balance"
            amount = Decimal(body.get(member) or 0) + back[kind, body["Id"]]
            if amount:
                found[body["CustomerRef"]["value"]].append((kind, body, amount * sign))
    for rows in found.values():
        rows.sort(key=lambda row: (str(row[1]["TxnDate"]), int(row[1]["Id"])))
    return found


def _applied_across(context: Context, day: str) -> dict[tuple[str, str], Decimal]:
    """By document: what was not applied yet at the end of the day, for one of the two came later."""
    back: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for payment in context.records.find(context.realm, ENTITIES["payment"], "1 = 1", ()):
        paid_later = str(payment["TxnDate"]) > day
        for line in payment.get("Line", ()):
            for link in line.get("LinkedTxn", ()):
                kind, number = str(link["TxnType"]), str(link["TxnId"])
                if kind not in _APPLIED:
                    continue
                amount = Decimal(line["Amount"])
                if paid_later:
                    back[kind, number] += amount
                elif _dated(context, kind, number) > day:
                    back["Payment", payment["Id"]] += amount * _APPLIED[kind]
    return back


def _dated(context: Context, kind: str, number: str) -> str:
    return str((context.get(kind.lower(), number) or {}).get("TxnDate", ""))
