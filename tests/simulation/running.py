"""One seed from its plan to the oracle's words, and a failing plan made smaller."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from tests.simulation import oracle
from tests.simulation.actors import InCircles
from tests.simulation.plans import Action, plan, recipes_of
from tests.simulation.world import Installation, Violation

Defect = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Outcome:
    """What came of a plan."""

    seed: int
    actions: tuple[Action, ...]
    violations: tuple[Violation, ...]
    story: tuple[str, ...]

    def told(self) -> str:
        """The failure in words, with the command that shows it again."""
        kept = ",".join(str(number) for number in self.kept)
        lines = [
            f"seed {self.seed}: {len(self.violations)} violations",
            *(f"  {one}" for one in self.violations[:8]),
            "again: .venv/bin/python -m tests.simulation --story --seed"
            f" {self.seed}" + (f" --only {kept}" if len(self.actions) < len(plan(self.seed)) else ""),
        ]
        return "\n".join(lines)

    @property
    def kept(self) -> list[int]:
        """Places of this outcome's actions in the seed's whole plan."""
        whole = plan(self.seed)
        return [whole.index(action) for action in self.actions]


def run(
    installation: Installation,
    seed: int,
    actions: Sequence[Action] | None = None,
    defect: Defect = nullcontext,
) -> Outcome:
    """Carry a plan out and judge it."""
    chosen = plan(seed) if actions is None else actions
    with installation.world(recipes_of(seed)) as world, defect():
        try:
            for action in chosen:
                action.happen(world)
                if world.violations:
                    break
            if not world.violations:
                world.tell("--- people stop")
                oracle.come_to_rest(world)
                oracle.judge(world)
        except InCircles:
            pass  # it has been complained of
        except Exception:  # noqa: BLE001 - a broken simulation is a failing seed, not the end of the others
            world.complain("simulation", traceback.format_exc())
        return Outcome(seed, tuple(chosen), tuple(world.violations), tuple(world.story))


def shrink(
    installation: Installation, outcome: Outcome, defect: Defect = nullcontext, most: int = 120
) -> Outcome:
    """A smaller plan that breaks the same rule: actions are left out while it still fails."""
    rule, best, tried = outcome.violations[0].rule, outcome, 0
    size = max(1, len(best.actions) // 2)
    while size >= 1 and tried < most:
        smaller = None
        for actions in _without(best.actions, size):
            tried += 1
            found = run(installation, best.seed, actions, defect)
            if any(one.rule == rule for one in found.violations):
                smaller = found
                break
            if tried >= most:
                break
        if smaller is not None:
            best = smaller
            size = min(size, max(1, len(best.actions) // 2))
        else:
            size //= 2
    return best


def _without(actions: Sequence[Action], size: int) -> Iterator[list[Action]]:
    for start in range(0, len(actions), size):
        left = [*actions[:start], *actions[start + size :]]
        if left:
            yield left
