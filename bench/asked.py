"""From a QBO_Sync__c record in Salesforce to the invoice in QuickBooks, by outbound message, on real processes.

    python bench/asked.py [--count 20] [--latency real]

The account and the product are linked beforehand. Timed by the simulator's own log: from the moment that the request is
saved over there to the moment that QuickBooks accepts the invoice, and to the moment that the request says Processed.
Also what looking for requests costs while there are none: CPU of the worker per look.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import ROOT, Installation, installation, wait_for
from portal.local.processes import end, spawn

LOOKS = 100


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--count", type=int, default=20)
    words.add_argument("--latency", choices=("none", "real"), default="real")
    chosen = words.parse_args()
    with installation(seed="empty", latency=chosen.latency) as place:
        _measure(place, chosen.count)


def _measure(place: Installation, count: int) -> None:
    from tests.services.sales import DOCUMENTS, a_product, an_opportunity
    from tests.services.spine import connect

    spine = connect(place.sim, winner="sf", recipes=DOCUMENTS)
    line = {"PricebookEntryId": a_product(spine, "Cedar bench", "CB", 100), "Quantity": 1, "UnitPrice": 100}
    an_opportunity(spine, "First", line)
    spine.first_load()
    port, web = _web(place)
    place.start_worker("interactive,system", processes=2)
    try:
        _listen(spine, port)
        time.sleep(8)
        asked = []
        for number in range(count):
            made = an_opportunity(spine, f"Order {number}", line)
            asked.append(spine.make("QBO_Sync__c", Record_Id__c=made, QBO_Object__c="Invoice"))
            time.sleep(0.5)
        wait_for("all requests", lambda: _processed(spine) >= count, 120)
    finally:
        place.stop_workers()
        end(web, [(signal.SIGTERM, 10)])
    _print(spine, asked)
    _looks(spine)


def _web(place: Installation) -> tuple[int, Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "portal.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "4",
    ]
    with (place.folder / "web.log").open("ab") as log:
        return port, spawn(command, folder=ROOT, output=log)


def _listen(spine: Any, port: int) -> None:
    from syncapp.models import Connection
    from syncapp.services import org_messages, sync_requests
    from syncapp.services.clients import salesforce_client
    from syncapp.tenancy import tenant

    org = Connection.all_companies.get(company=spine.company, side="sf")
    with tenant(spine.company.pk):
        sync_requests.look_for(org, salesforce_client(org))
        org_messages.renew_address(org, spine.person)
    path = org_messages.address_of(org).partition("/hooks/")[2]
    spine.sim.salesforce.post(
        "webhooks", {"object": "QBO_Sync__c", "url": f"http://127.0.0.1:{port}/hooks/{path}"}
    )


def _processed(spine: Any) -> int:
    return len(spine.rows("SELECT Id FROM QBO_Sync__c WHERE Status__c = 'Processed'"))


def _print(spine: Any, asked: list[str]) -> None:
    saved, told = {}, {}
    for entry in spine.sim.salesforce.log():
        if entry["object"] == "QBO_Sync__c":
            saved.setdefault(entry["id"], _moment(entry["time"]))
            if entry["after"].get("Status__c") == "Processed":
                told[entry["id"]] = _moment(entry["time"])
    invoices = [_moment(one["time"]) for one in spine.sim.quickbooks.log() if one["object"] == "Invoice"]
    made = sorted(invoices)[-len(asked) :]
    to_invoice = [(at - saved[id_]).total_seconds() for id_, at in zip(asked, made, strict=True)]
    to_told = [(told[id_] - saved[id_]).total_seconds() for id_ in asked]
    for name, seconds in (("request -> invoice", to_invoice), ("request -> Processed", to_told)):
        most = sorted(seconds)[int(len(seconds) * 0.95) - 1]
        print(f"{name}: p50 {statistics.median(seconds):.2f} s, p95 {most:.2f} s, of {len(seconds)}")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _looks(spine: Any) -> None:
    from syncapp import tasks
    from syncapp.models import Connection

    org = str(Connection.all_companies.get(company=spine.company, side="sf").pk)
    tasks.take_requests(org)
    before = os.times()
    for _ in range(LOOKS):
        tasks.take_requests(org)
    after = os.times()
    used = after.user + after.system - before.user - before.system
    print(f"one look without news: {1000 * used / LOOKS:.1f} ms CPU")


if __name__ == "__main__":
    main()
