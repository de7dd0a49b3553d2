"""The delete brake: when one pass of reading changes brings very many deletions, none is followed before a person has
looked (sync-semantics section 3). The state lies on the connection and survives every restart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from connectors.contracts import Priority, RecordState, RemoteRecord
from connectors.errors import FailureKind
from syncapp.engine.existence import RECORD, delete_brake
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.reasons import DELETE_BRAKE
from syncapp.models import Connection, Mapping, Problem, RecordLink
from syncapp.services import audit
from syncapp.services.errors import Refused
from syncapp.store import bulk, clock, leases, notifications

DELETIONS = frozenset({RecordState.DELETED, RecordState.INACTIVE})


class Tally:
    """The deletions of one pass over one connection, by mapping; at the brake the connection's stop being followed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._counted: Counter[int] = Counter()

    def copy(self) -> Tally:
        other = Tally(self._connection)
        other._counted = self._counted.copy()
        return other

    def become(self, other: Tally) -> None:
        """Count on from another tally's state."""
        self._counted = other._counted.copy()

    def count(self, mapping: Mapping, spec: MappingSpec, known: Sequence[RemoteRecord]) -> None:
        """Count those of these linked records that are gone, in the transaction that stores them as news."""
        gone = sum(record.state in DELETIONS for record in known)
        if not gone:
            return
        self._counted[mapping.pk] += gone
        total = self._counted[mapping.pk]
        if total <= spec.policies.delete_brake_floor:
            return
        links = RecordLink.objects.filter(mapping=mapping, lifecycle="linked").count()
        if delete_brake(spec.policies, total, links):
            _stop(self._connection, mapping, total)


def subject_of(connection: Connection) -> str:
    """How the problem row names the stopped deletions of this connection."""
    return f"deletions:{connection.pk}"


def _stop(connection: Connection, mapping: Mapping, count: int) -> None:
    now = clock.now()
    Connection.objects.filter(pk=connection.pk, deletions_stopped_at=None).update(deletions_stopped_at=now)
    Connection.objects.filter(pk=connection.pk).update(deletions_stopped_count=count)
    values = {
        "count": count,
        "side": connection.get_side_display(),
        "connection": str(connection),
        "connection_id": str(connection.pk),
        "mapping": mapping.label,
    }
    found = Problem.objects.filter(subject=subject_of(connection), closed_at=None)
    if found.update(values=values, last_seen_at=now):
        return
    news = notifications.of_problem(DELETE_BRAKE, values, connection_id=connection.pk)
    notifications.raise_all(connection.company_id, [news], now)
    Problem.objects.create(
        company_id=connection.company_id,
        subject=subject_of(connection),
        connection=connection,
        kind=FailureKind.DATA.value,
        code=DELETE_BRAKE,
        values=values,
        first_seen_at=now,
        last_seen_at=now,
    )


IGNORE = """
insert into syncapp_linkbase (link_id, company_id, base_version, held, candidates)
select id, company_id, 0, jsonb_build_object(%s::text, %s::jsonb), '[]' from syncapp_recordlink where id = any(%s)
on conflict (link_id) do update set held = syncapp_linkbase.held || excluded.held
"""


def decide(connection: Connection, *, follow: bool, person: Any) -> int:
    """A person has looked: follow the deletions as each mapping says, or leave everything on the other side as it is.

    Returns how many records are looked at again. Raises Refused `deletions.not_stopped`.
    """
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if row.deletions_stopped_at is None:
            raise Refused("deletions.not_stopped")
        waiting = _waiting(row)
        if not follow:
            word = {"why": "gone", "answer": {"side": "leave", "by": audit.name_of(person)}}
            bulk.execute(IGNORE, [RECORD, bulk.dumps(word), waiting])
        audit.decided(
            "deletions.followed" if follow else "deletions.ignored",
            person,
            side=row.side,
            before={"deletions": row.deletions_stopped_count},
            after={"records": len(waiting)},
        )
        row.deletions_stopped_at, row.deletions_stopped_count = None, 0
        row.save(update_fields=["deletions_stopped_at", "deletions_stopped_count"])
        Problem.objects.filter(subject=subject_of(row), closed_at=None).update(
            closed_at=clock.now(), closed_by=audit.name_of(person)[:120]
        )
        leases.make_due(row.company_id, waiting, Priority.NORMAL, cause="Deletions were looked at")
    return len(waiting)


def _waiting(connection: Connection) -> list[Any]:
    """The connection's records whose deletion has not been followed yet: those that were stopped, and news of ones
    that nobody has carried since."""
    side = "salesforce" if connection.side == "sf" else "quickbooks"
    column = "sf_id" if connection.side == "sf" else "qbo_id"
    object_ = "sf_object" if connection.side == "sf" else "qbo_entity"
    rows = bulk.fetch(
        f"select l.id from syncapp_recordlink l"  # noqa: S608  our own column names
        f" join syncapp_integration i on i.id = l.integration_id and i.{side}_id = %s"
        f" join syncapp_observation o on o.connection_id = %s and o.object = l.{object_} and o.remote_id = l.{column}"
        " where l.company_id = %s and l.lifecycle not in ('unlinked', 'absorbed')"
        " and o.state in ('deleted', 'inactive', 'merged', 'voided') and (l.attention_code = %s or o.fresh)",
        [connection.pk, connection.pk, connection.company_id, DELETE_BRAKE],
    )
    return [row[0] for row in rows]
