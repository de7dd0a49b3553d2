"""What formulas may know while a slice is carried or a record is shown: the company's day, the time, its lists."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from syncapp.engine.formula import Environment
from syncapp.engine.formula.here import here
from syncapp.engine.mapping import MappingSpec
from syncapp.models import Company, RecordLink
from syncapp.store import clock


def environment_of(company: Company, now: datetime) -> Environment:
    """The day in the company's time zone, and the time."""
    return Environment(today=now.astimezone(ZoneInfo(company.zone)).date(), now=now.replace(microsecond=0))


@contextmanager
def around_link(link: RecordLink, spec: MappingSpec) -> Iterator[None]:
    """The same for one record that is shown now; asks for nothing where the mapping has no formula."""
    if any(row.formula for row in spec.fields):
        with around(link.company, clock.now()):
            yield
    else:
        yield


@contextmanager
def around(company: Company, now: datetime) -> Iterator[None]:
    """Evaluate the formulas of the block as of `now`, for this company."""
    with here(environment_of(company, now)):
        yield
