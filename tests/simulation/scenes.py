"""Scenes: several things that meet in one moment, which chance alone would bring together too rarely.

Each is what a day over there brings: an answer lost behind a commit, a worker that dies between the send and its
answer, a customer typed in on both sides, two edits within the second of one stamp.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from syncapp.models import MappingPass, RecordLink
from syncapp.services import setup
from tests.simulation import deeds, notices
from tests.simulation.actors import Actor
from tests.simulation.pairs import Pair
from tests.simulation.people import SIDES, Refusal
from tests.simulation.wire import Trouble
from tests.simulation.world import Message, World

MOST_STEPS = 400
LEGAL_FORM = " Inc."
AFTER_COMMIT = ("cut after", "timed out after", "broken after", "torn")


# --- what they are made of -------------------------------------------------------------------------------------------


def _linked(world: World, chance: Random) -> tuple[Pair, dict[str, str]] | None:
    """A pair of linked records: side -> id."""
    pair = deeds.any_pair(world, chance)
    rows = RecordLink.all_companies.filter(sf_object=pair.sf_object, lifecycle="linked").order_by("id")
    linked = list(rows.values_list("sf_id", "qbo_id"))
    if not linked:
        return None
    return pair, dict(zip(("sf", "qbo"), chance.choice(linked), strict=True))


def _read(world: World, side: str, lane: str = "") -> Actor:
    """Somebody is about to read the changes of one side."""
    connection = next(one for one in world.connections() if one.side == side)
    lane = lane or ("fast" if side == "sf" else "cdc")
    return world.take_up(Message("capture", [str(connection.pk), lane]))


def _run_until(world: World, actor: Actor, there: Callable[[str], bool], times: int = 1) -> bool:
    """Let an actor go on until it stands, for the nth time, where `there` says; False where it never does."""
    for _ in range(MOST_STEPS):
        world.run(actor, 0)  # to its very next step: more would pass over the place
        if not actor.alive:
            return False
        times -= there(actor.where)
        if times <= 0:
            return True
    return False


def _answered(where: str) -> bool:
    """A service said what was asked of it; signing in does not count."""
    return where.startswith("after ") and not where.endswith("sign-in")


def _news(world: World, chance: Random) -> str:
    """Something to carry: an edit of a linked record, or a new record; the side where it is, or nothing."""
    found = _linked(world, chance)
    if found is None or chance.random() < 0.4:
        side = chance.choice(("sf", "sf", "qbo"))
        world.people.create(deeds.any_pair(world, chance), side, chance)
        return side
    pair, ids = found
    side = chance.choice(("sf", "qbo"))
    unit = chance.choice(pair.units).name
    return side if deeds.edited(world, chance, pair, side, ids[side], unit) else ""


def _notice(world: World, side: str) -> None:
    """The changes of this side are read and become due work."""
    world.run(_read(world, side), deeds.WHOLE)


def _edit_somewhere(world: World, chance: Random) -> str:
    found = _linked(world, chance)
    if found is None:
        return ""
    pair, ids = found
    side = chance.choice(("sf", "qbo"))
    return deeds.edited(world, chance, pair, side, ids[side], chance.choice(pair.units).name)


# --- the scenes ------------------------------------------------------------------------------------------------------


def answer_lost(world: World, chance: Random) -> str:
    """A write is committed over there and its answer does not come; people go on typing meanwhile."""
    side = _news(world, chance)
    if not side:
        return ""
    other = "qbo" if side == "sf" else "sf"
    what = chance.choice(AFTER_COMMIT)
    world.wire.troubles.append(Trouble(SIDES[other], what, 0, writes_only=True))
    _notice(world, side)
    if chance.random() < 0.8:
        deeds.finish_all(world)
    more = _edit_somewhere(world, chance) if chance.random() < 0.5 else ""
    if chance.random() < 0.5:
        _notice(world, other)
    world.wait(chance.choice((1, 40, 95, 200)))
    deeds.tick(world, chance)
    return f"{other} {what}; {more}"


def dies_sending(world: World, chance: Random) -> str:
    """A worker is killed at one of its calls, before or after it; the lease runs out, somebody else finds the write."""
    side = _news(world, chance)
    if not side:
        return ""
    _notice(world, side)
    actor = world.take_oldest()
    if actor is None:
        return ""
    near = chance.choice(("before ", "after ", "after ", "committed"))
    if not _run_until(world, actor, lambda where: where.startswith(near), chance.randint(1, 4)):
        return f"{actor.name} {actor.state}"
    where = actor.where
    world.kill(actor)
    more = _edit_somewhere(world, chance) if chance.random() < 0.5 else ""
    world.wait(chance.choice((2, 130, 330)))
    deeds.tick(world, chance)
    return f"{actor.name} at {where}; {more}"


def dies_reading(world: World, chance: Random) -> str:
    """After a quiet time somebody edits; whoever reads the changes then dies, and nobody reads again for long."""
    found = _linked(world, chance)
    if found is None:
        return ""
    pair, ids = found
    side = chance.choice(("sf", "qbo", "qbo"))
    told = deeds.edited(world, chance, pair, side, ids[side], chance.choice(pair.units).name)
    world.wait(chance.choice((5, 400, 400, 1000)))
    actor = _read(world, side)
    if _run_until(world, actor, _answered):
        actor.dies_at_commit = chance.random() < 0.5
        world.run(actor, deeds.WHOLE if actor.dies_at_commit else chance.randint(0, 8))
        told += f"; {actor.name} at {actor.where}"
        world.kill(actor)
    world.wait(chance.choice((40, 700, 3700)))
    return told


def twins(world: World, chance: Random) -> str:
    """The same customer is typed in on both sides before either has heard of the other, now and then with its legal
    form on one side only: QuickBooks takes such a name beside the other."""
    pair = deeds.any_pair(world, chance)
    values = world.people.make_up(pair, chance, always=("phone",))
    sides = ["sf", "qbo"]
    chance.shuffle(sides)
    formal = chance.choice(("", "qbo"))
    ids = []
    for side in sides:
        typed = {**values, pair.name.name: (values[pair.name.name][0] + LEGAL_FORM,)}
        try:
            made = world.people.create(pair, side, chance, values=typed if side == formal else values)
            ids.append(f"{side} {made}")
        except Refusal:
            return ", ".join(ids)
        if chance.random() < 0.5:
            world.wait(chance.choice((0.4, 3, 20)))
        if chance.random() < 0.3:
            _notice(world, side)
    return ", ".join(ids)


def within_a_second(world: World, chance: Random) -> str:
    """An edit is read, and another comes within the same second: both have one stamp."""
    found = _linked(world, chance)
    if found is None:
        return ""
    pair, ids = found
    side = chance.choice(("sf", "sf", "qbo"))
    unit = chance.choice(pair.units).name
    world.clock.advance(1.05 - world.clock.time() % 1)
    told = deeds.edited(world, chance, pair, side, ids[side], unit)
    actor = _read(world, side)
    if not _run_until(world, actor, _answered):
        return told
    if chance.random() < 0.3:
        unit = chance.choice(pair.units).name
    told += "; " + deeds.edited(world, chance, pair, side, ids[side], unit)
    world.run(actor, deeds.WHOLE)
    if chance.random() < 0.7:
        deeds.finish_all(world)
    return told


def apart(world: World, chance: Random) -> str:
    """Two people edit different fields of one record, each on one side, between two readings."""
    found = _linked(world, chance)
    if found is None:
        return ""
    pair, ids = found
    units = chance.sample(pair.units, 2)
    told = []
    for side, unit in zip(("sf", "qbo"), units, strict=True):
        told.append(deeds.edited(world, chance, pair, side, ids[side], unit.name))
        world.clock.advance(chance.choice((0, 0.3, 2, 30)))
    return ", ".join(told)


def family(world: World, chance: Random) -> str:
    """A parent and its children come at once; nobody is linked yet."""
    pair = deeds.any_pair(world, chance)
    parent = world.people.create(pair, "sf", chance)
    told = [parent]
    for _ in range(chance.randint(1, 2)):
        try:
            told.append(
                world.people.create(pair, "sf", chance, told[-1] if chance.random() < 0.3 else parent)
            )
        except Refusal:
            break
    if chance.random() < 0.5:
        _notice(world, "sf")
    return ", ".join(told)


def hasty(world: World, chance: Random) -> str:
    """The scan has read one side when somebody switches on already, and people go on typing."""
    prepare = next((one for one in world.broker if one.task.endswith(".prepare")), None)
    if prepare is None:
        return ""
    world.broker.remove(prepare)
    scanning = world.take_up(prepare)
    half_way = _run_until(world, scanning, lambda where: where == "committed" and _one_side_is_scanned())
    told = deeds.as_person(
        world, Random(1), "switch on", lambda: setup.switch_on(world.integration, None), whole=True
    )
    for pair in world.pairs:
        for record in world.people.records.get(("sf", pair.object("sf")), []):
            unit = chance.choice(pair.units[2:]).name
            told += "; " + deeds.edited(world, chance, pair, "sf", record, unit)
    _notice(world, "sf")
    for _ in range(2):
        deeds.tick(world, chance)
        deeds.work(world, chance)
    return f"half way: {half_way}; {told}"


def _one_side_is_scanned() -> bool:
    return MappingPass.all_companies.exclude(scanned_at=None).count() == 1


def another_day(world: World, chance: Random) -> str:
    """A day goes by, after which a refreshed sign-in brings a new refresh token; whoever refreshes may die of it."""
    world.wait(chance.choice((90_000, 90_000, 180_000)))
    side = _news(world, chance) or "qbo"
    told = []
    for which in chance.sample(("sf", "qbo"), 2):
        actor = _read(world, which)
        if chance.random() < 0.4:
            _run_until(
                world, actor, lambda where: where.startswith(("after ", "committed")), chance.randint(1, 3)
            )
            told.append(f"{actor.name} at {actor.where}")
            world.kill(actor)
        else:
            world.run(actor, deeds.WHOLE)
    world.wait(chance.choice((40, 3700)))
    _notice(world, side)
    return ", ".join(told)


def _into_a_new_one(world: World, chance: Random) -> str:
    """A record that is linked is merged into one that nobody has told us of."""
    found = _linked(world, chance)
    if found is None:
        return ""
    pair, ids = found
    side = chance.choice(("sf", "sf", "qbo"))
    if ids[side] not in deeds.living(world, pair, side):
        return ""
    winner = world.people.create(pair, side, chance)
    try:
        world.people.merge(pair, side, winner, ids[side])
    except Refusal:
        return ""
    return f"{side} {ids[side]} into {winner}"


def merge_told(world: World, chance: Random) -> str:
    """Two records are merged, of which one may have been typed in a moment ago; the notice comes before the changes are
    read, after, or twice."""
    told = _into_a_new_one(world, chance) if chance.random() < 0.5 else deeds.merge(world, chance)
    if not told:
        return ""
    side = told.partition(" ")[0]
    if chance.random() < 0.5:
        _notice(world, side)
        deeds.finish_all(world)
    for raw in notices.pending(world):
        for _ in range(chance.randint(1, 2)):
            world.run(notices.deliver(world, raw), deeds.WHOLE)
    notices.forget(world)
    more = _edit_somewhere(world, chance) if chance.random() < 0.5 else ""
    if chance.random() < 0.5:
        world.wait(3)
        deeds.tick(world, chance)
    return f"{told}; {more}"


SCENES = (
    "merge_told",
    "hasty",
    "another_day",
    "answer_lost",
    "dies_sending",
    "dies_reading",
    "twins",
    "within_a_second",
    "apart",
    "family",
)
