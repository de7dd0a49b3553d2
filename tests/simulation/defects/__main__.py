"""`python -m tests.simulation.defects`: how many seeds it takes to find each planted defect.

The seeds are 1 to `--most`; those with the theme that a defect names are tried before the others. Ends with the sum
of it, and with 1 where a defect was not found or is broken by itself.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.simulation.process import prepared

if TYPE_CHECKING:
    from tests.simulation.defects.planted import Defect
    from tests.simulation.world import Installation

SIGN_OF_LIFE = 100
"""Seeds without a find after which a line says how far it is."""
PLANTED = __package__.rsplit(".", 1)[-1] + "/planted.py"
HEADING = f"{'defect':<20} {'tried':>5} {'seed':>5}  {'rule':<8} {'seconds':>7}  what"


@dataclass(frozen=True)
class Search:
    """What came of looking for one defect."""

    name: str
    tried: int
    seconds: float
    seed: int = 0
    rule: str = ""
    """The invariant that it breaks in this seed; empty where no seed showed it."""
    broken: str = ""
    """The planted change failed by itself: it proves nothing."""

    @property
    def found(self) -> bool:
        return bool(self.rule)

    def told(self, what: str) -> str:
        rule = "broken" if self.broken else self.rule or "missed"
        line = f"{self.name:<20} {self.tried:>5} {self.seed or '-':>5}  {rule:<8} {self.seconds:7.0f}  {what}"
        return f"{line}\n{self.broken}" if self.broken else line


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.defects", description=__doc__)
    parser.add_argument("--most", type=int, default=1000, help="seeds to try for each")
    parser.add_argument("--only", default="", help="names, by commas")
    options = parser.parse_args()
    with prepared():
        return _table(options.only.split(",") if options.only else [], options.most)


def _table(only: Sequence[str], most: int) -> int:
    from tests.simulation.defects import DEFECTS
    from tests.simulation.world import Installation

    unknown = sorted(set(only) - set(DEFECTS))
    if unknown:
        sys.stdout.write(f"no such defect: {', '.join(unknown)}\n")
        return 2
    installation, searches = Installation(), []
    _say(HEADING)
    for name in only or DEFECTS:
        searches.append(_search(installation, DEFECTS[name], most))
        _say(searches[-1].told(DEFECTS[name].what))
    _say(_sum(searches))
    return 0 if all(one.found for one in searches) else 1


def _sum(searches: Sequence[Search]) -> str:
    found = [one for one in searches if one.found]
    tried, seconds = sum(one.tried for one in searches), sum(one.seconds for one in searches)
    told = f"{len(found)} of {len(searches)} defects found, {tried} seeds tried, {seconds:.0f} s"
    missed = [one.name for one in searches if not one.found]
    return f"{told}; not found: {', '.join(missed)}" if missed else told


def _search(installation: Installation, defect: Defect, most: int) -> Search:
    """Try seeds until one shows the defect, that is: breaks a rule with it and none without it."""
    from tests.simulation.plans import is_about
    from tests.simulation.running import run

    began = time.monotonic()
    seeds = sorted(range(1, most + 1), key=lambda seed: not is_about(seed, defect.theme))
    for tried, seed in enumerate(seeds, 1):
        violations = run(installation, seed, defect=defect.plant).violations
        spent = time.monotonic() - began
        if any(PLANTED in str(one) for one in violations):
            return Search(defect.name, tried, spent, seed, broken=str(violations[0]))
        if violations and not run(installation, seed).violations:
            return Search(defect.name, tried, time.monotonic() - began, seed, violations[0].rule)
        if tried % SIGN_OF_LIFE == 0:
            _say(f"{defect.name:<20} {tried:>5}     -  ...      {spent:7.0f}")
    return Search(defect.name, most, time.monotonic() - began)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
