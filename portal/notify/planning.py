"""From news to letters: who is told now, folded into one letter each; the digest and the check-up at their hours.

Letters are stored in one transaction with the mark that their news was told of, so that a process which dies in between
tells nobody twice and forgets nobody.
"""

from __future__ import annotations

from calendar import day_name
from collections.abc import Callable, Collection
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from portal.notify import kinds, news
from portal.notify.content import Content, to_json
from portal.notify.models import Channel, Letter, Rhythm
from portal.notify.people import Recipients, of_company
from portal.people.models import Membership
from syncapp.models import Cadence, Company, CompanyState, Integration, Notification, Schedule
from syncapp.services import audit, roundup, schedules
from syncapp.store import bulk, clock
from syncapp.tenancy import tenant

FOLD = timedelta(minutes=2)
"""News waits so long for more of it, but for a lost connection."""
APART = timedelta(minutes=15)
"""Two letters about news are at least so far apart, but for a lost connection."""
MOST_COMPANIES = 200
NEWS, DIGEST, CHECKUP, TEST = "news", "digest", "checkup", "test"

WITH_NEWS = """
select n.company_id from syncapp_notification n join notify_rhythm r on r.company_id = n.company_id
where n.told_at is null group by n.company_id, r.told_at
having bool_or(n.kind = 'connection')
    or (min(n.raised_at) <= %s and coalesce(r.told_at, '-infinity') <= %s)
limit %s
"""
WITHOUT_RHYTHM = """
select c.id from syncapp_company c
where c.state = 'active' and not exists (select 1 from notify_rhythm r where r.company_id = c.id)
"""


def plan(now: datetime) -> int:
    """Write the letters that are due, of all companies; returns how many. Outside a company; safe several at once."""
    for (company_id,) in bulk.fetch(WITHOUT_RHYTHM):
        with tenant(company_id):
            rhythm_of(Company.objects.get(pk=company_id), now)
    waiting = bulk.fetch(WITH_NEWS, [now - FOLD, now - APART, MOST_COMPANIES])
    planned = sum(_in_company(company_id, plan_news, now) for (company_id,) in waiting)
    return planned + sum(_in_company(company_id, plan_regular, now) for company_id in _due(now))


def _in_company(company_id: int, step: Callable[[Rhythm, datetime], int], now: datetime) -> int:
    with tenant(company_id), transaction.atomic():
        rows = Rhythm.objects.select_for_update(skip_locked=True, of=("self",)).select_related("company")
        rhythm = rows.first()
        return step(rhythm, now) if rhythm is not None else 0


def _due(now: datetime) -> list[int]:
    rows = Rhythm.all_companies.filter(
        Q(next_digest_at__lte=now) | Q(next_checkup_at__lte=now), company__state=CompanyState.ACTIVE
    )
    return list(rows.values_list("company_id", flat=True)[:MOST_COMPANIES])


# --- news ---


def plan_news(rhythm: Rhythm, now: datetime) -> int:
    """One letter for each who wants any of the news that nobody was told of. In a company, in a transaction."""
    rows = list(
        Notification.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("mapping", "connection")
        .filter(told_at__isnull=True)
        .order_by("pk")
    )
    there = news.still_there(rows)
    gone = {row.pk for row in rows} - {row.pk for row in there}
    Notification.objects.filter(pk__in=gone).update(told_at=now, ended_at=now)
    Notification.objects.filter(pk__in=[row.pk for row in there]).update(told_at=now)
    if not there:
        return 0
    rhythm.told_at = now
    rhythm.save(update_fields=["told_at"])
    company = rhythm.company
    wanted = {row.kind for row in there}
    return _write(NEWS, of_company(), wanted, lambda chosen: _news_for(company, there, chosen), now)


def _news_for(company: Company, rows: list[Notification], chosen: Collection[str]) -> Content:
    return news.of_news(company, [row for row in rows if row.kind in chosen])


def _write(
    kind: str,
    recipients: Recipients,
    wanted: Collection[str],
    content_for: Callable[[Collection[str]], Content],
    now: datetime,
) -> int:
    """A letter for each who chose any of `wanted`; people with the same choice get the same content."""
    made: dict[frozenset[str], dict[str, object]] = {}
    letters = []
    everybody: list[tuple[Membership | Channel, Collection[str]]] = [
        *recipients.members,
        *recipients.channels,
    ]
    for who, chosen in everybody:
        mine = frozenset(wanted) & frozenset(chosen)
        if not mine:
            continue
        if mine not in made:
            made[mine] = to_json(content_for(mine))
        letters.append(a_letter(who, kind, made[mine], now))
    Letter.objects.bulk_create(letters)
    return len(letters)


def a_letter(who: Membership | Channel, kind: str, stored: dict[str, object], now: datetime) -> Letter:
    """A letter to a member or a channel, not saved."""
    member, channel = (who, None) if isinstance(who, Membership) else (None, who)
    return Letter(
        company_id=who.company_id, membership=member, channel=channel, kind=kind, content=stored, next_at=now
    )


# --- digest and check-up ---


def plan_regular(rhythm: Rhythm, now: datetime) -> int:
    """The digest and the check-up, where they are due. Several that were missed come once."""
    written = 0
    if rhythm.next_digest_at is not None and rhythm.next_digest_at <= now:
        written += _digest(rhythm, now)
    if rhythm.next_checkup_at is not None and rhythm.next_checkup_at <= now:
        written += _checkup(rhythm, now)
    set_next(rhythm, now)
    return written


def _digest(rhythm: Rhythm, now: datetime) -> int:
    day = roundup.since(rhythm.digest_at or now - timedelta(days=1))
    rhythm.digest_at = now
    if not day:
        return 0
    company = rhythm.company
    return _write(DIGEST, of_company(), {kinds.DIGEST}, lambda _: news.of_digest(company, day), now)


def _checkup(rhythm: Rhythm, now: datetime) -> int:
    rhythm.checkup_at = now
    if not Integration.objects.filter(switched_on_at__isnull=False).exists():
        return 0
    company, week = rhythm.company, roundup.week(now)
    return _write(CHECKUP, of_company(), {kinds.CHECKUP}, lambda _: news.of_checkup(company, week), now)


def rhythm_of(company: Company, now: datetime) -> Rhythm:
    """The company's hours, made with the usual ones where nobody has chosen. In the company."""
    rhythm = Rhythm.objects.filter(company=company).select_related("company").first()
    if rhythm is not None:
        return rhythm
    Rhythm.objects.bulk_create([Rhythm(company=company, digest_at=now)], ignore_conflicts=True)
    made = Rhythm.objects.select_related("company").get(company=company)
    set_next(made, now)
    return made


def shown_rhythm(company: Company, now: datetime) -> Rhythm:
    """The company's hours without storing anything: what a page shows before the first planning made them."""
    found = Rhythm.objects.filter(company=company).first() or Rhythm(company=company)
    found.company = company
    if found.next_digest_at is None:
        _place(found, now)
    return found


def plan_anew(company: Company) -> None:
    """The company's zone may have changed: its hours are those of the new one. In the company."""
    rhythm = Rhythm.objects.filter(company=company).first()
    if rhythm is not None:
        rhythm.company = company
        set_next(rhythm, clock.now())


def choose_hours(rhythm: Rhythm, digest_hour: int, checkup_day: int, person: Any) -> None:
    """When the digest and the check-up come: an hour (0 to 23) of the company's zone, a day of the week (Monday 0)."""
    before = (rhythm.digest_hour, rhythm.checkup_day)
    rhythm.digest_hour, rhythm.checkup_day = digest_hour, checkup_day
    set_next(rhythm, clock.now())
    if before != (digest_hour, checkup_day):
        after = {"hour": f"{digest_hour:02d}:00", "day": day_name[checkup_day]}
        audit.decided("notifications.hours", person, after=after)


def set_next(rhythm: Rhythm, now: datetime) -> None:
    """Work out the next digest and check-up in the company's zone, and store the row.

    An hour that the clocks jump over comes at the end of the jump, one that comes twice counts once.
    """
    _place(rhythm, now)
    rhythm.save()


def _place(rhythm: Rhythm, now: datetime) -> None:
    at, zone = time(rhythm.digest_hour), rhythm.company.zone
    daily = Schedule(cadence=Cadence.DAILY, at_time=at)
    weekly = Schedule(cadence=Cadence.WEEKLY, at_time=at, weekdays=str(rhythm.checkup_day))
    rhythm.next_digest_at = schedules.next_times(daily, 1, now, zone)[0]
    rhythm.next_checkup_at = schedules.next_times(weekly, 1, now, zone)[0]
