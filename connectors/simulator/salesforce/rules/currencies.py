"""Several currencies: a record that changes its currency has its amounts converted (reference/salesforce.md 8.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.simulator.salesforce.rules.money import cents, exact

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change
    from connectors.simulator.salesforce.records import Records


def convert(records: Records, change: Change) -> None:
    """Amounts that the same write does not give are converted by the rates of both currencies."""
    if change.old is None or not change.moved("CurrencyIsoCode"):
        return
    before, after = (
        _rate(records, code) for code in (change.old["CurrencyIsoCode"], change.new["CurrencyIsoCode"])
    )
    for known in change.entity.object.fields:
        value = change.old.get(known.name)
        if known.type == "currency" and value is not None and known.name not in change.sent:
            change.set(known.name, float(cents(exact(value) / before * after)))


def _rate(records: Records, code: object) -> Decimal:
    rows = records.rows("CurrencyType", '"IsoCode" = ?', str(code))
    return exact(rows[0]["ConversionRate"]) if rows else Decimal(1)
