"""A throwaway installation for benchmarks: own PostgreSQL and Valkey, a simulator in its own process, real workers.

Nothing here is timed; `processes` reads what the kernel counts of each process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.simulator.testing import Simulator, simulator_process
from portal.local.postgres import Postgres
from portal.local.processes import die_with_parent, end, spawn
from portal.local.secrets import LocalSecrets
from portal.local.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_KIB = 1024


@dataclass
class Usage:
    """What one family of processes used: seconds of CPU and peak memory of its largest member in MiB."""

    cpu: float
    peak_mib: float


@dataclass
class Installation:
    """Servers that run, and the workers started on them."""

    sim: Simulator
    folder: Path
    cluster: Path
    """PostgreSQL's data."""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(
        self, queues: str = "interactive,bulk,system", processes: int = 2, *, before: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """One Celery worker with so many processes for work, on these queues; `before` begins its command."""
        options = ["-c", str(processes), "-Q", queues, "-l", "WARNING"]
        options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]  # as it is run
        command = [*before, sys.executable, "-m", "celery", "-A", "portal", "worker", *options]
        with (self.folder / "workers.log").open("ab") as log:
            worker = spawn(command, folder=ROOT, output=log)
        self.workers.append(worker)
        return worker

    def stop_workers(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            end(worker, [(signal.SIGTERM, 60)])
        self.workers.clear()

    def usage(self) -> Usage:
        """CPU and peak memory of all workers and their children so far."""
        found = [_usage(pid) for worker in self.workers for pid in _family(worker.pid)]
        return Usage(sum(one.cpu for one in found), max((one.peak_mib for one in found), default=0.0))

    def database_cpu(self) -> float:
        """CPU of PostgreSQL so far: its processes, and the sessions that have ended."""
        server = int((self.cluster / "postmaster.pid").read_text().splitlines()[0])
        ended = sum(int(ticks) for ticks in _stat(server)[13:15]) / TICKS
        return ended + sum(_usage(pid).cpu for pid in _family(server))


@contextmanager
def installation(**simulator: Any) -> Iterator[Installation]:
    """Start the servers, migrate, and start a simulator with these options (seed, latency, limits …).

    All of it ends with this process: orderly on Ctrl-C and SIGTERM, by the kernel's word when it is killed.
    """
    _end_on_signals()
    folder = Path(tempfile.mkdtemp(prefix="ledgerbridge-bench-"))
    folder.chmod(0o711)
    secrets = LocalSecrets.generate()
    postgres = Postgres(folder / "postgres", secrets.postgres_admin, secrets.postgres_app)
    valkey = Valkey(folder / "valkey", secrets.valkey)
    made: Installation | None = None
    try:
        postgres.start()
        valkey.start()
        _environment(folder, postgres, valkey, simulator.get("limits", "off"))
        with simulator_process(die_with_parent, state=str(folder / "simulator.db"), **simulator) as sim:
            os.environ["SIM_SALESFORCE_PORT"] = sim.salesforce.url.rsplit(":", 1)[1]
            os.environ["SIM_QUICKBOOKS_PORT"] = sim.quickbooks.url.rsplit(":", 1)[1]
            _django()
            made = Installation(sim, folder, postgres.data)
            yield made
            made.stop_workers()
    finally:
        if made is not None:
            made.stop_workers()
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _end_on_signals() -> None:
    """Make both signals unwind the stack once, so that what was started is stopped; a second one does not disturb that.
    A shell starts what it puts into the background with SIGINT ignored, so this one is set too."""

    def unwind(signum: int, _frame: Any) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + signum)

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, unwind)


def _environment(folder: Path, postgres: Postgres, valkey: Valkey, limits: str) -> None:
    import base64

    os.environ |= {
        "DEBUG": "1",
        "SIM_LIMITS": limits,
        "DATA_DIR": str(folder / "data"),
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey.url,
        "SECRET_KEY": "local-bench-" + "x" * 40,
        "FIELD_ENCRYPTION_KEYS": "local-bench:" + base64.b64encode(bytes(32)).decode(),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }


def _django() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)


def wait_for(what: str, done: Any, seconds: float) -> float:
    """Wait until `done()` is true; returns the seconds it took. Raises TimeoutError."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > seconds:
            raise TimeoutError(what)
        time.sleep(0.1)
    return time.monotonic() - began


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        found = [int(word) for word in children.read_text().split()]
    except FileNotFoundError:
        return []
    return [pid, *(grandchild for child in found for grandchild in _family(child))]


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def _usage(pid: int) -> Usage:
    try:
        stat = _stat(pid)
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return Usage(0.0, 0.0)
    peak = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
    return Usage((int(stat[11]) + int(stat[12])) / TICKS, peak / PAGE_KIB)
