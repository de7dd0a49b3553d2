"""The first load of N accounts: calls against the floor, metered reads, records a minute, CPU and memory of the worker.

    python bench/first_load.py --records 10000 [--latency real --limits real]

The floor (issue of the spine): Salesforce ceil(N/2000) reads + ceil(N/1000) composites; QuickBooks ceil((M+1)/1000)
reads + ceil(N/30) batches, for N accounts and M customers that were there before.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import Installation, Usage, installation, wait_for

PATIENCE = 7200.0


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--records", type=int, default=10_000)
    words.add_argument("--latency", choices=["none", "real"], default="none")
    words.add_argument("--limits", choices=["off", "real"], default="off")
    words.add_argument("--processes", type=int, default=2, help="processes of the one worker")
    chosen = words.parse_args()
    with installation(seed=str(chosen.records), latency=chosen.latency, limits=chosen.limits) as place:
        _measure(place, chosen)


def _measure(place: Installation, chosen: argparse.Namespace) -> None:
    from syncapp.models import Run
    from syncapp.services import setup
    from syncapp.tenancy import tenant
    from tests.services.spine import connect

    spine = connect(place.sim)
    place.start_worker(processes=chosen.processes)
    before = _calls(place)
    idle = place.usage()
    with tenant(spine.company.pk):
        scan = setup.begin_scan(spine.integration, spine.person)
    scanning = wait_for("the scan", lambda: _ended(Run, scan), PATIENCE)
    with tenant(spine.company.pk):
        plan = setup.plan(spine.integration)
        load = setup.switch_on(spine.integration, spine.person)
    began = time.monotonic()
    wait_for("the first load", lambda: _ended(Run, load), PATIENCE)
    loading = time.monotonic() - began
    load.refresh_from_db()
    _print(place, chosen, plan, load, scanning, loading, before, idle)


def _ended(model: Any, run: Any) -> bool:
    return str(model.all_companies.values_list("state", flat=True).get(pk=run.pk)) in (
        "done",
        "failed",
        "stopped",
    )


def _calls(place: Installation) -> Counter[tuple[str, str, str, bool]]:
    found: Counter[tuple[str, str, str, bool]] = Counter()
    for name, side in (("Salesforce", place.sim.salesforce), ("QuickBooks", place.sim.quickbooks)):
        for row in side.calls()["calls"]:
            found[name, row["method"], row["endpoint"], bool(row["metered"])] += row["count"]
    return found


def _print(
    place: Installation,
    chosen: argparse.Namespace,
    plan: Any,
    load: Any,
    scanning: float,
    loading: float,
    before: Counter[Any],
    idle: Usage,
) -> None:
    made = _calls(place) - before
    used = place.usage()
    written = load.created_count + load.updated_count
    there = plan.scanned_qbo
    floor = (
        math.ceil(chosen.records / 2000)
        + math.ceil(chosen.records / 1000)
        + math.ceil((there + 1) / 1000)
        + math.ceil(written / 30)
    )
    total = sum(made.values())
    print(
        f"records {chosen.records}, one worker of {chosen.processes} processes,"
        f" latency {chosen.latency}, limits {chosen.limits}"
    )
    print(
        f"plan: linked {plan.linked}, alike {plan.alike}, new {plan.new_qbo} + {plan.new_sf}, skipped {plan.skipped}"
    )
    print(
        f"run {load.state}: created {load.created_count}, updated {load.updated_count}, linked {load.linked_count},"
        f" unchanged {load.unchanged_count}, skipped {load.skipped_count}, asked {load.asked_count},"
        f" waiting {load.waiting_count}, failed {load.failed_count}"
    )
    for (system, method, endpoint, metered), count in sorted(made.items()):
        mark = "metered" if metered and system == "QuickBooks" else ""
        print(f"  {system:10} {method:6} {endpoint:60} {count:6} {mark}")
    print(f"calls {total}, floor {floor}, allowed {math.floor(floor * 1.1 + 2)}")
    metered = sum(count for key, count in made.items() if key[0] == "QuickBooks" and key[3])
    print(f"metered QuickBooks reads {metered} (customers there before: {there})")
    print(
        f"scan {scanning:.1f} s, load {loading:.1f} s: {written / loading:.0f} records/s written,"
        f" {60 * written / loading:.0f} a minute"
    )
    if chosen.limits == "real":
        batches = sum(count for key, count in made.items() if key[2].endswith("/batch"))
        print(f"batches {batches} in {loading:.0f} s: {60 * batches / loading:.1f} a minute of 38 allowed")
    cpu = used.cpu - idle.cpu
    print(
        f"worker CPU {cpu:.1f} s = {1000 * cpu / max(1, written):.2f} ms a record (scan and plan included),"
        f" peak memory {used.peak_mib:.0f} MiB"
    )


if __name__ == "__main__":
    main()
