"""The entities' own rules, by resource name."""

from __future__ import annotations

from connectors.simulator.quickbooks.rules.base import Rules

__all__ = ["Rules", "rules_for"]


def rules_for(path: str) -> Rules:
    """The rules of an entity; plain storage when it has none of its own."""
    from connectors.simulator.quickbooks.rules.registry import REGISTRY

    return REGISTRY.get(path) or REGISTRY[""]
