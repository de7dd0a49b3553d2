"""How fast the simulator is, so that it is never what another benchmark measures.

    python bench/simulator.py [--only quickbooks|salesforce] [--seed 100000]

Prints: time to start and seed, single reads and writes a second over one kept connection, a batch of 30 creates,
a page of 1,000 rows, and the memory of the simulator's process. The targets stand beside the figures.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from connectors.simulator.testing import Side, Simulator, simulator_process

SECONDS = 3.0


class Wire:
    """One kept connection with a token."""

    def __init__(self, side: Side) -> None:
        self.known = side.credentials()
        self._connection = http.client.HTTPConnection(urlsplit(side.url).netloc, timeout=60)

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {
            "Authorization": f"Bearer {self.known['access_token']}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise SystemExit(f"{method} {path}: {response.status} {content[:300]!r}")
        return content


class Gauge:
    """Measures what the simulator's process itself needs: on a busy machine wall time says little."""

    def __init__(self, sim: Simulator) -> None:
        self._stat = Path(f"/proc/{sim.process.pid}/stat") if sim.process else None

    def cpu(self) -> float:
        """Seconds of processor time that the process has used."""
        if self._stat is None:
            return 0.0
        fields = self._stat.read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def run(self, label: str, do: Callable[[int], object], per_call: int, target: str) -> None:
        """Do it for some seconds; show wall and processor time for one call (or calls a second)."""
        number, began, cpu = 0, time.perf_counter(), self.cpu()
        while time.perf_counter() - began < SECONDS:
            do(number)
            number += 1
        wall, used = time.perf_counter() - began, max(self.cpu() - cpu, 0.001)
        if per_call:
            show(
                label, f"{wall / number * 1000:.1f} ms", f"{used / number * 1000:.1f} ms of a core   {target}"
            )
        else:
            show(label, f"{number / wall:.0f}/s", f"{number / used:.0f}/s on one core   {target}")


def memory_mib(sim: Simulator) -> str:
    if sim.process is None:
        return "?"
    status = Path(f"/proc/{sim.process.pid}/status").read_text()
    found = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return f"{int(found.split()[1]) / 1024:.0f} MiB at most"


def show(label: str, figure: str, target: str = "") -> None:
    print(f"{label:<46} {figure:>18}   {target}")


def quickbooks(side: Side, gauge: Gauge) -> None:
    wire = Wire(side)
    base = f"/v3/company/{wire.known['realm_id']}"

    def read(_: int) -> None:
        wire.call("GET", f"{base}/customer/1")

    def single(number: int) -> None:
        wire.call("POST", f"{base}/customer", json.dumps({"DisplayName": f"Single {number}"}).encode())

    def batch(number: int) -> None:
        items = [
            {"bId": str(n), "operation": "create", "Customer": _customer(f"Batch {number} {n}")}
            for n in range(30)
        ]
        body = json.dumps({"BatchItemRequest": items}).encode()
        wire.call("POST", f"{base}/batch?requestid=bench-{number}", body)

    statement = quote("select * from Customer where Active in (true, false) orderby Id maxresults 1000")

    def page(_: int) -> None:
        wire.call("GET", f"{base}/query?query={statement}")

    gauge.run("QuickBooks: reads by id", read, 0, ">= 1000/s")
    gauge.run("QuickBooks: single creates", single, 0, ">= 1000/s")
    gauge.run("QuickBooks: batch of 30 creates", batch, 1, "<= 25 ms")
    gauge.run("QuickBooks: page of 1000 customers", page, 1, "")


def _customer(name: str) -> dict[str, Any]:
    address = {"Line1": "1 Main St.", "City": "Reno", "CountrySubDivisionCode": "NV", "PostalCode": "89501"}
    return {
        "DisplayName": name,
        "CompanyName": name,
        "PrimaryPhone": {"FreeFormNumber": "(775) 555-0100"},
        "PrimaryEmailAddr": {"Address": "office@example.com"},
        "BillAddr": address,
        "ShipAddr": address,
    }


def salesforce(side: Side, gauge: Gauge) -> None:
    wire = Wire(side)
    base = "/services/data/v60.0"
    soql = quote("SELECT Id, Name, Phone FROM Account ORDER BY Id LIMIT 1")

    def read(_: int) -> None:
        wire.call("GET", f"{base}/query?q={soql}")

    def single(number: int) -> None:
        wire.call("POST", f"{base}/sobjects/Account", json.dumps({"Name": f"Single {number}"}).encode())

    def composite(number: int) -> None:
        parts = [
            {
                "method": "POST",
                "url": f"{base}/composite/sobjects",
                "referenceId": f"part{part}",
                "body": {
                    "records": [
                        {"attributes": {"type": "Account"}, "Name": f"Many {number} {part} {row}"}
                        for row in range(200)
                    ]
                },
            }
            for part in range(5)
        ]
        answer = wire.call("POST", f"{base}/composite", json.dumps({"compositeRequest": parts}).encode())
        if answer.count(b'"success":true') != 1000:
            raise SystemExit(f"composite: {answer[:300]!r}")

    gauge.run("Salesforce: queries of one row", read, 0, ">= 1000/s")
    gauge.run("Salesforce: single creates", single, 0, ">= 1000/s")
    gauge.run("Salesforce: composite of 5 x 200 creates", composite, 1, "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("quickbooks", "salesforce"), default="")
    parser.add_argument("--seed", default="1000")
    options = parser.parse_args()
    began = time.perf_counter()
    with simulator_process(seed=options.seed, **({"only": options.only} if options.only else {})) as sim:
        sides = [side for side in (sim.quickbooks, sim.salesforce) if side.url]
        for side in sides:
            side.credentials()  # answered once the seeding is done
        began, cpu = time.perf_counter() - began, Gauge(sim).cpu()
        show(f"start and seed {options.seed}", f"{began:.1f} s", f"{cpu:.1f} s of a core   100000: <= 60 s")
        show("memory after seeding", memory_mib(sim), "100000 a side: <= 600 MiB")
        if sim.quickbooks.url:
            quickbooks(sim.quickbooks, Gauge(sim))
        if sim.salesforce.url:
            salesforce(sim.salesforce, Gauge(sim))
        show("load average", " ".join(f"{one:.2f}" for one in os.getloadavg()))
        show("memory", memory_mib(sim), "100000 a side: <= 600 MiB")


if __name__ == "__main__":
    main()
