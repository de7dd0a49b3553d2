"""A trial on one's own machine and the containers start the same programs: what was tried is what runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from portal.celery import app
from portal.local import programs
from syncapp import queue

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ("interactive", "system", "bulk")


def in_the_container(role: str, folder: Path, **environment: str) -> list[str]:
    """The command line that the image's entry point ends in for this role."""
    for name in ("celery", "gunicorn", "python"):
        (folder / name).write_text('#!/bin/sh\nprintf "%s\\n" "${0##*/}" "$@"\n')
        (folder / name).chmod(0o755)
    path = {"PATH": f"{folder}:{os.environ['PATH']}", **environment}
    script = ["sh", str(ROOT / "docker" / "entrypoint.sh"), role]
    return subprocess.run(script, env=path, capture_output=True, text=True, check=True).stdout.splitlines()


def options(command: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Option -> its value, empty where it has none."""
    found: dict[str, str] = {}
    for word, after in zip(command, [*command[1:], "--"], strict=True):
        if word.startswith("--"):
            name, _, value = word.partition("=")
            found[name] = value or ("" if after.startswith("-") else after)
    return found


def plan(folder: Path) -> programs.Plan:
    return programs.Plan(ROOT, folder, 8000, 8001, 8002, "demo", "http://localhost:8000")


@pytest.mark.parametrize("work", WORKERS)
def test_a_worker_takes_the_same_queues_in_the_same_way_in_both(work: str, tmp_path: Path) -> None:
    local = options(programs.worker(work).command)
    container = options(in_the_container(f"worker-{work}", tmp_path))
    talk = {"--loglevel", "--quiet"}
    assert {name: container[name] for name in container.keys() - talk} == {
        name: local[name] for name in local.keys() - talk
    }


def test_the_number_of_processes_is_a_setting_of_the_container(tmp_path: Path) -> None:
    command = in_the_container("worker-bulk", tmp_path, WORKER_PROCESSES="6")
    assert options(command)["--concurrency"] == "6"


def test_each_kind_of_work_has_its_worker_in_both(tmp_path: Path) -> None:
    services = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())["services"]
    run = {service["command"][0] for name, service in services.items() if name.startswith("worker")}
    assert set(programs.QUEUES) == set(WORKERS)
    assert run == {f"worker-{work}" for work in WORKERS}
    taken = {one for queues in programs.QUEUES.values() for one in queues.split(",")}
    used = {queue.INTERACTIVE, queue.BULK, queue.SYSTEM, app.conf.task_default_queue}
    assert taken == used, "nobody would take what is sent to another queue"
    given_way = {name for name, service in services.items() if "cpu_shares" in service}
    assert given_way == {"worker-bulk"}
    assert programs.worker("bulk").command[: len(programs.BACKGROUND)] == programs.BACKGROUND


def test_the_web_server_has_the_same_processes_and_threads_in_both(tmp_path: Path) -> None:
    local = options(programs.web(plan(tmp_path)).command)
    container = options(in_the_container("web", tmp_path))
    same = ("--workers", "--threads", "--preload", "--max-requests", "--max-requests-jitter", "--timeout")
    assert {name: container[name] for name in same} == {name: local[name] for name in same}
    assert int(container["--graceful-timeout"]) >= int(local["--graceful-timeout"])


def test_one_beat_rings_in_both(tmp_path: Path) -> None:
    local = options(programs.beat(plan(tmp_path)).command)
    container = options(in_the_container("beat", tmp_path))
    assert container["--pidfile"] == local["--pidfile"] == ""
    assert container["--app"] == local["--app"] == "portal"
