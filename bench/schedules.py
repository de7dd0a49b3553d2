"""What the tick costs where schedules are due, however many there are: CPU and statements of `schedules.start_due`.

    python bench/schedules.py [--companies 1000] [--schedules 3] [--due 50]

The companies and their schedules are rows on a real PostgreSQL, with messages to a real broker that nobody reads. Three
ticks are measured: one that finds nothing due, one that starts --due schedules, and one that finds as many held back
because their last run is still open (they only move on). What the runs themselves do is bench/engine.py's business.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.idle import _scheduled_companies
from bench.installation import installation


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--companies", type=int, default=1000)
    words.add_argument("--schedules", type=int, default=3)
    words.add_argument("--due", type=int, default=50)
    chosen = words.parse_args()
    with installation(seed="empty") as _place:
        _scheduled_companies(chosen.companies, chosen.schedules)
        _switch_on()
        print(f"{chosen.companies} companies with {chosen.schedules} schedules each", flush=True)
        for _ in range(3):
            _tick("nothing due")  # the last of them is warm
        _make_due(1, after=chosen.due)
        _tick("the first one of this process", 1)
        _make_due(chosen.due)
        _tick(f"{chosen.due} due and started", chosen.due)
        _make_due(chosen.due)
        _tick(f"{chosen.due} due, their last runs still open", chosen.due)


def _switch_on() -> None:
    from django.utils import timezone

    from syncapp.models import Integration

    Integration.all_companies.update(switched_on_at=timezone.now(), state="active")


def _make_due(count: int, after: int = 0) -> None:
    """The same schedules each time, one of each company, of the companies `after` so many."""
    from syncapp.models import Schedule
    from syncapp.store import clock

    firsts = Schedule.all_companies.order_by("company_id", "pk").distinct("company_id")
    chosen = list(firsts.values_list("pk", flat=True)[after : after + count])
    Schedule.all_companies.filter(pk__in=chosen).update(next_at=clock.now())


def _tick(name: str, due: int = 0) -> None:
    from syncapp.services import schedules

    with _statements() as counted:
        began = time.process_time()
        started = schedules.start_due()
        used = 1000 * (time.process_time() - began)
    each = f", {used / due:.2f} ms and {counted[0] / due:.2f} statements each" if due else ""
    print(f"{name:40} {started:4} started  {used:8.2f} ms CPU, {counted[0]} statements{each}", flush=True)


@contextmanager
def _statements() -> Iterator[list[int]]:
    from django.db import connection

    counted = [0]

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        counted[0] += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield counted


if __name__ == "__main__":
    main()
