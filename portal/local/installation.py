"""One whole installation on this machine: the two servers, the simulator and the portal's processes."""

from __future__ import annotations

import fcntl
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from portal.local import programs
from portal.local.failure import LocalProblem
from portal.local.ports import LOOPBACK, is_taken
from portal.local.postgres import Postgres
from portal.local.programs import Plan
from portal.local.secrets import LocalSecrets, write_local_environment, write_private
from portal.local.supervisor import Supervisor, say
from portal.local.valkey import Valkey

READY = (
    "ready.json"  # in the data folder while everything runs: {"url": ..., "sign_in": {"email", "password"}}
)


class Installation:
    """Starts everything in order, keeps it running and ends it in the reverse order.

    Every obstacle that a person can remove raises LocalProblem with a sentence.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._servers: list[Postgres | Valkey] = []
        self._lock: TextIO | None = None

    def run(self) -> None:
        """Start, announce, watch, stop. Returns after SIGINT, SIGTERM or SIGHUP, when every process has ended."""
        plan = self._plan
        self._make_data_dir()
        self._lock = _take_lock(plan.data_dir)
        (plan.data_dir / READY).unlink(missing_ok=True)
        _refuse_taken_ports(plan)
        supervisor = Supervisor(environment := {}, plan.root)
        supervisor.listen()
        try:
            environment.update(self._start_servers())
            self._start_portal(supervisor)
            supervisor.watch()
        finally:
            supervisor.stop()
            for server in reversed(self._servers):
                server.stop()
            self._forget_servers()
            say("stopped; the data stays in " + str(plan.data_dir))

    def _make_data_dir(self) -> None:
        folder = self._plan.data_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "mails").mkdir(exist_ok=True)
        except OSError as error:
            raise LocalProblem(
                f"The data folder {folder} cannot be used: {error.strerror}. DATA_DIR names another."
            ) from error

    def _start_servers(self) -> dict[str, str]:
        """Start the servers that are not given, and return the environment of all programs."""
        data_dir = self._plan.data_dir
        secrets = LocalSecrets.of(data_dir)
        variables = self._variables(secrets)
        if not variables.get("DATABASE_URL"):
            postgres = Postgres(data_dir / "postgres", secrets.postgres_admin, secrets.postgres_app)
            self._begin(postgres, "PostgreSQL")
            variables["DATABASE_URL"] = postgres.url
        if not variables.get("REDIS_URL"):
            valkey = Valkey(data_dir / "valkey", secrets.valkey)
            self._begin(valkey, "Valkey")
            variables["REDIS_URL"] = valkey.url
        write_local_environment(data_dir, variables)
        return {**os.environ, **variables, "PYTHONUNBUFFERED": "1"}

    def _begin(self, server: Postgres | Valkey, name: str) -> None:
        self._servers.append(server)
        server.start()
        say(f"{name} on {LOOPBACK}:{server.port}")

    def _variables(self, secrets: LocalSecrets) -> dict[str, str]:
        plan = self._plan
        return {
            "DEBUG": "1",
            "DATA_DIR": str(plan.data_dir),
            "PORT": str(plan.port),
            "BASE_URL": plan.base_url,
            "SIM_SALESFORCE_PORT": str(plan.salesforce_port),
            "SIM_QUICKBOOKS_PORT": str(plan.quickbooks_port),
            "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.secret_key,
            "FIELD_ENCRYPTION_KEYS": os.environ.get("FIELD_ENCRYPTION_KEYS") or secrets.field_keys,
            "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
            "REDIS_URL": os.environ.get("REDIS_URL", ""),
        }

    def _start_portal(self, supervisor: Supervisor) -> None:
        plan = self._plan
        supervisor.start(programs.simulator(plan))  # seeds its services while the database is migrated
        migrate = supervisor.run(programs.python("manage.py migrate --no-input -v 0"), "migrate")
        if not _succeeded(migrate, "Migrating the database"):
            return
        for program in (
            programs.web(plan),
            *(programs.worker(work) for work in programs.QUEUES),
            programs.beat(plan),
        ):
            supervisor.start(program)
        self._await(supervisor, plan.salesforce_port, "/_sim/credentials", "The simulator")
        self._await(supervisor, plan.quickbooks_port, "/_sim/credentials", "The simulator")
        sign_in = self._demo(supervisor) if plan.demo and not supervisor.stopping else None
        self._await(supervisor, plan.port, "/healthz", "The portal")
        if not supervisor.stopping:
            _announce(plan, sign_in)

    def _await(self, supervisor: Supervisor, port: int, path: str, name: str) -> None:
        if not supervisor.wait_until(lambda: _answers(port, path), 90) and not supervisor.stopping:
            raise LocalProblem(
                f"{name} did not answer within 90 s at http://{LOOPBACK}:{port}{path} (see its lines above)."
            )

    def _demo(self, supervisor: Supervisor) -> Mapping[str, Any] | None:
        """Make sure that the demo company is there; gives its sign-in."""
        result = self._plan.data_dir / "demo.json"
        result.unlink(missing_ok=True)
        code = supervisor.run(programs.python("manage.py demo --output", str(result)), "demo")
        if not _succeeded(code, "Preparing the demo company") or not result.exists():
            return None
        return dict(json.loads(result.read_text()))

    def _forget_servers(self) -> None:
        """Other commands in this folder no longer find the servers that have just ended."""
        with suppress(LocalProblem, OSError):
            (self._plan.data_dir / READY).unlink(missing_ok=True)
            variables = self._variables(LocalSecrets.of(self._plan.data_dir))
            write_local_environment(
                self._plan.data_dir, {name: value for name, value in variables.items() if value}
            )


def _take_lock(data_dir: Path) -> TextIO:
    file = (data_dir / "running").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        raise LocalProblem(
            f"Ledgerbridge already runs from this folder (process {file.read().strip() or 'unknown'}, data in "
            f"{data_dir}). Stop it first, or start a second one with another DATA_DIR, PORT, SIM_SALESFORCE_PORT and "
            "SIM_QUICKBOOKS_PORT."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _refuse_taken_ports(plan: Plan) -> None:
    wanted = {
        "PORT": plan.port,
        "SIM_SALESFORCE_PORT": plan.salesforce_port,
        "SIM_QUICKBOOKS_PORT": plan.quickbooks_port,
    }
    if len(set(wanted.values())) < len(wanted):
        raise LocalProblem("PORT, SIM_SALESFORCE_PORT and SIM_QUICKBOOKS_PORT must be three different ports.")
    if taken := {name: port for name, port in wanted.items() if is_taken(port)}:
        used = " and ".join(f"{port} ({name})" for name, port in taken.items())
        example = " ".join(f"{name}={port + 10}" for name, port in taken.items())
        ports = "Port" if len(taken) == 1 else "Ports"
        verb = "is" if len(taken) == 1 else "are"
        raise LocalProblem(
            f"{ports} {used} {verb} used by another program. Stop it, or choose: {example} make run"
        )


def _succeeded(code: int | None, what: str) -> bool:
    if code:
        raise LocalProblem(f"{what} failed (see the lines above).")
    return code == 0


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _announce(plan: Plan, sign_in: Mapping[str, Any] | None) -> None:
    lines = ["", f"  Ledgerbridge   {plan.base_url}"]
    if sign_in:
        lines.append(f"  Sign in        {sign_in['email']}   password   {sign_in['password']}")
    lines += [
        f"  Simulator      Salesforce http://localhost:{plan.salesforce_port}   QuickBooks http://localhost:{plan.quickbooks_port}",
        "  Ctrl-C ends all of it.",
        "",
    ]
    for line in lines:
        say(line)
    write_private(plan.data_dir / READY, json.dumps({"url": plan.base_url, "sign_in": sign_in}))
