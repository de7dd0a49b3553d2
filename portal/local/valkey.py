"""A Valkey server of our own on loopback, for development and tests."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from portal.local.binaries import find_valkey
from portal.local.failure import LocalProblem
from portal.local.ports import LOOPBACK, free_port
from portal.local.processes import end, spawn
from portal.local.secrets import write_private


@dataclass
class Valkey:
    """One server behind a password. What it holds survives a restart, except in a `throwaway` one for tests."""

    home: Path
    password: str
    throwaway: bool = False
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address with password, database 0."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it answers. Raises LocalProblem with a sentence when it does not."""
        program = find_valkey()
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self.home / "valkey.log"
        settings = self.home / "valkey.conf"
        write_private(
            settings, self._settings()
        )  # a file, because arguments can be read by every user of the machine
        with log.open("wb") as output:
            self.process = spawn([str(program), str(settings)], output=output, folder=self.home)
        deadline = time.monotonic() + 30
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise LocalProblem(f"The local Valkey did not start; its log is {log}.")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server after it wrote what it holds."""
        if self.process is not None:
            end(self.process, [(signal.SIGTERM, 10)])
            self.process = None

    def _settings(self) -> str:
        keep = "no" if self.throwaway else "yes"
        lines = (
            f"port {self.port}",
            f"bind {LOOPBACK}",
            f"requirepass {self.password}",
            f'dir "{self.home}"',
            f"appendonly {keep}",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "databases 64",
            "daemonize no",
        )
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
