"""The whole installation as a subprocess: what `make run` starts, on free ports and with a data folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.local.installation import READY
from portal.local.ports import free_port
from portal.local.processes import die_with_parent
from portal.local.testing import RUN_FOLDER

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300  # seconds until everything runs; a busy machine with a cold cache needs them


@dataclass
class Stack:
    """A running installation."""

    data_dir: Path
    port: int
    salesforce_port: int
    quickbooks_port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def salesforce_url(self) -> str:
        return f"http://127.0.0.1:{self.salesforce_port}"

    @property
    def quickbooks_url(self) -> str:
        return f"http://127.0.0.1:{self.quickbooks_port}"

    @property
    def sign_in(self) -> Mapping[str, str] | None:
        """E-mail and password of the demo person; None without demo."""
        found: Mapping[str, str] | None = json.loads((self.data_dir / READY).read_text())["sign_in"]
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a command that should work on this installation, such as manage.py."""
        lines = (self.data_dir / "local.env").read_text().splitlines()
        own = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        return {**_clean_environment(), **own}

    def manage(self, *arguments: str) -> str:
        """Output of a manage.py command on this installation; fails with its error."""
        command = [sys.executable, "manage.py", *arguments]
        answer = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    def get(self, path: str) -> Any:
        """JSON of a page of the portal."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return json.load(answer)

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """End it as a person would; its exit code."""
        self.process.send_signal(signum)
        return self.process.wait(90)


@contextmanager
def running(data_dir: Path | None = None, *arguments: str, **variables: str) -> Iterator[Stack]:
    """Start an installation, wait until it is ready, end it. Without a `data_dir` nothing of it is kept."""
    folder = data_dir or temporary_folder()
    log = folder / "log"
    try:
        stack = start(folder, log, *arguments, **variables)
        try:
            _wait(stack)
            yield stack
        finally:
            if stack.process.poll() is None:
                stack.stop()
    finally:
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


def temporary_folder() -> Path:
    """A data folder that root's PostgreSQL, running as nobody, can reach (pytest's own are private)."""
    folder = Path(tempfile.mkdtemp(prefix="ledgerbridge-stack-"))
    folder.chmod(0o711)
    return folder


def start(data_dir: Path, log: Path, *arguments: str, **variables: str) -> Stack:
    """Start an installation without waiting for it."""
    ports = {name: free_port() for name in ("PORT", "SIM_SALESFORCE_PORT", "SIM_QUICKBOOKS_PORT")}
    (data_dir / READY).unlink(missing_ok=True)  # of an earlier run that was killed
    chosen = {**{name: str(port) for name, port in ports.items()}, **variables}
    environment = {**_clean_environment(), "DEBUG": "1", "DATA_DIR": str(data_dir), **chosen}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "portal_up", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call: a killed test run leaves nothing behind
        )
    numbers = [int(chosen[name]) for name in ports]
    return Stack(data_dir, *numbers, process=process, log=log)


def _wait(stack: Stack) -> None:
    deadline = time.monotonic() + PATIENCE
    while not (stack.data_dir / READY).exists():
        if stack.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the installation did not start:\n{stack.log.read_text()[-6000:]}")
        time.sleep(0.1)


def _clean_environment() -> dict[str, str]:
    """This process's environment without what the test run chose for itself."""
    ours = {
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "FIELD_ENCRYPTION_KEYS",
        "DATA_DIR",
        "DEBUG",
        "EMAIL_URL",
    }
    ours |= {RUN_FOLDER, "MAKELEVEL", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return {name: value for name, value in os.environ.items() if name not in ours}
