"""Who gets which kinds: members by mail, channels by webhook."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing

from portal.notify import kinds
from portal.notify.models import Channel, Choice
from portal.people.models import Membership
from syncapp.services import audit

SALT = "portal.notify.unsubscribe"


@dataclass(frozen=True, slots=True)
class Recipients:
    """Everybody of one company who may be told something, with what they chose."""

    members: Sequence[tuple[Membership, Collection[str]]]
    channels: Sequence[tuple[Channel, Collection[str]]]


def of_company() -> Recipients:
    """The members and channels of the company in context. Two queries."""
    rows = Membership.objects.filter(user__is_active=True).select_related("user", "told").order_by("pk")
    channels = Channel.objects.filter(off_at__isnull=True).order_by("name", "pk")
    return Recipients(
        [(one, chosen_by(one)) for one in rows], [(one, frozenset(one.kinds)) for one in channels]
    )


def chosen_by(membership: Membership) -> Collection[str]:
    """The kinds that reach this member by mail."""
    choice: Choice | None = getattr(membership, "told", None)
    return frozenset(choice.kinds) if choice is not None else kinds.DEFAULTS[membership.role]


def choose(membership: Membership, wanted: Sequence[str], person: Any | None) -> None:
    """Store what reaches this member; kinds that do not exist are left out."""
    before, after = kinds.known(tuple(chosen_by(membership))), kinds.known(tuple(wanted))
    Choice.objects.update_or_create(
        membership=membership, defaults={"kinds": after, "company_id": membership.company_id}
    )
    if before != after:
        audit.decided(
            "notifications.chosen",
            person,
            cause=membership.user.email,
            before={"kinds": _labels(before)},
            after={"kinds": _labels(after)},
        )


def _labels(keys: Sequence[str]) -> str:
    return ", ".join(kinds.LABELS[key] for key in keys)


# --- links in mails that work without signing in ---


def unsubscribe_token(membership: Membership) -> str:
    """What the link in a mail carries: it names one membership and can do nothing but end its mails."""
    return signing.dumps(membership.pk, salt=SALT)


def membership_of(token: str) -> Membership | None:
    """Whose mails a link ends; None for a link that is not ours or of somebody who has left."""
    try:
        number = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    rows = Membership.all_companies.select_related("user", "company", "told")
    return rows.filter(pk=number).first()
