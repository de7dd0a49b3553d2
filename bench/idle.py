"""What companies that have nothing to do cost: CPU of a worker and its beat over a quiet while.

    python bench/idle.py [--companies 50] [--seconds 120]

Every company is switched on with live connections to the simulator and the readings that a live installation makes by
itself: Salesforce every minute or so; QuickBooks, whose reads are metered, on notices and once an hour. Counted is what
the kernel counts for the Celery processes, after they have started.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import ROOT, Installation, installation

SETTLING_S = 75.0
"""Starting up, and the first reading of every lane, are no part of being idle."""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--companies", type=int, default=50)
    words.add_argument("--seconds", type=float, default=120.0)
    chosen = words.parse_args()
    with installation(seed="empty") as place:
        for number in range(chosen.companies):
            _an_idle_company(place, number)
        place.start_worker(processes=2)
        _start_beat(place)
        time.sleep(SETTLING_S)
        before, began = place.usage().cpu, time.monotonic()
        time.sleep(chosen.seconds)
        used, gone = place.usage().cpu - before, time.monotonic() - began
    print(
        f"{chosen.companies} idle companies: {used:.2f} s CPU of worker and beat in {gone:.0f} s"
        f" = {100 * used / gone:.2f} % of one core"
    )


def _an_idle_company(place: Installation, number: int) -> None:
    """A company whose first load is done: it had nothing to load."""
    from syncapp.models import Connection, Integration

    spine = _connected(place, number)
    spine.first_load()
    assert Integration.all_companies.get(pk=spine.integration.pk).switched_on_at is not None
    assert Connection.all_companies.filter(company=spine.company, status="live").count() == 2


def _connected(place: Installation, number: int) -> Any:
    """Connections are one per org and realm; here all lead to the same empty ones under names of their own."""
    from syncapp.models import Connection
    from tests.services.spine import connect

    Connection.all_companies.filter(remote_id__in=_remote_ids(place)).update(remote_id=f"idle-{number}")
    return connect(place.sim)


def _remote_ids(place: Installation) -> list[str]:
    return [place.sim.salesforce.credentials()["org_id"], place.sim.quickbooks.credentials()["realm_id"]]


def _start_beat(place: Installation) -> None:
    command = [sys.executable, "-m", "celery", "-A", "portal", "beat", "--pidfile=", "-l", "WARNING"]
    schedule = ["--schedule", str(place.folder / "schedule")]
    with (place.folder / "workers.log").open("ab") as log:
        place.workers.append(
            subprocess.Popen([*command, *schedule], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        )


if __name__ == "__main__":
    main()
