"""Reading that finds out what became of writes whose answer was lost (sync-semantics section 13).

As few calls as the wire allows: one query for all documents of a batch, one read for all records that were changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors import jsonwire
from connectors.contracts import (
    Body,
    Operation,
    RecordState,
    RemoteRecord,
    Side,
    Write,
    WriteResult,
    WriteStatus,
)
from connectors.errors import Failure, FailureKind
from connectors.quickbooks import query
from connectors.quickbooks.client import QuickBooksClient
from connectors.quickbooks.entities import entity
from connectors.quickbooks.records import record as quickbooks_record
from connectors.salesforce import soql
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.writes import child_rows, has_children, parts_of
from syncapp.engine import tags
from syncapp.engine.entities import traits
from syncapp.engine.evidence import (
    CREATED_SLACK,
    Evidence,
    comparable,
    documents_of,
    holds,
    is_recent,
    of_change,
    of_lines,
    of_own_fields,
)
from syncapp.engine.projection import fields_to_read
from syncapp.services.clients import AnyClient
from syncapp.services.closing import Place
from syncapp.store import links
from syncapp.store.intents import Intent

CREATES = (Operation.CREATE, Operation.UPSERT)
MOVED = Failure(FailureKind.CONFLICT, "engine.moved", "It was not carried out, or was changed meanwhile.")
SEVERAL = Failure(FailureKind.UNKNOWN_WRITE, "engine.outcome_several", "More than one record fits.")
NOT_FOUND = Failure(FailureKind.UNKNOWN_WRITE, "engine.outcome_not_found", "No record fits.")


def look(place: Place, client: AnyClient, chosen: Sequence[Intent]) -> dict[str, WriteResult]:
    """What reading tells of these writes, by their place in the batch. `unknown` with NOT_FOUND: nothing was made as
    far as anyone can see now; with SEVERAL: a person has to say. Raises ConnectorError."""
    made = [intent for intent in chosen if intent.operation in CREATES]
    changed = [intent for intent in chosen if intent.operation not in CREATES]
    return {**_changes(place, client, changed), **_creates(place, client, made)}


def made_before(client: SalesforceClient, upserts: Sequence[Intent]) -> dict[str, WriteResult]:
    """Those of these upserts whose record is there, by their place in the batch: it bears the external id that only
    they write. Sent again they would take back what somebody typed since, so the base becomes what was sent. One that
    people have deleted or merged away since was made all the same: sent again it would be made a second time."""
    made: dict[str, WriteResult] = {}
    for name in sorted({(intent.object, intent.external_field) for intent in upserts}):
        mine = {
            intent.external_value: intent
            for intent in upserts
            if (intent.object, intent.external_field) == name
        }
        fields = ["Id", "IsDeleted", "CreatedDate", name[1]]
        text = soql.select(name[0], fields, where=[soql.within(name[1], sorted(mine))])
        rows = client.query(text, deleted=True).get("records", ())
        for row in sorted(rows, key=lambda one: not one["IsDeleted"]):  # a living one is the last word
            intent = mine[str(row[name[1]])]
            if not row["IsDeleted"] or is_recent(row["CreatedDate"], intent.first_sent_at):
                result = WriteResult(intent.bid, WriteStatus.APPLIED, str(row["Id"]), created=True)
                made[intent.bid] = result
    return made


# --- records that were to be changed ---------------------------------------------------------------------------------


def _changes(place: Place, client: AnyClient, changed: Sequence[Intent]) -> dict[str, WriteResult]:
    if not changed:
        return {}
    side, object_ = changed[0].side, changed[0].object
    wanted = sorted({intent.remote_id for intent in changed})
    records = client.read(object_, wanted, fields_to_read(side, place.spec))
    found = {record.id: record for record in records}
    return {intent.bid: _change(place, intent, found[intent.remote_id]) for intent in changed}


def _change(place: Place, intent: Intent, record: RemoteRecord) -> WriteResult:
    evidence = of_change(place.spec, intent.side, intent.operation, intent.changes, record)
    rows = _each_row(place, intent, record, evidence)
    if evidence is Evidence.APPLIED:
        kept = record if record.body else None
        return WriteResult(intent.bid, WriteStatus.APPLIED, record.id, record=kept, rows=rows)
    if evidence is Evidence.CHANGED_SINCE and all(row.status is WriteStatus.APPLIED for row in rows):
        # What somebody typed since must stand out as an edit, so the base becomes what was sent, not what is read.
        return WriteResult(intent.bid, WriteStatus.APPLIED, record.id, rows=rows)
    # Of a call that was carried out in part, what was taken is told; the record is read and decided afresh.
    kept = record if rows else None
    return WriteResult(intent.bid, WriteStatus.NOT_SENT, record.id, record=kept, failure=MOVED, rows=rows)


def _each_row(
    place: Place, intent: Intent, record: RemoteRecord, evidence: Evidence
) -> tuple[WriteResult, ...]:
    """What became of each row of a write with child rows: one that was to be removed is not there any more, one that
    was to be made is there and was not before, one that was to be changed does not hold what it held."""
    if intent.side is not Side.SALESFORCE or not record.body:
        return ()
    write = intent.as_write()
    if not has_children(write):
        return ()
    found = of_lines(place.spec, intent.changes, record)
    found[write.id] = of_own_fields(place.spec, intent.side, intent.changes, record)
    refused = {id_ for id_, each in found.items() if each is Evidence.NOT_APPLIED}
    there = [row for row in child_rows(record.body) if not row.get("IsDeleted")]
    parts = parts_of(write)
    known = {str(line["id"]) for line in _lines_before(intent) if line.get("id")}
    free = [row for row in there if str(row["Id"]) not in known | {part.id for part in parts}]
    ids = {str(row["Id"]) for row in there}
    sure = evidence is not Evidence.NOT_APPLIED or Evidence.APPLIED in found.values()
    if not sure and not any(_landed(part, known, ids, free) for part in parts):
        return ()
    return tuple(_row(intent, part, ids, free, refused, sure=sure) for part in parts)


def _landed(part: Write, known: set[str], there: set[str], free: Sequence[Body]) -> bool:
    """Whether a line that was to be removed is gone, or one that was to be made is there as it was sent."""
    if part.operation is Operation.DELETE:
        return part.id in known and part.id not in there
    return not part.id and any(_alike(part, row) for row in free)


def _alike(part: Write, row: Body) -> bool:
    return holds(row, {key: part.body[key] for key in part.body if key in row})


def _lines_before(intent: Intent) -> Iterator[Mapping[str, Any]]:
    for change in intent.changes:
        if isinstance(change["before"], list):
            yield from (line for line in change["before"] if isinstance(line, Mapping))


def _row(
    intent: Intent, part: Write, there: set[str], free: list[Body], refused: set[str], *, sure: bool
) -> WriteResult:
    """What became of one row. A new line that is not there as it was sent was edited since where the call is `sure` to
    have been carried out; else it is somebody's own."""
    applied, unknown = WriteStatus.APPLIED, WriteStatus.UNKNOWN
    if part.operation is Operation.DELETE:
        return WriteResult(intent.bid, unknown if part.id in there else applied, part.id)
    if part.id:
        return WriteResult(intent.bid, unknown if part.id in refused else applied, part.id)
    edited = free[0] if free and sure else None
    made = next((row for row in free if _alike(part, row)), edited)
    if made is None:
        return WriteResult(intent.bid, unknown)
    free.remove(made)
    return WriteResult(intent.bid, applied, str(made["Id"]), created=True)


# --- records that were to be made ------------------------------------------------------------------------------------


def _creates(place: Place, client: AnyClient, made: Sequence[Intent]) -> dict[str, WriteResult]:
    if not made:
        return {}
    candidates = _candidates(place, client, made)
    taken = held(place, made[0].side, [record.id for listed in candidates.values() for record in listed])
    free = {
        bid: [record for record in listed if record.id not in taken] for bid, listed in candidates.items()
    }
    claims = _claims(free)
    return {intent.bid: _create(intent, free[intent.bid], claims) for intent in made}


def _claims(free: Mapping[str, Sequence[RemoteRecord]]) -> dict[str, int]:
    """How many writes each record would answer for: one that fits two proves neither."""
    counted: dict[str, int] = {}
    for listed in free.values():
        for record in listed:
            counted[record.id] = counted.get(record.id, 0) + 1
    return counted


def _create(intent: Intent, found: Sequence[RemoteRecord], claims: Mapping[str, int]) -> WriteResult:
    if not found:
        return WriteResult(intent.bid, WriteStatus.UNKNOWN, failure=NOT_FOUND)
    if len(found) > 1 or claims[found[0].id] > 1:
        return WriteResult(intent.bid, WriteStatus.UNKNOWN, failure=SEVERAL)
    return WriteResult(intent.bid, WriteStatus.APPLIED, found[0].id, created=True, record=found[0])


def _candidates(place: Place, client: AnyClient, made: Sequence[Intent]) -> dict[str, Sequence[RemoteRecord]]:
    if isinstance(client, SalesforceClient):
        return _in_salesforce(place, client, made)
    if traits(Side.QUICKBOOKS, made[0].object).document is not None:
        return _documents(client, made)
    return _named(client, made)


def _documents(client: QuickBooksClient, made: Sequence[Intent]) -> dict[str, Sequence[RemoteRecord]]:
    """One metered query for all: what was made for these customers since the first send."""
    probe = traits(Side.QUICKBOOKS, made[0].object).document
    bodies = {intent.bid: jsonwire.decode(intent.body) for intent in made}
    since = min(_sent_at(intent) for intent in made) - CREATED_SLACK
    records: list[RemoteRecord] = []
    if probe is not None:
        parties = sorted({str((body.get(probe.party) or {}).get("value") or "") for body in bodies.values()})
        where = [query.at_or_after("MetaData.CreateTime", since)]
        if all(parties):
            where.insert(0, query.within(probe.party, parties))
        records = list(_rows(client, made[0].object, where))
        return {
            intent.bid: documents_of(
                probe, tags.key_of(intent.id), bodies[intent.bid], intent.first_sent_at, records
            )
            for intent in made
        }
    return {intent.bid: records for intent in made}


def _rows(client: QuickBooksClient, object_: str, where: Sequence[str]) -> list[RemoteRecord]:
    known, found = entity(object_), list[RemoteRecord]()
    while True:
        text = query.select(known.name, where=where, order_by="Id", start=len(found) + 1, limit=query.PAGE)
        rows = client.query(text).get("QueryResponse", {}).get(known.name, [])
        found += [quickbooks_record(known, row) for row in rows]
        if len(rows) < query.PAGE:
            return found


def _sent_at(intent: Intent) -> datetime:
    if intent.first_sent_at is None:
        raise LookupError("a write of unknown outcome was sent at some time")
    return intent.first_sent_at


def _named(client: QuickBooksClient, made: Sequence[Intent]) -> dict[str, Sequence[RemoteRecord]]:
    """List records by their unique name, inactive ones included."""
    path = traits(Side.QUICKBOOKS, made[0].object).name_path
    bodies = {intent.bid: jsonwire.decode(intent.body) for intent in made}
    records = client.names([str(body.get(path, "")) for body in bodies.values()])
    return {
        intent.bid: [record for record in records if is_ours(intent, bodies[intent.bid], record, path)]
        for intent in made
    }


def is_ours(intent: Intent, sent: Mapping[str, Any], record: RemoteRecord, path: str) -> bool:
    """Whether a list record of the name was made by this write: created since, live, and holding what was sent."""
    return (
        record.object == intent.object
        and record.state is RecordState.LIVE
        and str(record.body.get(path, "")).casefold() == str(sent.get(path, "")).casefold()
        and is_recent((record.body.get("MetaData") or {}).get("CreateTime"), intent.first_sent_at)
        and holds(record.body, comparable(sent))
    )


def _in_salesforce(
    place: Place, client: SalesforceClient, made: Sequence[Intent]
) -> dict[str, Sequence[RemoteRecord]]:
    """Records of these names that our user made since (an org that forbids an external id field of ours)."""
    object_, path = made[0].object, traits(Side.SALESFORCE, made[0].object).name_path
    bodies = {intent.bid: jsonwire.decode(intent.body) for intent in made}
    since = min(_sent_at(intent) for intent in made) - CREATED_SLACK
    names = sorted({str(body.get(path, "")) for body in bodies.values()} - {""})
    if not names:
        return {intent.bid: () for intent in made}
    where = [soql.within(path, names), soql.at_or_after("CreatedDate", since)]
    user = str(place.connections[Side.SALESFORCE].facts.get("user_id") or "")
    if user:
        where.append(soql.equals("CreatedById", user))
    rows = client.query(soql.select(object_, ["Id"], where=where)).get("records", ())
    ids = [str(row["Id"]) for row in rows]
    records = client.read(object_, ids, fields_to_read(Side.SALESFORCE, place.spec)) if ids else []
    return {
        intent.bid: [
            record for record in records if str(record.body.get(path)) == str(bodies[intent.bid].get(path))
        ]
        for intent in made
    }


def held(place: Place, side: Side, ids: Sequence[str]) -> set[str]:
    """Records that a whole link holds already: no write that is still open made them."""
    known = links.linked_ids(
        place.mapping.integration_id, place.spec.sf_object, place.spec.qbo_entity, side, list(ids)
    )
    return {id_ for id_, row in known.items() if row[1]}
