"""Change events and platform events, kept for 72 hours and read by long-poll at the side door.

The vendor delivers them by gRPC and CometD, neither of which is spoken here; messages are enveloped as CometD does and
change events carry the decoded Pub/Sub payload (reference/salesforce.md 5.4, 5.5).
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.simulator.jsontext import packed, unpacked
from connectors.simulator.salesforce.times import from_wire, wire
from connectors.simulator.store import Column, Table

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity
    from connectors.simulator.salesforce.changes import Actor, Change
    from connectors.simulator.salesforce.objects.fields import Field
    from connectors.simulator.salesforce.orgs import Org
    from connectors.simulator.world import World

KEPT_SECONDS = 72 * 3600
#: Entities that an org without the add-on may select.
MAX_SELECTED = 5
PAGE = 100
GAPS = ("GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW")
_OVERFLOWN = "000000000000000AAA"
_CHANGE_TYPES = {
    "create": "CREATE", "update": "UPDATE", "delete": "DELETE", "undelete": "UNDELETE", "merge": "DELETE",
}  # fmt: skip
#: Never part of a change event.
_LEFT_OUT = frozenset({
    "Id", "IsDeleted", "SystemModstamp", "MasterRecordId", "LastViewedDate", "LastReferencedDate",
    "LastActivityDate", "PhotoUrl",
})  # fmt: skip
_TABLE = Table(
    "salesforce_event",
    (Column("org", "INTEGER"), Column("replay", "INTEGER"), Column("channel"), Column("created", "REAL"),
     Column("commit_key"), Column("message", "BLOB")),
    ("org", "replay"),
)  # fmt: skip


class NoSuchChannel(ValueError):
    """The channel does not exist in this org, or its events are not switched on; the text says which."""


def change_channel(object_name: str) -> str:
    """`/data/AccountChangeEvent`, or `/data/Thing__ChangeEvent` for `Thing__c`."""
    stem = object_name.removesuffix("c") if object_name.endswith("__c") else object_name
    return f"/data/{stem}ChangeEvent"


def selected_object(event_name: str) -> str:
    """The object behind `AccountChangeEvent` or `Thing__ChangeEvent`; an empty text for any other name."""
    stem = event_name.removesuffix("ChangeEvent")
    if stem == event_name:
        return ""
    return f"{stem}c" if stem.endswith("__") else stem


def event_uuid(org: Org, record_id: str) -> str:
    """The EventUuid of a published event, by the id that its publisher was told."""
    return str(uuid.UUID(bytes=hashlib.md5(f"{org.id}{record_id}".encode()).digest(), version=4))  # noqa: S324


@dataclass(slots=True)
class Events:
    """The event bus of one org."""

    org: Org
    #: (commit, key, events so far) of the transaction under way.
    _transaction: tuple[int, str, int] = field(default=(-1, "", 0))

    # -- telling --------------------------------------------------------------------------------------------

    def changed(self, entity: Entity, change: Change, operation: str) -> None:
        """Tell a change of a record if change events of its object are switched on."""
        if entity.name not in self.org.settings.change_events:
            return
        if operation == "delete" and change.old is not None and change.old.get("IsDeleted"):
            return  # purging the recycle bin is not told
        kind = _CHANGE_TYPES[operation]
        names = _told(entity, change, kind)
        values = dict(change.new) if kind in ("CREATE", "UPDATE", "UNDELETE") else {}
        if kind == "UNDELETE" and change.old is not None:
            values = {**change.old, **change.new}
        payload = _payload(entity, {name: values.get(name) for name in names})
        marks = _marks(entity, names) if kind == "UPDATE" else []
        nulled = [name for name in names if values.get(name) is None] if kind == "UPDATE" else []
        header = {"changedFields": marks, "nulledFields": _marks(entity, nulled)}
        self._tell_change(entity, change.record_id, kind, change.actor, header, payload)

    def gap(self, entity: Entity, kind: str, record_ids: list[str], actor: Actor) -> None:
        """Tell that something changed without saying what, as the vendor does when it loses count."""
        ids = [_OVERFLOWN] if kind == "GAP_OVERFLOW" else record_ids
        header: dict[str, Any] = {"changedFields": [], "nulledFields": []}
        self._append_change(entity, ids, kind, actor, header, _payload(entity, {}))

    def published(self, entity: Entity, record_id: str, values: dict[str, Any], actor: Actor) -> None:
        """Put a platform event on its channel."""
        own = {one.name: _plain(one, values.get(one.name)) for one in entity.object.fields if one.custom}
        payload = {
            "CreatedDate": wire(self.org.now()).replace("+0000", "Z"),
            "CreatedById": actor.user_id,
            **own,
        }
        self._append(entity, f"/event/{entity.name}", payload, {"EventUuid": event_uuid(self.org, record_id)})

    def _tell_change(
        self,
        entity: Entity,
        record_id: str,
        kind: str,
        actor: Actor,
        header: dict[str, Any],
        body: dict[str, Any],
    ) -> None:
        """One event for one record; the same update of many records in one transaction becomes one event."""
        last = self._last_of_transaction(entity) if kind == "UPDATE" else None
        if last is not None:
            replay, message = last
            told = message["data"]["payload"]["ChangeEventHeader"]
            same = told["changeType"] == "UPDATE" and all(told[name] == header[name] for name in header)
            rest = {
                key: value for key, value in message["data"]["payload"].items() if key != "ChangeEventHeader"
            }
            if same and rest == body and record_id not in told["recordIds"]:
                told["recordIds"].append(record_id)
                self.org.world.store.write(
                    "UPDATE salesforce_event SET message = ? WHERE org = ? AND replay = ?",
                    (packed(json.dumps(message)), self.org.number, replay),
                )
                return
        self._append_change(entity, [record_id], kind, actor, header, body)

    def _last_of_transaction(self, entity: Entity) -> tuple[int, dict[str, Any]] | None:
        if self._transaction[0] != self.org.world.store.commits:
            return None
        found = self.org.world.store.row(
            "SELECT replay, message FROM salesforce_event WHERE org = ? AND commit_key = ? AND channel = ?"
            " ORDER BY replay DESC LIMIT 1",
            (self.org.number, self._transaction[1], change_channel(entity.name)),
        )
        return (found[0], json.loads(unpacked(found[1]))) if found is not None else None

    def _append_change(
        self,
        entity: Entity,
        ids: list[str],
        kind: str,
        actor: Actor,
        header: dict[str, Any],
        body: dict[str, Any],
    ) -> None:
        key, number = self._next_of_transaction()
        whole = {
            "entityName": entity.name, "recordIds": ids, "changeType": kind,
            "changeOrigin": "" if kind in GAPS[:-1] else actor.origin,
            "transactionKey": key, "sequenceNumber": number,
            "commitTimestamp": int(self.org.now().timestamp()) * 1000,
            "commitNumber": 1_100_000_000_000 + self.org.world.store.next_number("salesforce:commit"),
            "commitUser": actor.user_id, "nulledFields": header["nulledFields"], "diffFields": [],
            "changedFields": header["changedFields"],
        }  # fmt: skip
        self._append(entity, change_channel(entity.name), {"ChangeEventHeader": whole, **body}, {})

    def _next_of_transaction(self) -> tuple[str, int]:
        store = self.org.world.store
        if self._transaction[0] == store.commits:
            _, key, number = self._transaction
        else:
            text = f"{self.org.id}{store.next_number('salesforce:transaction')}"
            key, number = str(uuid.UUID(bytes=hashlib.md5(text.encode()).digest())), 0  # noqa: S324
        self._transaction = (store.commits, key, number + 1)
        return key, number + 1

    def _append(self, entity: Entity, channel: str, payload: dict[str, Any], event: dict[str, Any]) -> None:
        store = self.org.world.store
        replay = store.next_number(f"salesforce:replay:{self.org.number}")
        names = ",".join(one.name for one in entity.object.fields)
        digest = hashlib.md5(names.encode()).digest()  # noqa: S324 - a name, not a secret
        schema = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        data = {"schema": schema, "payload": payload, "event": {**event, "replayId": replay}}
        key = self._transaction[1] if self._transaction[0] == store.commits else ""
        store.write(
            "INSERT INTO salesforce_event (org, replay, channel, created, commit_key, message)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (self.org.number, replay, channel, self.org.now().timestamp(), key,
             packed(json.dumps({"data": data, "channel": channel}))),
        )  # fmt: skip

    # -- reading --------------------------------------------------------------------------------------------

    def after(self, channel: str, replay: int, limit: int = PAGE) -> dict[str, Any]:
        """Events of a channel with a higher replay id, oldest first; -2 begins with the oldest kept, -1 reads none.
        Raises ValueError for a channel that is not there and for a replay id older than 72 hours."""
        self._check_channel(channel)
        store, horizon = self.org.world.store, self.org.now().timestamp() - KEPT_SECONDS
        newest = store.sequence(f"salesforce:replay:{self.org.number}")
        if replay == -1:
            return {"events": [], "replay": newest}
        gone = store.row(
            "SELECT max(replay) FROM salesforce_event WHERE org = ? AND created < ?",
            (self.org.number, horizon),
        )
        expired = int(gone[0] or 0) if gone else 0
        if replay > newest or (-2 != replay < expired):
            raise ValueError(f"replay id {replay} is unknown or older than {KEPT_SECONDS // 3600} hours")
        every = "substr(channel, 1, 6) = '/data/'" if channel == "/data/ChangeEvents" else "channel = ?"
        rows = store.rows(
            "SELECT replay, message FROM salesforce_event WHERE org = ? AND replay > ?"
            f" AND {every} ORDER BY replay LIMIT ?",
            (self.org.number, max(replay, expired), *(() if every[0] == "s" else (channel,)), limit),
        )
        return {
            "events": [json.loads(unpacked(kept)) for _, kept in rows],
            "replay": rows[-1][0] if rows else newest,
        }

    def _check_channel(self, channel: str) -> None:
        if channel == "/data/ChangeEvents":
            return
        family, _, name = channel.removeprefix("/").partition("/")
        if family == "event":
            entity = self.org.catalog.find(name)
            if entity is not None and entity.is_event and entity.name == name:
                return
            raise NoSuchChannel(f"{channel}: there is no such platform event")
        wanted = selected_object(name) if family == "data" else ""
        if not wanted or self.org.catalog.find(wanted) is None:
            raise NoSuchChannel(f"{channel}: there is no such channel")
        if wanted not in self.org.settings.change_events:
            raise NoSuchChannel(f"{channel}: change events of {wanted} are not switched on")

    def clear(self) -> None:
        self.org.world.store.write("DELETE FROM salesforce_event WHERE org = ?", (self.org.number,))


def define(world: World) -> None:
    """Make the table that every org's events lie in."""
    world.store.define(_TABLE)


def selection(org: Org, names: Iterable[str]) -> list[str]:
    """The objects to tell changes of, each once. Raises ValueError for unknown ones and above the allocation."""
    wanted = list(dict.fromkeys(names))
    unknown = [name for name in wanted if org.catalog.find(name) is None]
    if unknown:
        raise ValueError(f"no such objects: {', '.join(unknown)}")
    if len(wanted) > MAX_SELECTED:
        raise ValueError(f"at most {MAX_SELECTED} entities may be selected for change events")
    return wanted


# -- payloads -------------------------------------------------------------------------------------------------


def _told(entity: Entity, change: Change, kind: str) -> list[str]:
    """Names of the stored fields that the event carries."""
    mine = [one.name for one in entity.object.fields if one.stored and one.name not in _LEFT_OUT]
    if kind == "CREATE" or kind == "UNDELETE":
        return mine
    if kind == "UPDATE":
        return [name for name in mine if change.moved(name)]
    return []


def _schema(entity: Entity) -> list[tuple[str, list[Field]]]:
    """The fields of the event in order: a plain one alone, a compound one with its parts."""
    shown: dict[str, list[Field]] = {}
    for one in entity.object.fields:
        if one.name in _LEFT_OUT or one.calculated or (not one.stored and one.name not in shown):
            continue
        if one.compound and (one.compound.endswith("Address") or _is_person(entity)) and one.stored:
            shown.setdefault(one.compound, []).append(one)
        elif one.stored and not (one.name == "Name" and _is_person(entity)):
            shown[one.name] = [one]
    return list(shown.items())


def _is_person(entity: Entity) -> bool:
    return "lastname" in entity.fields


def _payload(entity: Entity, values: dict[str, Any]) -> dict[str, Any]:
    """Every field of the event's schema: null unless it has a value to tell."""
    body: dict[str, Any] = {}
    for name, parts in _schema(entity):
        if parts[0].name != name:
            told = {_part(name, one.name): _plain(one, values.get(one.name)) for one in parts}
            body[name] = told if any(value is not None for value in told.values()) else None
        else:
            body[name] = _plain(parts[0], values.get(parts[0].name))
    return body


def _part(compound: str, name: str) -> str:
    """`Street` of `BillingStreet`."""
    stem = compound.removesuffix("Address") if compound.endswith("Address") else ""
    return name.removeprefix(stem)


def _plain(one: Field, value: Any) -> Any:
    if value is None:
        return None
    if one.type == "boolean":
        return bool(value)
    if one.type == "datetime" and isinstance(value, str):
        moment: datetime = from_wire(value)
        return int(moment.timestamp() * 1000)
    return value


def _marks(entity: Entity, names: list[str]) -> list[str]:
    """The bitmap of fields: bit n for the n-th of the schema, the header being the 0th; `n-0x..` inside compounds."""
    wanted, top, inner = set(names), 0, []
    for place, (name, parts) in enumerate(_schema(entity), start=1):
        if parts[0].name != name:
            bits = sum(1 << at for at, one in enumerate(parts) if one.name in wanted)
            if bits:
                inner.append(f"{place}-{_hex(bits)}")
        elif parts[0].name in wanted:
            top |= 1 << place
    return ([_hex(top)] if top else []) + inner


def _hex(bits: int) -> str:
    text = f"{bits:X}"
    return f"0x{text.zfill(len(text) + len(text) % 2)}"
