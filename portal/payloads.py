"""What was sent to a vendor, for the eyes of a person who asks why: with the values hidden that nobody needs to see."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncapp.models import WriteIntent

HIDDEN = frozenset(
    {
        *(
            "taxidentifier",
            "businessnumber",
            "primarytaxidentifier",
            "secondarytaxidentifier",
            "ssn",
            "resalenum",
        ),
        *("password", "access_token", "refresh_token", "accountnumber", "creditcard"),
    }
)
MASK = "•••"


@dataclass(frozen=True, slots=True)
class Payload:
    """One write as it was sent. `body` is indented JSON, empty once it is no longer kept."""

    side: str
    operation: str
    object: str
    body: str
    request_id: str
    at: datetime


def payloads(intents: Iterable[WriteIntent]) -> list[Payload]:
    """Writes as people may see them."""
    return [
        Payload(
            one.side,
            one.operation,
            one.object,
            redacted(one.body),
            one.request_id,
            one.first_sent_at or one.created_at,
        )
        for one in intents
    ]


def redacted(body: str) -> str:
    """JSON text with sensitive members masked; empty for a body that is no longer kept or cannot be read."""
    if not body:
        return ""
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    return json.dumps(_hidden(data), indent=2, ensure_ascii=False)


def _hidden(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: MASK if key.lower() in HIDDEN and item else _hidden(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_hidden(item) for item in data]
    return data
