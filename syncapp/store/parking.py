"""Work of stopped runs is put aside, not thrown away: it waits until its run is resumed or its record changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q

from syncapp.models import LinkWork, Run, RunState
from syncapp.store import bulk
from syncapp.store.clock import SqlNow

PARKED = datetime(2999, 1, 1, tzinfo=UTC)
"""Due time of work whose run was stopped: anything that happens to the record makes it due earlier again."""


def park(run: Run) -> int:
    """Put the work of a stopped run aside, except what a worker holds now; returns how many links."""
    return LinkWork.objects.filter(_free(), run=run).update(due_at=PARKED)


def park_stopped(run_ids: Iterable[UUID]) -> int:
    """Put aside what is left of these runs where a person paused them while a worker held their links; of those that
    were cancelled nothing is left."""
    stopped = Q(state=RunState.CANCELLED) | Q(stop_requested=True)
    runs = list(Run.objects.filter(stopped, id__in=list(run_ids)))
    for run in runs:
        if run.state == RunState.CANCELLED:
            give_up(run)
    paused = [run for run in runs if run.stop_requested]
    return LinkWork.objects.filter(_free(), run__in=paused).update(due_at=PARKED) if paused else 0


DETACH = """
update syncapp_linkwork w set run_id = null, outcome = '', due_at = least(w.due_at, lb_now())
from syncapp_recordlink l join syncapp_mapping m on m.id = l.mapping_id
join syncapp_integration i on i.id = l.integration_id
where w.run_id = %(run)s and l.id = w.link_id and (w.lease_until is null or w.lease_until <= lb_now())
  and (w.priority < %(priority)s or (m.mode = 'changes' and %(priority)s < 2 and (
    exists (select 1 from syncapp_observation o where o.connection_id = i.salesforce_id and o.object = l.sf_object
            and o.remote_id = l.sf_id and o.fresh)
    or exists (select 1 from syncapp_observation o where o.connection_id = i.quickbooks_id
               and o.object = l.qbo_entity and o.remote_id = l.qbo_id and o.fresh))))
"""
# A load makes work of the lowest class: work of a better one came from elsewhere. A run of the normal class took over
# changes that would have been carried anyway where a mapping follows them.


def give_up(run: Run) -> int:
    """Drop the work of a cancelled run, but for what a worker holds and for what something else made due; returns how
    many links."""
    bulk.execute_named(DETACH, {"run": run.pk, "priority": run.priority})
    return LinkWork.objects.filter(_free(), run=run).delete()[0]


def _free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=SqlNow())


def unpark(run: Run) -> int:
    """Make the work of a stopped run due again; returns how many links."""
    return LinkWork.objects.filter(run=run, due_at=PARKED).update(due_at=SqlNow())
