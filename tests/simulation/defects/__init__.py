"""Planted defects: each is a mistake that an engine like this is likely to have. The simulation must find every one.

`python -m tests.simulation.defects` runs seeds under each until it is found, and prints how many were needed.
"""

from __future__ import annotations

from tests.simulation.defects.planted import DEFECTS

__all__ = ["DEFECTS"]
