"""One simulated installation: stand-ins, database, broker, actors, people; what a plan's actions act on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ALL_COMPLETED
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import override_settings

from connectors.simulator import store as sim_store
from connectors.simulator.main import _standins
from connectors.simulator.quickbooks import knobs
from connectors.simulator.standin import StandIn
from connectors.simulator.world import Options
from connectors.simulator.world import World as SimWorld
from syncapp import queue, tasks
from syncapp.models import Company, Connection, Integration, Mapping
from syncapp.recipes import STARTERS
from syncapp.services import looking
from syncapp.store import specs
from tests.simulation import actors, database, pairs, starts
from tests.simulation.actors import Actor, Hands
from tests.simulation.clock import Chance, Clock, in_charge
from tests.simulation.people import People
from tests.simulation.shop import Shop
from tests.simulation.snapshot import Snapshot
from tests.simulation.wire import URLS, Wire, connected

HOOKS = "http://127.0.0.1:3/hooks"
"""Where Intuit's notices go: nobody listens, a plan takes them from the stand-in (`notices.py`)."""


@dataclass(frozen=True)
class Violation:
    """An invariant that did not hold: its short name and what was seen."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


@dataclass
class Message:
    """A bell that was rung: the task's name and its arguments."""

    task: str
    args: list[Any]
    not_before: float = 0.0
    """Workers are not given it earlier (a countdown)."""

    def __str__(self) -> str:
        return f"{self.task.rsplit('.', 1)[-1]}{tuple(self.args)}"


@dataclass
class World:
    """Everything of one seed."""

    standins: dict[str, StandIn]
    clock: Clock
    chance: Chance
    hands: Hands
    pairs: tuple[pairs.Pair, ...] = pairs.PAIRS
    broker: list[Message] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    answered: set[tuple[str, str]] = field(default_factory=set)
    """(record, unit) whose conflict a person decided."""
    shop: Shop = field(default_factory=Shop)
    left_alone: dict[Any, set[Any]] = field(default_factory=dict)
    """Links that a person ignores, and that no worker held then -> the intents there were."""
    due_at: dict[str, float] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    policy: str = "ask"
    scan_began: datetime | None = None
    """When somebody first let both sides be scanned."""
    deaf: bool = False
    """The broker loses every message (at the end of some seeds only the sweeper rings)."""

    def __post_init__(self) -> None:
        self.wire = Wire(self.standins, self.clock, lambda: self.chance.draw, self.complain)
        self.people = People(self)

    # --- looking ---

    @property
    def store(self) -> sim_store.Store:
        """What both stand-ins store."""
        return self.standins["salesforce"].world.store

    @property
    def company(self) -> Company:
        return Company.objects.get()

    @property
    def mapping(self) -> Mapping:
        return Mapping.all_companies.get(key=self.pairs[0].key)

    @property
    def integration(self) -> Integration:
        return Integration.all_companies.get()

    def connections(self) -> list[Connection]:
        return list(Connection.all_companies.order_by("side"))

    def log(self) -> list[dict[str, Any]]:
        """Every accepted write of both sides in order; `side` is sf or qbo, `id` tells records of all objects apart."""
        entries: list[dict[str, Any]] = []
        for side, name in (("sf", "salesforce"), ("qbo", "quickbooks")):
            found = json.loads(self.standins[name].journal.entries())["entries"]
            entries.extend(
                {
                    **entry,
                    "side": side,
                    "own_id": entry["id"],
                    "id": unique(side, entry["object"], entry["id"]),
                }
                for entry in found
            )
        return sorted(entries, key=lambda entry: entry["seq"])

    def last_write(self) -> int:
        return self.standins["salesforce"].world.store.sequence("log")

    def complain(self, rule: str, what: str) -> None:
        self.violations.append(Violation(rule, what))

    def tell(self, text: str) -> None:
        self.story.append(f"{self.clock.now():%H:%M:%S} {text}")

    # --- acting ---

    @property
    def living(self) -> list[Actor]:
        return [actor for actor in self.actors if actor.alive]

    def ring(self, task: str, args: list[Any], in_seconds: float | None = None) -> None:
        if not self.deaf and not task.startswith("portal."):  # those tell people; nothing is synced by them
            self.broker.append(Message(task, args, self.clock.time() + in_seconds if in_seconds else 0.0))

    @property
    def deliverable(self) -> list[Message]:
        """Messages that a worker may be given now, the oldest first."""
        now = self.clock.time()
        return [message for message in self.broker if message.not_before <= now]

    def take_oldest(self, place: int = 0) -> Actor | None:
        """A worker takes the message at this place of those that may be given out; None where there is none."""
        ready = self.deliverable
        if not ready:
            return None
        message = ready[min(place, len(ready) - 1)]
        self.broker.remove(message)
        return self.take_up(message)

    def take_up(self, message: Message) -> Actor:
        """A worker takes this message; it has not begun yet."""
        work = getattr(tasks, message.task.rsplit(".", 1)[-1])
        return self.start(str(message), lambda: work(*message.args))

    def start(self, name: str, work: Callable[[], Any]) -> Actor:
        actor = Actor(name, work)
        self.actors.append(actor)
        return actor

    def run(self, actor: Actor, steps: int) -> None:
        """Let an actor go on; what escapes from it is a violation, and so is work that begets itself for ever."""
        actor.run(steps, self.hands)
        if steps >= actors.WHOLE and actor.alive:
            self.complain("G4", f"{actor.name} goes round in circles: after {steps} steps at {actor.where}")
            raise actors.InCircles
        if actor.error:
            self.complain("crash", f"{actor.name}: {actor.error}")
            actor.error = ""

    def kill(self, actor: Actor) -> None:
        actor.kill(self.hands)

    def wait(self, seconds: float) -> None:
        """Time passes. Whoever is not frozen keeps its leases meanwhile."""
        self.clock.advance(seconds)
        holders = [actor for actor in self.living if actor.slices and not actor.frozen]
        for actor in holders:
            for piece, timing in actor.slices:
                keeper = Actor("renewal", lambda p=piece, t=timing: _renew(p, t))
                keeper.run(10_000, self.hands)

    def end(self) -> None:
        for actor in self.living:
            self.kill(actor)


def unique(side: str, object_: str, id_: str) -> str:
    """The id of a record among all objects of its side: QuickBooks counts each entity from one."""
    return f"{object_}:{id_}" if side == "qbo" and object_ != "Customer" else id_


def _renew(piece: Any, timing: Any) -> None:
    from syncapp.store import leases

    leases.renew(piece, timing)


class Installation:
    """Prepared once per process, for each set of pairs of objects that plans ask for."""

    def __init__(self) -> None:
        self.hands = Hands()
        starts.watch()
        self._prepared: dict[tuple[str, ...], Prepared] = {}

    def world(self, recipes: tuple[str, ...] = STARTERS) -> AbstractContextManager[World]:
        """A fresh world in which these pairs are kept in step."""
        if recipes not in self._prepared:
            for other in self._prepared.values():
                other.rows.clear()
            self._prepared[recipes] = Prepared(self.hands, recipes, len(self._prepared))
        return self._prepared[recipes].world()

    def close(self) -> None:
        self.hands.close()
        for one in self._prepared.values():
            one.rows.forget()
        starts.forget()


class Prepared:
    """An installation with both sides connected and its mappings published, put back before every seed."""

    def __init__(self, hands: Hands, recipes: tuple[str, ...], number: int, winner: str = "ask") -> None:
        self.hands = hands
        self.policy = winner
        clock, chance = Clock(), Chance()
        standins = _stand_up(clock, None)
        world = World(standins, clock, chance, self.hands)
        with _in_place(world), _the_same_everywhere():
            _found_company(world, winner, recipes)
        self._books = sqlite3.connect(":memory:", check_same_thread=False)
        standins["salesforce"].world.store.commit()
        standins["salesforce"].world.store.connection.backup(self._books)
        self.rows = Snapshot(f"simulation_kept_{number}_")

    @contextmanager
    def world(self) -> Iterator[World]:
        """A fresh world from here."""
        self.rows.restore()
        specs._specs.clear()  # a version's number means another text in another world
        looking._idle.clear()  # clients that call the stand-ins of another world
        clock, chance = Clock(), Chance()
        world = World(_stand_up(clock, self._books), clock, chance, self.hands, policy=self.policy)
        with _in_place(world):
            try:
                yield world
            finally:
                world.end()
                world.standins["salesforce"].world.store.connection.close()


@contextmanager
def _the_same_everywhere() -> Iterator[None]:
    """Ids that the product draws at random when a company is made are the same in every process."""
    patch, chance = pytest.MonkeyPatch(), Random(1)
    patch.setattr("os.urandom", chance.randbytes)
    try:
        yield
    finally:
        patch.undo()


def _found_company(world: World, winner: str, recipes: tuple[str, ...]) -> None:
    from syncapp.services import describing
    from syncapp.tenancy import tenant
    from tests.services.spine import connect

    sim: Any = SimpleNamespace(
        salesforce=SimpleNamespace(credentials=world.standins["salesforce"].credentials),
        quickbooks=SimpleNamespace(credentials=world.standins["quickbooks"].credentials),
    )
    made = connect(sim, "bidirectional", winner, recipes)
    with tenant(made.company.pk):
        describing.describe(made.integration.salesforce)  # for the pages of mappings: no plan is about them


def _stand_up(clock: Clock, books: sqlite3.Connection | None) -> dict[str, StandIn]:
    """Both stand-ins, seeded, without ports; from kept books where there are some."""
    patch = pytest.MonkeyPatch()
    if books is not None:
        patch.setattr(sim_store, "_open", lambda path: _copy(books))
    try:
        sim = SimWorld(Options(state=":memory:", seed="empty"))
    finally:
        patch.undo()
    sim.clock = clock  # type: ignore[assignment]
    standins = {standin.name: standin for standin in _standins(sim)}
    sim.urls.update(URLS)
    for standin in standins.values():
        standin.seed_if_empty()
    if books is None:
        standins["quickbooks"].subscribe({"url": HOOKS})
    # What the recovery of a lost answer rests on (sync-semantics C17); the simulator's default is harder.
    knobs.change(sim.store, {"refresh_grace_hours": 24})
    return standins


def _copy(books: sqlite3.Connection) -> sqlite3.Connection:
    fresh = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=1024)
    books.backup(fresh)
    fresh.execute("PRAGMA case_sensitive_like=OFF")
    return fresh


@contextmanager
def _in_place(world: World) -> Iterator[None]:
    """The services run in this world: its time, chance, wire, broker and database steps."""
    from syncapp.services import clients, prepare, quarantine, sending, sync
    from syncapp.services.tokens import TokenVault
    from syncapp.store import leases, statistics

    patch = pytest.MonkeyPatch()
    patch.setattr(
        queue,
        "current_app",
        SimpleNamespace(send_task=lambda name, args, countdown=None, **_: world.ring(name, args, countdown)),
    )
    patch.setattr(leases, "renewing", actors.renewing)
    patch.setattr(statistics, "refresh", lambda: None)
    patch.setattr(clients, "vault_for", lambda pk: TokenVault(pk, now=world.clock.now))
    patch.setattr(tasks, "due_once", SimpleNamespace(which=lambda paces: _due(world, paces)))
    for owner, name in ((quarantine, "set_aside"), (prepare, "_give_up")):
        patch.setattr(owner, name, _told(world, getattr(owner, name)))
    for module in (sending, looking):
        _call_in_turn(patch, module, world)
    patch.setattr(sync, "owner_name", lambda: "simulated")
    urls = {"SIM_SALESFORCE_URL": URLS["salesforce"], "SIM_QUICKBOOKS_URL": URLS["quickbooks"]}
    with ExitStack() as stack:
        stack.callback(patch.undo)
        stack.enter_context(override_settings(**urls, SIM_LIMITS="off", TIMING_DIVISOR=1))
        stack.enter_context(in_charge(world.clock, world.chance))
        stack.enter_context(connected(world.wire))
        stack.enter_context(database.observed(world.clock.now))
        yield


def _due(world: World, paces: dict[str, float]) -> set[str]:
    now = world.clock.time()
    due = {name for name in paces if world.due_at.get(name, 0.0) <= now}
    world.due_at |= {name: now + paces[name] for name in due}
    return due


def _told(world: World, real: Callable[..., Any]) -> Callable[..., Any]:
    """Our own code failed: the product sets the record aside, the simulation calls it a defect."""

    def told(*args: Any, **kwargs: Any) -> Any:
        import traceback

        world.complain("crash", traceback.format_exc())
        return real(*args, **kwargs)

    return told


class _Future:
    """A call that is made when somebody waits for it, once; `number` says which was asked for first."""

    _numbers = count()

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work, self.value, self.begun = work, None, False
        self.number = next(self._numbers)

    def run(self) -> None:
        if not self.begun:
            self.begun, self.value = True, self.work()

    def result(self) -> Any:
        return self.value

    def cancel(self) -> bool:
        return False


class _Pool:
    def __init__(self, **_: Any) -> None:
        pass

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *args: Any) -> _Future:
        return _Future(lambda: work(*args))


def _call_in_turn(patch: pytest.MonkeyPatch, module: Any, world: World) -> None:
    """Calls that would fly at once: one after another, in an order of chance."""

    def wait(
        flying: Any, timeout: float | None = None, *, return_when: str = ALL_COMPLETED
    ) -> tuple[set[_Future], set[_Future]]:
        calls = sorted(flying, key=lambda call: call.number)
        world.chance.draw.shuffle(calls)
        done = calls[: world.chance.draw.randint(0, len(calls)) if timeout else 1]
        for call in done:
            call.run()
        return set(done), set(calls) - set(done)

    patch.setattr(module, "ThreadPoolExecutor", _Pool)
    patch.setattr(module, "wait", wait)


def seeded(seed: int) -> Random:
    return Random(seed * 2_654_435_761 % 2**32)
