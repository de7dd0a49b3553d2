"""What people are told of without asking: which news there is, and when it is over.

Problems, lost connections and used-up budgets raise their news in their own transactions (`store.notifications`). What
nothing else would notice is looked for here: sign-ins that end soon, and a Salesforce org's daily calls. Who is told,
and by which way, is the portal's business.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from connectors.errors import FailureKind
from syncapp.models import (
    ApiUsage,
    CompanyState,
    Connection,
    ConnectionStatus,
    Notification,
    NotificationKind,
    Problem,
    Run,
    VendorSide,
)
from syncapp.services import daily_calls
from syncapp.store import notifications
from syncapp.store.notifications import News

TOKEN_DAYS = (2, 7, 14)
"""How many days before a sign-in ends people are warned."""
DAILY_LEVELS = {"limit.daily_70": 70, "limit.daily_90": 90}
"""From which part of an org's daily calls on which warning stands, in per cent."""
DAILY_OVER = 10
"""How far below its level, in per cent, a warning of the daily calls is over: the count moves up and down."""
AWAY_S = 1800
"""What stays away for so long is over. What comes back sooner is the same news."""
KEPT_DAYS = 200
CHANNEL_OFF = "notify.channel_off"


def raise_for_connection(
    connection: Connection, code: str, values: dict[str, str], at: datetime, using: str
) -> None:
    """The connection waits for a person: news that is told at once. In the caller's transaction."""
    key = f"connection:{connection.pk}"
    news = News(NotificationKind.CONNECTION, key, code, values, connection_id=connection.pk)
    notifications.raise_all(connection.company_id, [news], at, using=using)


def raise_for_budget(connection: Connection, code: str, values: dict[str, str], at: datetime) -> None:
    """A part of this month's metered reads is used up. In the caller's transaction."""
    key = f"quota:{connection.pk}:{code}:{at:%Y-%m}"
    news = News(NotificationKind.QUOTA, key, code, values, connection_id=connection.pk)
    notifications.raise_all(connection.company_id, [news], at)


def raise_for_run(run: Run, code: str, values: dict[str, str], at: datetime) -> None:
    """A run ended because of something a person has to see to. Runs that fail alike are one piece of news."""
    key = f"run:{run.mapping_id or run.integration_id}:{code}"
    news = News(NotificationKind.RUN, key, code, values, mapping_id=run.mapping_id, run_id=run.pk)
    notifications.raise_all(run.company_id, [news], at)


# --- what nothing else would notice ---


def watch(now: datetime | None = None) -> None:
    """Look for sign-ins that end soon and for daily calls that run out, of all companies. For the tick."""
    moment = now or timezone.now()
    _watch_sign_ins(moment)
    _watch_daily_calls(moment)
    notifications.purge(KEPT_DAYS)


def ends_at(connection: Connection) -> datetime | None:
    """When the sign-in of this connection ends if nobody renews it; None where it does not end."""
    ends = [one for one in (connection.refresh_expires_at, connection.refresh_hard_expires_at) if one]
    return min(ends, default=None)


def _watch_sign_ins(now: datetime) -> None:
    soon = now + timedelta(days=max(TOKEN_DAYS))
    rows = Connection.all_companies.filter(status=ConnectionStatus.LIVE, company__state=CompanyState.ACTIVE)
    ending = rows.filter(refresh_expires_at__lte=soon) | rows.filter(refresh_hard_expires_at__lte=soon)
    for connection in ending:
        ends = ends_at(connection)
        if ends is None or ends <= now:
            continue
        level = next(days for days in TOKEN_DAYS if ends - now <= timedelta(days=days))
        days = max(1, (ends - now).days)
        values = {
            "connection": str(connection),
            "side": connection.get_side_display(),
            "days": f"{days} day{'' if days == 1 else 's'}",
        }
        key = f"token:{connection.pk}:{ends:%Y-%m-%d}:{level}"
        news = News(NotificationKind.TOKEN, key, "token.ending", values, connection_id=connection.pk)
        notifications.raise_all(connection.company_id, [news], now)


def _watch_daily_calls(now: datetime) -> None:
    """Only orgs that were called today: the others use nothing up."""
    used: set[UUID] = set(
        ApiUsage.all_companies.filter(day__gte=(now - timedelta(days=1)).date())
        .values_list("connection_id", flat=True)
        .distinct()
    )
    rows = Connection.all_companies.filter(
        pk__in=used, side=VendorSide.SALESFORCE, status=ConnectionStatus.LIVE
    )
    for connection in rows:
        calls = daily_calls.of(connection)
        if calls is not None and calls.limit:
            _weigh_daily_calls(connection, calls, now)


def _weigh_daily_calls(connection: Connection, calls: daily_calls.DailyCalls, now: datetime) -> None:
    over = [code for code, level in DAILY_LEVELS.items() if calls.percent < level - DAILY_OVER]
    if over:
        Notification.all_companies.filter(
            connection_id=connection.pk, kind=NotificationKind.QUOTA, code__in=over, ended_at=None
        ).update(ended_at=now)
    reached = [code for code, level in DAILY_LEVELS.items() if calls.percent >= level]
    values = {"connection": str(connection), "used": f"{calls.used:,}", "limit": f"{calls.limit:,}"}
    for code in reached[-1:]:
        key = f"daily:{connection.pk}:{code}"
        news = News(NotificationKind.QUOTA, key, code, values, connection_id=connection.pk)
        notifications.raise_all(connection.company_id, [news], now)


def end_what_is_over(seconds: float = AWAY_S) -> int:
    """Close the news whose cause has stayed away, so that people are told again when it comes back. For the tick."""
    notifications.mark_absent([*DAILY_LEVELS])
    return notifications.end_absent(seconds)


# --- a channel that does not take what is sent ---


def channel_switched_off(company_id: int, channel_id: object, name: str, now: datetime) -> None:
    """Open the problem of a channel that was switched off after many failures, and tell of it."""
    values = {"channel": name}
    Problem.all_companies.create(
        company_id=company_id,
        subject=channel_subject(channel_id),
        kind=FailureKind.CONFIG.value,
        code=CHANNEL_OFF,
        values=values,
        first_seen_at=now,
        last_seen_at=now,
    )
    notifications.raise_all(company_id, [notifications.of_problem(CHANNEL_OFF, values)], now)


def channel_works(company_id: int, channel_id: object, by: str, now: datetime) -> None:
    """Close the channel's problem."""
    rows = Problem.all_companies.filter(
        company_id=company_id, subject=channel_subject(channel_id), closed_at=None
    )
    rows.update(closed_at=now, closed_by=by[:120])


def channel_subject(channel_id: object) -> str:
    """How the problem row names a channel."""
    return f"channel:{channel_id}"
