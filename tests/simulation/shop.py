"""What is sold in a simulated world."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Shop:
    """What there is to sell, and what was sold."""

    book: str = ""
    prices: list[str] = field(default_factory=list)
    """Ids of the standard prices of products."""
    sold: list[str] = field(default_factory=list)
