"""People switch when a mapping runs: off, by button, on schedule, as records change. What came meanwhile is looked at
once it follows changes again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from syncapp.engine.mapping import Mode
from syncapp.models import Mapping
from syncapp.services import modes
from tests.simulation import deeds
from tests.simulation.world import Message, World


def switch_mode(world: World, chance: Random) -> str:
    mapping = chance.choice(list(Mapping.all_companies.order_by("pk")))
    mode = chance.choice([mode for mode in Mode if mode != mapping.mode])
    told = deeds.as_person(world, chance, "switch", lambda: modes.set_mode(mapping, mode.value, None))
    return f"{told}: {mapping.key} {mode.value}"


def switch_between(world: World, chance: Random) -> str:
    """An edit is seen, and before a worker comes to it somebody switches its mapping; the worker passes it over."""
    told = deeds.edit(world, chance)
    world.wait(chance.choice((3, 70)))
    for connection in world.connections():
        lane = "fast" if connection.side == "sf" else "cdc"
        world.run(world.take_up(Message("capture", [str(connection.pk), lane])), deeds.WHOLE)
    told += f"; {switch_mode(world, chance)}"
    world.run(world.take_up(Message("carry", ["normal", world.company.pk])), deeds.WHOLE)
    return told


DEEDS: dict[str, Callable[[World, Random], str]] = {
    "switch_mode": switch_mode,
    "switch_between": switch_between,
}


def all_follow_changes(world: World) -> None:
    """A person lets every mapping go by itself."""
    for mapping in Mapping.all_companies.exclude(mode=Mode.CHANGES).order_by("pk"):
        change = partial(modes.set_mode, mapping, Mode.CHANGES.value, None)
        deeds.as_person(world, Random(1), "follow changes", change, whole=True)
