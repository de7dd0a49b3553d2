"""pytest plugin: a real PostgreSQL and a real Valkey for one test run.

Loaded by `addopts` in pyproject.toml, before Django's settings are. The process that a person starts chooses addresses
at once and puts them into the environment; the servers themselves start when a test first needs one (with `-n`, at the
start of the session, because every worker needs them). So `pytest tests/engine` starts nothing.

A migrated cluster is kept in var/tests, under a name made of all that decides its tables, and copied by later runs.

With DATABASE_URL or REDIS_URL in the environment those servers are used. On PostgreSQL the tests then make databases of
their own (the role needs CREATEDB) and drop them; on Redis worker n uses and EMPTIES the n-th database after the given.
"""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from portal.local.binaries import find_postgres
from portal.local.postgres import Postgres
from portal.local.secrets import LocalSecrets
from portal.local.valkey import Valkey

RUN_FOLDER = "LEDGERBRIDGE_TEST_RUN"
OWN_DATABASE = "LEDGERBRIDGE_TEST_OWN_DATABASE"
MIGRATED = "migrated"  # a file in the run's folder: the template is there
ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


class TestServers:
    """The servers of one run, started by the process that owns the run."""

    __test__ = False

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ledgerbridge-tests-"))
        self.folder.chmod(0o711)  # root's PostgreSQL runs as nobody and must be able to walk through
        self.kept = KeptCluster()
        secrets = self.kept.secrets() or LocalSecrets.generate()
        self.secrets = secrets
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        if not os.environ.get("DATABASE_URL"):
            home = self.folder / "postgres"
            self.postgres = Postgres(home, secrets.postgres_admin, secrets.postgres_app, throwaway=True)
            os.environ["DATABASE_URL"] = self.postgres.url
            os.environ[OWN_DATABASE] = "1"
        if not os.environ.get("REDIS_URL"):
            home = self.folder / "valkey"
            self.valkey = Valkey(home, secrets.valkey, throwaway=True)
            os.environ["REDIS_URL"] = self.valkey.url
        self.running = False

    def start(self) -> None:
        """Start what is ours to start; a second call does nothing."""
        if self.running:
            return
        self.running = True
        if self.postgres is not None and self.kept.copy_to(self.postgres):
            (self.folder / MIGRATED).touch()
        for server in (self.postgres, self.valkey):
            if server is not None:
                server.start()

    def stop(self) -> None:
        """Drop what this run made and end its servers."""
        if self.running:
            drop_databases()
            for server in (self.valkey, self.postgres):
                if server is not None:
                    server.stop()
            if self.postgres is not None and (self.folder / MIGRATED).exists():
                self.kept.keep(self.postgres, self.secrets)
        shutil.rmtree(self.folder, ignore_errors=True)


class KeptCluster:
    """A stopped, migrated cluster of an earlier run, with the passwords that belong to it."""

    def __init__(self) -> None:
        self._folder = ROOT / "var" / "tests" / _tables_digest()

    def secrets(self) -> LocalSecrets | None:
        """The passwords inside the kept cluster; None when there is none."""
        return LocalSecrets.of(self._folder) if (self._folder / "cluster").is_dir() else None

    def copy_to(self, server: Postgres) -> bool:
        """Give `server` a copy, before its first start; whether there was one."""
        if not (self._folder / "cluster").is_dir():
            return False
        server.base.mkdir(mode=0o711, parents=True, exist_ok=True)
        return _copy(self._folder / "cluster", server.data)

    def keep(self, server: Postgres, secrets: LocalSecrets) -> None:
        """Keep a stopped server's cluster for later runs; those of older tables go."""
        if self._folder.exists():
            return
        for old in self._folder.parent.glob("*"):
            shutil.rmtree(old, ignore_errors=True)
        fresh = self._folder.with_name(f"{self._folder.name}.{os.getpid()}")
        secrets.write(fresh)
        if _copy(server.data, fresh / "cluster"):
            with suppress(OSError):  # another run was faster
                fresh.rename(self._folder)


def _copy(source: Path, target: Path) -> bool:
    command = (
        ["cp", "--archive", str(source), str(target)]
        if sys.platform == "linux"
        else ["cp", "-Rp", str(source), str(target)]
    )
    if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return True
    shutil.rmtree(target, ignore_errors=True)
    return False


def _tables_digest() -> str:
    """Changes with our migrations, the libraries (theirs) and the server's version."""
    digest = sha256(find_postgres().folder.parent.name.encode())
    for file in (
        *sorted(ROOT.glob("*/**/migrations/*.py")),
        ROOT / "requirements.txt",
        ROOT / "requirements/local.txt",
    ):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _prepare_environment() -> TestServers | None:
    """Fill the environment that `portal.settings` reads; in the owner of the run also choose the servers."""
    servers = None
    if RUN_FOLDER not in os.environ:
        os.environ["DEBUG"] = "1"
        servers = TestServers()
        os.environ[RUN_FOLDER] = str(servers.folder)
        os.environ["DATA_DIR"] = str(servers.folder / "data")
        os.environ["SECRET_KEY"] = "local-tests-" + "x" * 40
        os.environ["FIELD_ENCRYPTION_KEYS"] = "local-tests:" + base64.b64encode(bytes(32)).decode()
        os.environ["EMAIL_URL"] = ""
    if WORKER:
        os.environ["REDIS_URL"] = _redis_of_worker(os.environ["REDIS_URL"])
    return servers


def _redis_of_worker(url: str) -> str:
    parts = urlsplit(url)
    base = int(parts.path.strip("/") or 0)
    number = base + 1 + int(WORKER.removeprefix("gw"))
    return urlunsplit(parts._replace(path=f"/{number}"))


SERVERS = _prepare_environment()


def ensure_servers() -> None:
    """Servers run from here on, whoever owns them."""
    if SERVERS is not None:
        SERVERS.start()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if SERVERS is not None and session.config.pluginmanager.hasplugin("dsession"):
        SERVERS.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if SERVERS is not None:
        SERVERS.stop()


# --- databases of one run ---


def run_name() -> str:
    """A name for databases that no other run uses."""
    return "test_" + Path(os.environ[RUN_FOLDER]).name.rsplit("-", 1)[-1].lower()


def template_name() -> str:
    """The migrated database that every worker clones (0.06 s against seconds of migrations)."""
    return "test_template" if OWN_DATABASE in os.environ else run_name() + "_template"


def worker_database() -> str:
    """The database of this process."""
    return f"{run_name()}_{WORKER or 'main'}"


@contextmanager
def one_at_a_time() -> Iterator[Path]:
    """Hold the run's lock among its workers; gives the run's folder."""
    folder = Path(os.environ[RUN_FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def create_database(name: str, template: str | None = None) -> None:
    """Create a database of the run, as a copy of `template` if given. Needs a role with CREATEDB."""
    source = sql.SQL(" template {}").format(sql.Identifier(template)) if template else sql.SQL("")
    with _administer() as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)) + source)


def drop_databases() -> None:
    """Drop every database of this run."""
    with _administer() as connection:
        found = connection.execute(
            "select datname from pg_database where starts_with(datname, %s)", [run_name() + "_"]
        ).fetchall()
        for (name,) in found:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _administer() -> psycopg.Connection[tuple[str]]:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
