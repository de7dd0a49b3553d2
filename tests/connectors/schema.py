"""Checks bodies that we send against what is recorded of the vendors' schemas (../shared/reference/schemas).

`qbo_problems("Customer", body, "create")` and `sf_problems("Account", body, "update")` list what the vendor would
refuse: members it does not know, values of the wrong type, texts too long, members it needs. Empty when all is well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from tests.shared import recorded

SF_TEXT = {
    "string",
    "textarea",
    "phone",
    "url",
    "email",
    "picklist",
    "reference",
    "id",
    "multipicklist",
    "combobox",
}
SF_NUMBERS = {"currency", "double", "percent", "int"}


@cache
def _qbo() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = recorded("schemas/qbo_schema.json")
    return schema


@cache
def _sf(object_: str) -> Mapping[str, Any]:
    described = recorded("schemas/sf_describe.json")["objects"][object_]
    fields = described["fields"]
    return fields if isinstance(fields, Mapping) else {field["name"]: field for field in fields}


def qbo_problems(entity: str, body: Mapping[str, Any], operation: str = "create") -> list[str]:
    """What QuickBooks would refuse in this body."""
    problems = list(_members(entity, _qbo()["entities"][entity]["fields"], body))
    if operation == "create":
        for needed in _qbo()["create_requires"].get(entity, ()):
            choices = [needed] if isinstance(needed, str) else needed
            if not any(body.get(choice) for choice in choices):
                problems.append(f"{entity} needs {' or '.join(choices)}")
    else:
        problems += [f"{entity}.{name} is needed" for name in ("Id", "SyncToken") if not body.get(name)]
        if operation == "update" and body.get("sparse") is not True:
            problems.append(f"{entity} would be a full update, which clears what is left out")
    return problems


def _members(path: str, fields: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[str]:
    for name, value in body.items():
        if name not in fields:
            yield f"{path}.{name} is unknown"
        else:
            yield from _value(f"{path}.{name}", fields[name], value)


def _value(path: str, rule: Mapping[str, Any], value: Any) -> Iterator[str]:
    if rule.get("list"):
        for each in value if isinstance(value, list) else [value]:
            yield from _one(path, rule, each)
    else:
        yield from _one(path, rule, value)


def _one(path: str, rule: Mapping[str, Any], value: Any) -> Iterator[str]:
    kind, _, named = str(rule["type"]).partition(":")
    if isinstance(value, float):
        yield f"{path} is a float"
    elif kind == "object":
        yield from _members(path, _qbo()["types"].get(named, {}).get("fields", {}), value)
    elif kind == "ref":
        if not (isinstance(value, Mapping) and isinstance(value.get("value"), str)):
            yield f"{path} is no reference"
    elif not _fits(kind, value):
        yield f"{path} is no {kind}: {value!r}"
    elif isinstance(value, str) and len(value) > rule.get("maxlength", len(value)):
        yield f"{path} is longer than {rule['maxlength']}"


def _fits(kind: str, value: Any) -> bool:
    kinds: dict[str, type | tuple[type, ...]] = {"boolean": bool, "decimal": (int, Decimal), "integer": int}
    if kind in kinds:
        return isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool))
    return kind == "any" or isinstance(value, str)


def sf_problems(object_: str, body: Mapping[str, Any], operation: str = "create") -> list[str]:
    """What Salesforce would refuse in this body; custom fields (`__c`) are not checked."""
    fields, problems = _sf(object_), []
    for name, value in body.items():
        if name in {"attributes", "id"} or name.endswith("__c"):
            continue
        field = fields.get(name)
        if field is None:
            problems.append(f"{object_}.{name} is unknown")
        elif field.get("createable" if operation == "create" else "updateable") is False:
            problems.append(f"{object_}.{name} is read only")
        elif value is not None:
            problems += _sf_value(f"{object_}.{name}", field, value)
    return problems


def _sf_value(path: str, field: Mapping[str, Any], value: Any) -> Iterator[str]:
    kind = field.get("type", "string")
    if isinstance(value, float):
        yield f"{path} is a float"
    elif kind in SF_NUMBERS and not (isinstance(value, (int, Decimal)) and not isinstance(value, bool)):
        yield f"{path} is no number: {value!r}"
    elif kind == "boolean" and not isinstance(value, bool):
        yield f"{path} is no boolean: {value!r}"
    elif kind in SF_TEXT and not isinstance(value, str):
        yield f"{path} is no text: {value!r}"
    elif isinstance(value, str) and field.get("length") and len(value) > field["length"]:
        yield f"{path} is longer than {field['length']}"
