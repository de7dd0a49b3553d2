"""The outbox: letters are leased, sent outside any transaction, and marked; what fails is tried again later.

A mail keeps its Message-ID over all its tries. A process that dies between the server's yes and our mark sends it once
more under the same id; nothing can tell the two cases apart, and a warning that is lost is worse than one that comes
twice.
"""

from __future__ import annotations

import smtplib
import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F

from portal.notify import mail, messages, outside
from portal.notify.content import from_json
from portal.notify.models import Channel, Letter, LetterState
from portal.notify.outside import NotTaken
from syncapp.crypto import SecretUnreadable
from syncapp.services import notifications
from syncapp.services.errors import Refused
from syncapp.store import bulk, clock
from syncapp.tenancy import tenant

log = structlog.get_logger()
LEASE_S = 120
PAUSES_S = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
"""How long until the next try; after the last one the letter is given up."""
FAILURES_UNTIL_OFF = 10
"""Tries in a row, over all its letters, after which a channel is switched off."""
KEPT_DAYS = 30

CLAIM = """
update notify_letter set lease_until = lb_now() + %s * interval '1 second', tries = tries + 1
where id = (select id from notify_letter where state = 'waiting' and next_at <= lb_now()
            and (lease_until is null or lease_until <= lb_now())
            order by next_at limit 1 for update skip locked)
returning id, company_id
"""


def send_due(seconds: float = 100.0) -> int:
    """Send what is due until nothing is or the time is up; returns how many were delivered. Outside a company."""
    until, sent = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        claimed = bulk.fetch(CLAIM, [LEASE_S])
        if not claimed:
            break
        letter_id, company_id = claimed[0]
        with tenant(company_id):
            sent += _send(letter_id)
    return sent


def _send(letter_id: UUID) -> bool:
    letter = Letter.objects.select_related(
        "membership__user", "membership__company", "channel", "company"
    ).get(pk=letter_id)
    try:
        deliver(letter)
    except NotTaken as error:
        _failed(letter, error.code, error.retry_after)
        return False
    except Refused as error:
        _failed(letter, error.code, None)
        return False
    except SecretUnreadable:
        _failed(letter, "vault.unreadable", None)
        return False
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail_not_sent", error=type(error).__name__)
        _failed(letter, "notify.mail", None)
        return False
    _delivered(letter)
    return True


def deliver(letter: Letter) -> None:
    """Send it now. Raises NotTaken or Refused (channels), OSError or SMTPException (mails)."""
    content = from_json(letter.content)
    if letter.channel is not None:
        outside.post(letter.channel.url, messages.message(content, letter.channel.format))
        return
    if letter.membership is None or not letter.membership.user.is_active:
        return
    message: EmailMultiAlternatives = mail.of(letter, content)
    message.send()


def _delivered(letter: Letter) -> None:
    now = clock.now()
    with transaction.atomic():
        Letter.objects.filter(pk=letter.pk).update(
            state=LetterState.SENT, sent_at=now, lease_until=None, error=""
        )
        if letter.channel is not None:
            mark_working(letter.channel, now)


def mark_working(channel: Channel, now: datetime, by: str = "A message got through") -> None:
    """A message got through: failures are counted anew, and the channel's problem closes."""
    Channel.objects.filter(pk=channel.pk).update(failures=0, last_error="", last_ok_at=now)
    notifications.channel_works(channel.company_id, channel.pk, by, now)


def _failed(letter: Letter, code: str, retry_after: float | None) -> None:
    now = clock.now()
    place = letter.tries - 1
    given_up = place >= len(PAUSES_S)
    pause = timedelta(seconds=max(retry_after or 0.0, 0.0 if given_up else PAUSES_S[place]))
    with transaction.atomic():
        Letter.objects.filter(pk=letter.pk).update(
            state=LetterState.FAILED if given_up else LetterState.WAITING,
            next_at=now + pause,
            lease_until=None,
            error=code,
        )
        if letter.channel is not None:
            _count_failure(letter.channel, code, now)


def _count_failure(channel: Channel, code: str, now: datetime) -> None:
    rows = Channel.objects.filter(pk=channel.pk, off_at__isnull=True)
    rows.update(failures=F("failures") + 1, last_error=code)
    if not rows.filter(failures__gte=FAILURES_UNTIL_OFF).update(off_at=now):
        return
    Letter.objects.filter(channel=channel, state=LetterState.WAITING).update(
        state=LetterState.FAILED, error="notify.channel_off", lease_until=None
    )
    notifications.channel_switched_off(channel.company_id, channel.pk, channel.name, now)


def purge() -> int:
    """Forget old letters."""
    before = clock.now() - timedelta(days=KEPT_DAYS)
    rows = Letter.all_companies.filter(created_at__lt=before).exclude(state=LetterState.WAITING)
    return rows.delete()[0]
