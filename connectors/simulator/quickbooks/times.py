"""How times and money are written on this wire (quickbooks.md 2.5, 2.7)."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")
DECIMALS: ContextVar[int] = ContextVar("decimals", default=2)
"""How many decimals amounts have: those of the company's currency, or of the transaction that is written."""
HOME_DECIMALS: ContextVar[int] = ContextVar("home_decimals", default=2)
"""How many the company's own currency has."""


def stamp(instant: datetime) -> str:
    """`2020-09-29T05:58:07-07:00`: seconds precision, with the offset of US Pacific time."""
    return instant.astimezone(PACIFIC).replace(microsecond=0).isoformat()


def envelope_time(instant: datetime) -> str:
    """`2020-09-29T05:58:07.300-07:00`: the envelope's `time`, with milliseconds."""
    return instant.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def seconds(instant: datetime) -> int:
    """Whole seconds since the epoch, as the columns of times hold them."""
    return int(instant.timestamp())


def parse_instant(text: str) -> datetime | None:
    """An instant a client sent; without an offset it is read in the company's zone. None when it is none."""
    try:
        instant = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=PACIFIC)


def utc_nanoseconds(instant: datetime) -> str:
    """`2025-09-10T21:31:25.179851517Z`: the time of a CloudEvent, nine fraction digits."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def decimals_of(currency: str) -> int:
    """How many decimals amounts of a currency have (assumed)."""
    return 0 if currency == "JPY" else 2


def days_later(day: str, days: int) -> str:
    return (datetime.fromisoformat(day) + timedelta(days=days)).date().isoformat()


def cents(amount: Decimal) -> Decimal:
    """Rounded to cents, half up (assumed, quickbooks.md 3.18); to whole units where the currency has no cents (assumed
    too)."""
    return amount.quantize(Decimal(1).scaleb(-DECIMALS.get()), ROUND_HALF_UP)


def money(amount: Decimal) -> Decimal | int:
    """As the wire prints it: with its decimals, zero as plain `0`."""
    rounded = cents(amount)
    return rounded or 0


def home_money(amount: Decimal) -> Decimal | int:
    """An amount in the company's own currency, as the wire prints it."""
    return amount.quantize(Decimal(1).scaleb(-HOME_DECIMALS.get()), ROUND_HALF_UP) or 0
