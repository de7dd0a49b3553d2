"""Custom objects and fields as stored JSON, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .objects.fields import Choice, Field, SObject


def field_to_json(item: Field) -> dict[str, Any]:
    return asdict(item)


def field_from_json(saved: dict[str, Any]) -> Field:
    plain = dict(saved)
    plain["choices"] = tuple(Choice(**choice) for choice in plain.get("choices", ()))
    plain["references"] = tuple(plain.get("references", ()))
    return Field(**plain)


def object_to_json(item: SObject) -> dict[str, Any]:
    return {**asdict(item), "fields": [field_to_json(one) for one in item.fields]}


def object_from_json(saved: dict[str, Any]) -> SObject:
    plain = dict(saved)
    plain["fields"] = tuple(field_from_json(one) for one in plain["fields"])
    return SObject(**plain)
