"""What people do over there: every value they type is new, and written down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.pairs import Pair, Unit

if TYPE_CHECKING:
    from tests.simulation.world import World

Values = Mapping[str, tuple[str, ...]]
"""Unit -> what somebody types into its fields."""

SIDES = {"sf": "salesforce", "qbo": "quickbooks"}


class Refusal(Exception):
    """The service did not let them."""


@dataclass(frozen=True)
class Typed:
    """One value that somebody typed: where, what, and the place of that write in the log."""

    seq: int
    side: str
    object: str
    record: str
    unit: str
    value: tuple[str, ...]
    at: float


@dataclass
class People:
    """Everybody who works in Salesforce or QuickBooks, none of them us."""

    world: World
    typed: list[Typed] = field(default_factory=list)
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """(side, object) -> ids of the records that people made there."""
    writes: set[int] = field(default_factory=set)
    """Places in the log of what people wrote; all others are ours."""
    gone: set[tuple[str, str]] = field(default_factory=set)
    """(side, id) of what they deleted or made inactive, at least once."""
    merged: dict[tuple[str, str], str] = field(default_factory=dict)
    """(side, id) of the loser of a merge -> the winner."""
    number: int = 0

    def next_number(self) -> int:
        self.number += 1
        return self.number

    # --- what they do ---

    def create(
        self, pair: Pair, side: str, chance: Random, parent: str = "", values: Values | None = None
    ) -> str:
        """A new record with a name and some fields, or with exactly these values."""
        values = values or self.make_up(pair, chance)
        chosen = [unit for unit in pair.units if unit.name in values]
        body: dict[str, Any] = {}
        for unit in chosen:
            _merge(body, unit.body(side, values[unit.name]))
        if parent:
            path = pair.parent[0 if side == "sf" else 1]
            body[path.split(".")[0]] = parent if side == "sf" else {"value": parent}
            if side == "qbo":
                body["Job"] = True
        record = self._create(pair, side, body)
        self.records.setdefault((side, pair.object(side)), []).append(record)
        for unit in chosen:
            self._note(side, pair, record, unit, values[unit.name])
        return record

    def make_up(self, pair: Pair, chance: Random, always: Sequence[str] = ()) -> Values:
        """A name and some other fields that nobody has typed before, `always` among them."""
        chosen = [
            pair.name,
            *(unit for unit in pair.units[1:] if unit.name in always or chance.random() < 0.5),
        ]
        return {unit.name: unit.value(self.next_number()) for unit in chosen}

    def edit(self, pair: Pair, side: str, record: str, unit: Unit, chance: Random) -> None:
        """Somebody types a new value, or empties the field."""
        number = self.next_number()
        empty = unit.gaps and chance.random() < 0.08
        values = ("",) * len(unit.sf) if empty else unit.value(number)
        self._update(pair, side, record, unit.body(side, values))
        if not empty:
            self._note(side, pair, record, unit, values)

    def remove(self, pair: Pair, side: str, record: str) -> None:
        """Deleted in Salesforce, made inactive in QuickBooks."""
        self.gone.add((side, record))
        if side == "sf":
            self._salesforce("DELETE", f"sobjects/{pair.sf_object}/{record}")
        else:
            self._update(pair, side, record, {"Active": False})

    def restore(self, pair: Pair, side: str, record: str) -> None:
        """Active again (QuickBooks)."""
        name = self.read(pair, "qbo", record)["DisplayName"]
        self._update(pair, side, record, {"Active": True, "DisplayName": name.removesuffix(" (deleted)")})

    def undelete(self, pair: Pair, record: str) -> None:
        """Out of Salesforce's bin."""
        self._side_door(
            "salesforce", "records", {"object": pair.sf_object, "action": "undelete", "id": record}
        )

    def merge(self, pair: Pair, side: str, winner: str, loser: str) -> None:
        """Two records of one side become one; the loser is gone."""
        if side == "sf":
            wanted = {"object": pair.sf_object, "action": "merge", "id": winner, "losers": [loser]}
            self._side_door("salesforce", "records", wanted)
        else:
            realm = self.world.standins["quickbooks"].credentials()["realm_id"]
            wanted = {"realm_id": realm, "entity": pair.qbo_entity, "keep": winner, "lose": loser}
            self._side_door("quickbooks", "merge", wanted)
        self.gone.add((side, loser))
        self.merged[side, loser] = winner

    def move(self, pair: Pair, record: str, parent: str) -> None:
        """A Salesforce record gets another parent, or none."""
        self._update(pair, "sf", record, {pair.parent[0]: parent or None})

    # --- the calls ---

    def _side_door(self, side: str, what: str, wanted: dict[str, Any]) -> None:
        self._call(side, "POST", f"/_sim/{what}", "", wanted)

    def read(self, pair: Pair, side: str, record: str) -> dict[str, Any]:
        """The record as it is now. Raises Refusal when it is not there."""
        if side == "sf":
            found: dict[str, Any] = self._salesforce("GET", f"sobjects/{pair.sf_object}/{record}")
            return found
        answer: dict[str, Any] = self._quickbooks("GET", f"{pair.qbo_entity.lower()}/{record}")
        row: dict[str, Any] = answer[pair.qbo_entity]
        return row

    def _create(self, pair: Pair, side: str, body: dict[str, Any]) -> str:
        if side == "sf":
            return str(self._salesforce("POST", f"sobjects/{pair.sf_object}", body)["id"])
        made = self._quickbooks("POST", pair.qbo_entity.lower(), {**pair.qbo_defaults, **body})
        return str(made[pair.qbo_entity]["Id"])

    def _update(self, pair: Pair, side: str, record: str, body: dict[str, Any]) -> None:
        if side == "sf":
            self._salesforce("PATCH", f"sobjects/{pair.sf_object}/{record}", body)
            return
        row = self.read(pair, side, record)
        whole = {"Id": record, "SyncToken": row["SyncToken"], "sparse": True}
        for path, value in body.items():
            whole[path] = {**(row.get(path) or {}), **value} if isinstance(value, dict) else value
        self._quickbooks("POST", pair.qbo_entity.lower(), whole)

    def _salesforce(self, method: str, path: str, body: Any = None) -> Any:
        keys = self.world.standins["salesforce"].credentials()
        return self._call("salesforce", method, f"/services/data/v66.0/{path}", keys["access_token"], body)

    def _quickbooks(self, method: str, path: str, body: Any = None) -> Any:
        keys = self.world.standins["quickbooks"].credentials()
        target = f"/v3/company/{keys['realm_id']}/{path}?minorversion=75"
        return self._call("quickbooks", method, target, keys["access_token"], body)

    def _call(self, side: str, method: str, path: str, token: str, body: Any) -> Any:
        before = self.world.last_write()
        data = b"" if body is None else json.dumps(body).encode()
        response = self.world.wire.direct(side, method, path, token, data)
        self.writes |= set(range(before + 1, self.world.last_write() + 1))
        if response.status >= 400:
            raise Refusal(f"{method} {path}: {response.status} {response.body[:300]!r}")
        return json.loads(response.body) if response.body else None

    def _note(self, side: str, pair: Pair, record: str, unit: Unit, values: tuple[str, ...]) -> None:
        plain = tuple(unit.plain(part) for part in values)
        place, at = self.world.last_write(), self.world.clock.time()
        self.typed.append(Typed(place, side, pair.object(side), record, unit.name, plain, at))


def _merge(body: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict):
            body[key] = {**body.get(key, {}), **value}
        else:
            body[key] = value
