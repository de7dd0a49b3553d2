"""What companies that have nothing to do cost: CPU of a worker and its beat over a quiet while, PostgreSQL's beside it.

    python bench/idle.py [--companies 50] [--seconds 120] [--requests]
    python bench/idle.py --companies 1000 --schedules 3 [--seconds 120]

Without `--schedules` every company is switched on with live connections to the simulator and the readings that a live
installation makes by itself: Salesforce once a minute; QuickBooks, whose reads are metered, on notices and once an
hour. With `--requests` each org also has QBO_Sync__c, which is looked at every 15 seconds. The limits are on, so that
every call is counted in Redis; the simulator speaks plain HTTP, so that no TLS is in the figure, and all companies
lead to one org, whose connections are kept open.

With `--schedules` no company is looked at: each has so many schedules, of which none is due within the while, and the
cursors of two connections, which are not due either. That leaves what the tick costs however much there is.

Counted is what the kernel counts for the processes, after they have started: worker and beat together (the figure that
has a limit for live companies), and PostgreSQL with its sessions (which joins it in the limit for schedules).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import ROOT, Installation, installation

SETTLING_S = 75.0
"""Starting up, and the first reading of every lane, are no part of being idle."""
STARTING_S = 15.0
"""The same where nothing is read."""
LANES = {"sf": ("fast", "trailing", "nightly"), "qbo": ("cdc",)}
OBJECTS = {"sf": ("Account", "Contact", "Product2"), "qbo": ("Customer", "Item", "Invoice")}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--companies", type=int, default=50)
    words.add_argument("--schedules", type=int, default=0)
    words.add_argument("--requests", action="store_true")
    words.add_argument("--seconds", type=float, default=120.0)
    chosen = words.parse_args()
    with installation(seed="empty", limits="real") as place:
        if chosen.schedules:
            _scheduled_companies(chosen.companies, chosen.schedules)
        else:
            for number in range(chosen.companies):
                _an_idle_company(place, number, chosen.requests)
        _close_own_sessions()
        place.start_worker(processes=2)
        _start_beat(place)
        time.sleep(STARTING_S if chosen.schedules else SETTLING_S)
        _measure(place, chosen.seconds, _name(chosen))


def _name(chosen: argparse.Namespace) -> str:
    if chosen.schedules:
        return f"{chosen.companies} companies with {chosen.schedules} schedules each"
    return f"{chosen.companies} idle companies" + (" that may be asked from Salesforce" * chosen.requests)


def _measure(place: Installation, seconds: float, name: str) -> None:
    workers, database, began = place.usage().cpu, place.database_cpu(), time.monotonic()
    time.sleep(seconds)
    gone = time.monotonic() - began
    workers, database = place.usage().cpu - workers, place.database_cpu() - database
    for what, used in (("worker and beat", workers), ("PostgreSQL", database)):
        print(f"{name}: {used:.2f} s CPU of {what} in {gone:.0f} s = {100 * used / gone:.2f} % of one core")


def _close_own_sessions() -> None:
    from django.db import connections

    connections.close_all()


# --- companies with live connections ---------------------------------------------------------------------------------


def _an_idle_company(place: Installation, number: int, requests: bool = False) -> None:
    """A company whose first load is done: it had nothing to load."""
    from syncapp.models import Connection, Integration
    from syncapp.services import sync_requests
    from syncapp.services.clients import salesforce_client
    from syncapp.tenancy import tenant

    spine = _connected(place, number)
    spine.first_load()
    assert Integration.all_companies.get(pk=spine.integration.pk).switched_on_at is not None
    assert Connection.all_companies.filter(company=spine.company, status="live").count() == 2
    if requests:
        with tenant(spine.company.pk):
            org = Connection.objects.get(side="sf")
            assert sync_requests.look_for(org, salesforce_client(org)), "no QBO_Sync__c"


def _connected(place: Installation, number: int) -> Any:
    """Connections are one per org and realm; here all lead to the same empty ones under names of their own."""
    from syncapp.models import Connection
    from tests.services.spine import connect

    Connection.all_companies.filter(remote_id__in=_remote_ids(place)).update(remote_id=f"idle-{number}")
    return connect(place.sim)


def _remote_ids(place: Installation) -> list[str]:
    return [place.sim.salesforce.credentials()["org_id"], place.sim.quickbooks.credentials()["realm_id"]]


# --- companies with schedules ----------------------------------------------------------------------------------------


def _scheduled_companies(count: int, schedules: int) -> None:
    from django.db import transaction

    with transaction.atomic():
        for _ in range(count):
            _scheduled_company(schedules)


def _scheduled_company(schedules: int) -> None:
    """A company whose schedules run at night and whose connections were just read."""
    from django.utils import timezone

    from syncapp.models import Cursor, Schedule
    from tests.builders import a_mapping

    mapping, now = a_mapping(rows=(), published_number=1, published=False, mode="schedule"), timezone.now()
    integration, company = mapping.integration, mapping.company
    Schedule.all_companies.bulk_create(
        Schedule(
            company=company,
            integration=integration,
            cadence="daily",
            at_time=(now + timedelta(hours=2 + number)).time(),
            next_at=now + timedelta(hours=2 + number),
        )
        for number in range(schedules)
    )
    Cursor.all_companies.bulk_create(
        Cursor(
            company=company, connection=connection, object=name, lane=lane, next_at=now + timedelta(hours=1)
        )
        for connection in (integration.salesforce, integration.quickbooks)
        for lane in LANES[connection.side]
        for name in OBJECTS[connection.side]
    )


def _start_beat(place: Installation) -> None:
    command = [sys.executable, "-m", "celery", "-A", "portal", "beat", "--pidfile=", "-l", "WARNING"]
    schedule = ["--schedule", str(place.folder / "schedule")]
    with (place.folder / "workers.log").open("ab") as log:
        place.workers.append(
            subprocess.Popen([*command, *schedule], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        )


if __name__ == "__main__":
    main()
