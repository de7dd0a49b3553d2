"""CPU of a worker per record of a steady day: created, unchanged, updated and conflicting; and its queries per record.

    python bench/engine.py [--records 2000] [--memory]

The real services on a real PostgreSQL, in this process; the simulator is a process of its own. CPU is
time.process_time, so waiting for either counts nothing. "pure engine" is the part inside `syncapp.engine`, as the
decide stage calls it (and composing, bases and projections as far as they are called from staging and settling).
"worker" is everything from the claim on: rows, reading the bodies, deciding, composing, sending, settling. Queries are
the statements of that work. What brings the changes (capture) is printed beside it.

With --memory each kind of work also says how much memory it held at most beyond what was there before it began, as
Python counts it; counting takes time, so that the CPU figures of such a run say nothing. A slice is as large whatever
--records is, and so is that figure.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import Installation, installation

COLLECTION = 200
BATCH = 30


@dataclass
class Cost:
    """What one kind of work cost."""

    records: int
    worker: float = 0.0
    engine: float = 0.0
    queries: int = 0
    peak_mib: float = 0.0
    of_memory: ClassVar[bool] = False
    """Whether memory is counted."""

    def line(self, name: str) -> str:
        return (
            f"{name:34} {self.records:6} records  worker {1000 * self.worker / self.records:7.3f} ms CPU,"
            f" of it pure engine {1000 * self.engine / self.records:6.3f} ms,"
            f" {self.queries / self.records:6.3f} queries a record"
            + (f", at most {self.peak_mib:.1f} MiB" if self.of_memory else "")
        )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--records", type=int, default=2000)
    words.add_argument("--memory", action="store_true")
    chosen = words.parse_args()
    Cost.of_memory = chosen.memory
    with installation(seed=str(chosen.records)) as place:
        _measure(place)


def _measure(place: Installation) -> None:
    from syncapp.services import prepare, setup
    from syncapp.tenancy import tenant
    from tests.services.spine import connect

    spine = connect(place.sim)
    spine.scan()
    with tenant(spine.company.pk):
        run = setup.switch_on(spine.integration, spine.person)
    prepare.prepare(run.pk)
    created = _created(spine)
    _show("created, ids written back", created, _carry)
    linked = [link for link in spine.links if link.sf_id and link.qbo_id and link.lifecycle == "linked"]
    _notice(spine, linked, "Description", None)
    _show("unchanged, noticed without need", len(linked), _carry)
    _notice(spine, linked, "Phone", "(555) 010-7777")
    _show("updated in QuickBooks", len(linked), _carry)
    few = linked[: min(len(linked), 600)]
    _answer_in_quickbooks(spine, few)
    _notice(spine, few, "Phone", "(555) 010-8888")
    _show("conflicting, put to a person", len(few), _carry)


def _show(name: str, records: int, work: Callable[[], None]) -> None:
    cost = Cost(max(1, records))
    with _counting(cost), _weighing(cost):
        began = time.process_time()
        work()
        cost.worker = time.process_time() - began
    print(cost.line(name), flush=True)


def _carry() -> None:
    from connectors.contracts import Priority
    from syncapp.services import sync

    sync.carry(Priority.BULK, seconds=3600)


def _created(spine: Any) -> int:
    return sum(1 for link in spine.links if link.sf_id and not link.qbo_id)


# --- what people do over there ---------------------------------------------------------------------------------------


def _notice(spine: Any, links: Sequence[Any], field: str, value: str | None) -> None:
    """Somebody saves the accounts, 200 at a time, and the next reading brings them."""
    rows = [{"attributes": {"type": "Account"}, "id": link.sf_id, field: value} for link in links]
    for start in range(0, len(rows), COLLECTION):
        spine.sf("PATCH", "composite/sobjects", {"records": rows[start : start + COLLECTION]})
    _read(spine, "reading the changes")


def _answer_in_quickbooks(spine: Any, links: Sequence[Any]) -> None:
    """The same customers get another number over there; nobody reads that before the accounts change too."""
    tokens = {row["Id"]: row["SyncToken"] for row in spine.customers()}
    tokens |= {row["Id"]: row["SyncToken"] for row in _all_customers(spine)}
    items = [
        {
            "bId": str(place),
            "operation": "update",
            "Customer": {
                "Id": link.qbo_id,
                "SyncToken": tokens[link.qbo_id],
                "sparse": True,
                "PrimaryPhone": {"FreeFormNumber": "(555) 010-9999"},
            },
        }
        for place, link in enumerate(links)
    ]
    for start in range(0, len(items), BATCH):
        spine.qbo("POST", "batch", {"BatchItemRequest": items[start : start + BATCH]})


def _all_customers(spine: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        query = f"select * from Customer startposition {len(rows) + 1} maxresults 1000"
        page = spine.qbo("GET", f"query?query={query.replace(' ', '%20').replace('*', '%2A')}")
        found = page["QueryResponse"].get("Customer", [])
        rows += found
        if len(found) < 1000:
            return rows


def _read(spine: Any, name: str) -> None:
    began = time.process_time()
    spine.capture()
    print(f"{name:34} {1000 * (time.process_time() - began):7.0f} ms CPU in all", flush=True)


# --- counting --------------------------------------------------------------------------------------------------------


@contextmanager
def _counting(cost: Cost) -> Iterator[None]:
    """Count the statements, and the CPU below the outermost call into the pure engine."""
    from django.db import connection

    def counted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        cost.queries += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counted), _timing_engine(cost):
        yield


@contextmanager
def _weighing(cost: Cost) -> Iterator[None]:
    if not cost.of_memory:
        yield
        return
    tracemalloc.start()
    try:
        yield
        cost.peak_mib = tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


@contextmanager
def _timing_engine(cost: Cost) -> Iterator[None]:
    """Every function of `syncapp.engine` that a service imported is timed by its thread's CPU, outermost calls only."""
    depth = [0]

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            if depth[0]:
                return function(*args, **kwargs)
            depth[0] = 1
            began = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                cost.engine += time.thread_time() - began
                depth[0] = 0

        return run

    replaced: list[tuple[ModuleType, str, Any]] = []
    for name, module in list(sys.modules.items()):
        if not name.startswith(("syncapp.services.", "syncapp.store.")):
            continue
        for key, value in list(vars(module).items()):
            if callable(value) and not isinstance(value, type) and _is_engine(value):
                replaced.append((module, key, value))
                setattr(module, key, timed(value))
    try:
        yield
    finally:
        for module, key, value in replaced:
            setattr(module, key, value)


def _is_engine(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith("syncapp.engine.")


if __name__ == "__main__":
    main()
