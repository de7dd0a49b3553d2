"""Writes to Salesforce: up to five collections of 200 in one composite, or a few guarded single writes.

Reference salesforce.md 4.1 to 4.3, 4.7, 4.8; sync-semantics 7.4 to 7.6 and W6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from connectors import jsonwire
from connectors.contracts import (
    CONDITIONAL_LIMIT,
    Operation,
    RemoteRecord,
    Write,
    WriteResult,
    WriteStatus,
)
from connectors.errors import Failure, FailureKind
from connectors.salesforce import faults, soql
from connectors.salesforce.hosts import DATA_PATH
from connectors.salesforce.ids import to_18
from connectors.salesforce.records import columns, record

COLLECTION_LIMIT = 200
COLLECTIONS_LIMIT = 5
METHODS = {
    Operation.CREATE: "POST",
    Operation.UPDATE: "PATCH",
    Operation.UPSERT: "PATCH",
    Operation.DELETE: "DELETE",
}
COMPOSITE_CREATED = 201
COMPOSITE_REFUSED = 300
COMPOSITE_BROKEN = 500

DESPITE_DUPLICATES = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}

_Key = tuple[Operation, str, str, bool]


@dataclass(frozen=True, slots=True)
class Collection:
    """One sub-request of up to 200 writes of one kind; `places` are their positions in the call."""

    operation: Operation
    object: str
    external_field: str
    despite_duplicates: bool
    writes: tuple[Write, ...]
    places: tuple[int, ...]


def calls(writes: Sequence[Write]) -> list[tuple[Write, ...]]:
    """Divide writes, in order, into the fewest groups that one composite can carry each."""
    groups: list[list[Write]] = []
    load: Counter[_Key] = Counter()
    for write in writes:
        guarded = bool(write.read_back)
        if not groups or guarded != bool(groups[-1][0].read_back) or not _fits(groups[-1], load, write):
            groups.append([])
            load = Counter()
        groups[-1].append(write)
        load.update(_key(part) for part in parts_of(write))
    return [tuple(group) for group in groups]


def _fits(group: Sequence[Write], load: Counter[_Key], write: Write) -> bool:
    if write.read_back:
        return len(group) < CONDITIONAL_LIMIT
    counts = load + Counter(_key(part) for part in parts_of(write))
    return sum(-(-count // COLLECTION_LIMIT) for count in counts.values()) <= COLLECTIONS_LIMIT


def parts_of(write: Write) -> list[Write]:
    """The rows that a write comes to: the record itself, and one for each child row in its body.

    A member of the form `{"records": [{"attributes": {"type", "parent"}, …}]}` holds child rows: with an `Id` they are
    updated (or deleted, where the attributes say so), without one created under the record.
    """
    lists = {name: part["records"] for name, part in write.body.items() if _is_children(part)}
    if not lists:
        return [write]
    own = {name: value for name, value in write.body.items() if name not in lists}
    record = [replace(write, body=own)] if own else []
    return [*record, *(_child(write, row) for rows in lists.values() for row in rows)]


def has_children(write: Write) -> bool:
    """Whether the body holds child rows, which are records of their own."""
    return any(_is_children(part) for part in write.body.values())


def child_rows(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The child rows that a record was read with, in the order of their ids."""
    found = [row for part in body.values() if _is_children(part) for row in part["records"]]
    return sorted((row for row in found if row.get("Id")), key=lambda row: str(row["Id"]))


def _is_children(part: Any) -> bool:
    return isinstance(part, Mapping) and isinstance(part.get("records"), list)


def _child(write: Write, row: Mapping[str, Any]) -> Write:
    attributes = row["attributes"]
    body = {name: value for name, value in row.items() if name not in ("attributes", "Id")}
    if attributes.get("delete"):
        return Write(write.ref, Operation.DELETE, attributes["type"], {}, id=row["Id"])
    if row.get("Id"):
        return Write(write.ref, Operation.UPDATE, attributes["type"], body, id=row["Id"])
    return Write(write.ref, Operation.CREATE, attributes["type"], {attributes["parent"]: write.id, **body})


def _key(write: Write) -> _Key:
    field = write.external_field if write.operation is Operation.UPSERT else ""
    return write.operation, write.object, field, write.despite_duplicates


def check(writes: Sequence[Write]) -> None:
    """Raise ValueError when one call cannot carry these writes, or two of them are of the same record."""
    if len(calls(writes)) > 1:
        raise ValueError("one Salesforce call cannot carry these writes; divide them with calls()")
    seen: set[tuple[str, str]] = set()
    for write in (part for whole in writes for part in parts_of(whole)):
        if write.operation not in METHODS:
            raise ValueError(f"Salesforce knows no {write.operation}")
        target = write.id or (write.external_value if write.operation is Operation.UPSERT else "")
        if target and (write.object, target) in seen:
            raise ValueError(f"two writes of {write.object} {target} in one call")
        seen.add((write.object, target))


def compose(writes: Sequence[Write]) -> bytes:
    """The body of the composite that carries these writes: the same writes give the same bytes."""
    check(writes)
    if writes and writes[0].read_back:
        requests = [part for place, write in enumerate(writes) for part in _guarded(place, write)]
    else:
        rows = [part for write in writes for part in parts_of(write)]
        requests = [_sub_request(n, collection) for n, collection in enumerate(collections(rows))]
    # Not collated: a query that reads back must run after its write (4.2).
    return jsonwire.encode({"allOrNone": False, "collateSubrequests": False, "compositeRequest": requests})


def collections(writes: Sequence[Write]) -> list[Collection]:
    """The sub-requests of one call, in order of their first write."""
    by_key: dict[_Key, list[int]] = {}
    for place, write in enumerate(writes):
        by_key.setdefault(_key(write), []).append(place)
    return [
        Collection(*key, tuple(writes[place] for place in chunk), tuple(chunk))
        for key, places in by_key.items()
        for chunk in chunks(places, COLLECTION_LIMIT)
    ]


def chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """The items in runs of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _sub_request(number: int, collection: Collection) -> dict[str, Any]:
    url = f"{DATA_PATH}/composite/sobjects"
    request: dict[str, Any] = {"method": METHODS[collection.operation], "referenceId": f"c{number}"}
    if collection.despite_duplicates:
        request["httpHeaders"] = DESPITE_DUPLICATES
    if collection.operation is Operation.DELETE:
        ids = ",".join(write.id for write in collection.writes)
        return {**request, "url": f"{url}?ids={ids}&allOrNone=false"}
    if collection.operation is Operation.UPSERT:
        url += f"/{collection.object}/{soql.name(collection.external_field)}"
    return {
        **request,
        "url": url,
        "body": {"allOrNone": False, "records": [_row(w) for w in collection.writes]},
    }


def _row(write: Write) -> dict[str, Any]:
    row = {"attributes": {"type": write.object}, **write.body}
    if write.operation is Operation.UPDATE:
        row["id"] = write.id
    elif write.operation is Operation.UPSERT:
        row[write.external_field] = write.external_value
    return row


def _guarded(place: int, write: Write) -> list[dict[str, Any]]:
    """A single write, conditional where it updates, and the query that reads the record back."""
    request: dict[str, Any] = {
        "method": METHODS[write.operation],
        "referenceId": f"w{place}",
        "url": _row_url(write),
        "body": dict(write.body),
    }
    headers = DESPITE_DUPLICATES if write.despite_duplicates else {}
    if write.operation is Operation.UPDATE and write.expected is not None:
        headers = {**headers, "If-Unmodified-Since": http_date(write.expected.modified)}
    if headers:
        request["httpHeaders"] = headers
    target = write.id if write.operation is Operation.UPDATE else f"@{{w{place}.id}}"
    query = soql.select(
        write.object, columns(write.object, write.read_back), where=[soql.equals("Id", target)]
    )
    # A reference to another sub-request's answer is only seen where it stands unquoted.
    url = query_path(query, deleted=True).replace(quote(target, safe=""), target)
    return [request, {"method": "GET", "referenceId": f"r{place}", "url": url}]


def _row_url(write: Write) -> str:
    base = f"{DATA_PATH}/sobjects/{soql.name(write.object)}"
    if write.operation is Operation.UPDATE:
        return f"{base}/{write.id}"
    if write.operation is Operation.UPSERT:
        return f"{base}/{soql.name(write.external_field)}/{quote(write.external_value, safe='')}"
    if write.operation is Operation.CREATE:
        return base
    raise ValueError("a deletion has nothing to read back")


@lru_cache(maxsize=256)
def query_path(query: str, *, deleted: bool) -> str:
    """The address of a query, as a sub-request of a composite names it."""
    return f"{DATA_PATH}/{'queryAll' if deleted else 'query'}?q={quote(query, safe='')}"


def http_date(when: datetime) -> str:
    """RFC 1123, whole seconds, as conditional headers want it (2.3)."""
    return format_datetime(when.astimezone(UTC).replace(microsecond=0), usegmt=True)


def results(
    writes: Sequence[Write], answer: Mapping[str, Any], read_at: datetime | None, tid: str
) -> tuple[WriteResult, ...]:
    """One result per write, in order, from the composite's answer. A part of it that does not fit leaves its writes
    unknown and the others known. Raises KeyError or TypeError for an answer that is none."""
    parts = {part["referenceId"]: part for part in answer["compositeResponse"]}
    if writes and writes[0].read_back:
        return tuple(_single(n, write, parts, read_at, tid) for n, write in enumerate(writes))
    rows = [(place, part) for place, write in enumerate(writes) for part in parts_of(write)]
    found: dict[int, WriteResult] = {}
    for number, collection in enumerate(collections([part for _, part in rows])):
        found.update(
            zip(collection.places, _collection_results(collection, parts.get(f"c{number}"), tid), strict=True)
        )
    of_write: dict[int, list[WriteResult]] = {}
    for row, (place, _) in enumerate(rows):
        of_write.setdefault(place, []).append(found[row])
    return tuple(_together(write, of_write[place]) for place, write in enumerate(writes))


_GRAVITY = (WriteStatus.UNKNOWN, WriteStatus.REFUSED, WriteStatus.NOT_SENT, WriteStatus.APPLIED)


def _together(write: Write, results: Sequence[WriteResult]) -> WriteResult:
    """A write with its child rows is as good as the worst of them; each row's own result goes along."""
    worst = min(results, key=lambda result: _GRAVITY.index(result.status))
    if not has_children(write):
        return worst
    return replace(worst, id=write.id or worst.id, created=False, rows=tuple(results))


def _collection_results(
    collection: Collection, part: Mapping[str, Any] | None, tid: str
) -> list[WriteResult]:
    if part is None:
        return [_unknown(write, tid) for write in collection.writes]
    body, status = part.get("body"), part["httpStatusCode"]
    if status >= COMPOSITE_REFUSED:
        return [_refused(write, status, body, tid) for write in collection.writes]
    if not isinstance(body, list) or len(body) != len(collection.writes):
        return [_unknown(write, tid) for write in collection.writes]
    return [_row_result(write, row, tid) for write, row in zip(collection.writes, body, strict=True)]


def _unknown(write: Write, tid: str) -> WriteResult:
    words = "The answer does not fit the call."
    failure = Failure(FailureKind.UNKNOWN_WRITE, "net.unreadable", words, request_id=tid)
    return WriteResult(write.ref, WriteStatus.UNKNOWN, write.id, failure=failure, request_id=tid)


def _row_result(write: Write, row: Mapping[str, Any], tid: str) -> WriteResult:
    if not row["success"]:
        failure = faults.from_row(row.get("errors") or (), tid)
        return WriteResult(write.ref, WriteStatus.REFUSED, write.id, failure=failure, request_id=tid)
    created = write.operation is Operation.CREATE or bool(row.get("created"))
    return WriteResult(
        write.ref, WriteStatus.APPLIED, to_18(row.get("id") or write.id), created=created, request_id=tid
    )


def _refused(write: Write, status: int, body: Any, tid: str) -> WriteResult:
    failure = faults.from_body(status, body, tid)
    if status >= COMPOSITE_BROKEN:
        unknown = Failure(
            FailureKind.UNKNOWN_WRITE, failure.code, failure.message, http_status=status, request_id=tid
        )
        return WriteResult(write.ref, WriteStatus.UNKNOWN, write.id, failure=unknown, request_id=tid)
    return WriteResult(write.ref, WriteStatus.REFUSED, write.id, failure=failure, request_id=tid)


def _single(
    place: int, write: Write, parts: Mapping[str, Mapping[str, Any]], read_at: datetime | None, tid: str
) -> WriteResult:
    part = parts.get(f"w{place}")
    if part is None:
        return _unknown(write, tid)
    status, body = part["httpStatusCode"], part.get("body")
    seen = _read_back(write.object, parts.get(f"r{place}"), read_at)
    if status >= COMPOSITE_REFUSED:
        refused = _refused(write, status, body, tid)
        return WriteResult(
            refused.ref, refused.status, write.id, record=seen, failure=refused.failure, request_id=tid
        )
    id_ = to_18((body or {}).get("id") or write.id)
    created = status == COMPOSITE_CREATED
    return WriteResult(write.ref, WriteStatus.APPLIED, id_, created=created, record=seen, request_id=tid)


def _read_back(object_: str, part: Mapping[str, Any] | None, read_at: datetime | None) -> RemoteRecord | None:
    if part is None or part["httpStatusCode"] >= COMPOSITE_REFUSED:
        return None
    rows = part["body"].get("records") or ()
    return record(object_, rows[0], read_at) if rows else None
