"""`/composite/tree/X`: records with their children, all or nothing (reference/salesforce.md 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.errors import Refused, bad_json

from .call import Answer, Call

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity

    from .engine import Engine

MAX_RECORDS = 200
MAX_TYPES = 5
MAX_LEVELS = 5


def add_routes(engine: Engine) -> None:
    engine.route("POST", "/composite/tree/<object>", create_tree)


class _Failed(Exception):
    """The first record that cannot be made."""

    def __init__(self, reference: str, error: Refused) -> None:
        super().__init__(reference)
        self.reference = reference
        self.error = error


def create_tree(call: Call) -> Answer:
    entity = call.entity()
    records = _checked(call.object_body().get("records"))
    made: list[dict[str, Any]] = []
    try:
        with call.org.world.store.savepoint():
            for level in _levels(call, entity, records):
                made += level
    except _Failed as failed:
        row = failed.error.row()
        body = {"hasErrors": True, "results": [{"referenceId": failed.reference, "errors": row["errors"]}]}
        return Answer(body, 400)
    return Answer({"hasErrors": False, "results": made}, 201)


def _checked(records: Any) -> list[dict[str, Any]]:
    """The records. Raises Refused for a tree that is too big, too deep or lacks reference ids."""
    count, kinds, references = 0, set(), set()
    level, depth = records, 0
    if not isinstance(records, list) or not records:
        raise bad_json("The property records must be a list of sObjects")
    while level:
        depth += 1
        following: list[Any] = []
        for record in level:
            attributes = record.get("attributes") if isinstance(record, dict) else None
            if not isinstance(attributes, dict) or not attributes.get("referenceId"):
                raise Refused(
                    "INVALID_INPUT", "Every record of a tree needs attributes with type and referenceId"
                )
            count += 1
            kinds.add(attributes.get("type"))
            if attributes["referenceId"] in references:
                raise Refused(
                    "INVALID_INPUT",
                    f"Duplicate ReferenceId provided in the request: {attributes['referenceId']}",
                )
            references.add(attributes["referenceId"])
            following += [child for _, children in _children(record) for child in children]
        level = following
    if count > MAX_RECORDS or len(kinds) > MAX_TYPES or depth > MAX_LEVELS:
        message = f"A tree can hold at most {MAX_RECORDS} records of {MAX_TYPES} types in {MAX_LEVELS} levels"
        raise Refused("LIMIT_EXCEEDED", message)
    return records


def _children(record: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    return [
        (name, value["records"])
        for name, value in record.items()
        if isinstance(value, dict) and isinstance(value.get("records"), list)
    ]


def _levels(call: Call, entity: Entity, records: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Make the records level by level, as their results are listed."""
    levels = []
    pending: list[tuple[Entity, dict[str, Any], dict[str, Any]]] = [
        (entity, record, {}) for record in records
    ]
    while pending:
        results, following = [], []
        for kind, record, link in pending:
            made, below = _one(call, kind, record, link)
            results.append(made)
            following += below
        levels.append(results)
        pending = following
    return levels


def _child_of(call: Call, entity: Entity, name: str) -> tuple[Entity, str]:
    """The child object of a relationship and its field that points back. Raises Refused."""
    relation = entity.children.get(name.lower())
    if relation is None:
        raise Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {entity.name}")
    return call.org.catalog.get(relation.entity), relation.field.name


def _one(
    call: Call, entity: Entity, record: dict[str, Any], link: dict[str, Any]
) -> tuple[dict[str, Any], list[tuple[Entity, dict[str, Any], dict[str, Any]]]]:
    reference = str(record["attributes"]["referenceId"])
    nested = _children(record)
    names = {name for name, _ in nested}
    values = {name: value for name, value in record.items() if name not in names}
    try:
        record_id = call.records.create(entity, {**values, **link}, call.actor())
        below = [
            (child, one, {link_name: record_id})
            for name, children in nested
            for child, link_name in [_child_of(call, entity, name)]
            for one in children
        ]
    except Refused as error:
        raise _Failed(reference, error) from error
    return {"referenceId": reference, "id": record_id}, below
