"""Channels of a company: added, changed, tried, switched off and on, removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.notify import kinds, messages, news, outside
from portal.notify.models import Channel, Letter, LetterState
from portal.notify.outside import NotTaken
from portal.notify.sending import mark_working
from syncapp.services import audit, notifications
from syncapp.services.errors import Refused
from syncapp.store import clock

MOST_CHANNELS = 20


def save(channel: Channel, url: str, wanted: Sequence[str], person: Any) -> Channel:
    """Store a channel; an empty `url` leaves the stored one. Raises Refused: `notify.address`, `notify.not_https`,
    `notify.private`, `notify.no_such_host`, `notify.too_many`."""
    is_new = channel.created_at is None
    if is_new and Channel.objects.count() >= MOST_CHANNELS:
        raise Refused("notify.too_many", most=MOST_CHANNELS)
    if url.strip() or is_new:
        parts = outside.check(url)
        outside.public_address(str(parts.hostname), parts.port or 443)
        channel.url, channel.host = url.strip(), str(parts.hostname)
        channel.failures, channel.last_error = 0, ""
    channel.kinds = kinds.known(tuple(wanted))
    channel.save()
    audit.decided("channel.added" if is_new else "channel.changed", person, after=_facts(channel))
    return channel


def try_out(channel: Channel) -> None:
    """Post a test message now. Raises Refused with the reason when it is not taken."""
    content = news.of_test(channel.company, channel.name)
    try:
        outside.post(channel.url, messages.message(content, channel.format))
    except NotTaken as error:
        raise Refused("notify.not_taken", host=channel.host, why=why(error.code)) from error
    mark_working(channel, clock.now())


def why(code: str) -> str:
    """The reason of a failed try as part of a sentence."""
    if code.startswith("notify.answer_"):
        return f"it answered {code.removeprefix('notify.answer_')}"
    return REASONS.get(code, "it could not be reached")


REASONS = {
    "notify.timeout": "it did not answer in time",
    "notify.certificate": "its certificate is not valid",
    "notify.private": "its name leads to a private address",
    "notify.no_such_host": "its name does not exist",
    "notify.mail": "the mail server did not take it",
    "notify.channel_off": "the channel was switched off",
}


def switch(channel: Channel, person: Any, *, on: bool) -> None:
    """Switch a channel on or off. What waited for it is dropped when it goes off."""
    now = clock.now()
    channel.off_at, channel.failures = (None, 0) if on else (now, channel.failures)
    channel.save(update_fields=["off_at", "failures"])
    if not on:
        Letter.objects.filter(channel=channel, state=LetterState.WAITING).update(
            state=LetterState.FAILED, error="notify.channel_off"
        )
    notifications.channel_works(channel.company_id, channel.pk, audit.name_of(person), now)
    audit.decided("channel.on" if on else "channel.off", person, after=_facts(channel))


def remove(channel: Channel, person: Any) -> None:
    """Delete a channel with what waited for it."""
    audit.decided("channel.removed", person, before=_facts(channel))
    notifications.channel_works(channel.company_id, channel.pk, audit.name_of(person), clock.now())
    channel.delete()


def _facts(channel: Channel) -> dict[str, Any]:
    """What the trail keeps: never the address, which is a secret."""
    return {
        "channel": channel.name,
        "host": channel.host,
        "kinds": ", ".join(kinds.LABELS[key] for key in kinds.known(tuple(channel.kinds))),
    }
