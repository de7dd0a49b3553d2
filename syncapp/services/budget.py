"""The metered reads of a QuickBooks connection: what this month has cost, what it will come to, and where it stops.

Intuit counts reads of production companies against a plan by the month (quickbooks.md 7.2); what one connection may
take of it is a setting. Warnings come at 70 and at 90 per cent; once it is used up, large loads wait for next month.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from connectors.contracts import Priority
from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp.models import ApiUsage, Connection, ConnectionEnvironment, Problem, VendorSide
from syncapp.services import notifications
from syncapp.services.errors import Refused

LEVELS = ((1.0, "limit.month_used"), (0.9, "limit.month_90"), (0.7, "limit.month_70"))
"""From which part of the budget on which warning stands."""
LONGEST_WAIT_S = 6 * 3600.0
MOST = 75_000_000
"""What the largest plan includes."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Metered reads of this month (UTC): used, how many there may be (None: no limit), and what it will come to."""

    used: int
    limit: int | None
    forecast: int

    @property
    def part(self) -> float:
        """The used part; 0 without a limit."""
        return self.used / self.limit if self.limit else 0.0

    @property
    def percent(self) -> int:
        return int(self.part * 100)

    @property
    def code(self) -> str:
        """The warning that stands; empty below the first."""
        return next((code for part, code in LEVELS if self.limit and self.part >= part), "")


def is_metered(connection: Connection) -> bool:
    """Whether reads of this connection are counted: QuickBooks', but for sandboxes, which Intuit does not bill."""
    return (
        connection.side == VendorSide.QUICKBOOKS and connection.environment != ConnectionEnvironment.SANDBOX
    )


def of(connection: Connection, now: datetime | None = None) -> Budget:
    """This month's budget. One query."""
    moment = (now or timezone.now()).astimezone(UTC)
    rows = ApiUsage.all_companies.filter(
        company_id=connection.company_id, connection=connection, day__gte=moment.date().replace(day=1)
    )
    used = rows.aggregate(n=Sum("metered"))["n"] or 0
    return Budget(used, connection.metered_budget, forecast(used, moment))


def forecast(used: int, now: datetime) -> int:
    """What the month comes to if it goes on like this."""
    moment = now.astimezone(UTC)
    days = calendar.monthrange(moment.year, moment.month)[1]
    gone = moment.day - 1 + (moment.hour + moment.minute / 60) / 24
    return max(used, round(used * days / max(gone, 1.0)))


def check(connection: Connection, priority: Priority) -> None:
    """Raises ConnectorError (kind quota, `limit.month_used`) for bulk work of a connection whose budget is used up."""
    if priority is not Priority.BULK or connection.metered_budget is None or not is_metered(connection):
        return
    budget = of(connection)
    if budget.part >= 1:
        text = f"{budget.used} of {budget.limit} metered reads of this month are used."
        wait = min(LONGEST_WAIT_S, _until_next_month(timezone.now()))
        raise ConnectorError(Failure(FailureKind.QUOTA, "limit.month_used", text, retry_after=wait))


def _until_next_month(now: datetime) -> float:
    moment = now.astimezone(UTC)
    first = (moment.replace(day=28) + timedelta(days=4)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    return (first - moment).total_seconds()


def watch(connection: Connection) -> None:
    """Open, change or close the connection's warning, after its usage was counted."""
    if not is_metered(connection) or connection.metered_budget is None:
        return
    budget, now = of(connection), timezone.now()
    subject = f"budget:{connection.pk}"
    rows = Problem.all_companies.filter(company_id=connection.company_id, subject=subject, closed_at=None)
    if not budget.code:
        rows.update(closed_at=now, closed_by="A new month, or a larger budget")
        return
    values: dict[str, Any] = {
        "connection": str(connection),
        "used": f"{budget.used:,}",
        "budget": f"{budget.limit:,}",
        "forecast": f"{budget.forecast:,}",
    }
    if rows.filter(code=budget.code).update(last_seen_at=now, values=values):
        return
    notifications.raise_for_budget(connection, budget.code, values, now)
    if rows.update(code=budget.code, first_seen_at=now, last_seen_at=now, values=values, count=1):
        return
    Problem.all_companies.create(
        company_id=connection.company_id,
        subject=subject,
        connection=connection,
        kind=FailureKind.QUOTA.value,
        code=budget.code,
        values=values,
        first_seen_at=now,
        last_seen_at=now,
    )


def set_limit(connection: Connection, text: str, person: Any) -> None:
    """Change how many metered reads a month this connection may take; empty for no limit. Raises Refused
    `budget.number`."""
    from syncapp.services import audit

    cleaned = text.strip().replace(",", "").replace(" ", "")
    if cleaned and not (cleaned.isdecimal() and 0 < int(cleaned) <= MOST):
        raise Refused("budget.number", most=f"{MOST:,}")
    before = connection.metered_budget
    connection.metered_budget = int(cleaned) if cleaned else None
    connection.save(update_fields=["metered_budget"])
    audit.decided(
        "connection.budget",
        person,
        cause=str(connection),
        before={"reads": before},
        after={"reads": connection.metered_budget},
    )
    if connection.metered_budget is None:
        Problem.objects.filter(subject=f"budget:{connection.pk}", closed_at=None).update(
            closed_at=timezone.now(), closed_by="No budget any more"
        )
    watch(connection)
