"""The simulator for tests: `with simulator() as sim:` gives both URLs, credentials and the side doors.

`simulator()` runs in a thread of the test process (fast to start); `simulator_process()` runs in a process of its
own, for tests that kill it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.simulator.main import Running
from connectors.simulator.world import Options

_START_SECONDS = 90
_IMAGE_SECONDS = 300
"""How long a freshly seeded state is used again: its tokens and stamps are hardly older than it looks."""
_images: dict[Options, tuple[float, bytes]] = {}


@dataclass
class Side:
    """One stand-in as a test sees it: its base URL and its side door."""

    url: str
    tls_url: str = ""

    def get(self, what: str) -> Any:
        """`GET /_sim/<what>`: the parsed answer."""
        return self._call("GET", what, None)

    def post(self, what: str, body: Any = None) -> Any:
        """`POST /_sim/<what>`: the parsed answer. Raises `ValueError` with the text of a refusal."""
        return self._call("POST", what, {} if body is None else body)

    def delete(self, what: str) -> Any:
        """`DELETE /_sim/<what>`: the parsed answer."""
        return self._call("DELETE", what, None)

    def credentials(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("credentials")
        return found

    def log(self, after: int = 0) -> list[dict[str, Any]]:
        """The accepted writes since `after`."""
        entries: list[dict[str, Any]] = self.get(f"log?after={after}")["entries"]
        return entries

    def calls(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("calls")
        return found

    def plan(self, *plans: dict[str, Any]) -> None:
        """Plan faults (see `faults.FaultPlan`)."""
        self.post("faults", {"faults": list(plans)})

    def _call(self, method: str, what: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sim/{what}", data=data, method=method)  # noqa: S310
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                request, timeout=120
            ) as got:
                return json.load(got)
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode(errors="replace")) from error


@dataclass
class Simulator:
    """Both sides of a running simulator."""

    salesforce: Side
    quickbooks: Side
    ca_file: str = ""
    process: subprocess.Popen[str] | None = None

    def kill(self) -> None:
        """SIGKILL the simulator's own process (only after `simulator_process`)."""
        if self.process is None:
            raise RuntimeError("only a simulator in its own process can be killed")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def simulator(**options: Any) -> Iterator[Simulator]:
    """Run the simulator on free ports in a thread. Options are those of `world.Options`; seed defaults to `empty`.

    Tables and seed are made once for all simulators of a process with the same options, and again every few minutes.
    """
    chosen = Options(**{"salesforce_port": 0, "quickbooks_port": 0, "seed": "empty", **options})
    ready = threading.Event()
    shared: dict[str, Any] = {}

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        shared["stop"] = lambda: loop.call_soon_threadsafe(stop.set)
        image = _image(chosen)
        running = Running(chosen, image)
        await running.start()
        if image is None and chosen.state == ":memory:":
            _images[chosen] = (time.monotonic(), running.world.store.image())
        shared["world"] = running.world
        ready.set()
        await stop.wait()
        await running.stop()

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - handed to the test's thread
            shared["error"] = error
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="simulator", daemon=True)
    thread.start()
    ready.wait(_START_SECONDS)
    if "error" in shared:
        raise shared["error"]
    world = shared["world"]
    try:
        sides = [
            Side(world.urls.get(name, ""), world.tls_urls.get(name, ""))
            for name in ("salesforce", "quickbooks")
        ]
        yield Simulator(sides[0], sides[1], world.ca_file)
    finally:
        shared["stop"]()
        thread.join(30)


def _image(options: Options) -> bytes | None:
    """What a simulator with these options held when it was just seeded; None if none was, or long ago."""
    made, image = _images.get(options, (0.0, None))
    return image if image is not None and time.monotonic() - made < _IMAGE_SECONDS else None


@contextmanager
def simulator_process(in_child: Callable[[], None] | None = None, **options: Any) -> Iterator[Simulator]:
    """Run the simulator on free ports in a process of its own; options as command line words, e.g. `state=path`.

    `in_child` is called in that process before it becomes the simulator.
    """
    command = [sys.executable, "-m", "connectors.simulator", "--salesforce-port=0", "--quickbooks-port=0"]
    for name, value in {"seed": "empty", **options}.items():
        command.append(f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}"))
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=in_child,  # noqa: PLW1509 - nothing else runs in this program yet
    )
    try:
        urls = _announced(process, 1 if options.get("only") else 2)
        yield Simulator(Side(urls.get("salesforce", "")), Side(urls.get("quickbooks", "")), process=process)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        if process.stdout is not None:
            process.stdout.close()


def _announced(process: subprocess.Popen[str], count: int) -> dict[str, str]:
    urls: dict[str, str] = {}
    deadline = time.monotonic() + _START_SECONDS
    if process.stdout is None:
        raise RuntimeError("the simulator was started without a pipe")
    while len(urls) < count and time.monotonic() < deadline:
        line = process.stdout.readline()
        found = re.match(r"(salesforce|quickbooks): (http://[^/]+)/", line)
        if found:
            urls[found[1]] = found[2]
        elif not line and process.poll() is not None:
            raise RuntimeError("the simulator ended before it was ready")
    return urls
