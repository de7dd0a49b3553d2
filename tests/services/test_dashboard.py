"""The dashboard's figures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syncapp.models import ApiUsage, MappingPass
from syncapp.services import dashboard
from syncapp.services.daily_calls import DailyCalls
from syncapp.tenancy import tenant
from tests.builders import (
    NOW,
    a_company,
    a_link,
    a_mapping,
    a_problem,
    a_run,
    a_schedule,
    an_attempt,
    an_integration,
)

pytestmark = pytest.mark.django_db

CHICAGO = ZoneInfo("America/Chicago")


def test_an_empty_company_has_an_empty_dashboard() -> None:
    company = a_company()
    with tenant(company.pk):
        empty = dashboard.summary(company, now=NOW)
    assert (empty.counts["all"], len(empty.bars), empty.causes, empty.next_at) == (0, 24, [], None)


def test_each_hour_counts_what_was_written_to_which_side_and_what_failed() -> None:
    link = a_link()
    an_attempt(link, finished_at=NOW)
    an_attempt(link, finished_at=NOW, outcome="created", direction="both")
    an_attempt(link, finished_at=NOW - timedelta(hours=1), outcome="failed")
    an_attempt(link, finished_at=NOW - timedelta(hours=1), outcome="nothing")
    an_attempt(link, finished_at=NOW - timedelta(hours=30))
    with tenant(link.company_id):
        bars = dashboard.activity(CHICAGO, now=NOW)
    assert [(bar.to_qbo, bar.to_sf, bar.failed) for bar in bars[-2:]] == [(0, 0, 1), (2, 1, 0)]
    assert sum(bar.to_qbo for bar in bars) == 2
    assert bars[-1].start == datetime(2026, 11, 12, 17, 0, tzinfo=UTC)


def test_longer_periods_are_days_of_the_companys_zone_over_a_change_of_the_clocks() -> None:
    link = a_link()
    late = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)  # 22:30 on 1 November in Chicago, a day of 25 hours
    an_attempt(link, finished_at=late)
    with tenant(link.company_id):
        bars = dashboard.activity(CHICAGO, period="30d", now=NOW)
    found = [bar.start for bar in bars if bar.to_qbo]
    assert (len(bars), found) == (30, [datetime(2026, 11, 1, 5, 0, tzinfo=UTC)])


def test_everything_of_an_object_is_accounted_for() -> None:
    mapping = a_mapping()
    for values in (
        {},
        {},
        {"attention": "waiting"},
        {"attention": "skipped"},
        {"lifecycle": "creating", "qbo_id": None},
    ):
        a_link(mapping, **values)
    a_problem(a_link(mapping, attention="data_error"), first_seen_at=NOW - timedelta(days=2))
    MappingPass.all_companies.create(
        company_id=mapping.company_id, mapping=mapping, side="sf", records=6, scanned_at=NOW
    )
    with tenant(mapping.company_id):
        (row,) = dashboard.by_object()
    assert (row.in_sync, row.waiting, row.problems, row.skipped, row.total) == (2, 2, 1, 1, 6)
    assert (row.in_sf, row.in_qbo, row.oldest_problem) == (6, None, NOW - timedelta(days=2))


def test_calls_are_summed_for_today_and_this_month() -> None:
    integration = an_integration()
    for day, calls, metered in (
        (date(2026, 10, 31), 100, 100),
        (date(2026, 11, 1), 10, 7),
        (date(2026, 11, 12), 5, 2),
    ):
        ApiUsage.all_companies.create(
            company_id=integration.company_id, connection=integration.quickbooks, day=day, endpoint="query",
            calls=calls, metered=metered,
        )  # fmt: skip
    integration.salesforce.facts = {"calls_max": 100_000, "calls_left": 81_796}
    with tenant(integration.company_id):
        salesforce, quickbooks = dashboard.calls([integration], NOW)
    assert (salesforce.today, salesforce.month, salesforce.daily) == (0, 0, DailyCalls(18_204, 100_000))
    assert quickbooks.daily is None
    assert (quickbooks.today, quickbooks.month, quickbooks.metered_month) == (5, 15, 9)


def test_the_number_of_queries_does_not_grow_with_what_there_is() -> None:
    def queries() -> int:
        with tenant(company.pk), CaptureQueriesContext(connection) as captured:
            dashboard.summary(company, now=NOW)
        return len(captured)

    company = a_company()
    integration = an_integration(company)
    a_mapping(integration)
    few = queries()
    for number in range(5):
        more = an_integration(company)
        mapping = a_mapping(more, key=f"m{number}")
        a_schedule(more, mapping=mapping)
        a_run(more)
        a_problem(a_link(mapping), code=f"qbo.{number}")
    assert queries() - few <= 1  # the samples of the causes
    assert few <= 16
