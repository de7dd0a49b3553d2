"""What formulas may know while a slice is carried or a record is shown: the company's day, the time, its lists."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from syncapp.engine.formula import Environment, NoSuchList, NotFound, Value
from syncapp.engine.formula.function import Lookup
from syncapp.engine.formula.here import here
from syncapp.engine.formula.values import as_text
from syncapp.engine.lists import Lists
from syncapp.engine.mapping import MappingSpec
from syncapp.models import Company, RecordLink
from syncapp.store import clock, reference_lists


def environment_of(company: Company, now: datetime, quickbooks_id: UUID | None = None) -> Environment:
    """The day in the company's time zone, the time, and the reference lists of a QuickBooks company."""
    return Environment(
        today=now.astimezone(ZoneInfo(company.zone)).date(),
        now=now.replace(microsecond=0),
        lookup=_lookup(quickbooks_id) if quickbooks_id is not None else None,
    )


def _lookup(connection_id: UUID) -> Lookup:
    """Finds the id of an entry by its name, number or id. A list is loaded once, when a formula first asks for it."""
    loaded: dict[str, Lists] = {}

    def lookup(name: str, value: Value) -> Value:
        if name not in loaded:
            loaded[name] = reference_lists.load(connection_id, (name,))
        found = loaded[name].get(name)
        if found is None or not found.entries:
            raise NoSuchList(name)
        entry = found.find(as_text(value))
        if entry is None:
            raise NotFound(value)
        return entry.id

    return lookup


@contextmanager
def around_link(link: RecordLink, spec: MappingSpec) -> Iterator[None]:
    """The same for one record that is shown now; asks for nothing where the mapping has no formula."""
    if any(row.formula for row in spec.fields):
        with around(link.company, clock.now(), link.integration.quickbooks_id):
            yield
    else:
        yield


@contextmanager
def around(company: Company, now: datetime, quickbooks_id: UUID | None = None) -> Iterator[None]:
    """Evaluate the formulas of the block as of `now`, for this company and its QuickBooks lists."""
    with here(environment_of(company, now, quickbooks_id)):
        yield
