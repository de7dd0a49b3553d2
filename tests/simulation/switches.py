"""People switch when a mapping runs: off, by button, on schedule, as records change. What came meanwhile is looked at
once it follows changes again, and what had waited for its button once somebody applies the plan of it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from syncapp.engine.mapping import Mode
from syncapp.models import Attempt, Mapping, Outcome, PreviewItem, Run, RunKind, RunState
from syncapp.models.run import EXACT_KINDS
from syncapp.services import apply, modes, runs
from tests.simulation import deeds
from tests.simulation.world import World


def switch_mode(world: World, chance: Random) -> str:
    mapping = chance.choice(list(Mapping.all_companies.order_by("pk")))
    mode = chance.choice([mode for mode in Mode if mode != mapping.mode])
    told = deeds.as_person(world, chance, "switch", lambda: modes.set_mode(mapping, mode.value, None))
    return f"{told}: {mapping.key} {mode.value}"


DEEDS: dict[str, Callable[[World, Random], str]] = {"switch_mode": switch_mode}


def all_follow_changes(world: World) -> None:
    """A person lets every mapping go by itself, applies what is planned for that, and plans what moved once more."""
    for mapping in Mapping.all_companies.exclude(mode=Mode.CHANGES).order_by("pk"):
        _ask(world, "follow changes", lambda one=mapping: modes.set_mode(one, Mode.CHANGES.value, None))
    done = Run.all_companies.filter(cause=modes.CAUSE, state=RunState.DONE).order_by("pk")
    planned = done.filter(kind=RunKind.PREVIEW).exclude(pk__in=_followed(EXACT_KINDS))
    for plan in planned.filter(pk__in=PreviewItem.all_companies.values("run_id")):
        _ask(world, "apply", lambda one=plan: apply.request(one, None))
    carried_out = done.filter(kind__in=EXACT_KINDS).exclude(pk__in=_followed([RunKind.PREVIEW]))
    for run in carried_out.filter(
        pk__in=Attempt.all_companies.filter(outcome=Outcome.MOVED).values("run_id")
    ):
        _ask(world, "plan what moved", lambda one=run: runs.preview_moved(one, None))


def _followed(kinds: list[RunKind] | tuple[RunKind, ...]) -> list[object]:
    """What a run of these kinds came of."""
    rows = Run.all_companies.filter(kind__in=kinds).exclude(origin=None)
    return list(rows.values_list("origin_id", flat=True))


def _ask(world: World, name: str, work: Callable[[], object]) -> None:
    deeds.as_person(world, Random(1), name, work, whole=True)
