"""What must be true at the end (sync-semantics sections 0 and 18), found out from the stand-ins' own logs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from syncapp.models import (
    Attention,
    AuditEvent,
    BatchSend,
    ConnectionStatus,
    LinkBase,
    LinkWork,
    RecordLink,
    WriteIntent,
)
from tests.services import trail
from tests.simulation import claims, deeds, notices, pairings, sales, switches, timetable
from tests.simulation.pairs import Pair, Unit
from tests.simulation.people import Typed
from tests.simulation.world import World, unique

OPEN = ("planned", "sending", "unknown", "ask")
ROUNDS = 30
LONGEST = timedelta(hours=7)
GRACE = 86_400.0
"""Seconds for which QuickBooks takes the refresh token before the newest."""
UNSEEN_S = 6.0
"""A bulk write to Salesforce may overwrite what was typed within this time before it (sync-semantics 7.6)."""


def come_to_rest(world: World) -> None:
    """The wire is whole, people stop; within a bounded number of rounds nothing is left to do (G4)."""
    world.wire.calm = True
    world.wire.troubles.clear()
    end = world.clock.now() + LONGEST
    notices.forget(world)
    deeds.finish_all(world)
    _people_help(world)
    for number in range(ROUNDS):
        deeds.finish_all(world)
        if number:
            world.ring("tick", [])
        if number < 2:
            for connection in world.connections():
                world.ring("capture", [str(connection.pk), "fast" if connection.side == "sf" else "cdc"])
        deeds.finish_all(world)
        _people_help(world)
        left = _left(world)
        if number > 2 and not left:
            return
        if world.clock.now() > end:
            break
        world.wait(_until_next(world))
    world.complain("G4", f"not at rest after {number + 1} rounds: {_left(world)}")


def _people_help(world: World) -> None:
    """What only a person can do: connect again after a new token pair was lost (C17: at once in Salesforce, in
    QuickBooks once the pair before it has lost its day of grace), and switch on what could not be switched on before.
    """
    for connection in world.connections():
        if connection.status != ConnectionStatus.NEEDS_REAUTH:
            continue
        side = "salesforce" if connection.side == "sf" else "quickbooks"
        lost = world.wire.lost_tokens.get(side)
        kept = GRACE if connection.side == "qbo" else 0
        if lost is None or world.clock.time() - lost < kept:
            world.complain("G10", f"{side} has to be connected again and no answer was lost")
        keys = world.standins[side].credentials()
        connection.access_token, connection.refresh_token = keys["access_token"], keys["refresh_token"]
        connection.status, connection.status_code = ConnectionStatus.LIVE, ""
        connection.token_version += 1
        connection.save()
    if world.integration.switched_on_at is None:
        deeds.switch_on(world, Random(1))
    switches.all_follow_changes(world)


def _left(world: World) -> list[str]:
    work = LinkWork.all_companies.order_by("link_id").values_list(
        "link__name", "due_at", "lease_until", "cause"
    )
    intents = WriteIntent.all_companies.filter(state__in=OPEN).values_list("side", "state")
    batches = BatchSend.all_companies.filter(state__in=OPEN).values_list("side", "state")
    return [*map(str, work), *map(str, intents), *map(str, batches), *timetable.open_runs()]


def _until_next(world: World) -> float:
    """Seconds to wait: a minute, or until the next thing is due where that is later."""
    due = LinkWork.all_companies.order_by("due_at").values_list("due_at", flat=True).first()
    if due is None:
        return 61.0
    return max(61.0, min((due - world.clock.now()).total_seconds() + 1, 3600.0))


def judge(world: World) -> None:
    """Complain of everything that does not hold."""
    log = world.log()
    ours = [entry for entry in log if entry["seq"] not in world.people.writes]
    view = View(world, log, ours)
    view.nothing_is_lost()
    view.nothing_is_made_twice()
    view.what_is_linked_is_equal()
    view.nobody_is_forgotten()
    view.the_trail_is_whole()
    claims.examine(view)
    pairings.examine(view)
    sales.examine(view)
    timetable.examine(view)
    _second_pass_writes_nothing(world)


def _second_pass_writes_nothing(world: World) -> None:
    if world.shop.sold:
        _pass(world)  # our invoices have moved their customers' balances, which is news
    before = world.last_write()
    _pass(world)
    more = [entry for entry in world.log() if entry["seq"] > before]
    if more:
        told = [(one["side"], one["id"], _difference(one)) for one in more]
        world.complain("G3", f"a second pass wrote {told}")


def _pass(world: World) -> None:
    """Both sides are read, and what comes of it is carried."""
    world.wait(70)
    for connection in world.connections():
        for lane in ("fast", "trailing") if connection.side == "sf" else ("cdc",):
            world.ring("capture", [str(connection.pk), lane])
    deeds.finish_all(world)


def _difference(entry: dict[str, Any]) -> dict[str, Any]:
    before, after = entry["before"] or {}, entry["after"] or {}
    noise = {"MetaData", "SyncToken", "SystemModstamp", "LastModifiedDate"}
    return {
        key: (before.get(key), value)
        for key, value in after.items()
        if key not in noise and before.get(key) != value
    }


def _plain_label(label: str) -> str:
    """People rename rows meanwhile: "Web site" is "Website"."""
    return label.casefold().replace(" ", "")


@dataclass
class View:
    """The end of a seed."""

    world: World
    log: list[dict[str, Any]]
    ours: list[dict[str, Any]]

    def __post_init__(self) -> None:
        self.by_record: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for entry in self.log:
            self.by_record.setdefault((entry["side"], entry["id"]), []).append(entry)
        self.links = list(
            RecordLink.all_companies.exclude(lifecycle__in=["absorbed", "unlinked"]).order_by("id")
        )
        self.held = dict(LinkBase.all_companies.values_list("link_id", "held"))
        self.partner: dict[tuple[str, str], str] = {}
        for link in self.links:
            if link.sf_id and link.qbo_id:
                self.partner["sf", link.sf_id] = link.qbo_id
                self.partner["qbo", unique("qbo", link.qbo_entity, link.qbo_id)] = link.sf_id
        self.trail = list(
            AuditEvent.all_companies.exclude(intent=None).values(
                "side", "object", "remote_id", "before", "action"
            )
        )
        for row in self.trail:
            row["remote_id"] = unique(row["side"], row["object"], row["remote_id"])

    def _last(self, side: str, record: str | None) -> dict[str, Any] | None:
        entries = self.by_record.get((side, record or ""), [])
        if not entries or entries[-1]["operation"] == "delete" or (side, record) in self.world.people.merged:
            return None
        after: dict[str, Any] | None = entries[-1]["after"]
        return after

    # --- G1 ---

    def nothing_is_lost(self) -> None:
        for typed in self.world.people.typed:
            pair = next(pair for pair in self.world.pairs if typed.object == pair.object(typed.side))
            self._follow(typed, pair, pair.unit(typed.unit))

    def _follow(self, typed: Typed, pair: Pair, unit: Unit) -> None:
        """Where the value went: it is there still, a person replaced it, or we did and say so."""
        for entry in self.by_record[typed.side, typed.record]:
            if entry["seq"] <= typed.seq or entry["operation"] == "delete":
                continue
            if unit.read(typed.side, entry["after"] or {}) == typed.value:
                continue
            if entry["seq"] not in self.world.people.writes:
                self._replaced_by_us(typed, unit, entry)
            return

    def _replaced_by_us(self, typed: Typed, unit: Unit, entry: dict[str, Any]) -> None:
        what = f"{typed.side} {typed.record} {typed.unit}: {typed.value}"
        if self._within_the_window(typed, entry):
            return
        told = any(
            row["side"] == typed.side
            and row["remote_id"] == typed.record
            and self._said(row["before"], unit) == typed.value
            for row in self.trail
        )
        if not told and not self.healed()[typed.side, typed.record]:
            self.world.complain("G1", f"{what} was replaced and no audit row says so")
        if (
            unit.direction == "both"
            and self.world.policy == "ask"
            and not self._known_there(typed, unit, entry)
        ):
            self.world.complain("G1", f"{what} was replaced by a value whose author never saw it")

    @staticmethod
    def _said(before: dict[str, Any], unit: Unit) -> tuple[str, ...]:
        by_label = {_plain_label(label): value for label, value in before.items()}
        return tuple(unit.plain(str(by_label.get(_plain_label(label)) or "")) for label in unit.labels)

    def _within_the_window(self, typed: Typed, entry: dict[str, Any]) -> bool:
        from datetime import datetime

        return typed.side == "sf" and datetime.fromisoformat(entry["time"]).timestamp() - typed.at < UNSEEN_S

    def _known_there(self, typed: Typed, unit: Unit, entry: dict[str, Any]) -> bool:
        """Whether the other side held the value before ours replaced it, or a person decided."""
        other = "qbo" if typed.side == "sf" else "sf"
        partner = self._partner_of(typed.side, typed.record)
        if {(typed.record, unit.name), (partner, unit.name)} & self.world.answered:
            return True
        return any(
            unit.read(other, one["after"] or {}) == typed.value
            for half in (partner, self._apart(typed.side, typed.record), *self._halves_before(other, partner))
            for one in self.by_record.get((other, half), [])
            if one["seq"] < entry["seq"]
        )

    def _halves_before(self, side: str, half: str) -> list[str]:
        """Records that were the other half until people merged them into this one and their link followed."""
        before = [loser for loser, winner in self._followed(side) if winner == half]
        return before + [older for loser in before for older in self._halves_before(side, loser)]

    @staticmethod
    def _followed(side: str) -> list[tuple[str, str]]:
        rows = AuditEvent.all_companies.filter(action="link.followed_merge", side=side)
        names = rows.values_list("object", "before__id", "after__id")
        return [(unique(side, name, old), unique(side, name, new)) for name, old, new in names]

    def _partner_of(self, side: str, record: str) -> str:
        """The record's other half; that of the record into which people merged it, which has taken it over."""
        while (side, record) not in self.partner and (side, record) in self.world.people.merged:
            record = self.world.people.merged[side, record]
        return self.partner.get((side, record)) or self._apart(side, record)

    def _apart(self, side: str, record: str) -> str:
        """The other half that a record had until people took them apart."""
        for row in (
            RecordLink.all_companies.filter(lifecycle="unlinked").exclude(sf_id=None).exclude(qbo_id=None)
        ):
            names = {"sf": str(row.sf_id), "qbo": unique("qbo", row.qbo_entity, str(row.qbo_id))}
            if names[side] == record:
                return names["qbo" if side == "sf" else "sf"]
        return ""

    # --- G2 ---

    def nothing_is_made_twice(self) -> None:
        """Every record that we made has the name of one record; no two of ours have the same source."""
        sources: Counter[tuple[str, str]] = Counter()
        for entry in self.ours:
            pair = next(
                (one for one in self.world.pairs if entry["object"] == one.object(entry["side"])), None
            )
            if pair is None or entry["operation"] != "create":
                continue
            name = pair.name.read(entry["side"], entry["after"])
            other = "qbo" if entry["side"] == "sf" else "sf"
            authors = {
                typed.record
                for typed in self.world.people.typed
                if typed.unit == pair.name.name and typed.value == name and typed.side == other
            }
            if not authors:
                self.world.complain("G2", f"{entry['side']} {entry['id']} {name} was made of nothing")
            for author in authors:
                sources[other, author] += 1
        for (side, record), count in sources.items():
            if count > 1:
                self.world.complain("G2", f"{side} {record} has {count} counterparts")

    # --- invariant 7 ---

    def what_is_linked_is_equal(self) -> None:
        for link in self.links:
            if link.lifecycle != "linked" or link.attention != Attention.NONE or self.held.get(link.pk):
                continue
            if link.paused:
                continue
            pair = next((one for one in self.world.pairs if one.sf_object == link.sf_object), None)
            if pair is None:
                continue
            sf, qbo = self._last("sf", link.sf_id), self._last("qbo", link.qbo_id)
            if sf is None or qbo is None:
                self.world.complain("I7", f"{link.name} is called in step and one side is gone")
                continue
            for unit in pair.units:
                if unit.direction == "both" and unit.read("sf", sf) != unit.read("qbo", qbo):
                    self.world.complain(
                        "I7",
                        f"{link.name} is called in step: {unit.name} is {unit.read('sf', sf)} and"
                        f" {unit.read('qbo', qbo)} (sf {link.sf_id}, qbo {link.qbo_id})",
                    )

    # --- G5 ---

    def nobody_is_forgotten(self) -> None:
        """Every record that lives has a link that is in step or says what it waits for."""
        held = {("sf", link.sf_id) for link in self.links}
        held |= {("qbo", link.qbo_id) for link in self.links if link.qbo_entity == "Customer"}
        for sf_id, qbo_id in RecordLink.all_companies.filter(lifecycle="unlinked").values_list(
            "sf_id", "qbo_id"
        ):
            held |= {("sf", sf_id), ("qbo", qbo_id)}
        for (side, _), records in self.world.people.records.items():
            for record in records:
                if self._last(side, record) is None or (side, record) in self.world.people.gone:
                    continue
                if (side, record) not in held:
                    self.world.complain("G5", f"{side} {record} was never seen")
        for link in self.links:
            if link.lifecycle == "creating" and link.attention == Attention.NONE:
                self.world.complain("G5", f"{link.name} ({link.sf_id}, {link.qbo_id}) waits for nothing")

    # --- G8, invariants 2 and 3 ---

    def the_trail_is_whole(self) -> None:
        """The write logs and the trail match one to one, as after every test with a spine."""
        for found in trail.differences_to({**entry, "id": entry["own_id"]} for entry in self.ours):
            self.world.complain("G8", found)

    @staticmethod
    def healed() -> Counter[tuple[str, str]]:
        """Writes beyond one per audit row: those whose answer was lost and which were found in place by reading, and
        the repetitions of upserts, which the server takes a second time (sync-semantics 13.2)."""
        rows = WriteIntent.all_companies.filter(state="superseded").exclude(first_sent_at=None)
        healed = Counter(
            (side, unique(side, name, record))
            for side, name, record in rows.values_list("side", "object", "remote_id")
        )
        upserts = WriteIntent.all_companies.filter(state="applied", operation="upsert", attempts__gt=1)
        for side, name, record, attempts in upserts.values_list("side", "object", "result_id", "attempts"):
            healed[side, unique(side, name, record)] += attempts - 1
        return healed
