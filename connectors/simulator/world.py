"""What both stand-ins share: the store, the clock, chance by seed, and the options of this run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random

from connectors.simulator.clock import Clock
from connectors.simulator.store import Store


@dataclass(frozen=True)
class Options:
    """How the simulator was started. Ports: 0 takes a free one; a TLS port is only opened with `tls`.

    seed: `empty`, `small`, or a number of accounts. latency: `none` or `real`. limits: `off` or `real`.
    only: `salesforce` or `quickbooks` serves that side alone; empty serves both.
    """

    salesforce_port: int = 8801
    quickbooks_port: int = 8802
    salesforce_tls_port: int | None = None
    quickbooks_tls_port: int | None = None
    state: str = ":memory:"
    seed: str = "small"
    latency: str = "none"
    limits: str = "off"
    tls: bool = False
    tls_directory: str = ""
    random_seed: int = 1
    only: str = ""


class World:
    """Handed to each stand-in. `urls` holds the base URL per stand-in name once the ports are open."""

    def __init__(self, options: Options, image: bytes | None = None) -> None:
        self.options = options
        self.store = Store(options.state, image)
        self.clock = Clock(self.store)
        self.random = Random(options.random_seed)  # noqa: S311 - chance, not secrecy
        self.urls: dict[str, str] = {}
        self.tls_urls: dict[str, str] = {}
        self.ca_file = ""

    def chance(self, purpose: str) -> Random:
        """Chance for one purpose, from the random seed: what else happens meanwhile does not move it."""
        return Random(f"{self.options.random_seed} {purpose}")  # noqa: S311 - chance, not secrecy

    def opaque(self, purpose: str, length: int = 40) -> str:
        """A new opaque text (hexadecimal), the same at each run with the same seed and the same history."""
        number = self.store.next_number("opaque")
        return self.fixed(f"{purpose}:{number}", length)

    def fixed(self, name: str, length: int = 40) -> str:
        """An opaque text that depends only on the random seed and `name`."""
        seed = self.options.random_seed
        text = ""
        while len(text) < length:
            text += hashlib.sha256(f"{seed}:{name}:{len(text)}".encode()).hexdigest()
        return text[:length]
