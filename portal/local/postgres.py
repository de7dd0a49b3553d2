"""A PostgreSQL server of our own on loopback, for development and tests."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg import sql

from portal.local.binaries import PostgresBinaries, find_postgres
from portal.local.failure import LocalProblem
from portal.local.ports import LOOPBACK, free_port
from portal.local.processes import UNPRIVILEGED, end, is_alive, spawn

ADMIN = "postgres"
APP = "app"
DATABASE = "ledgerbridge"
_FAST_AND_FORGETFUL = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "jit=off",
    "scram_iterations=1",  # workers sign in for every call they send; a password's strength is no subject here
)


@dataclass
class Postgres:
    """One server with one role for the program (no superuser, no way around row-level security).

    `home` holds the cluster. Root cannot run PostgreSQL, so for root it runs as `nobody`; where `nobody` cannot reach
    `home`, the cluster lives under /var/lib/ledgerbridge instead (`data` says where).
    """

    home: Path
    admin_password: str
    app_password: str
    throwaway: bool = False  # tests: nothing survives a power cut, everything is faster
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.as_nobody = os.geteuid() == 0
        self.log = self.home / "postgres.log"

    @property
    def base(self) -> Path:
        """The folder that holds cluster and copied programs."""
        return _base_folder(self.home) if self.as_nobody else self.home

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.base / "cluster"

    @property
    def url(self) -> str:
        """Address of the program's database, as its role."""
        return f"postgresql://{APP}:{self.app_password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Create the cluster if there is none, start the server, create role and database if missing.

        Raises LocalProblem with a sentence when that is not possible.
        """
        self.home.mkdir(mode=0o711 if self.as_nobody else 0o700, parents=True, exist_ok=True)
        self.base.mkdir(mode=0o711 if self.as_nobody else 0o700, parents=True, exist_ok=True)
        binaries = self._binaries()
        if not self.data.exists():
            self._create_cluster(binaries)
        self._refuse_other_version(binaries)
        self._stop_orphan()
        self._launch(binaries)
        self._ensure_role_and_database()

    def stop(self) -> None:
        """Stop the server: SIGINT is PostgreSQL's fast shutdown, everything committed is safe."""
        if self.process is not None:
            end(self.process, [(signal.SIGINT, 20), (signal.SIGQUIT, 5)])
            self.process = None

    def administer(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the superuser, for creating databases; the program never gets one."""
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=ADMIN,
            password=self.admin_password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        )

    def _binaries(self) -> PostgresBinaries:
        binaries = find_postgres()
        if self.as_nobody and binaries.parts and not _everyone_reaches(binaries.postgres):
            return binaries.copied_to(self.base / "programs")
        return binaries

    def _create_cluster(self, binaries: PostgresBinaries) -> None:
        fresh = self.base / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self.base, prefix="initdb-") as password:
            password.write(self.admin_password + "\n")
            password.flush()
            if self.as_nobody:
                _give_to_nobody(fresh, Path(password.name))
            command = [
                str(binaries.initdb),
                "-D",
                str(fresh),
                "-U",
                ADMIN,
                "-A",
                "scram-sha-256",
                f"--pwfile={password.name}",
                "--locale=C",
                "-E",
                "UTF8",
            ]
            if self.throwaway:
                command.append("--no-sync")
            process = spawn(command, as_nobody=self.as_nobody, folder=self.base)
            output, _ = process.communicate()
        if process.returncode != 0:
            raise LocalProblem(
                f"PostgreSQL could not create its data folder {fresh}: {_last_line(output.decode())}"
            )
        fresh.rename(self.data)

    def _refuse_other_version(self, binaries: PostgresBinaries) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        answer = subprocess.run(
            [str(binaries.postgres), "--version"], capture_output=True, text=True, check=True
        )
        found = re.search(r"(\d+)", answer.stdout)
        if found and found.group(1) != made_by:
            raise LocalProblem(
                f"The data in {self.data} was made by PostgreSQL {made_by}, this environment has {found.group(1)}. "
                "Dump it with the old version, or delete the folder to start from nothing."
            )

    def _stop_orphan(self) -> None:
        """A server of an earlier run may have survived where the kernel does not end it with its parent (macOS)."""
        file = self.data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            pid = int(file.read_text().splitlines()[0])
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and str(self.data).encode() not in command.read_bytes():
                return
            os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + 20
            while is_alive(pid) and time.monotonic() < deadline:
                time.sleep(0.1)

    def _launch(self, binaries: PostgresBinaries) -> None:
        options = [
            f"port={self.port}",
            f"listen_addresses={LOOPBACK}",
            "unix_socket_directories=",
            "max_connections=200",
        ]
        options += _FAST_AND_FORGETFUL if self.throwaway else ()
        command = [str(binaries.postgres), "-D", str(self.data)]
        for option in options:
            command += ["-c", option]
        with self.log.open("wb") as log:
            self.process = spawn(
                command, output=log, as_nobody=self.as_nobody, folder=self.base, parent_death=signal.SIGINT
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise LocalProblem(
                    f"The local PostgreSQL did not start: {_last_line(self.log.read_text())} ({self.log})"
                )
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            self.administer().close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                self.stop()
                raise LocalProblem(
                    f"The passwords in {self.home.parent / 'secrets.json'} do not fit the database in {self.data}. "
                    "Restore the file, or delete both to start from nothing."
                ) from None
            return False
        return True

    def _ensure_role_and_database(self) -> None:
        with self.administer() as connection:
            if not connection.execute("select 1 from pg_roles where rolname = %s", [APP]).fetchone():
                rights = "login nosuperuser nobypassrls nocreaterole"
                rights += " createdb" if self.throwaway else " nocreatedb"
                connection.execute(sql.SQL(f"create role {APP} {rights}"))
            connection.execute(
                sql.SQL("alter role {} password {}").format(
                    sql.Identifier(APP), sql.Literal(self.app_password)
                )
            )
            if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                connection.execute(
                    sql.SQL("create database {} owner {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(APP)
                    )
                )


def _base_folder(home: Path) -> Path:
    """`home` when everybody may walk to it, else a folder of its own in the machine's place for such data."""
    if _everyone_reaches(home):
        return home
    return Path("/var/lib/ledgerbridge") / sha256(str(home).encode()).hexdigest()[:12]


def _everyone_reaches(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def _give_to_nobody(*paths: Path) -> None:
    account = pwd.getpwnam(UNPRIVILEGED)
    for path in paths:
        os.chown(path, account.pw_uid, account.pw_gid)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
