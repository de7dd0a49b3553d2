"""`python -m tests.simulation`: run seeds, show one, make a failing one small."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.process import prepared


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--seeds", type=int, default=100, help="so many seeds from the first on")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--only", default="", help="places of the plan's actions to keep, by commas")
    parser.add_argument("--story", action="store_true", help="tell what happened")
    parser.add_argument("--whole", action="store_true", help="do not make a failing plan smaller")
    parser.add_argument("--defect", default="", help="with this planted defect")
    options = parser.parse_args()
    with prepared():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    from contextlib import nullcontext

    from tests.simulation import running
    from tests.simulation.plans import plan
    from tests.simulation.world import Installation

    installation, failed, began = Installation(), 0, time.monotonic()
    defect = nullcontext
    if options.defect:
        from tests.simulation.defects import DEFECTS

        defect = DEFECTS[options.defect].plant
    numbers = (
        [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    )
    for seed in numbers:
        actions = [plan(seed)[int(n)] for n in options.only.split(",")] if options.only else None
        outcome = running.run(installation, seed, actions, defect)
        if outcome.violations:
            failed += 1
            if not options.whole and not options.only:
                outcome = running.shrink(installation, outcome, defect)
            sys.stdout.write(outcome.told() + "\n")
        if options.story:
            sys.stdout.write("\n".join(outcome.story) + "\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(numbers)} seeds, {failed} failed, {time.monotonic() - began:.0f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
