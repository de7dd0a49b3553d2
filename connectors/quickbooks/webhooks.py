"""Inbound notices: is it really Intuit's, and what does it name (reference quickbooks.md 6; sync-semantics section 16).

A notice is a hint to look, never data.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors import jsonwire
from connectors.quickbooks.entities import entity

SIGNATURE_HEADER = "intuit-signature"
PREFERENCES = "Preferences"
"""The settings of a company: one object that has no list and is in no reading of changes (3.14, 6.4)."""
OPERATIONS = {
    "created": "create",
    "updated": "update",
    "deleted": "delete",
    "merged": "merge",
    "voided": "void",
    "emailed": "emailed",
}
_TYPE = re.compile(r"qbo\.([a-z0-9]+)\.([a-z]+)\.v\d+")
_FRACTION = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a notice says has happened.

    `operation` is create, update, delete, merge, void or emailed, or the vendor's own word in lower case.
    `deleted_id` is the loser of a merge (`id` is the survivor). `event_id` names the event for de-duplication; empty
    in the old format. `at` is None where the time cannot be read.
    """

    realm_id: str
    entity: str
    id: str
    operation: str
    at: datetime | None = None
    deleted_id: str = ""
    event_id: str = ""


def is_signature(text: str) -> bool:
    """Whether this has the form of a signature at all; what has not is refused before its body is read."""
    return len(_digest(text)) == hashlib.sha256().digest_size


def verify(raw: bytes, signature: str, verifier_token: str) -> bool:
    """Whether these raw bytes were signed with this app's verifier token; compared in constant time (6.1)."""
    if not verifier_token:
        return False
    expected = hmac.digest(verifier_token.encode(), raw, "sha256")
    return hmac.compare_digest(expected, _digest(signature))


def _digest(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return b""


def parse(raw: bytes) -> list[Notice]:
    """What a verified body names, in either format, several companies in one body included (6.2, 6.3).

    Elements that make no sense are left out: one poisoned element must not hold back the others. Raises ValueError for
    a body that is no notice at all.
    """
    body = jsonwire.decode(raw)
    if isinstance(body, list):
        return [notice for notice in map(_cloud_event, body) if notice is not None]
    if isinstance(body, Mapping) and isinstance(body.get("eventNotifications"), list):
        return list(_legacy(body["eventNotifications"]))
    raise ValueError("this is neither a list of CloudEvents nor an event notification")


def _cloud_event(event: Any) -> Notice | None:
    if not isinstance(event, Mapping):
        return None
    kind = _TYPE.fullmatch(str(event.get("type") or ""))
    realm, id_ = event.get("intuitaccountid"), event.get("intuitentityid")
    if kind is None or not realm or not id_:
        return None
    data = event.get("data")
    return Notice(
        str(realm),
        _entity_name(kind.group(1)),
        str(id_),
        OPERATIONS.get(kind.group(2), kind.group(2)),
        _instant(event.get("time")),
        str(data.get("deletedid") or "") if isinstance(data, Mapping) else "",
        str(event.get("id") or ""),
    )


def _legacy(notifications: list[Any]) -> Iterator[Notice]:
    for notification in notifications:
        realm = notification.get("realmId") if isinstance(notification, Mapping) else None
        change = (notification.get("dataChangeEvent") or {}) if realm else {}
        for each in change.get("entities") or ():
            if not isinstance(each, Mapping) or not each.get("name") or not each.get("id"):
                continue
            yield Notice(
                str(realm),
                _entity_name(str(each["name"])),
                str(each["id"]),
                str(each.get("operation") or "").lower(),
                _instant(each.get("lastUpdated")),
                str(each.get("deletedId") or ""),
            )


def _entity_name(name: str) -> str:
    """The entity in its usual spelling; one we do not know as it came."""
    if name.lower() == PREFERENCES.lower():
        return PREFERENCES
    try:
        return entity(name).name
    except KeyError:
        return name


def _instant(text: Any) -> datetime | None:
    """UTC; up to nine digits of a second, offsets with and without a colon (6.2, 6.3)."""
    try:
        when = datetime.fromisoformat(_FRACTION.sub(r"\1", str(text)))
    except ValueError:
        return None
    return when.astimezone(UTC) if when.tzinfo else None
