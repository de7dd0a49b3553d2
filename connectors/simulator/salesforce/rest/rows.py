"""`/sobjects/X/...`: single records by id and by external id (reference/salesforce.md 4.1, 4.8)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.describe import brief
from connectors.simulator.salesforce.errors import Refused, not_found
from connectors.simulator.salesforce.events import event_uuid
from connectors.simulator.salesforce.objects.fields import Field
from connectors.simulator.salesforce.soql.errors import SoqlError
from connectors.simulator.salesforce.soql.run import Runner
from connectors.simulator.salesforce.times import from_http_date, from_wire, http_date
from connectors.simulator.salesforce.values import to_stored

from .call import Answer, Call
from .queries import plan_of

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity
    from connectors.simulator.salesforce.soql.plan import Plan

    from .engine import Engine


def add_routes(engine: Engine) -> None:
    engine.route("GET", "/sobjects/<object>", basic)
    engine.route("POST", "/sobjects/<object>", create)
    engine.route("POST", "/sobjects/<object>/Id", create)
    engine.route("GET", "/sobjects/<object>/{id}", read)
    engine.route("PATCH", "/sobjects/<object>/{id}", update)
    engine.route("POST", "/sobjects/<object>/{id}", update_by_post)
    engine.route("DELETE", "/sobjects/<object>/{id}", delete)
    engine.route("GET", "/sobjects/<object>/{key}/{value}", read_by_key)
    engine.route("PATCH", "/sobjects/<object>/{key}/{value}", upsert)
    engine.route("POST", "/sobjects/<object>/{key}/{value}", upsert_by_post)
    engine.route("DELETE", "/sobjects/<object>/{key}/{value}", delete_by_key)


# -- reading --------------------------------------------------------------------------------------------------


def basic(call: Call) -> Answer:
    """Basic information and the records seen last."""
    entity = call.entity()
    soql = f"SELECT {_recent_fields(entity)} FROM {entity.name} ORDER BY SystemModstamp DESC LIMIT 5"
    recent: list[Any] = []
    if entity.stamped:
        plan = plan_of(call, soql)
        rows = call.org.world.store.rows(
            f"SELECT {', '.join(plan.columns)} FROM {plan.source}{plan.filter(False)}{plan.order} LIMIT 5"
        )
        recent = _runner(call).records(plan, rows)
    return Answer({"objectDescribe": brief(entity, call.root), "recentItems": recent})


def _recent_fields(entity: Entity) -> str:
    name = entity.name_field
    return f"Id, {name.name}" if name is not None else "Id"


def _runner(call: Call) -> Runner:

    return Runner(call.org.world.store, call.url, True, 2000)


def select_plan(call: Call, entity: Entity, fields: str = "") -> Plan:
    """A plan that reads records of this object: the named fields (and Id), or all of them."""
    names = [name.strip() for name in fields.split(",") if name.strip()]
    if not names:
        soql = f"SELECT FIELDS(ALL) FROM {entity.name} LIMIT 200"
    else:
        wanted = dict.fromkeys(name.lower() for name in names)
        soql = f"SELECT {', '.join(wanted)} FROM {entity.name}"
    try:
        return plan_of(call, soql, tooling=True)
    except SoqlError as error:
        sentence = error.message.rpartition("\n")[2]
        raise Refused(
            error.code, "\n" + ", ".join(names) + "\n" + sentence if "\n" in error.message else sentence
        ) from None


def show(call: Call, entity: Entity, record_ids: list[str], fields: str = "") -> dict[str, dict[str, Any]]:
    """Living records by id, with the named fields."""
    plan = select_plan(call, entity, fields)
    marks = ", ".join("?" * len(record_ids))
    alive = f" AND {plan.alive}" if plan.alive else ""
    sql = f'SELECT {", ".join(plan.columns)} FROM {plan.source} WHERE {plan.alias}."Id" IN ({marks}){alive}'
    rows = call.org.world.store.rows(sql, record_ids)
    column = plan.id_column
    records: list[dict[str, Any]] = _runner(call).records(plan, rows)
    return {row[column]: record for row, record in zip(rows, records, strict=True)}


def read(call: Call) -> Answer:
    entity = call.entity()
    row = call.records.living(entity, call.param("id"))
    return _shown(call, entity, row)


def _shown(call: Call, entity: Entity, row: dict[str, Any]) -> Answer:
    headers = _validators(entity, row)
    since = from_http_date(call.request.header("if-modified-since"))
    changed = _changed(row)
    if since is not None and changed is not None and changed <= since:
        return Answer(None, 304, headers)
    tag = headers.get("ETag")
    if tag is not None and tag in _tags(call.request.header("if-none-match")):
        return Answer(None, 304, headers)
    found = show(call, entity, [str(row["Id"])], call.query("fields"))
    if not found:
        raise not_found()
    return Answer(found[str(row["Id"])], 200, headers)


def _changed(row: dict[str, Any]) -> Any:
    text = row.get("LastModifiedDate")
    return from_wire(text) if text else None


def _validators(entity: Entity, row: dict[str, Any]) -> dict[str, str]:
    """Last-Modified for every object; an ETag for accounts only (reference 2.3)."""
    changed = _changed(row)
    headers = {"Last-Modified": http_date(changed)} if changed is not None else {}
    if entity.name == "Account":
        print_of = zlib.crc32(f"{row['Id']}{row['SystemModstamp']}".encode())
        headers["ETag"] = f'"{print_of:08x}"'
    return headers


def _tags(text: str) -> set[str]:
    return {part.strip().removesuffix("--gzip").strip() for part in text.split(",") if part.strip()}


# -- conditions -----------------------------------------------------------------------------------------------


def check_conditions(call: Call, entity: Entity, row: dict[str, Any]) -> None:
    """Raises Refused 412 when the record is not in the state that the call's headers ask for."""
    since = from_http_date(call.request.header("if-unmodified-since"))
    changed = _changed(row)
    if since is not None and changed is not None and changed > since:
        raise _precondition_failed()
    wanted = from_http_date(call.request.header("if-modified-since"))
    if wanted is not None and changed is not None and changed <= wanted:
        raise _precondition_failed()
    tags = _tags(call.request.header("if-match"))
    conditional = tags and entity.name == "Account" and "*" not in tags
    if conditional and _validators(entity, row)["ETag"] not in tags:
        raise _precondition_failed()


def _precondition_failed() -> Refused:
    return Refused(
        "PRECONDITION_FAILED", "The precondition was not met: the record was modified meanwhile", status=412
    )


# -- writing --------------------------------------------------------------------------------------------------


def create(call: Call) -> Answer:
    entity = call.entity()
    values = call.object_body()
    if any(name.lower() == "id" for name in values):
        raise Refused("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    record_id = call.records.create(entity, values, call.actor())
    location = {"Location": f"{call.url}{entity.name}/{record_id}"}
    return Answer(
        {"id": record_id, "success": True, "errors": _enqueued(call, entity, record_id)}, 201, location
    )


def _enqueued(call: Call, entity: Entity, record_id: str) -> list[dict[str, Any]]:
    """A platform event is told to be on its way in the shape of an error (recorded body)."""
    if not entity.is_event:
        return []
    return [{"statusCode": "OPERATION_ENQUEUED", "message": event_uuid(call.org, record_id), "fields": []}]


def update(call: Call) -> Answer:
    entity = call.entity()
    values = call.object_body()
    if any(name.lower() == "id" for name in values):
        raise Refused("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    check_conditions(call, entity, call.records.living(entity, call.param("id")))
    call.records.update(entity, call.param("id"), values, call.actor())
    return Answer(None, 204)


def delete(call: Call) -> Answer:
    entity = call.entity()
    call.records.bin.delete(entity, call.param("id"), call.actor())
    return Answer(None, 204)


def update_by_post(call: Call) -> Answer:
    """`?_HttpMethod=PATCH` on POST (REST: update a record)."""
    method = call.query("_HttpMethod").upper()
    if method in ("PATCH", "DELETE"):
        return update(call) if method == "PATCH" else delete(call)
    raise Refused(
        "METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are DELETE,GET,HEAD,PATCH", status=405
    )


# -- by external id -------------------------------------------------------------------------------------------


def key_field(entity: Entity, name: str) -> Field:
    """The field of an upsert. Raises Refused 404 when it is no external id."""
    known = entity.fields.get(name.lower())
    if known is None or not (known.external_id or known.id_lookup):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise Refused("NOT_FOUND", message, status=404)
    return known


def _found(call: Call, entity: Entity) -> tuple[Field, Any, list[str]]:
    known = key_field(entity, call.param("key"))
    text = call.param("value")
    if known.name == "Id":
        return known, text, [str(call.records.living(entity, text)["Id"])]
    value = to_stored(known, text, entity.object.label)
    return known, text, call.records.by_external_id(entity, known, value)


def _several(call: Call, entity: Entity, found: list[str]) -> Answer:
    return Answer([f"{call.url}{entity.name}/{record_id}" for record_id in found], 300)


def read_by_key(call: Call) -> Answer:
    entity = call.entity()
    _, _, found = _found(call, entity)
    if len(found) > 1:
        return _several(call, entity, found)
    if not found:
        raise not_found()
    return _shown(call, entity, call.records.living(entity, found[0]))


def upsert(call: Call) -> Answer:
    """Create, or update the one record that holds the value; 300 when several do."""
    entity = call.entity()
    known, text, found = _found(call, entity)
    values = call.object_body()
    check_upsert_body(known, text, values)
    if len(found) > 1:
        return _several(call, entity, found)
    if found:
        check_conditions(call, entity, call.records.living(entity, found[0]))
        call.records.update(entity, found[0], without(values, known.name), call.actor())
        return Answer({"id": found[0], "success": True, "errors": [], "created": False})
    if call.query("updateOnly").lower() == "true":
        raise not_found()
    record_id = call.records.create(entity, {**without(values, known.name), known.name: text}, call.actor())
    location = {"Location": f"{call.url}{entity.name}/{record_id}"}
    return Answer({"id": record_id, "success": True, "errors": [], "created": True}, 201, location)


def check_upsert_body(known: Field, text: str, values: dict[str, Any]) -> None:
    """Neither Id nor another value of the key field may stand in the body."""
    for name, value in values.items():
        if name.lower() == "id":
            raise Refused("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        if name.lower() == known.name.lower() and str(value) != text:
            message = f"The {known.name} field should not be specified in the sobject data."
            raise Refused("INVALID_FIELD", message)


def without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key.lower() != name.lower()}


def upsert_by_post(call: Call) -> Answer:
    if call.query("_HttpMethod").upper() == "PATCH":
        return upsert(call)
    raise Refused(
        "METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are DELETE,GET,HEAD,PATCH", status=405
    )


def delete_by_key(call: Call) -> Answer:
    entity = call.entity()
    _, _, found = _found(call, entity)
    if len(found) > 1:
        return _several(call, entity, found)
    if not found:
        raise not_found()
    call.records.bin.delete(entity, found[0], call.actor())
    return Answer(None, 204)
