"""How webhook notices of a QuickBooks company come in: what to enter at Intuit, what came last, and trying it out."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from django.db.models import Max, Sum

from connectors.quickbooks.webhooks import PREFERENCES
from syncapp.crypto import SecretUnreadable
from syncapp.models import AppCredentials, Connection, Cursor, ForeignNotice, MissedNotice
from syncapp.services import audit
from syncapp.services.errors import Refused
from syncapp.store import clock, deliveries
from syncapp.store.deliveries import NoticeHealth

LOOKED_BACK = timedelta(days=30)
TEST_BODY = b"[]"
TEST_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True)
class ObjectNotices:
    """One object that is read from these books: whether its notices are heeded, and how they came lately. `what` says
    what is told of where it is not records."""

    object: str
    on: bool
    health: NoticeHealth | None
    missed: int
    what: str = ""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Verified notices of the last 30 days that named companies which the app does not connect here."""

    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything a person needs to set notices up. `own_app` says that the company can enter the token itself; only
    then is it told of notices of other companies: those of the installation's app are no single company's affair."""

    address: str
    app: AppCredentials | None
    own_app: bool
    verifier_known: bool
    objects: tuple[ObjectNotices, ...]
    foreign: Foreign | None


def address_of(app: AppCredentials) -> str:
    """The webhook address to enter at Intuit for this app."""
    return f"{settings.BASE_URL}/hooks/quickbooks/{app.pk}"


def standing(connection: Connection) -> Standing:
    """How notices of this QuickBooks company stand. Needs its company in context."""
    app = connection.app_credentials
    own_app = app is not None and app.company_id is not None
    return Standing(
        address=address_of(app) if app else "",
        app=app,
        own_app=own_app,
        verifier_known=bool(app and _verifier(app)),
        objects=tuple(_objects(connection)),
        foreign=_foreign(app) if app and own_app else None,
    )


def _foreign(app: AppCredentials) -> Foreign | None:
    rows = ForeignNotice.objects.filter(app_credentials=app, day__gte=(clock.now() - LOOKED_BACK).date())
    found = rows.aggregate(count=Sum("count"), last_at=Max("last_at"))
    return Foreign(found["count"], found["last_at"]) if found["count"] else None


def _objects(connection: Connection) -> Sequence[ObjectNotices]:
    since = clock.now() - LOOKED_BACK
    healths = deliveries.health(connection.pk, since)
    missed = dict(
        MissedNotice.objects.filter(connection=connection, day__gte=since.date())
        .values_list("object")
        .annotate(Sum("count"))
    )
    lanes = Cursor.objects.filter(connection=connection, lane=deliveries.LANE, watermark__isnull=False)
    off = connection.notices_off
    found = [
        ObjectNotices(name, name not in off, healths.get(name), missed.get(name, 0))
        for name in lanes.order_by("object").values_list("object", flat=True)
    ]
    if not found:
        return []
    settings_of_books = ObjectNotices(
        PREFERENCES, PREFERENCES not in off, healths.get(PREFERENCES), 0, "settings, the closing date"
    )
    return [*found, settings_of_books]


def switch(connection: Connection, name: str, person: Any, *, on: bool) -> None:
    """Heed the notices of one object, or leave its changes to the regular reading."""
    off = set(connection.notices_off) - {name} if on else {*connection.notices_off, name}
    connection.notices_off = sorted(off)
    connection.save(update_fields=["notices_off"])
    audit.decided("notices.on" if on else "notices.off", person, after={"object": name})


def save_verifier(connection: Connection, token: str, person: Any) -> None:
    """Store the verifier token of the company's own app. Raises Refused `notices.not_our_app`."""
    app = connection.app_credentials
    if app is None or app.company_id != connection.company_id:
        raise Refused("notices.not_our_app")
    app.verifier_token = token.strip()
    app.save()
    audit.decided("notices.verifier_saved", person, after={"connection": str(connection)})


def try_out(connection: Connection) -> None:
    """Send a signed, empty delivery to our own public address, as Intuit would.

    Raises Refused: `notices.no_verifier`, `notices.unreachable`, `notices.not_accepted`.
    """
    app = connection.app_credentials
    token = _verifier(app) if app else ""
    if app is None or not token:
        raise Refused("notices.no_verifier")
    digest = hmac.new(token.encode(), TEST_BODY, hashlib.sha256).digest()
    headers = {
        "intuit-signature": base64.b64encode(digest).decode(),
        "content-type": "application/cloudevents+json",
    }
    try:
        answer = requests.post(
            address_of(app), data=TEST_BODY, headers=headers, timeout=TEST_TIMEOUT_S, allow_redirects=False
        )
    except requests.RequestException as error:
        raise Refused("notices.unreachable", address=address_of(app)) from error
    if answer.status_code != 200:
        raise Refused("notices.not_accepted", status=answer.status_code, address=address_of(app))


def _verifier(app: AppCredentials) -> str:
    try:
        return app.verifier_token
    except SecretUnreadable:
        return ""
