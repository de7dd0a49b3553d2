"""`make run`, from the outside: what it starts, what it survives, how it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.local.ports import is_taken
from tests import stack

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("installation")]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = stack.temporary_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_everything_starts_survives_a_kill_and_ends_with_its_data_kept(data_dir):
    """Two starts on one data folder, because a start takes longer than all that is asked here."""
    with stack.running(data_dir, "--no-demo") as running:
        assert running.get("/healthz") == {"status": "ok", "database": "ok", "cache": "ok"}
        shell = "from portal.people.models import User; User.objects.create_user('kept@example.com')"
        running.manage("shell", "-c", shell)
        a_second_one_on_the_same_data_is_a_sentence(running)
        a_killed_web_server_is_started_again(running)

        assert running.stop(signal.SIGINT) == 0
        assert [port for port in (running.port, running.salesforce_port) if is_taken(port)] == []
        assert processes(str(data_dir)) == []

    with stack.running(data_dir, "--no-demo") as again:
        count = "from portal.people.models import User; print("
        count += "'kept:', User.objects.filter(email='kept@example.com').count())"
        assert "kept: 1" in again.manage("shell", "-c", count)
        nothing_survives_a_supervisor_that_was_killed(again)


def a_second_one_on_the_same_data_is_a_sentence(running: stack.Stack) -> None:
    log = running.data_dir / "second-log"
    second = stack.start(running.data_dir, log)
    assert second.process.wait(60) != 0
    assert f"already runs from this folder (process {running.process.pid}" in log.read_text()
    assert running.process.poll() is None


def a_killed_web_server_is_started_again(running: stack.Stack) -> None:
    (web,) = processes(f"--bind 127.0.0.1:{running.port}", only_parent=True)
    os.kill(web, signal.SIGKILL)
    assert until(lambda: processes(f"--bind 127.0.0.1:{running.port}", only_parent=True) not in ([], [web]))
    assert until(lambda: answers(running))


def nothing_survives_a_supervisor_that_was_killed(running: stack.Stack) -> None:
    running.process.kill()
    running.process.wait()
    assert until(lambda: processes(str(running.data_dir)) == [] and not is_taken(running.port), 60)


def test_a_taken_port_is_a_sentence_before_anything_starts(data_dir):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = stack.start(data_dir, data_dir / "log", PORT=str(port))
        assert refused.process.wait(60) != 0
    text = refused.log.read_text()
    assert f"Port {port} (PORT) is used by another program" in text
    assert "Traceback" not in text
    assert not (data_dir / "postgres").exists()


def test_it_is_refused_outside_development(data_dir):
    environment = {name: value for name, value in os.environ.items() if name not in {"DEBUG", "SECRET_KEY"}}
    command = [sys.executable, "manage.py", "portal_up"]
    answer = subprocess.run(
        command,
        cwd=stack.ROOT,
        env={**environment, "DEBUG": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.match(r"Ledgerbridge cannot start\. SECRET_KEY is not set", answer.stderr)


def answers(running: stack.Stack) -> bool:
    try:
        return bool(running.get("/healthz")["status"] == "ok")
    except OSError:
        return False


def processes(words: str, *, only_parent: bool = False) -> list[int]:
    """Processes with `words` in their command line; `only_parent` leaves out children of other matches."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if words in command and state != "Z" and int(folder.name) != os.getpid():
            found[int(folder.name)] = int(parent)
    return sorted(pid for pid, parent in found.items() if not (only_parent and parent in found))


def until(condition: Callable[[], bool], seconds: float = 120) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
