"""Plans: what happens in which order. An action draws its own chances from its own seed, so that leaving one out of a
plan changes nothing of what the others mean to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from syncapp.recipes import STARTERS
from tests.simulation import decisions, deeds, sales, scenes, switches, timetable
from tests.simulation.world import World, seeded

Deed = Callable[[World, Random], str]


@dataclass(frozen=True)
class Action:
    """One thing that happens; `seed` decides everything else about it."""

    kind: str
    seed: int

    def happen(self, world: World) -> None:
        chance = Random(self.seed)
        world.chance.draw = Random(self.seed + 1)
        told = DEEDS[self.kind](world, chance)
        if told:
            world.tell(f"{self.kind}: {told}")


WEIGHTS = {
    "work": 26,
    "go": 14,
    "kill": 5,
    "edit": 16,
    "quarrel": 4,
    "arrive": 3,
    "child": 2,
    "remove": 1,
    "restore": 1,
    "press": 3,
    "answer": 2,
    "republish": 1,
    "tick": 5,
    "hint": 9,
    "lose": 2,
    "double": 2,
    "moment": 6,
    "pause": 6,
    "hours": 1,
    "trouble": 5,
    "notice": 5,
    "merge": 2,
    "move": 1,
    "undelete": 1,
    "unlink": 1,
    "relink": 1,
    "link_halves": 1,
    "keep_apart": 1,
    "ignore": 1,
    "watch_again": 1,
    "answer_gone": 1,
}
"""How often each deed comes in a plan without a theme."""


@dataclass(frozen=True)
class Theme:
    """What a plan is about: deeds that come in addition to all others, or more often than they do elsewhere."""

    more: Mapping[str, int]
    opening: tuple[str, ...] = ()
    """What there is before the first scan, beside what arrives anyway."""
    length: tuple[int, int] = (12, 30)
    start: tuple[str, ...] = ()
    """How the installation is switched on; by chance where nothing is said."""
    recipes: tuple[str, ...] = STARTERS
    """The pairs of objects that are kept in step."""


PLAIN = Theme({}, length=(25, 60))
THEMES: dict[str, Theme] = {
    "lost answers": Theme({"answer_lost": 14, "edit": 10, "arrive": 6}),
    "deaths at calls": Theme({"dies_sending": 14, "edit": 8, "arrive": 6}),
    "twins": Theme({"twins": 12, "arrive": 4, "hint": 6}, ("twins",)),
    "one second": Theme({"within_a_second": 30, "quarrel": 6}, ("arrive", "arrive"), (8, 20)),
    "apart": Theme({"apart": 12, "quarrel": 6, "pause": 6}),
    "deaths at reading": Theme(
        {"dies_reading": 60, "edit": 6, "hours": 3}, ("arrive", "arrive", "arrive"), (4, 10)
    ),
    "family": Theme({"family": 10, "answer_lost": 4, "child": 6}, ("family",)),
    "days": Theme({"another_day": 12, "trouble": 4}, length=(8, 20)),
    "merges": Theme(
        {"merge": 14, "merge_told": 10, "notice": 10, "arrive": 6, "hint": 4}, ("arrive", "arrive", "twins")
    ),
    "told late": Theme({"notice": 24, "edit": 16, "arrive": 6, "moment": 10}, ("arrive", "arrive")),
    "pairs": Theme(
        {
            "unlink": 8,
            "relink": 6,
            "link_halves": 6,
            "keep_apart": 4,
            "ignore": 4,
            "watch_again": 4,
            "edit": 6,
        },
        ("twins", "arrive", "arrive"),
    ),
    "gone and back": Theme(
        {"remove": 10, "restore": 8, "undelete": 8, "answer_gone": 6, "hint": 6}, ("arrive", "arrive")
    ),
    "moves": Theme({"move": 14, "family": 6, "merge": 3, "remove": 2}, ("family", "family")),
    "sales": Theme(
        {
            "sell": 22,
            "change_sale": 14,
            "take_back": 6,
            "product": 4,
            "merge": 3,
            "dies_sending": 6,
            "answer_lost": 4,
        },
        ("product", "sell"),
        (14, 30),
        recipes=sales.RECIPES,
    ),
    "sales go on": Theme(
        {"sell": 10, "change_sale": 22, "take_back": 10, "unlink": 3, "relink": 3, "hint": 6},
        ("product", "sell", "sell"),
        recipes=sales.RECIPES,
    ),
    "haste": Theme({"edit": 6}, ("twins", "twins", "twins"), (4, 12), ("scan", "hasty", "switch_on")),
}
"""What plans are about, by name."""
DRAWN = (PLAIN, PLAIN, PLAIN, *THEMES.values())
"""Each seed has one of these; the plain ones leave everything to chance."""


SCHEDULES = "schedules"
"""Beside their theme, some plans have schedules; all else in them is as it would be without."""
HAVE_SCHEDULES = 0.25
WITHOUT = 104
"""The first seeds, which every test run makes whole, have none: their time is measured. Others are chosen for schedules
(`test_simulation.py`)."""


def has_schedules(seed: int) -> bool:
    """Whether schedules are made, changed and started in this seed's plan."""
    return seed > WITHOUT and _about_schedules(seed).random() < HAVE_SCHEDULES


def _about_schedules(seed: int) -> Random:
    return seeded(seed + 1_000_003)


SWITCHES = "switches"
"""Some of the others have mappings that people switch."""
ARE_SWITCHED = 0.15


def has_switches(seed: int) -> bool:
    """Whether people switch when mappings run in this seed's plan."""
    return seed > WITHOUT and not has_schedules(seed) and _about_switches(seed).random() < ARE_SWITCHED


def _about_switches(seed: int) -> Random:
    return seeded(seed + 2_000_003)


def is_about(seed: int, theme: str) -> bool:
    """Whether this seed's plan has this theme, or schedules or switches where those are asked."""
    if theme == SCHEDULES:
        return has_schedules(seed)
    if theme == SWITCHES:
        return has_switches(seed)
    return bool(theme) and seeded(seed).choice(DRAWN) is THEMES[theme]


def recipes_of(seed: int) -> tuple[str, ...]:
    """The pairs of objects of this seed's installation."""
    theme: Theme = seeded(seed).choice(DRAWN)
    return theme.recipes


def plan(seed: int) -> list[Action]:
    """What happens in this seed."""
    chance = seeded(seed)
    theme = chance.choice(DRAWN)
    weights = {**WEIGHTS}
    for kind, more in theme.more.items():
        weights[kind] = weights.get(kind, 0) + more
    opening = ["arrive"] * chance.randint(1, 4) + list(theme.opening)
    if theme.start:
        opening += theme.start
    elif chance.random() < 0.7:
        opening += ["scan", "switch_on", "settle_down"]
    else:
        opening += ["scan", "work", "switch_on", "work", "work"]
    chosen = chance.choices(list(weights), list(weights.values()), k=chance.randint(*theme.length))
    actions = [Action(kind, chance.getrandbits(32)) for kind in [*opening, *chosen]]
    if has_switches(seed):
        return _with_switches(seed, actions, len(opening))
    return _with_schedules(seed, actions, len(opening)) if has_schedules(seed) else actions


def _with_switches(seed: int, actions: list[Action], first: int) -> list[Action]:
    """The plan with mappings switched now and then from the time on when the installation is."""
    chance = _about_switches(seed)
    for _ in range(chance.randint(2, 6)):
        place = chance.randint(first, len(actions))
        kind = chance.choice(("switch_mode", "switch_between"))
        actions.insert(place, Action(kind, chance.getrandbits(32)))
    return actions


def _with_schedules(seed: int, actions: list[Action], first: int) -> list[Action]:
    """The plan with schedules here and there, the first as soon as the installation is switched on."""
    chance = _about_schedules(seed)
    kinds, weights = list(timetable.WEIGHTS), list(timetable.WEIGHTS.values())
    more = chance.choices(kinds, weights, k=chance.randint(5, 12))
    places = [first, *(chance.randint(first, len(actions)) for _ in more)]
    for kind, place in sorted(zip(["make_schedule", *more], places, strict=True), key=lambda one: -one[1]):
        actions.insert(place, Action(kind, chance.getrandbits(32)))
    return actions


DEEDS: dict[str, Deed] = {
    **{
        name: getattr(deeds, name)
        for name in (*WEIGHTS, "scan", "switch_on", "settle_down")
        if name not in decisions.DECISIONS
    },
    **decisions.DECISIONS,
    **sales.DEEDS,
    **timetable.DEEDS,
    **switches.DEEDS,
    **{name: getattr(scenes, name) for name in scenes.SCENES},
}
