"""Several currencies: a record that changes its currency has its amounts converted (reference/salesforce.md 8.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.rules.money import cents, exact

if TYPE_CHECKING:
    from connectors.simulator.salesforce.changes import Change
    from connectors.simulator.salesforce.records import Records


def convert(records: Records, change: Change) -> None:
    """Amounts that the same write does not give are converted by the rates of both currencies."""
    if change.old is None or not change.moved("CurrencyIsoCode"):
        return
    day = change.value("CloseDate") if change.entity.name == "Opportunity" else None
    before, after = (
        _rate(records, code, day) for code in (change.old["CurrencyIsoCode"], change.new["CurrencyIsoCode"])
    )
    for known in change.entity.object.fields:
        value = change.old.get(known.name)
        if known.type == "currency" and value is not None and known.name not in change.sent:
            change.set(known.name, float(cents(exact(value) / before * after)))


def _rate(records: Records, code: object, day: object = None) -> Decimal:
    """The rate of a day where there are dated ones, as opportunities have it by their close date; else today's."""
    if day is not None:
        dated = records.rows(
            "DatedConversionRate", '"IsoCode" = ? AND "StartDate" <= ? ORDER BY "StartDate" DESC LIMIT 1',
            str(code), str(day),
        )  # fmt: skip
        if dated:
            return exact(dated[0]["ConversionRate"])
    rows = records.rows("CurrencyType", '"IsoCode" = ?', str(code))
    return exact(rows[0]["ConversionRate"]) if rows else Decimal(1)


def dated_rate_before(records: Records, change: Change) -> None:
    """One rate for each currency and day."""
    same = records.rows(
        "DatedConversionRate", '"IsoCode" = ? AND "StartDate" = ? AND "Id" <> ?',
        str(change.value("IsoCode")), str(change.value("StartDate")), change.record_id,
    )  # fmt: skip
    if same:
        other = str(same[0]["Id"])[:15]
        message = f"duplicate value found: StartDate duplicates value on record with id: {other}"
        raise Refused("DUPLICATE_VALUE", message, ())


def dated_rate_after(records: Records, change: Change) -> None:
    """A rate ends where the next one of its currency starts."""
    table, code = change.entity.table, str(change.value("IsoCode"))
    same = 'n."IsoCode" = r."IsoCode" AND n."StartDate" > r."StartDate"'
    later = f'SELECT min(n."StartDate") FROM "{table}" n WHERE {same}'
    records.org.world.store.write(
        f'UPDATE "{table}" AS r SET "NextStartDate" = ({later}) WHERE r."IsoCode" = ?', (code,)
    )
