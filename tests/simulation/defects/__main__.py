"""`python -m tests.simulation.defects`: how many seeds it takes to find each planted defect.

The seeds are 1 to `--most`; those with the theme that a defect names are tried before the others.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from tests.simulation.process import prepared

if TYPE_CHECKING:
    from tests.simulation.defects.planted import Defect
    from tests.simulation.world import Installation


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.defects", description=__doc__)
    parser.add_argument("--most", type=int, default=1000, help="seeds to try for each")
    parser.add_argument("--only", default="", help="names, by commas")
    options = parser.parse_args()
    with prepared():
        return _table(options.only.split(",") if options.only else [], options.most)


def _table(only: list[str], most: int) -> int:
    from tests.simulation.defects import DEFECTS
    from tests.simulation.world import Installation

    installation, missed = Installation(), 0
    sys.stdout.write(f"{'defect':<20} {'tried':>5} {'seed':>5}  {'rule':<6} {'seconds':>7}  what\n")
    for defect in DEFECTS.values():
        if only and defect.name not in only:
            continue
        began = time.monotonic()
        tried, seed, rule = _find(installation, defect, most)
        missed += not rule
        told = f"{tried:>5} {seed or '-':>5}  {rule or 'missed':<6}"
        sys.stdout.write(f"{defect.name:<20} {told} {time.monotonic() - began:7.0f}  {defect.what}\n")
        sys.stdout.flush()
    return 1 if missed else 0


def _find(installation: Installation, defect: Defect, most: int) -> tuple[int, int, str]:
    """How many seeds were tried, the first that shows the defect, and the rule that it breaks; "" where none does."""
    from tests.simulation.plans import is_about
    from tests.simulation.running import run

    seeds = sorted(range(1, most + 1), key=lambda seed: not is_about(seed, defect.theme))
    for tried, seed in enumerate(seeds, 1):
        violations = run(installation, seed, defect=defect.plant).violations
        if any(__package__.rsplit(".", 1)[-1] + "/planted.py" in str(one) for one in violations):
            raise SystemExit(f"{defect.name} fails by itself:\n{violations[0]}")
        if violations and not run(installation, seed).violations:  # the same plan holds without the defect
            return tried, seed, violations[0].rule
    return most, 0, ""


if __name__ == "__main__":
    sys.exit(main())
