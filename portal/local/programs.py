"""The programs of an installation: how each is started and how long it may take to stop."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from portal.local.ports import LOOPBACK
from portal.local.supervisor import Program

# At 200 webhooks a second a process is replaced every few minutes: forked from one that has loaded everything
# (--preload), it takes over at once instead of after seconds of a whole core.
WEB = (
    "--workers 2 --threads 4 --max-requests 20000 --max-requests-jitter 2000"
    " --timeout 60 --graceful-timeout 5 --no-control-socket"
)
# What a person waits for finds processes that take nothing else: reading a large company's changes may last minutes.
QUEUES = {"interactive": "interactive", "system": "system", "bulk": "bulk,system"}
# On a full machine the background gives way to people.
BACKGROUND = ("nice", "-n", "10")
# Work in flight is protected by leases, so a worker that does not finish in time may be cut off.
_WORKER_STOP = ((signal.SIGTERM, 10.0), (signal.SIGQUIT, 5.0))


@dataclass(frozen=True)
class Plan:
    """What to start and where."""

    root: Path  # the checkout
    data_dir: Path
    port: int
    salesforce_port: int
    quickbooks_port: int
    seed: str
    base_url: str
    demo: bool = True
    reload: bool = False


def python(arguments: str, *more: str) -> tuple[str, ...]:
    """A command of this environment's Python; `arguments` is split at blanks, `more` is taken as it is."""
    return (sys.executable, *arguments.split(), *more)


def simulator(plan: Plan) -> Program:
    """Both stand-ins, with their state in the data folder."""
    options = f"--salesforce-port {plan.salesforce_port} --quickbooks-port {plan.quickbooks_port} --seed {plan.seed}"
    state = str(plan.data_dir / "simulator.db")
    # stops last: a worker that finishes its call must still be answered
    return Program("simulator", python(f"-m connectors.simulator {options} --state", state), stage=0)


def web(plan: Plan) -> Program:
    """The portal's web server."""
    start = "--reload" if plan.reload else "--preload"
    bind = f"--bind {LOOPBACK}:{plan.port}"
    return Program("web", python(f"-m gunicorn portal.wsgi {bind} {WEB} {start} --log-level warning"))


def worker(work: str) -> Program:
    """The worker for one kind of work, a key of QUEUES."""
    alone = "--without-gossip --without-mingle --without-heartbeat"  # workers meet in the database
    options = f"--queues {QUEUES[work]} --hostname {work}@%h --concurrency 2 {alone}"
    command = _celery(f"worker {options}")
    return Program(f"worker-{work[:5]}", (*BACKGROUND, *command) if work == "bulk" else command, _WORKER_STOP)


def beat(plan: Plan) -> Program:
    """The one clock that rings the tick."""
    folder = plan.data_dir / "beat"
    folder.mkdir(exist_ok=True)
    return Program("beat", _celery("beat --pidfile= --schedule", str(folder / "schedule")))


def _celery(arguments: str, *more: str) -> tuple[str, ...]:
    command, _, options = arguments.partition(" ")
    # as root Celery warns of being root with every start; a trial on one's own machine may be
    quiet = (sys.executable, "-W", "ignore:You're running the worker")
    return (*quiet, *f"-m celery --app portal --quiet {command} --loglevel warning {options}".split(), *more)
