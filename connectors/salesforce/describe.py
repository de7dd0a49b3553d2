"""An object's description as `ObjectInfo` (reference salesforce.md 2.8): it honours the connected user's rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.contracts import FieldInfo, ObjectInfo

NUMERIC = frozenset({"currency", "double", "percent"})


def object_info(described: Mapping[str, Any]) -> ObjectInfo:
    """What the health check and the mapping pages need of a describe answer."""
    return ObjectInfo(
        name=described["name"],
        label=described.get("label") or described["name"],
        fields=tuple(_field(field) for field in described.get("fields") or ()),
        createable=bool(described.get("createable")),
        updateable=bool(described.get("updateable")),
        queryable=bool(described.get("queryable")),
        key_prefix=described.get("keyPrefix") or "",
    )


def _field(field: Mapping[str, Any]) -> FieldInfo:
    kind = field.get("type") or "string"
    createable = bool(field.get("createable"))
    return FieldInfo(
        name=field["name"],
        label=field.get("label") or field["name"],
        type=kind,
        length=int(field["length"]) if field.get("length") else None,
        precision=_digits(field, kind),
        scale=int(field["scale"]) if kind in NUMERIC and field.get("scale") is not None else None,
        required=createable and not field.get("nillable", True) and not field.get("defaultedOnCreate"),
        createable=createable,
        updateable=bool(field.get("updateable")),
        external_id=bool(field.get("externalId")),
        unique=bool(field.get("unique")),
        references=tuple(field.get("referenceTo") or ()),
        picklist=tuple(v["value"] for v in field.get("picklistValues") or () if v.get("active", True)),
    )


def _digits(field: Mapping[str, Any], kind: str) -> int | None:
    if kind in NUMERIC:
        return int(field["precision"]) if field.get("precision") else None
    return int(field["digits"]) if kind == "int" and field.get("digits") else None
