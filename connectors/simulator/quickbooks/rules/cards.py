"""Money that came by card through the vendor's payment service: it cannot be changed here (quickbooks.md 8.2).

A transaction counts as settled when its `CreditChargeResponse` names the charge, as integrations report it.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.records import Body

_MERCHANT = "The transaction was processed by Intuit Payments."


def check(body: Body, old: Body | None) -> None:
    """Refuse a raw card number (6530), a charge of another amount (6460) and a change of a settled one (6110)."""
    if old is not None and _is_settled(old):
        raise faults.business(_MERCHANT, "6110", "MAS transaction cannot be updated")
    charge = _part(body, "CreditChargeInfo")
    number = str(charge.get("Number", ""))
    if sum(character.isdigit() for character in number) >= 12:
        raise faults.business(
            "A raw credit card number was found.", "6530", "Raw card number found", "CreditChargeInfo.Number"
        )
    paid = _amount(body.get("Deposit") if body.get("Deposit") is not None else body.get("TotalAmt"))
    charged = _amount(charge.get("Amount"))
    if paid is not None and charged is not None and paid != charged:
        raise faults.business(
            "The deposit and the amount charged to the card differ.",
            "6460",
            "Deposit and card amount mismatch",
        )


def check_delete(body: Body) -> None:
    """Refuse to delete a settled transaction (6120)."""
    if _is_settled(body):
        raise faults.business(_MERCHANT, "6120", "MAS transaction cannot be deleted")


def check_void(body: Body) -> None:
    """Refuse to void a settled transaction (6450)."""
    if _is_settled(body):
        raise faults.business("The transaction is settled already.", "6450", "Void failed, already settled")


def _is_settled(body: Body) -> bool:
    return bool(_part(body, "CreditChargeResponse").get("CCTransId"))


def _part(body: Body, name: str) -> dict[str, Any]:
    found = (body.get("CreditCardPayment") or {}).get(name)
    return found if isinstance(found, dict) else {}


def _amount(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
