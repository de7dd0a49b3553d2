"""Webhook notices as Intuit would send them, signed for an app."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from syncapp.models import AppCredentials


def an_event(
    realm: str, entity: str, id_: str, operation: str = "updated", *, event: str = "", **data: str
) -> dict[str, Any]:
    """One CloudEvent."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "000Z")
    return {
        "specversion": "1.0",
        "id": event or f"{entity}-{id_}-{now}",
        "source": "intuit.abc=",
        "type": f"qbo.{entity.lower()}.{operation}.v1",
        "datacontenttype": "application/json",
        "time": now,
        "intuitentityid": id_,
        "intuitaccountid": realm,
        "data": data,
    }


def deliver(app: AppCredentials, body: Any, *, verifier: str | None = None, raw: bytes | None = None) -> int:
    """POST a delivery to the app's address; the status of the answer."""
    sent = raw if raw is not None else json.dumps(body).encode()
    key = app.verifier_token if verifier is None else verifier
    signature = base64.b64encode(hmac.new(key.encode(), sent, hashlib.sha256).digest()).decode()
    answer = Client().post(
        f"/hooks/quickbooks/{app.pk}",
        data=sent,
        content_type="application/cloudevents+json",
        headers={"intuit-signature": signature},
    )
    return int(answer.status_code)
