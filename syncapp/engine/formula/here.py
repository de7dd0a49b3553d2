"""What formulas may know of the day, the time and the lists, for the length of a block.

Services say it once around a slice (`with here(Environment(...))`); a formula that needs what nobody has said gives a
FormulaError, never the machine's own clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from syncapp.engine.formula.function import NOWHERE, Environment

_here: ContextVar[Environment] = ContextVar("formula_environment", default=NOWHERE)


@contextmanager
def here(environment: Environment) -> Iterator[None]:
    """Evaluate the formulas of this block's mapping rows with what `environment` knows."""
    token = _here.set(environment)
    try:
        yield
    finally:
        _here.reset(token)


def known_here() -> Environment:
    """What has been said of the present block."""
    return _here.get()
