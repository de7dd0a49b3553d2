"""The daily calls of a Salesforce org: what is used, what is left, and which work holds back for the rest of the day.

Salesforce says with every answer how many calls the whole org has used in the last 24 hours. The limiter keeps the last
fifth for schedules and people and the last tenth for people alone (salesforce.md section 6).
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contracts import Priority
from connectors.limits import SALESFORCE
from syncapp.models import Connection, VendorSide
from syncapp.services.limiters import limiter_for


@dataclass(frozen=True, slots=True)
class DailyCalls:
    """Calls of an org in the last 24 hours, of all its apps together."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def percent(self) -> int:
        return self.used * 100 // self.limit

    @property
    def large_loads_wait(self) -> bool:
        """Whether only what is scheduled, what changes and what people press goes on."""
        return self._beyond(Priority.BULK)

    @property
    def only_people(self) -> bool:
        """Whether schedules wait too, so that what is left is for people who press a button."""
        return self._beyond(Priority.NORMAL)

    def _beyond(self, priority: Priority) -> bool:
        return self.used >= SALESFORCE.daily[priority] * self.limit


def of(connection: Connection) -> DailyCalls | None:
    """What the org told last: with its last answer, or else at the last health check. None where it is not known, and
    for QuickBooks, which counts otherwise."""
    if connection.side != VendorSide.SALESFORCE:
        return None
    told = limiter_for(connection).told()
    if told is not None and told[1]:
        return DailyCalls(*told)
    most, left = connection.facts.get("calls_max"), connection.facts.get("calls_left")
    return DailyCalls(most - left, most) if most and left is not None else None
