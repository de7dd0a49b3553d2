"""Webhooks out: gather changes, sign, send, retry by the published schedule (quickbooks.md section 6).

Undelivered notifications lie in the store, so a restarted simulator goes on where it was. Later events of a
subscription wait until the failed one has been acknowledged.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from connectors.simulator import jsontext
from connectors.simulator.quickbooks import knobs
from connectors.simulator.quickbooks.times import stamp, utc_nanoseconds
from connectors.simulator.store import Column, Table
from connectors.simulator.world import World

_KEY = "quickbooks:subscriptions"
_RETRY_SECONDS = (10, 20, 30, 300, 1200, 7200, 14400, 21600)
_ANSWER_WITHIN_SECONDS = 3.0
_EVENTS_PER_DELIVERY = 100
_PAST = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Merge": "merged",
    "Void": "voided",
    "Emailed": "emailed",
}


@dataclass
class Subscription:
    """One endpoint. format: `cloudevents` or `legacy`. `entities` empty means all; `drop`, `duplicate` and `reorder`
    are chances from 0 to 1; `realms` empty means all companies."""

    id: int
    url: str
    format: str = "cloudevents"
    entities: tuple[str, ...] = ()
    realms: tuple[str, ...] = ()
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    verifier_token: str = ""


class Webhooks:
    """Holds subscriptions and pending events, and sends from a background task."""

    def __init__(self, world: World, verifier_token: str) -> None:
        self._world = world
        self._store = world.store
        self._random = world.chance("webhooks")
        self._verifier = verifier_token
        self._task: asyncio.Task[None] | None = None
        self._store.define(
            Table(
                "qbo_event",
                (
                    Column("n", "INTEGER"),
                    Column("subscription", "INTEGER"),
                    Column("realm"),
                    Column("entity"),
                    Column("id"),
                    Column("operation"),
                    Column("time", "REAL"),
                    Column("deleted_id"),
                ),
                ("n",),
                indexes=(("subscription", "n"),),
            )
        )
        self._store.define(
            Table(
                "qbo_delivery",
                (
                    Column("n", "INTEGER"),
                    Column("subscription", "INTEGER"),
                    Column("body"),
                    Column("attempts", "INTEGER"),
                    Column("due", "REAL"),
                ),
                ("n",),
            )
        )

    # -- subscriptions ------------------------------------------------------------------------------------------

    def subscriptions(self) -> list[Subscription]:
        return [
            Subscription(**{**saved, "entities": tuple(saved["entities"]), "realms": tuple(saved["realms"])})
            for saved in self._store.value(_KEY) or []
        ]

    def subscribe(self, body: Any) -> Any:
        """`POST /_sim/webhooks`. `{"url", "format", "entities", "realms", "drop", "duplicate", "reorder"}` adds or
        replaces the subscription of that URL; `{"url", "remove": true}` ends it; `{"clear": true}` ends all."""
        kept = [] if body.get("clear") else [s for s in self.subscriptions() if s.url != body.get("url")]
        if body.get("url") and not body.get("remove"):
            if urlsplit(str(body["url"])).scheme not in ("http", "https"):
                raise ValueError("url must begin with http:// or https://")
            if body.get("format", "cloudevents") not in ("cloudevents", "legacy"):
                raise ValueError("format is cloudevents or legacy")
            kept.append(
                Subscription(
                    id=self._store.next_number("quickbooks:subscription"),
                    url=str(body["url"]),
                    format=str(body.get("format", "cloudevents")),
                    entities=tuple(map(str, body.get("entities", ()))),
                    realms=tuple(map(str, body.get("realms", ()))),
                    drop=float(body.get("drop", 0)),
                    duplicate=float(body.get("duplicate", 0)),
                    reorder=float(body.get("reorder", 0)),
                    verifier_token=str(body.get("verifier_token", self._verifier)),
                )
            )
        self._store.set_value(_KEY, [asdict(subscription) for subscription in kept])
        gone = [str(s.id) for s in kept]
        keep = ",".join(gone) or "0"
        for table in ("qbo_event", "qbo_delivery"):
            self._store.write(f"DELETE FROM {table} WHERE subscription NOT IN ({keep})")
        return {"subscriptions": [asdict(s) for s in kept], "pending": self.pending()}

    def pending(self) -> dict[str, int]:
        """How many events are gathered and how many deliveries await acknowledgement."""
        events = self._store.row("SELECT COUNT(*) FROM qbo_event")
        deliveries = self._store.row("SELECT COUNT(*) FROM qbo_delivery")
        return {"events": events[0] if events else 0, "deliveries": deliveries[0] if deliveries else 0}

    def clear(self) -> None:
        self.subscribe({"clear": True})

    # -- events -------------------------------------------------------------------------------------------------

    def emit(self, realm: str, entity: str, record_id: str, operation: str, deleted_id: str = "") -> None:
        """One change; lands with every subscription that wants it, unless chance drops it."""
        for subscription in self.subscriptions():
            if subscription.entities and entity not in subscription.entities:
                continue
            if subscription.realms and realm not in subscription.realms:
                continue
            if self._chance(subscription.drop):
                continue
            self._store.write(
                "INSERT INTO qbo_event (subscription, realm, entity, id, operation, time, deleted_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    subscription.id,
                    realm,
                    entity,
                    record_id,
                    operation,
                    self._world.clock.now().timestamp(),
                    deleted_id,
                ),
            )

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    # -- sending ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            for subscription in self.subscriptions():
                self._gather(subscription)
                await self._deliver(subscription)

    def _gather(self, subscription: Subscription) -> None:
        """Turn events that waited long enough into deliveries; quick changes of one object become one event."""
        wait = knobs.load(self._store).webhook_seconds
        now = self._world.clock.now().timestamp()
        oldest = self._store.row("SELECT MIN(time) FROM qbo_event WHERE subscription = ?", (subscription.id,))
        if oldest is None or oldest[0] is None or 0 <= now - oldest[0] < wait:
            return
        rows = self._store.rows(
            "SELECT realm, entity, id, operation, time, deleted_id FROM qbo_event WHERE subscription = ?"
            " ORDER BY n",
            (subscription.id,),
        )
        events = _aggregated(rows)
        self._store.write("DELETE FROM qbo_event WHERE subscription = ?", (subscription.id,))
        if self._chance(subscription.reorder):
            self._random.shuffle(events)
        doubled = [event for event in events if self._chance(subscription.duplicate)]
        for start in range(0, len(events), _EVENTS_PER_DELIVERY):
            self._queue(subscription, events[start : start + _EVENTS_PER_DELIVERY])
        if doubled:
            self._queue(subscription, doubled)
        self._store.commit()

    def _queue(self, subscription: Subscription, events: list[tuple[Any, ...]]) -> None:
        body = _cloud_events(events, self._world) if subscription.format == "cloudevents" else _legacy(events)
        self._store.write(
            "INSERT INTO qbo_delivery (subscription, body, attempts, due) VALUES (?, ?, 0, ?)",
            (subscription.id, jsontext.dumps(body), self._world.clock.now().timestamp()),
        )

    async def _deliver(self, subscription: Subscription) -> None:
        while True:
            row = self._store.row(
                "SELECT n, body, attempts, due FROM qbo_delivery WHERE subscription = ? ORDER BY n LIMIT 1",
                (subscription.id,),
            )
            if row is None or row[3] > self._world.clock.now().timestamp():
                return
            number, body, attempts, _ = row
            sent = self._world.clock.now()
            if await self._send(subscription, body.encode()):
                self._store.write("DELETE FROM qbo_delivery WHERE n = ?", (number,))
                self._store.commit()
                continue
            wait = _RETRY_SECONDS[min(attempts, len(_RETRY_SECONDS) - 1)]
            wait_scaled = wait * knobs.load(self._store).webhook_retry_scale
            due = sent + timedelta(seconds=wait_scaled)
            self._store.write(
                "UPDATE qbo_delivery SET attempts = ?, due = ? WHERE n = ?",
                (attempts + 1, due.timestamp(), number),
            )
            self._store.commit()
            return

    async def _send(self, subscription: Subscription, body: bytes) -> bool:
        digest = hmac.new(subscription.verifier_token.encode(), body, hashlib.sha256).digest()
        headers = {
            "intuit-signature": base64.b64encode(digest).decode(),
            "intuit-created-time": stamp(self._world.clock.now()),
            "intuit-t-id": str(uuid.uuid4()),
            "intuit-notification-schema-version": "1.0",
            "user-agent": "intuit_notification_server/0.1",
            "content-type": "application/json; charset=utf-8",
        }
        try:
            status = await asyncio.wait_for(_post(subscription.url, headers, body), _ANSWER_WITHIN_SECONDS)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            return False
        return 200 <= status < 300


def _aggregated(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Several quick changes of one object become one event: the last, but a creation stays a creation."""
    merged: dict[tuple[str, str, str], tuple[Any, ...]] = {}
    for row in rows:
        key = row[0], row[1], row[2]
        before = merged.pop(key, None)
        if before is not None and before[3] == "Create" and row[3] == "Update":
            merged[key] = (*row[:3], "Create", *row[4:])
        else:
            merged[key] = row
    return list(merged.values())


def _cloud_events(events: list[tuple[Any, ...]], world: World) -> list[dict[str, Any]]:
    source = base64.b64encode(hashlib.sha256(b"intuit").digest()).decode()
    return [
        {
            "specversion": "1.0",
            "id": str(uuid.UUID(world.opaque("event", 32))),
            "source": f"intuit.{source}",
            "type": f"qbo.{entity.lower()}.{_PAST[operation]}.v1",
            "datacontenttype": "application/json",
            "time": utc_nanoseconds(_instant(time)),
            "intuitentityid": record_id,
            "intuitaccountid": realm,
            "data": {"deletedid": deleted} if deleted else {},
        }
        for realm, entity, record_id, operation, time, deleted in events
    ]


def _legacy(events: list[tuple[Any, ...]]) -> dict[str, Any]:
    realms: dict[str, list[dict[str, str]]] = {}
    for realm, entity, record_id, operation, time, deleted in events:
        stamped = _instant(time).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        entry = {"name": entity, "id": record_id, "operation": operation, "lastUpdated": stamped}
        if deleted:
            entry["deletedId"] = deleted
        realms.setdefault(realm, []).append(entry)
    return {
        "eventNotifications": [
            {"realmId": realm, "dataChangeEvent": {"entities": entries}} for realm, entries in realms.items()
        ]
    }


def _instant(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


async def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    """POST and return the status code."""
    parts = urlsplit(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
    try:
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        head = f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(head.encode() + b"\r\n" + body)
        await writer.drain()
        line = await reader.readline()
        words = line.split()
        if len(words) < 2 or not words[1].isdigit():
            raise ValueError("no HTTP answer")
        return int(words[1])
    finally:
        writer.close()
