"""Observations: "this remote record may have changed", with the mapped fields where a body came with the news."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from syncapp.models import Observation
from syncapp.store import bulk

# Which of two versions is the older one: by the moment of the change. QuickBooks' moments have whole seconds; within
# one its SyncToken counts (an answer of ours may be stored after a reading that is a change ahead of it).
NOT_OLDER = """(coalesce(syncapp_observation.modified, '-infinity') < excluded.modified
  or (syncapp_observation.modified = excluded.modified
      and (syncapp_observation.token !~ '^[0-9]{1,18}$' or excluded.token !~ '^[0-9]{1,18}$'
           or syncapp_observation.token::bigint <= excluded.token::bigint)))"""

# A row is news unless the same, settled token is known; an older token than the one known is never taken over.
TAKE_OVER = """(connection_id, object, remote_id) do update set
  token = excluded.token, modified = excluded.modified, settled = excluded.settled, state = excluded.state,
  merged_into = excluded.merged_into, modified_by = excluded.modified_by, source = excluded.source,
  seen_at = excluded.seen_at, body = excluded.body, hinted_at = null, fresh = true"""
NEWS = """(syncapp_observation.token <> excluded.token or syncapp_observation.modified <> excluded.modified
  or not syncapp_observation.settled or syncapp_observation.state <> excluded.state
  or syncapp_observation.hinted_at is not null)"""
UPSERT = f"{TAKE_OVER} where {NOT_OLDER} and {NEWS}"
UPSERT_BODY = f"""{TAKE_OVER} where {NOT_OLDER} and ({NEWS} or (syncapp_observation.body is null
  and coalesce(syncapp_observation.seen_at, '-infinity') <= excluded.seen_at))"""


def note(
    company_id: int,
    connection_id: UUID,
    records: Sequence[RemoteRecord],
    source: str,
    at: datetime,
    *,
    for_decision: bool = False,
) -> set[str]:
    """Store what capture saw (all of one object); returns the ids that are news.

    A record whose equal, settled token is known costs no work and is left out. What is read `for_decision` keeps its
    body all the same: a record that waits is decided again from it, and one without a body counts as unchanged.
    """
    unique = {record.id: record for record in records}
    rows = [
        {
            **_row(company_id, connection_id, record, source, at),
            "merged_into": record.merged_into,
            "modified_by": record.modified_by[:255],
            "fresh": True,
            "body": record.body or None,
        }
        for record in sorted(unique.values(), key=lambda item: item.id)
    ]
    news = bulk.insert(
        Observation,
        rows,
        on_conflict=UPSERT_BODY if for_decision else UPSERT,
        returning=["remote_id"],
        as_text=bulk.dumps_exactly,
    )
    return {row[0] for row in news}


def _row(
    company_id: int, connection_id: UUID, record: RemoteRecord, source: str, at: datetime
) -> dict[str, Any]:
    return {
        "company_id": company_id,
        "connection_id": connection_id,
        "object": record.object,
        "remote_id": record.id,
        "token": record.token.version,
        "modified": record.token.modified,
        "settled": record.token.settled,
        "state": record.state.value,
        "source": source,
        "first_seen_at": at,
        "seen_at": at,
    }


def hint(
    company_id: int, connection_id: UUID, object: str, ids: Iterable[str], source: str, at: datetime
) -> None:
    """Somebody says these records may have changed, without a body: they are read before anything is decided."""
    rows = [
        {
            "company_id": company_id,
            "connection_id": connection_id,
            "object": object,
            "remote_id": remote_id,
            "token": "",
            "settled": True,
            "state": RecordState.LIVE.value,
            "merged_into": "",
            "modified_by": "",
            "source": source,
            "first_seen_at": at,
            "hinted_at": at,
            "fresh": True,
        }
        for remote_id in sorted(set(ids))
    ]
    bulk.insert(
        Observation,
        rows,
        on_conflict="(connection_id, object, remote_id) do update set hinted_at = excluded.hinted_at, body = null,"
        " fresh = true",
    )


def know(company_id: int, connection_id: UUID, records: Sequence[RemoteRecord], at: datetime) -> None:
    """These are our own writes' answers: their versions are known, so that the notice of them costs no work. What was
    deleted or merged within the same second was so after our write, however late its answer is stored."""
    rows = [
        {
            **_row(company_id, connection_id, record, "write", at),
            "merged_into": "",
            "modified_by": "",
            "fresh": False,
        }
        for record in sorted(records, key=lambda item: item.id)
    ]
    bulk.insert(
        Observation,
        rows,
        on_conflict=f"""(connection_id, object, remote_id) do update set
  token = excluded.token, modified = excluded.modified, settled = excluded.settled, state = excluded.state,
  seen_at = excluded.seen_at, source = excluded.source, body = null, fresh = false
where {NOT_OLDER} and (syncapp_observation.state not in ('deleted', 'merged')
                       or syncapp_observation.modified < excluded.modified)""",
    )


def overtake(connection_id: UUID, object: str, ids: Collection[str]) -> set[str]:
    """Forget the bodies of records that we wrote to and whose server gave no new one; returns those that had one.

    A page that was read before our write and is stored after it bears the same version and is no news either.
    """
    if not ids:
        return set()
    rows = bulk.fetch(
        "update syncapp_observation set body = null where id in (select id from syncapp_observation"
        " where connection_id = %s and object = %s and remote_id = any(%s) and body is not null"
        " order by remote_id for update) returning remote_id",
        [connection_id, object, sorted(ids)],
    )
    return {row[0] for row in rows}


def seen_after(connection_id: UUID, object: str, moments: Mapping[str, datetime]) -> set[str]:
    """Those of these records (id -> moment) whose body was read after their moment, and nothing was hinted since."""
    rows = Observation.objects.filter(
        connection_id=connection_id, object=object, remote_id__in=list(moments), hinted_at=None
    ).values_list("remote_id", "seen_at")
    return {id_ for id_, seen_at in rows if seen_at is not None and seen_at > moments[id_]}


def forget_bodies(connection_id: UUID, object: str) -> None:
    """What was read of this object lacks fields that its mappings read now: it is read again when needed."""
    Observation.objects.filter(connection_id=connection_id, object=object, body__isnull=False).update(
        body=None
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What capture knows of one record: the newest token, and the record itself where its body is in hand."""

    token: str
    hinted: bool
    state: RecordState
    record: RemoteRecord | None
    modified: datetime | None = None


def load(connection_id: UUID, side: Side, object: str, ids: Sequence[str]) -> Mapping[str, Seen]:
    """Observations of these records, by remote id."""
    found = Observation.objects.filter(connection_id=connection_id, object=object, remote_id__in=list(ids))
    rows = found.annotate(body_text=Cast("body", TextField())).values_list(
        "remote_id",
        "token",
        "modified",
        "settled",
        "state",
        "merged_into",
        "modified_by",
        "hinted_at",
        "body_text",
    )
    return {row[0]: _seen(side, object, row) for row in rows}


def _seen(side: Side, object: str, row: tuple[Any, ...]) -> Seen:
    remote_id, token, modified, settled, state, merged_into, modified_by, hinted_at, body = row
    record = None
    if body is not None and hinted_at is None:
        record = RemoteRecord(
            side=side,
            object=object,
            id=remote_id,
            token=Token(token, modified, settled),
            state=RecordState(state),
            body=bulk.loads_exactly(body),
            merged_into=merged_into,
            modified_by=modified_by,
        )
    return Seen(token, hinted_at is not None, RecordState(state), record, modified)


def versions(connection_id: UUID, object: str, ids: Sequence[str]) -> dict[str, tuple[str, RecordState]]:
    """The version and state in which these records are known: remote id -> (token, state)."""
    rows = Observation.objects.filter(connection_id=connection_id, object=object, remote_id__in=list(ids))
    return {
        id_: (token, RecordState(state))
        for id_, token, state in rows.values_list("remote_id", "token", "state")
    }


def settle(
    connection_id: UUID,
    object: str,
    decided: Mapping[str, str],
    *,
    read_by: datetime,
    agreed: Collection[str] = (),
) -> None:
    """These records (id -> token) were decided; of those where both sides `agreed`, no body is needed any longer.

    News that came after `read_by` stays as it is, also where it bears the same token: Salesforce's stamps have whole
    seconds, so an edit within the second of what was read is only told apart by when it was seen.
    """
    rows = [
        {"remote_id": remote_id, "token": token, "agreed": remote_id in agreed}
        for remote_id, token in sorted(decided.items())
        if remote_id
    ]
    if not rows:
        return
    bulk.execute(
        "update syncapp_observation o set fresh = false, body = case when x.agreed then null else o.body end"
        " from jsonb_to_recordset(%s::jsonb) as x(remote_id text, token text, agreed bool)"
        " where o.connection_id = %s and o.object = %s and o.remote_id = x.remote_id and o.token = x.token"
        " and (o.fresh or o.body is not null) and coalesce(o.seen_at, '-infinity') <= %s",
        [bulk.dumps(rows), connection_id, object, read_by],
    )
