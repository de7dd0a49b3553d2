"""Latency on demand (`--latency real`): how long the vendors take, as log-normal distributions with a tail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

_TAIL_CHANCE = 0.01
_TAIL_FACTOR = 6.0
_Z95 = 1.645


@dataclass(frozen=True)
class Spread:
    """How long one kind of call takes: median and 95th percentile in milliseconds, plus so much per item."""

    median_ms: float
    p95_ms: float
    per_item_ms: float = 0.0


def sample_seconds(spread: Spread, random: Random, items: int = 1) -> float:
    """One draw, in seconds. One call in a hundred falls into the tail and takes several times as long."""
    sigma = math.log(spread.p95_ms / spread.median_ms) / _Z95
    drawn = random.lognormvariate(math.log(spread.median_ms), sigma)
    if random.random() < _TAIL_CHANCE:
        drawn *= _TAIL_FACTOR
    return (drawn + spread.per_item_ms * items) / 1000
