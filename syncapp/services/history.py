"""Loading history: the records of a mapping that were changed since a day, in the lowest class, so that live work and
people go first. What it takes is told before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.contracts import Priority, Side
from connectors.errors import ConnectorError
from syncapp.engine import plan as plans
from syncapp.engine.plan import Cost
from syncapp.models import Mapping, Run, RunKind
from syncapp.services import budget, daily_calls, finding
from syncapp.services.clients import UsageMeter, client_for, flush
from syncapp.services.errors import Refused
from syncapp.services.finding import Wish
from syncapp.services.scope import FORCED
from syncapp.services.watched import connection_of, object_of

READ_PAGE = {Side.SALESFORCE: 2000, Side.QUICKBOOKS: 1000}
DIRECTIONS = ("to_qbo", "to_sf")


@dataclass(frozen=True, slots=True)
class Forecast:
    """What loading takes at most: every record that was changed is counted as one that has to be written."""

    side: Side
    records: int
    cost: Cost
    """Reading and writing together; how long writing takes at the rate that the vendors allow."""
    calls_left: int | None
    """Of the Salesforce org until large loads wait for the rest of the day; None where it is not known."""
    reads_left: int | None
    """Of the QuickBooks connection's budget this month; None without one."""

    @property
    def waits(self) -> str:
        """What will run out before the load is done: "calls", "reads", or empty."""
        if self.reads_left is not None and self.cost.metered_reads > self.reads_left:
            return "reads"
        return "calls" if self.calls_left is not None and self.cost.sf_calls > self.calls_left else ""


def forecast(mapping: Mapping, direction: str, since: date | None) -> Forecast:
    """Count the records on the side they come from (one call) and work out what loading them takes.

    Not inside a transaction. Raises Refused: `mapping.not_published`, `history.direction`, `connect.unreachable`.
    """
    wish = _wish(mapping, direction, since)
    target = FORCED[direction]
    side = target.other
    connection, meter = connection_of(mapping, side), UsageMeter()
    try:
        client = client_for(connection, Priority.NORMAL, meter)
        object_ = object_of(mapping, side)
        fitted = [client.fitted(object_, one) for one in finding.window(wish, side)]
        records = client.count(object_, [one for one in fitted if one is not None])
    except ConnectorError as error:
        raise Refused("connect.unreachable", detail=error.failure.message) from error
    finally:
        flush(connection, meter)
    return Forecast(side, records, _cost(side, records), _calls_left(mapping), _reads_left(mapping))


def _cost(side: Side, records: int) -> Cost:
    pages = -(-records // READ_PAGE[side])
    to_qbo, to_sf = (records, 0) if side is Side.SALESFORCE else (0, records)
    writing = plans.cost(to_qbo, to_sf + to_qbo)  # what is made in QuickBooks is told to Salesforce
    reads_sf = pages if side is Side.SALESFORCE else 0
    reads_qbo = pages if side is Side.QUICKBOOKS else 0
    return Cost(
        qbo_calls=writing.qbo_calls + reads_qbo,
        sf_calls=writing.sf_calls + reads_sf,
        metered_reads=reads_qbo,
        seconds=writing.seconds + pages,
    )


def _calls_left(mapping: Mapping) -> int | None:
    salesforce = mapping.integration.salesforce
    calls = daily_calls.of(salesforce) if salesforce is not None else None
    return None if calls is None else max(0, calls.limit * 8 // 10 - calls.used)


def _reads_left(mapping: Mapping) -> int | None:
    quickbooks = mapping.integration.quickbooks
    if quickbooks is None or not budget.is_metered(quickbooks) or not quickbooks.metered_budget:
        return None
    return max(0, quickbooks.metered_budget - budget.of(quickbooks).used)


def start(
    mapping: Mapping, direction: str, since: date | None, person: Any | None, *, only_preview: bool = False
) -> Run:
    """Load the records that were changed since a day (None: all there are), or plan only what that would do. A load of
    the same mapping that is under way is returned.

    Raises Refused: `mapping.not_published`, `history.direction`, `sync.not_switched_on`.
    """
    wish = _wish(mapping, direction, since)
    if not only_preview:
        under_way = Run.objects.filter(
            mapping=mapping, kind=RunKind.HISTORY, direction=direction, state__in=finding.OPEN
        ).first()
        if under_way is not None:
            return under_way
    return finding.request(wish, person, only_preview=only_preview, kind=RunKind.HISTORY)


def _wish(mapping: Mapping, direction: str, since: date | None) -> Wish:
    if direction not in DIRECTIONS:
        raise Refused("history.direction")
    if not mapping.published_number:
        raise Refused("mapping.not_published", label=mapping.label)
    return Wish(mapping, direction, "", since, None)
