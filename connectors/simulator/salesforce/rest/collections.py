"""`/composite/sobjects`: up to 200 records in one call, each with its own result (reference/salesforce.md 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce import ids
from connectors.simulator.salesforce.errors import Refused, bad_json
from connectors.simulator.salesforce.values import to_stored

from .call import Answer, Call
from .rows import key_field, show, without

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity
    from connectors.simulator.salesforce.changes import Actor
    from connectors.simulator.salesforce.objects.fields import Field

    from .engine import Engine

MAX_RECORDS = 200
MAX_CHUNKS = 10
MAX_RETRIEVED = 2000
MAX_IDS_IN_URL = 800

Work = Callable[[], dict[str, Any]]


def add_routes(engine: Engine) -> None:
    engine.route("POST", "/composite/sobjects", create)
    engine.route("PATCH", "/composite/sobjects", update)
    engine.route("DELETE", "/composite/sobjects", delete)
    engine.route("GET", "/composite/sobjects/<object>", retrieve_by_url)
    engine.route("POST", "/composite/sobjects/<object>", retrieve_by_body)
    engine.route("PATCH", "/composite/sobjects/<object>/{key}", upsert)


class _RolledBack(Exception):
    """Leaves the savepoint of an all-or-none call."""


def _records_of(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = call.object_body()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise bad_json("The value of the records property must be a list of sObjects")
    if len(records) > MAX_RECORDS:
        raise Refused(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MAX_RECORDS} records into this call",
        )
    return records, call.flag("allOrNone", body.get("allOrNone"))


def _type_of(call: Call, record: dict[str, Any]) -> Entity:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    entity = call.org.catalog.find(name) if isinstance(name, str) else None
    if entity is None:
        raise Refused("INVALID_TYPE", f"sObject type '{name or ''}' is not supported.")
    return entity


def _check_chunks(records: list[dict[str, Any]]) -> None:
    """Consecutive records of one type are a chunk; ten are allowed."""
    names = [str((record.get("attributes") or {}).get("type")) for record in records]
    chunks = sum(1 for before, name in zip(["", *names], names, strict=False) if before != name)
    if chunks > MAX_CHUNKS:
        message = (
            f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. Please rearrange the data"
        )
        raise Refused("LIMIT_EXCEEDED", message)


def _done(record_id: str, **more: Any) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": [], **more}


def run_rows(call: Call, works: list[Work], all_or_none: bool) -> list[dict[str, Any]]:
    """Each row's result in order; with all-or-none one failure undoes all."""
    results: list[dict[str, Any]] = []
    store = call.org.world.store
    try:
        with store.savepoint() if all_or_none else nullcontext():
            for work in works:
                try:
                    results.append(work())
                except Refused as error:
                    results.append(error.row())
            if all_or_none:
                _undo_unless(all(result["success"] for result in results))
    except _RolledBack:
        return [result if not result["success"] else _rolled_back() for result in results]
    return results


def _undo_unless(good: bool) -> None:
    if not good:
        raise _RolledBack


def _rolled_back() -> dict[str, Any]:
    message = (
        "Record rolled back because not all records were valid and the request was using AllOrNone header"
    )
    return Refused("ALL_OR_NONE_OPERATION_ROLLED_BACK", message).row()


def create(call: Call) -> Answer:
    records, all_or_none = _records_of(call)
    _check_chunks(records)
    actor = call.actor()

    def work(record: dict[str, Any]) -> dict[str, Any]:
        entity = _type_of(call, record)
        if any(name.lower() == "id" and value for name, value in record.items()):
            raise Refused("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        return _done(call.records.create(entity, record, actor))

    return Answer(run_rows(call, [partial(work, record) for record in records], all_or_none))


def update(call: Call) -> Answer:
    records, all_or_none = _records_of(call)
    _check_chunks(records)
    actor = call.actor()
    seen: set[str] = set()

    def work(record: dict[str, Any]) -> dict[str, Any]:
        entity = _type_of(call, record)
        given = next((value for name, value in record.items() if name.lower() == "id"), None)
        if not isinstance(given, str) or not given:
            raise Refused("MISSING_ARGUMENT", "Id not specified in an update call")
        record_id = call.records.own_id(entity, given)
        if record_id in seen:
            raise Refused("DUPLICATE_VALUE", f"duplicate id found in the request: {record_id}")
        seen.add(record_id)
        _row_update(call, entity, record_id, record, actor)
        return _done(record_id)

    return Answer(run_rows(call, [partial(work, record) for record in records], all_or_none))


def _row_update(call: Call, entity: Entity, record_id: str, record: dict[str, Any], actor: Actor) -> None:
    """An update in which a missing record is a row error of its own kind."""
    try:
        call.records.update(entity, record_id, record, actor)
    except Refused as error:
        if error.code == "NOT_FOUND":
            raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ()) from None
        raise


@dataclass(slots=True)
class _Upsert:
    """The rows of one upsert call: by external id, or by Id where a null id creates (both recorded)."""

    call: Call
    entity: Entity
    key: Field
    actor: Actor
    seen: set[Any] = field(default_factory=set)

    def row(self, record: dict[str, Any]) -> dict[str, Any]:
        if _type_of(self.call, record) is not self.entity:
            raise Refused("INVALID_TYPE", f"all records must be of type {self.entity.name}")
        given = {name.lower(): value for name, value in record.items()}
        text = given.get(self.key.name.lower())
        if self.key.name == "Id":
            return self.by_id(record, text)
        if given.get("id"):
            raise Refused("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        value = to_stored(self.key, text, self.entity.object.label)
        if value is None:
            raise Refused("MISSING_ARGUMENT", f"{self.key.name} not specified")
        return self.by_key(record, text, value)

    def by_id(self, record: dict[str, Any], text: Any) -> dict[str, Any]:
        if not text:
            return _done(self.call.records.create(self.entity, record, self.actor), created=True)
        record_id = self.call.records.own_id(self.entity, str(text))
        _row_update(self.call, self.entity, record_id, record, self.actor)
        return _done(record_id, created=False)

    def by_key(self, record: dict[str, Any], text: Any, value: Any) -> dict[str, Any]:
        key, records = self.key, self.call.records
        mark = value.lower() if isinstance(value, str) and not key.case_sensitive else value
        if mark in self.seen:
            raise Refused("DUPLICATE_VALUE", f"Duplicate external id specified: {text}", (key.name,))
        self.seen.add(mark)
        found = records.by_external_id(self.entity, key, value)
        if len(found) > 1:
            message = f"{key.name}: more than one record found for external id field: [{', '.join(found)}]"
            raise Refused("DUPLICATE_EXTERNAL_ID", message, (key.name,))
        if not found:
            return _done(records.create(self.entity, record, self.actor), created=True)
        records.update(self.entity, found[0], without(record, key.name), self.actor)
        return _done(found[0], created=False)


def upsert(call: Call) -> Answer:
    entity = call.entity()
    rows = _Upsert(call, entity, key_field(entity, call.param("key")), call.actor())
    records, all_or_none = _records_of(call)
    return Answer(run_rows(call, [partial(rows.row, record) for record in records], all_or_none))


def delete(call: Call) -> Answer:
    given = [one.strip() for one in call.query("ids").split(",") if one.strip()]
    if not given:
        raise Refused("MISSING_ARGUMENT", "The ids query parameter is required")
    if len(given) > MAX_RECORDS:
        raise Refused(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MAX_RECORDS} records into this call",
        )
    all_or_none = call.query("allOrNone").lower() == "true"
    actor = call.actor()

    def work(text: str) -> dict[str, Any]:
        record_id = ids.to_18(text)
        entity = call.org.catalog.of_id(record_id) if record_id else None
        if record_id is None or entity is None:
            raise Refused("MALFORMED_ID", f"malformed id {text}")
        try:
            call.records.bin.delete(entity, record_id, actor)
        except Refused as error:
            if error.code == "NOT_FOUND":
                raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ()) from None
            raise
        return _done(record_id)

    return Answer(run_rows(call, [partial(work, text) for text in given], all_or_none))


def retrieve_by_url(call: Call) -> Answer:
    given = [one.strip() for one in call.query("ids").split(",") if one.strip()]
    if len(given) > MAX_IDS_IN_URL:
        raise Refused("URI_TOO_LONG", "the request URI is too long", status=414)
    return _retrieve(call, given, call.query("fields"))


def retrieve_by_body(call: Call) -> Answer:
    body = call.object_body()
    given, fields = body.get("ids"), body.get("fields")
    if not isinstance(given, list) or not isinstance(fields, list):
        raise bad_json("The properties ids and fields must be lists")
    if len(given) > MAX_RETRIEVED:
        raise Refused(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MAX_RETRIEVED} records into this call",
        )
    return _retrieve(call, [str(one) for one in given], ",".join(str(one) for one in fields))


def _retrieve(call: Call, given: list[str], fields: str) -> Answer:
    """The records in the order asked; null where an id is wrong, gone or not visible."""
    entity = call.entity()
    if not fields.strip():
        raise Refused("MISSING_ARGUMENT", "The fields parameter is required")
    wanted = [ids.to_18(one) for one in given]
    found = show(call, entity, [one for one in wanted if one], fields) if wanted else {}
    return Answer([found.get(one) if one else None for one in wanted])
