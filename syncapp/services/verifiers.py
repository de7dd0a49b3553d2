"""With which token Intuit signs what it sends to an app: asked with every notice, so remembered for a moment.

A token that was taken back or replaced is honoured for that moment still; a new one works at once, because a signature
that does not fit what is remembered is held against the stored token before it is refused.
"""

from __future__ import annotations

import time
from uuid import UUID

from connectors.contracts import Side
from connectors.quickbooks import webhooks
from syncapp.crypto import SecretUnreadable
from syncapp.models import AppCredentials

REMEMBERED_S = 5.0
MOST = 1000

_remembered: dict[UUID, tuple[float, str]] = {}


class NoSuchApp(LookupError):
    """No app of QuickBooks has this address."""


def is_signed(app_id: UUID, raw: bytes, signature: str) -> bool:
    """Whether these bytes were signed for this app. Raises NoSuchApp."""
    kept = _remembered.get(app_id)
    if kept is not None and kept[0] > time.monotonic() and webhooks.verify(raw, signature, kept[1]):
        return True
    return webhooks.verify(raw, signature, _stored(app_id))


def forget() -> None:
    """Ask the database anew with the next notice of each app."""
    _remembered.clear()


def _stored(app_id: UUID) -> str:
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
    _remembered[app_id] = time.monotonic() + REMEMBERED_S, token
    return token
