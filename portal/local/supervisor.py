"""Keeps a list of programs running: prefixed log, restart with back-off, ordered stop."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from portal.local.processes import end, kill_group, spawn

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_STABLE = 60.0  # seconds after which a program counts as healthy and its next pause is short again
_LOOK = 0.2

_print_lock = threading.Lock()


def say(text: str, name: str = "ledgerbridge", width: int = 12) -> None:
    """Print one prefixed line; a closed terminal is no reason to fail."""
    with _print_lock, contextlib.suppress(BrokenPipeError, ValueError):
        sys.stdout.write(f"{name:<{width}} | {text}".rstrip() + "\n")
        sys.stdout.flush()


@dataclass(frozen=True)
class Program:
    """One program to keep running.

    `stop`: signals and the seconds each of them gets; then comes SIGKILL. Programs of the highest `stage` stop first,
    all of a stage at the same time.
    """

    name: str
    command: tuple[str, ...]
    stop: tuple[tuple[int, float], ...] = ((signal.SIGTERM, 10.0),)
    stage: int = 1


class Child:
    """A program with its current process."""

    def __init__(self, program: Program, environment: Mapping[str, str], folder: Path) -> None:
        self.program = program
        self._environment = environment
        self._folder = folder
        self._pause = _FIRST_PAUSE
        self._began = 0.0
        self._again_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._began = time.monotonic()
        self.process = spawn(self.program.command, environment=self._environment, folder=self._folder)
        assert self.process.stdout is not None  # noqa: S101 - spawn opens a pipe
        threading.Thread(
            target=_copy_lines, args=(self.process.stdout, self.program.name), daemon=True
        ).start()

    def look(self) -> None:
        """Notice that the process ended, and start it again when its pause is over."""
        now = time.monotonic()
        if self.process is None:
            if now >= self._again_at:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        kill_group(self.process)
        self.process = None
        if now - self._began > _STABLE:
            self._pause = _FIRST_PAUSE
        self._again_at = now + self._pause
        say(f"{self.program.name} ended ({_reason(code)}); starting it again in {self._pause:.0f} s")
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def ask_to_stop(self) -> None:
        """Send the first of the stop signals, without waiting."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.program.stop[0][0])

    def stop(self, *, at_once: Callable[[], bool]) -> None:
        """End the process that was asked to stop; `at_once` true means a person is out of patience."""
        if self.process is None:
            return
        for number, (signum, seconds) in enumerate(self.program.stop):
            if at_once():
                break
            _signal_and_wait(self.process, signum if number else None, seconds, at_once)
        kill_group(self.process)
        self.process = None


class Supervisor:
    """Runs programs until SIGINT, SIGTERM or SIGHUP; starts in the order of calls, stops stage by stage."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._children: list[Child] = []
        self._requests = 0

    def listen(self) -> None:
        """From here on the three signals ask for the end instead of breaking in somewhere."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._request_stop)

    @property
    def stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._requests > 0

    def start(self, program: Program) -> Child:
        """Start one more program and keep it running."""
        child = Child(program, self._environment, self._folder)
        self._children.append(child)
        child.start()
        return child

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Keep the programs running until `condition` holds (true), the end is asked for or time is up (false)."""
        deadline = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < deadline:
            if condition():
                return True
            self._look()
        return False

    def run(self, command: Sequence[str], name: str) -> int | None:
        """Run a command to its end beside the programs; its exit code, or None when the end was asked for."""
        child = spawn(command, environment=self._environment, folder=self._folder)
        assert child.stdout is not None  # noqa: S101 - spawn opens a pipe
        reader = threading.Thread(target=_copy_lines, args=(child.stdout, name), daemon=True)
        reader.start()
        while child.poll() is None:
            if self.stopping:
                end(child, [(signal.SIGTERM, 5)])
                return None
            self._look()
        reader.join(2)
        return child.returncode

    def watch(self) -> None:
        """Keep everything running until the end is asked for."""
        while not self.stopping:
            self._look()

    def stop(self) -> None:
        """End every program, stage by stage."""
        for stage in sorted({child.program.stage for child in self._children}, reverse=True):
            children = [child for child in self._children if child.program.stage == stage]
            for child in children:
                child.ask_to_stop()
            for child in children:
                child.stop(at_once=lambda: self._requests > 1)
        self._children.clear()

    def _look(self) -> None:
        for child in self._children:
            child.look()
        time.sleep(_LOOK)

    def _request_stop(self, signum: int, _frame: object) -> None:
        self._requests += 1
        if self._requests == 1:
            say(f"stopping ({signal.Signals(signum).name}); once more to hurry")


def _signal_and_wait(
    process: subprocess.Popen[bytes], signum: int | None, seconds: float, at_once: Callable[[], bool]
) -> None:
    if process.poll() is not None:
        return
    if signum is not None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signum)
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline and not at_once():
        time.sleep(0.05)


def _copy_lines(stream: IO[bytes], name: str) -> None:
    for line in iter(stream.readline, b""):
        say(line.decode(errors="replace").rstrip(), name)
    stream.close()


def _reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
