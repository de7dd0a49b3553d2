"""What can happen, one thing at a time: people over there, people here, processes, time and trouble.

Each deed draws its own chances and says in a few words what it did; nothing where it found nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from syncapp.models import FieldMapping, LinkBase, RecordLink
from syncapp.services import answers, mappings, setup, sync
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant
from tests.simulation import notices
from tests.simulation.actors import WHOLE, Actor
from tests.simulation.pairs import Pair
from tests.simulation.people import Refusal
from tests.simulation.wire import TROUBLES, Trouble
from tests.simulation.world import Message, World

# --- people over there ---------------------------------------------------------------------------------------------


def any_pair(world: World, chance: Random) -> Pair:
    return chance.choice(world.pairs)


def a_record(world: World, chance: Random, pair: Pair) -> tuple[str, str] | None:
    """A record that people can see: (side, id), ours included."""
    links = RecordLink.all_companies.filter(sf_object=pair.sf_object, qbo_entity=pair.qbo_entity).order_by(
        "id"
    )
    found = {(side, id_) for row in links.values_list("sf_id", "qbo_id")
             for side, id_ in zip(("sf", "qbo"), row, strict=True) if id_}  # fmt: skip
    for side in ("sf", "qbo"):
        found |= {(side, id_) for id_ in world.people.records.get((side, pair.object(side)), [])}
    return chance.choice(sorted(found)) if found else None


def arrive(world: World, chance: Random) -> str:
    pair, side = any_pair(world, chance), chance.choice(("sf", "sf", "qbo"))
    return f"{side} {world.people.create(pair, side, chance)}"


def child(world: World, chance: Random) -> str:
    pair, side = any_pair(world, chance), "sf"
    parents = world.people.records.get((side, pair.object(side)), [])
    if not parents or not pair.parent[0]:
        return ""
    try:
        return f"{side} {world.people.create(pair, side, chance, chance.choice(parents))}"
    except Refusal:
        return ""


def edit(world: World, chance: Random) -> str:
    pair = any_pair(world, chance)
    found = a_record(world, chance, pair)
    if found is None:
        return ""
    unit = chance.choice(pair.units)
    return edited(world, chance, pair, *found, unit.name)


def edited(world: World, chance: Random, pair: Pair, side: str, record: str, unit: str) -> str:
    try:
        world.people.edit(pair, side, record, pair.unit(unit), chance)
    except Refusal:
        return ""
    return f"{side} {record} {unit} {world.people.number}"


def quarrel(world: World, chance: Random) -> str:
    """Two people edit both sides of one record within a moment."""
    pair = any_pair(world, chance)
    rows = RecordLink.all_companies.filter(sf_object=pair.sf_object, lifecycle="linked").order_by("id")
    linked = list(rows.values_list("sf_id", "qbo_id"))
    if not linked:
        return ""
    ids = chance.choice(linked)
    told = []
    for side, record in zip(("sf", "qbo"), ids, strict=True):
        unit = chance.choice(pair.units[:3]).name
        told.append(edited(world, chance, pair, side, record, unit))
        world.clock.advance(chance.choice((0, 0, 0.4, 3)))
    return ", ".join(told)


def remove(world: World, chance: Random) -> str:
    pair = any_pair(world, chance)
    found = a_record(world, chance, pair)
    if found is None:
        return ""
    try:
        world.people.remove(pair, *found)
    except Refusal:
        return ""
    return " ".join(found)


def restore(world: World, chance: Random) -> str:
    pair = any_pair(world, chance)
    gone = sorted(record for side, record in world.people.gone if side == "qbo")
    if not gone:
        return ""
    record = chance.choice(gone)
    try:
        world.people.restore(pair, "qbo", record)
    except Refusal:
        return ""
    return record


def undelete(world: World, chance: Random) -> str:
    """Somebody takes a deleted account out of the bin."""
    pair = any_pair(world, chance)
    binned = sorted(
        id_ for side, id_ in world.people.gone if side == "sf" and ("sf", id_) not in world.people.merged
    )
    if not binned:
        return ""
    record = chance.choice(binned)
    try:
        world.people.undelete(pair, record)
    except Refusal:
        return ""
    return record


def merge(world: World, chance: Random) -> str:
    """Two records of one side are found to be one, and merged over there."""
    pair, side = any_pair(world, chance), chance.choice(("sf", "sf", "qbo"))
    there = living(world, pair, side)
    if len(there) < 2:
        return ""
    winner, loser = chance.sample(there, 2)
    try:
        world.people.merge(pair, side, winner, loser)
    except Refusal:
        return ""
    return f"{side} {loser} into {winner}"


def move(world: World, chance: Random) -> str:
    """An account gets another parent, or none."""
    pair = any_pair(world, chance)
    there = living(world, pair, "sf")
    if len(there) < 2 or not pair.parent[0]:
        return ""
    record, parent = chance.sample(there, 2)
    parent = "" if chance.random() < 0.2 else parent
    try:
        world.people.move(pair, record, parent)
    except Refusal:
        return ""
    return f"{record} under {parent or 'nobody'}"


def living(world: World, pair: Pair, side: str) -> list[str]:
    """Ids of the records of one side that are neither deleted nor inactive nor merged away. In QuickBooks parents are
    left out: it does not merge them (their sub-customers would hang in the air)."""
    last: dict[str, Mapping[str, Any]] = {}
    for entry in world.log():
        if entry["side"] == side and entry["object"] == pair.object(side):
            last[entry["id"]] = {} if entry["operation"] == "delete" else entry["after"] or {}
    parents = (
        {(body.get("ParentRef") or {}).get("value") for body in last.values()} if side == "qbo" else set()
    )
    return sorted(
        id_
        for id_, body in last.items()
        if body and (side, id_) not in world.people.gone and id_ not in parents and body.get("Active", True)
    )


# --- people here ---------------------------------------------------------------------------------------------------


def as_person(
    world: World, chance: Random, name: str, work: Callable[[], object], *, whole: bool = False
) -> str:
    """A request of somebody at our pages: it may be overtaken like any other process, unless it is `whole`."""

    def request() -> None:
        with tenant(world.company.pk):
            try:
                work()
            except Refused as refused:
                world.tell(f"refused: {refused.code}")

    actor = world.start(name, request)
    world.run(actor, WHOLE if whole else chance.choice((WHOLE, WHOLE, 3)))
    return f"{name} {actor.state}"


def press(world: World, chance: Random) -> str:
    links = list(RecordLink.all_companies.exclude(lifecycle__in=["absorbed", "unlinked"]).order_by("id"))
    if not links:
        return ""
    link = chance.choice(links)
    return as_person(
        world,
        chance,
        f"press {link.pk.hex[-4:]}",
        lambda: sync.request([link.pk], target=None, person=None, cause="Button"),
    )


def answer(world: World, chance: Random) -> str:
    rows = LinkBase.all_companies.exclude(held={}).select_related("link").order_by("link_id")
    held = [(row.link, unit) for row in rows for unit in sorted(row.held)]
    if not held:
        return ""
    link, unit = chance.choice(held)
    side = chance.choice(("sf", "qbo"))
    for record in (link.sf_id, link.qbo_id):
        world.answered.add((str(record), unit))
    return as_person(world, chance, f"answer {unit} {side}", lambda: answers.answer(link, unit, side, None))


def republish(world: World, chance: Random) -> str:
    """A person edits the mapping: the label of a row changes and a new version is published."""

    def publish() -> None:
        row = FieldMapping.objects.filter(mapping=world.mapping, key="website").first()
        if row is not None:
            row.label = "Website" if row.label != "Website" else "Web site"
            row.save(update_fields=["label"])
            mappings.publish(world.mapping, None, "edited")

    return as_person(world, chance, "republish", publish)


def scan(world: World, chance: Random) -> str:
    world.scan_began = world.scan_began or world.clock.now()
    return as_person(world, Random(1), "scan", lambda: setup.begin_scan(world.integration, None))


def switch_on(world: World, chance: Random) -> str:
    """The scan comes to its end, then the first load is asked for."""
    finish_all(world)
    return as_person(world, Random(1), "switch on", lambda: setup.switch_on(world.integration, None))


# --- processes -----------------------------------------------------------------------------------------------------


def steps(chance: Random) -> int:
    return chance.choice((WHOLE, WHOLE, WHOLE, 2, 5, 10, 20, 40, 80))


def work(world: World, chance: Random) -> str:
    """A worker takes one of the oldest messages."""
    if len(world.living) > 4:
        return ""
    actor = world.take_oldest(chance.randrange(3))
    return go_on(world, chance, actor) if actor is not None else ""


def go(world: World, chance: Random) -> str:
    """Somebody who was overtaken goes on."""
    if not world.living:
        return ""
    return go_on(world, chance, chance.choice(world.living))


def go_on(world: World, chance: Random, actor: Actor) -> str:
    actor.frozen = False
    actor.dies_at_commit = chance.random() < 0.04
    world.run(actor, steps(chance))
    actor.frozen = chance.random() < 0.5
    return f"{actor.name} {actor.state} {actor.where if actor.alive else ''}".strip()


def kill(world: World, chance: Random) -> str:
    if not world.living:
        return ""
    actor = chance.choice(world.living)
    where = actor.where
    world.kill(actor)
    return f"{actor.name} at {where}"


def tick(world: World, chance: Random) -> str:
    actor = world.take_up(Message("tick", []))
    return go_on(world, chance, actor)


def notice(world: World, chance: Random) -> str:
    """Notices of QuickBooks reach us."""
    arrived = [notices.deliver(world, raw) for raw in notices.some(world, chance)]
    return ", ".join(go_on(world, chance, actor) for actor in arrived)


def hint(world: World, chance: Random) -> str:
    """A person who cannot wait: the changes of one side are read now."""
    connection = chance.choice(world.connections())
    world.ring("capture", [str(connection.pk), "fast" if connection.side == "sf" else "cdc"])
    return connection.side


def lose(world: World, chance: Random) -> str:
    if not world.broker:
        return ""
    return str(world.broker.pop(chance.randrange(len(world.broker))))


def double(world: World, chance: Random) -> str:
    if not world.broker:
        return ""
    message = chance.choice(world.broker)
    world.broker.append(message)
    return str(message)


# --- time and trouble ----------------------------------------------------------------------------------------------


def moment(world: World, chance: Random) -> str:
    seconds = chance.choice((0.3, 0.9, 2, 4, 11))
    world.wait(seconds)
    return f"{seconds} s"


def pause(world: World, chance: Random) -> str:
    seconds = chance.choice((31, 65, 95, 130, 200, 400))
    world.wait(seconds)
    return f"{seconds} s"


def hours(world: World, chance: Random) -> str:
    seconds = chance.choice((3700, 7300))
    world.wait(seconds)
    return f"{seconds} s"


def trouble(world: World, chance: Random) -> str:
    side, what = chance.choice(("salesforce", "quickbooks")), chance.choice(TROUBLES)
    world.wire.troubles.append(Trouble(side, what, chance.randint(0, 2), chance.random() < 0.6))
    return f"{side} {what}"


# --- coming to rest ------------------------------------------------------------------------------------------------


def settle_down(world: World, chance: Random) -> str:
    """Everything that was begun comes to its end."""
    finish_all(world)
    return ""


def finish_all(world: World, most: int = 200) -> None:
    """Every message is taken up and every actor runs to its end."""
    for _ in range(most):
        for actor in world.living:
            actor.frozen = actor.dies_at_commit = False
            world.run(actor, WHOLE)
        if world.take_oldest() is None:
            return
    world.complain("G4", f"the broker never runs empty: {world.broker[:3]}")
