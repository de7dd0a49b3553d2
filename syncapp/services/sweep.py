"""The net under everything: due work that nobody rang for, leases of the dead, lanes and runs that are due.

Losing every Celery message loses nothing (DESIGN rule 2): the database is the duty, this rings again. Runs outside any
company; each step is one statement over all of them.
"""

from __future__ import annotations

from django.db import transaction

from connectors.contracts import Side
from syncapp import queue
from syncapp.services import deliveries, describing, looking, org_messages, sync_requests
from syncapp.services.timing import current_timing
from syncapp.store import bulk, leases, runs, unclear_writes

MOST_BELLS = 4
"""Bells per class and sweep: each worker goes on by itself while work is due."""

LOOKED_AT_TOGETHER = 50
"""Orgs that one message names: a look at so many takes seconds, and several workers share the rest."""

LANES_DUE = """
update syncapp_cursor c set hinted_at = null,
  next_at = lb_now() + case when c.lane = 'requests' then interval '10 seconds' else interval '60 seconds' end
from syncapp_connection k
where k.id = c.connection_id and c.next_at <= lb_now() and k.status = 'live'
  and coalesce(k.breaker_open_until, '-infinity') <= lb_now()
  and exists (select 1 from syncapp_integration i join syncapp_mapping m on m.integration_id = i.id
              join syncapp_company o on o.id = i.company_id and o.state = 'active' and not o.paused
              where (i.salesforce_id = k.id or i.quickbooks_id = k.id) and i.state = 'active'
                and i.switched_on_at is not null
                and (m.mode = 'changes' or c.lane = 'requests' and m.mode <> 'off'))
returning c.connection_id, c.lane
"""
RUNS_UNREAD = """
select id, priority from syncapp_run
where state in ('queued', 'reading') and not stop_requested and (lease_until is null or lease_until <= lb_now())
  and created_at < lb_now() - %s * interval '1 second'
"""
UNKNOWN_DUE = """
select exists (select 1 from syncapp_batchsend where state = 'unknown' and next_at <= lb_now()
               and (lease_until is null or lease_until <= lb_now()))
"""


def sweep() -> dict[str, int]:
    """Ring for everything that is due; returns what was found, for the log."""
    timing = current_timing()
    waits = {
        Side.QUICKBOOKS.value: timing.unknown_wait_batch,
        Side.SALESFORCE.value: timing.unknown_wait_batch,
    }
    with transaction.atomic():
        expired = unclear_writes.expire_sending(waits)
    bells = 0
    for priority, companies in leases.due_classes():
        for _ in range(min(companies, MOST_BELLS)):
            queue.wake(priority)
            bells += 1
    if bulk.fetch(UNKNOWN_DUE)[0][0]:
        queue.recover()
    notices = deliveries.ring_forgotten()
    unread = bulk.fetch(RUNS_UNREAD, [timing.doorbell_age])
    for run_id, rank in unread:
        queue.prepare(run_id, leases.PRIORITY[rank])
    return {
        "expired": expired,
        "bells": bells,
        "notices": notices,
        "requests": sync_requests.ring_untold(),
        "messages": org_messages.ring_forgotten(),
        "fields": describing.ring_forgotten(),
        "runs": len(unread),
        "finished": runs.finish_idle(),
    }


def ring_due_lanes() -> int:
    """Ring for each lane of a connection that is due; those where mostly nothing happens in messages of many.

    The cursor's next time is moved ahead at once, so that a slow reading is not rung for twice; reading sets the real
    one. Requests of people in Salesforce are looked for each time.
    """
    due = sorted({(str(connection_id), lane) for connection_id, lane in bulk.fetch(LANES_DUE)})
    together: dict[str, list[str]] = {}
    for connection_id, lane in due:
        if lane in looking.LANES:
            together.setdefault(connection_id, []).append(lane)
        else:
            queue.capture(connection_id, lane)
    rest = list(together.items())
    while rest:
        queue.look(dict(rest[:LOOKED_AT_TOGETHER]))
        del rest[:LOOKED_AT_TOGETHER]
    return len(due)
