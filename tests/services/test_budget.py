"""Metered reads: counted by the month, warned about at 70 and 90 per cent, and no large load beyond the budget."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from connectors.contracts import Priority
from connectors.errors import ConnectorError
from syncapp.models import ApiUsage, AuditEvent, Connection, Problem
from syncapp.services import budget, clients
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant
from tests.builders import a_connection, a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Iterator[Connection]:
    made = a_connection(side="qbo", environment="production", metered_budget=1000)
    with tenant(made.company_id):
        yield made


def use(connection: Connection, reads: int) -> None:
    """So many metered reads today, counted as a worker counts them."""
    meter = clients.UsageMeter()
    for _ in range(reads):
        meter.count("GET", "query", metered=True)
    meter.count("POST", "batch", metered=False)
    clients.flush(connection, meter)


def warnings() -> list[tuple[str, str]]:
    rows = Problem.objects.filter(closed_at=None).order_by("id")
    return [(row.code, row.values["used"]) for row in rows]


def test_warnings_come_at_seventy_and_ninety_per_cent_and_when_it_is_used_up(connection: Connection) -> None:
    seen = []
    for reads in (699, 1, 199, 1, 100):
        use(connection, reads)
        seen.append(warnings())
    assert seen == [
        [],
        [("limit.month_70", "700")],
        [("limit.month_70", "899")],
        [("limit.month_90", "900")],
        [("limit.month_used", "1,000")],
    ]


def test_only_large_loads_stop_when_the_budget_is_used_up(connection: Connection) -> None:
    use(connection, 1000)
    budget.check(connection, Priority.NORMAL)
    budget.check(connection, Priority.INTERACTIVE)
    with pytest.raises(ConnectorError) as raised:
        clients.client_for(connection, Priority.BULK)
    failure = raised.value.failure
    assert (failure.code, failure.kind.value) == ("limit.month_used", "quota")
    assert 0 < (failure.retry_after or 0) <= budget.LONGEST_WAIT_S


def test_last_month_does_not_count(connection: Connection) -> None:
    ApiUsage.objects.create(
        connection=connection,
        day=timezone.now().date().replace(year=2020),
        endpoint="GET query",
        metered=5000,
    )
    assert budget.of(connection).used == 0
    budget.check(connection, Priority.BULK)


@pytest.mark.parametrize("values", [{"environment": "sandbox"}, {"metered_budget": None}, {"side": "sf"}])
def test_what_nobody_bills_has_no_budget(values: dict[str, Any]) -> None:
    free = a_connection(**{"side": "qbo", "environment": "production", "metered_budget": 10, **values})
    with tenant(free.company_id):
        use(free, 50)
        budget.check(free, Priority.BULK)
        assert warnings() == []


def test_the_forecast_goes_on_at_this_months_pace() -> None:
    assert budget.forecast(100, datetime(2026, 11, 11, tzinfo=UTC)) == 300
    assert budget.forecast(100, datetime(2026, 11, 1, 1, tzinfo=UTC)) == 3000
    assert budget.forecast(0, datetime(2026, 11, 30, tzinfo=UTC)) == 0


def test_a_larger_budget_ends_the_warning_and_the_change_is_in_the_trail(connection: Connection) -> None:
    use(connection, 950)
    budget.set_limit(connection, "500,000", a_person("ann@acme.example"))
    assert warnings() == []
    row = AuditEvent.objects.get(action="connection.budget")
    assert (row.actor, row.before, row.after) == ("ann@acme.example", {"reads": 1000}, {"reads": 500_000})
    budget.set_limit(connection, "", None)
    assert Connection.objects.get(pk=connection.pk).metered_budget is None


@pytest.mark.parametrize("text", ["0", "-5", "many", "75000001"])
def test_a_budget_that_is_no_number_of_reads_is_refused(connection: Connection, text: str) -> None:
    with pytest.raises(Refused, match=r"budget\.number"):
        budget.set_limit(connection, text, None)
