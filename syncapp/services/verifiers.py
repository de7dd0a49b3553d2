"""With which token Intuit signs what it sends to an app: asked with every notice, so remembered for a moment.

A token that was taken back or replaced is honoured for that moment still; a new one works at once, because a signature
that does not fit what is remembered is held against the stored token before it is refused. That is done once a second
at most: forged notices must never cost more than good ones. One that is refused in between is sent again by Intuit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from connectors.contracts import Side
from connectors.quickbooks import webhooks
from syncapp.crypto import SecretUnreadable
from syncapp.models import AppCredentials

REMEMBERED_S = 5.0
ASKED_AGAIN_S = 1.0
MOST = 1000


@dataclass(slots=True)
class _Kept:
    """A token as it was stored; `asked_again` is when a signature that did not fit last made us look it up anew."""

    until: float
    token: str
    asked_again: float | None


_remembered: dict[UUID, _Kept] = {}


class NoSuchApp(LookupError):
    """No app of QuickBooks has this address."""


def is_signed(app_id: UUID, raw: bytes, signature: str) -> bool:
    """Whether these bytes were signed for this app. Raises NoSuchApp."""
    kept, now = _remembered.get(app_id), time.monotonic()
    if kept is None or kept.until <= now:
        return webhooks.verify(raw, signature, _stored(app_id, None))
    if webhooks.verify(raw, signature, kept.token):
        return True
    if kept.asked_again is not None and now - kept.asked_again < ASKED_AGAIN_S:
        return False
    return webhooks.verify(raw, signature, _stored(app_id, now))


def forget() -> None:
    """Ask the database anew with the next notice of each app."""
    _remembered.clear()


def _stored(app_id: UUID, asked_again: float | None) -> str:
    rows = AppCredentials.objects.filter(pk=app_id, side=Side.QUICKBOOKS.value)
    app = rows.only("company_id", "verifier_token_sealed").first()
    if app is None:
        _remembered.pop(app_id, None)
        raise NoSuchApp
    try:
        token = app.verifier_token
    except SecretUnreadable:
        token = ""
    if len(_remembered) >= MOST:
        _remembered.clear()
    _remembered[app_id] = _Kept(time.monotonic() + REMEMBERED_S, token, asked_again)
    return token
