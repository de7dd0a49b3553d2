"""`python -m tests.simulation.defects`: how many seeds it takes to find each planted defect."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.process import prepared


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.defects", description=__doc__)
    parser.add_argument("--most", type=int, default=1000, help="seeds to try for each")
    parser.add_argument("--only", default="", help="names, by commas")
    options = parser.parse_args()
    with prepared():
        return _table(options.only.split(",") if options.only else [], options.most)


def _table(only: list[str], most: int) -> int:
    from tests.simulation.defects import DEFECTS
    from tests.simulation.running import run
    from tests.simulation.world import Installation

    installation, missed = Installation(), 0
    sys.stdout.write(f"{'defect':<20} {'seeds':>5}  {'rule':<6} {'seconds':>7}  what\n")
    for defect in DEFECTS.values():
        if only and defect.name not in only:
            continue
        began, found = time.monotonic(), ""
        for seed in range(1, most + 1):
            violations = run(installation, seed, defect=defect.plant).violations
            if any(__package__.rsplit(".", 1)[-1] + "/planted.py" in str(one) for one in violations):
                raise SystemExit(f"{defect.name} fails by itself:\n{violations[0]}")
            sound = not violations or not run(installation, seed).violations
            if violations and sound:  # the same plan holds without the defect
                found = violations[0].rule
                break
        missed += not found
        told = f"{seed:>5}  {found:<6}" if found else f"{'-':>5}  {'missed':<6}"
        sys.stdout.write(f"{defect.name:<20} {told} {time.monotonic() - began:7.0f}  {defect.what}\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
