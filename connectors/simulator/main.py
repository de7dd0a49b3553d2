"""The simulator's process: both stand-ins in one event loop, each on its own port.

Started by `python manage.py simulator` or `python -m connectors.simulator`. Ends cleanly on SIGTERM and SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from connectors.simulator.standin import StandIn
from connectors.simulator.store import StateUnusable
from connectors.simulator.wire import Listener
from connectors.simulator.world import Options, World

_SAVE_EVERY_SECONDS = 1.0


class PortTaken(Exception):
    """A port that the simulator was told to use is in use; the text is the sentence to show."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of DESIGN section 6, for the management command and the module alike."""
    parser.add_argument("--salesforce-port", type=int, default=8801, help="port of the Salesforce stand-in")
    parser.add_argument("--quickbooks-port", type=int, default=8802, help="port of the QuickBooks stand-in")
    parser.add_argument("--state", default=":memory:", metavar="FILE", help="state file, or :memory:")
    parser.add_argument("--seed", default="small", type=_seed, help="empty, small, or a number of accounts")
    parser.add_argument("--latency", choices=("none", "real"), default="none")
    parser.add_argument("--limits", choices=("off", "real"), default="off")
    parser.add_argument(
        "--tls", action="store_true", help="serve https as well, with a certificate authority"
    )
    parser.add_argument("--tls-directory", default="", metavar="DIR", help="where the certificates are kept")
    parser.add_argument("--salesforce-tls-port", type=int, default=None, help="default: the plain port + 10")
    parser.add_argument("--quickbooks-tls-port", type=int, default=None, help="default: the plain port + 10")
    parser.add_argument(
        "--only", choices=("salesforce", "quickbooks"), default="", help="serve one side alone"
    )
    parser.add_argument("--random-seed", type=int, default=1, help="seed of everything left to chance")


def options_from(arguments: dict[str, object]) -> Options:
    """The options of a parsed command line; members of other origin are left aside."""
    known = {name: arguments[name] for name in Options.__dataclass_fields__ if name in arguments}
    return Options(**known)  # type: ignore[arg-type]


def _seed(text: str) -> str:
    if text in ("empty", "small") or (text.isascii() and text.isdigit()):
        return text
    raise argparse.ArgumentTypeError("empty, small, or a number of accounts")


def run(options: Options, announce: Callable[[str], None] = print) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status: 0, or 2 when it could not start."""
    try:
        asyncio.run(_serve(options, announce))
    except (PortTaken, StateUnusable) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _serve(options: Options, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    running = Running(options)
    await running.start()
    for standin in running.standins:
        announce(f"{standin.name}: {running.world.urls[standin.name]}/ (state: {options.state})")
        if standin.name in running.world.tls_urls:
            announce(
                f"{standin.name}: {running.world.tls_urls[standin.name]}/ (trust {running.world.ca_file})"
            )
    await stop.wait()
    await running.stop()


class Running:
    """Both stand-ins with their ports, to be started and stopped inside an event loop.

    `image` is the state of another that ran in memory with the same options: going on from it is a restart.
    """

    def __init__(self, options: Options, image: bytes | None = None) -> None:
        self.options = options
        self.world = World(options, image)
        self.standins = _standins(self.world)
        self._saver: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the ports, then seed an empty state. Raises `PortTaken`."""
        tls_context = None
        if self.options.tls:
            from connectors.simulator import tls  # needs cryptography, which plain http does not

            tls_context, ca_file = tls.server_context(self._tls_directory())
            self.world.ca_file = str(ca_file)
        for standin in self.standins:
            port: int = getattr(self.options, f"{standin.name}_port")
            self.world.urls[standin.name] = await self._open(standin, port)
            if tls_context is not None:
                tls_port: int | None = getattr(self.options, f"{standin.name}_tls_port")
                if tls_port is None:
                    tls_port = port + 10 if port else 0
                url = await self._open(standin, tls_port, tls_context)
                self.world.tls_urls[standin.name] = url
        for standin in self.standins:
            standin.seed_if_empty()
            await standin.started()
        self.world.store.commit()
        self._saver = asyncio.create_task(self._save_now_and_then())

    async def _open(self, standin: StandIn, port: int, tls_context: object = None) -> str:
        scheme = "http" if tls_context is None else "https"
        listener = Listener(standin, port, scheme, tls_context)
        try:
            await listener.open()
        except OSError as error:
            await self.stop()
            raise PortTaken(
                f"Port {port} for the {standin.name} stand-in is taken by another program."
                f" Stop it, or choose another with --{standin.name}-port."
            ) from error
        standin.listeners.append(listener)
        return f"{scheme}://127.0.0.1:{listener.port}"

    def _tls_directory(self) -> Path:
        if self.options.tls_directory:
            return Path(self.options.tls_directory)
        if self.options.state == ":memory:":
            return Path(tempfile.mkdtemp(prefix="simulator-tls-"))
        return Path(self.options.state + ".tls")

    async def _save_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_EVERY_SECONDS)
            for standin in self.standins:
                standin.meter.save()
            self.world.store.commit()

    async def stop(self) -> None:
        """Close the ports and the state."""
        if self._saver is not None:
            self._saver.cancel()
        for standin in self.standins:
            for listener in standin.listeners:
                await listener.close()
            await standin.stopped()
            standin.meter.save()
        self.world.store.close()


def _standins(world: World) -> list[StandIn]:
    standins: list[StandIn] = []
    if world.options.only != "quickbooks":
        from connectors.simulator.salesforce.standin import Salesforce

        standins.append(Salesforce(world))
    if world.options.only != "salesforce":
        from connectors.simulator.quickbooks.standin import QuickBooks

        standins.append(QuickBooks(world))
    return standins
