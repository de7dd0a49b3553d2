"""The supervisor: restarts what dies, stops in order, leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.local.processes import is_alive
from portal.local.supervisor import Program, Supervisor

ROOT = Path(__file__).resolve().parent.parent.parent


def python_program(name: str, code: str, **more: object) -> Program:
    return Program(name, (sys.executable, "-c", textwrap.dedent(code)), **more)  # type: ignore[arg-type]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(os.environ, tmp_path)
    yield supervisor
    supervisor.stop()


def pids(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "pids").read_text().split()] if (folder / "pids").exists() else []


NOTE_PID = "import os, time; open('pids', 'a').write(f'{os.getpid()}\\n')\n"


def test_a_program_that_dies_is_started_again(supervisor, tmp_path):
    supervisor.start(python_program("short", NOTE_PID))
    assert supervisor.wait_until(lambda: len(pids(tmp_path)) >= 2, 20)


def test_a_program_that_was_killed_is_started_again(supervisor, tmp_path):
    supervisor.start(python_program("long", NOTE_PID + "time.sleep(600)"))
    assert supervisor.wait_until(lambda: len(pids(tmp_path)) == 1, 20)
    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    assert supervisor.wait_until(lambda: len(pids(tmp_path)) == 2, 20)


def test_a_program_deaf_to_its_signal_is_killed_with_its_children(supervisor, tmp_path):
    deaf = NOTE_PID + textwrap.dedent(
        """
        import signal, subprocess, sys
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
        open('pids', 'a').write(f'{child.pid}\\n')
        time.sleep(600)
        """
    )
    supervisor.start(python_program("deaf", deaf, stop=((signal.SIGTERM, 0.2),)))
    assert supervisor.wait_until(lambda: len(pids(tmp_path)) == 2, 20)
    supervisor.stop()
    assert until(lambda: not any(still_runs(pid) for pid in pids(tmp_path)))


def test_programs_stop_stage_by_stage(supervisor, tmp_path):
    goodbye = """
        import signal, sys, time
        def end(*_):
            open('order', 'a').write('{name}\\n')
            sys.exit()
        signal.signal(signal.SIGTERM, end)
        open('pids', 'a').write('1\\n')
        time.sleep(600)
    """
    for stage, name in enumerate(("needed", "needing")):
        supervisor.start(python_program(name, goodbye.replace("{name}", name), stage=stage))
    assert supervisor.wait_until(lambda: len(pids(tmp_path)) == 2, 20)
    supervisor.stop()
    assert (tmp_path / "order").read_text().split() == ["needing", "needed"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_no_program_outlives_a_supervisor_that_was_killed(tmp_path):
    code = f"""
        import os, sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from portal.local.supervisor import Program, Supervisor
        supervisor = Supervisor(os.environ, Path({str(tmp_path)!r}))
        supervisor.start(Program("long", (sys.executable, "-c", {NOTE_PID + "time.sleep(600)"!r})))
        supervisor.watch()
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.DEVNULL)
    try:
        assert until(lambda: bool(pids(tmp_path)))
    finally:
        process.kill()
        process.wait()
    assert until(lambda: not still_runs(pids(tmp_path)[0]))


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def still_runs(pid: int) -> bool:
    """Alive and not merely waiting for somebody to read its exit code."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return is_alive(pid) and status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
