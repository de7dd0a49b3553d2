"""The proof that nothing was missed: both sides of a mapping are read whole and compared with what we know
(sync-semantics section 16, "gaps and sweeps").

It runs once a week for each mapping that follows changes, and at once where QuickBooks could not name every change: a
thousand or more at a time, or after thirty days without a reading. What it finds is news like any other, and counts in
its run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from connectors.contracts import Priority, Side
from syncapp import queue
from syncapp.engine.mapping import MappingSpec
from syncapp.models import Mapping, Run, RunKind
from syncapp.services import capture, deletions
from syncapp.services.clients import AnyClient
from syncapp.services.watched import Watched, one_mapping
from syncapp.store import bulk, leases, transactions
from syncapp.tenancy import tenant

SOURCE = "sweep"
READ_AT_ONCE = 1000
AFTER_A_GAP = "QuickBooks could not name every change"
WEEKLY = "Weekly check"
MOST_AT_ONCE = 20
"""Weekly checks that one look begins: they are never urgent."""

DUE = """
select m.company_id, m.id from syncapp_mapping m
join syncapp_company c on c.id = m.company_id and c.state = 'active' and not c.paused
join syncapp_integration i on i.id = m.integration_id and i.state = 'active' and i.switched_on_at is not null
join syncapp_connection s on s.id = i.salesforce_id and s.status = 'live'
join syncapp_connection q on q.id = i.quickbooks_id and q.status = 'live'
where m.mode = 'changes' and m.published_number > 0
  and not exists (select 1 from syncapp_run r where r.company_id = m.company_id and r.mapping_id = m.id
                  and r.kind = 'check' and r.created_at > lb_now() - interval '7 days')
  and 2 = (select count(*) from syncapp_mappingpass p
           where p.mapping_id = m.id and p.caught_up_at < lb_now() - interval '7 days')
order by m.id limit %s
"""
KNOWN = """
select {column} from syncapp_recordlink
where company_id = %s and mapping_id = %s and lifecycle = 'linked' and {state} in ('live', 'inactive', 'voided')
  and {column} > %s order by {column} limit %s
"""


def request_weekly() -> int:
    """Begin the checks that are due, of all companies; returns how many. System code."""
    due = bulk.fetch(DUE, [MOST_AT_ONCE])
    for company_id, mapping_id in due:
        with tenant(company_id):
            request(Mapping.objects.get(pk=mapping_id), WEEKLY)
    return len(due)


def after_gap(mappings: Iterable[Mapping]) -> None:
    """Runs in the transaction that stores what the gap left: the check is as sure to come as the cursor moved."""
    for mapping in mappings:
        if mapping.integration.switched_on_at is not None:
            request(mapping, AFTER_A_GAP)


def request(mapping: Mapping, cause: str) -> Run:
    """A check of this mapping in the background. One that waits to begin is returned: it will see the same."""
    waiting = Run.objects.filter(mapping=mapping, kind=RunKind.CHECK, state="queued").first()
    if waiting is not None:
        return waiting
    run = Run.objects.create(
        company_id=mapping.company_id,
        integration_id=mapping.integration_id,
        mapping=mapping,
        kind=RunKind.CHECK,
        priority=leases.RANK[Priority.BULK],
        cause=cause,
    )
    queue.prepare(run.pk, Priority.BULK)
    return run


def look_through(
    run: Run, mapping: Mapping, spec: MappingSpec, side: Side, client: AnyClient, keep: Callable[[], None]
) -> int:
    """Read one side whole; what differs from what we know, and what is missing, becomes the run's work. Returns how
    many records were news. `keep` is called after each page. Raises ConnectorError."""
    target, seen, news = one_mapping(mapping, spec, side), set[str](), 0
    tally = deletions.Tally(target.connection)
    for records in _pages(target, client):
        seen.update(record.id for record in records)
        news += _take_in(target, records, run, tally)
        keep()
    missing = sorted(_missing(mapping, side, seen))
    for ids in (missing[start : start + READ_AT_ONCE] for start in range(0, len(missing), READ_AT_ONCE)):
        news += _take_in(target, client.read(target.object, ids, target.own_fields), run, tally)
        keep()
    return news


def _pages(target: Watched, client: AnyClient) -> Iterator[Sequence[Any]]:
    position = ""
    while True:
        page = client.scan(target.object, target.own_fields, position)
        yield page.records
        if not page.next:
            return
        position = page.next


def _take_in(target: Watched, records: Sequence[Any], run: Run, tally: deletions.Tally) -> int:
    before = tally.copy()
    return transactions.run(
        lambda: capture.take_in(target, records, SOURCE, run=run, cause=run.cause, tally=tally),
        undo=lambda: tally.become(before),
    )


def _missing(mapping: Mapping, side: Side, seen: set[str]) -> Iterator[str]:
    """Records of linked pairs that the reading did not show: each is read by its id before anything follows from it."""
    name = "sf" if side is Side.SALESFORCE else "qbo"
    after = ""
    while True:
        rows = bulk.fetch(
            KNOWN.format(column=f"{name}_id", state=f"{name}_state"),
            [mapping.company_id, mapping.pk, after, READ_AT_ONCE],
        )
        yield from (row[0] for row in rows if row[0] not in seen)
        if len(rows) < READ_AT_ONCE:
            return
        after = rows[-1][0]
