"""Outbound messages: SOAP notifications of saved records, sent until acknowledged (reference/salesforce.md 5.6).

The queue lies in the store. Values are those at the time of sending; one acknowledgement covers a whole message, and
anything else (another status, `false`, bad XML, silence) repeats all of it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from connectors.simulator.salesforce import ids
from connectors.simulator.salesforce.metadata import xmltree
from connectors.simulator.store import Column, Table

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity
    from connectors.simulator.salesforce.changes import Change
    from connectors.simulator.salesforce.orgs import Org, Orgs
    from connectors.simulator.salesforce.records import Records
    from connectors.simulator.world import World

MAX_NOTIFICATIONS = 100
KEPT_SECONDS = 24 * 3600
FIRST_RETRY_SECONDS = 15
LONGEST_RETRY_SECONDS = 2 * 3600
_ANSWER_WITHIN_SECONDS = 60.0
_TABLE = Table(
    "salesforce_notification",
    (Column("n", "INTEGER"), Column("id"), Column("org", "INTEGER"), Column("message"), Column("object"),
     Column("record"), Column("created", "REAL"), Column("due", "REAL"), Column("attempts", "INTEGER")),
    ("n",), indexes=(("due",),),
)  # fmt: skip
_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>{org}</OrganizationId>
   <ActionId>{action}</ActionId>
   <SessionId xsi:nil="true"/>
   <EnterpriseUrl>{base}/services/Soap/c/66.0/{org15}</EnterpriseUrl>
   <PartnerUrl>{base}/services/Soap/u/66.0/{org15}</PartnerUrl>
{notifications}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>"""


@dataclass(slots=True)
class Message:
    """One outbound message. `drop`, `duplicate` and `reorder` are chances from 0 to 1."""

    name: str
    object: str
    url: str
    fields: list[str] = field(default_factory=lambda: ["Id"])
    #: Changes of the connected user are not told (its profile lacks "Send Outbound Messages").
    skips_own: bool = False
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0


class Outbound:
    """Queues and sends the notifications of all orgs."""

    def __init__(self, world: World, orgs: Orgs, records_of: Callable[[Org], Records]) -> None:
        self._world = world
        self._random = world.chance("outbound messages")
        self._orgs = orgs
        self._records_of = records_of
        self._task: asyncio.Task[None] | None = None
        world.store.define(_TABLE)

    def subscribe(self, body: Any) -> Any:
        """`POST /_sim/webhooks`: `{"org", "object", "url", "fields", "name", ...}` adds or replaces a message by name;
        `{"name", "remove": true}` ends one, `{"clear": true}` all of them. Raises ValueError."""
        plain = dict(body)
        org = self._orgs.find(str(plain.pop("org"))) if plain.get("org") else self._orgs.default
        if org is None:
            raise ValueError("no such org")
        kept = [] if plain.pop("clear", False) else list(org.settings.outbound)
        kept = [one for one in kept if one["name"] != plain.get("name", plain.get("object"))]
        if plain.get("url") and not plain.pop("remove", False):
            kept.append(asdict(self._message(org, plain)))
        org.settings.outbound = kept
        org.changed()
        return {"messages": kept, "pending": self.pending()}

    @staticmethod
    def _message(org: Org, plain: dict[str, Any]) -> Message:
        entity = org.catalog.find(str(plain.get("object", "")))
        if entity is None or urlsplit(str(plain["url"])).scheme not in ("http", "https"):
            raise ValueError("object must exist and url begin with http:// or https://")
        chances = {name: float(plain[name]) for name in ("drop", "duplicate", "reorder") if name in plain}
        names = [str(name) for name in plain.get("fields") or ["Id"]]
        unknown = [name for name in names if name.lower() not in entity.fields]
        if unknown:
            raise ValueError(f"no such fields: {', '.join(unknown)}")
        name = str(plain.get("name") or entity.name)
        return Message(name, entity.name, str(plain["url"]), names, bool(plain.get("skips_own")), **chances)

    def pending(self) -> int:
        """Notifications that wait for their acknowledgement."""
        found: int = self._world.store.rows("SELECT count(*) FROM salesforce_notification")[0][0]
        return found

    def clear(self) -> None:
        self._world.store.write("DELETE FROM salesforce_notification")

    # -- queueing -------------------------------------------------------------------------------------------

    def listener(self, org: Org) -> Callable[[Entity, Change], None]:
        """What the records of an org call after each save."""

        def saved(entity: Entity, change: Change) -> None:
            for plain in org.settings.outbound:
                if plain["object"] == entity.name:
                    self._queue(org, Message(**plain), change)

        return saved

    def _queue(self, org: Org, message: Message, change: Change) -> None:
        if self._chance(message.drop) or (message.skips_own and change.actor.user_id == org.user_id):
            return
        for _ in range(2 if self._chance(message.duplicate) else 1):
            number = self._world.store.next_number("salesforce:notification")
            now = self._world.clock.now().timestamp()
            self._world.store.write(
                "INSERT INTO salesforce_notification VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (number, ids.make("04l", org.number, number), org.number, message.name, message.object,
                 change.record_id, now, now),
            )  # fmt: skip

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    # -- sending --------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            for org in list(self._orgs):
                for plain in list(org.settings.outbound):
                    await self._send_due(org, Message(**plain))

    async def _send_due(self, org: Org, message: Message) -> None:
        now = self._world.clock.now().timestamp()
        store = self._world.store
        store.write("DELETE FROM salesforce_notification WHERE created < ?", (now - KEPT_SECONDS,))
        store.commit()
        rows = store.rows(
            "SELECT n, id, record, attempts FROM salesforce_notification WHERE org = ? AND message = ? AND due <= ?"
            f" ORDER BY n LIMIT {MAX_NOTIFICATIONS}",
            (org.number, message.name, now),
        )
        if not rows:
            return
        if self._chance(message.reorder):
            self._random.shuffle(rows)
        acknowledged = await _acknowledged(message.url, self.envelope(org, message, rows).encode())
        numbers = ", ".join(str(row[0]) for row in rows)
        if acknowledged:
            store.write(f"DELETE FROM salesforce_notification WHERE n IN ({numbers})")
        else:
            attempts = max(row[3] for row in rows)
            wait = min(FIRST_RETRY_SECONDS * 2**attempts, LONGEST_RETRY_SECONDS)
            store.write(
                f"UPDATE salesforce_notification SET attempts = attempts + 1, due = ? WHERE n IN ({numbers})",
                (now + wait,),
            )
        store.commit()

    def envelope(self, org: Org, message: Message, rows: list[tuple[Any, ...]]) -> str:
        """The SOAP message for these notifications (number, id, record id, attempts)."""
        entity = org.catalog.find(message.object)
        shown = []
        for _, notification, record_id, _ in rows:
            values = self._records_of(org).row(entity, record_id) if entity is not None else None
            shown.append(
                f"   <Notification>\n    <Id>{notification}</Id>\n"
                f'    <sObject xsi:type="sf:{message.object}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">\n'
                f"{_members(entity, message.fields, values or {'Id': record_id})}    </sObject>\n   </Notification>"
            )
        return _ENVELOPE.format(
            org=org.id, action=ids.make("05h", org.number, 1), base=self._world.urls.get("salesforce", ""),
            org15=org.id[:15], notifications="\n".join(shown),
        )  # fmt: skip


def _members(entity: Entity | None, names: list[str], values: dict[str, Any]) -> str:
    """Id first, then the fields of the message that have a value."""
    lines = ""
    for name in dict.fromkeys(["Id", *names]):
        known = entity.fields.get(name.lower()) if entity is not None else None
        value = values.get(known.name if known else name)
        if value is None:
            continue
        if known is not None and known.type == "boolean":
            value = "true" if value else "false"
        elif known is not None and known.type == "datetime":
            value = str(value).replace("+0000", "Z")
        lines += f"     <sf:{known.name if known else name}>{escape(str(value))}</sf:{known.name if known else name}>\n"
    return lines


async def _acknowledged(url: str, body: bytes) -> bool:
    """Whether the listener answered 200 with `<Ack>true</Ack>`."""
    try:
        status, answer = await asyncio.wait_for(_post(url, body), _ANSWER_WITHIN_SECONDS)
        ack = xmltree.find(xmltree.parse(answer), "Ack") if status == 200 else None
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, xmltree.BadXml):
        return False
    return ack is not None and (ack.text or "").strip().lower() == "true"


async def _post(url: str, body: bytes) -> tuple[int, bytes]:
    """POST as Salesforce does; status and body of the answer."""
    parts = urlsplit(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port or (443 if tls else 80), ssl=tls
    )
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: text/xml; charset=utf-8\r\n"
            f'SOAPAction: ""\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n'
        )
        writer.write(head.encode() + body)
        await writer.drain()
        words = (await reader.readline()).split()
        if len(words) < 2 or not words[1].isdigit():
            raise ValueError("no HTTP answer")
        return int(words[1]), await _body(reader)
    finally:
        writer.close()


async def _body(reader: asyncio.StreamReader) -> bytes:
    """The body of an answer: by its length, or up to the end."""
    length = -1
    while line := (await reader.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
    return await (reader.readexactly(length) if length >= 0 else reader.read(1_000_000))
