"""Differences of mapping versions in the words of the forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from syncapp.engine.criteria_text import in_words
from syncapp.models import Direction, Initial, OnConflict, OnDrift, WriteMode
from syncapp.services.mappings import DraftChange
from syncapp.store import specs

NAMES = {
    "sf_path": "Salesforce field",
    "qbo_path": "QuickBooks field",
    "type": "Type",
    "direction": "Direction",
    "on_conflict": "If both changed",
    "on_drift": "If the target was edited",
    "initial": "At first link",
    "group": "Merges as one with",
    "transform": "Transform",
    "constant": "Fixed value",
    "default": "When empty",
    "write": "Is written",
    "formula": "Formula",
    "value_map": "Value map",
    "required": "Required",
    "sf_filter": "Salesforce filter",
    "qbo_filter": "QuickBooks filter",
    "external_id_field": "External id field",
    "policies": "Rules",
    "criteria": "Criteria",
    "value_maps": "Value maps",
}
CHOICES: dict[str, dict[str, str]] = {
    name: {str(value): str(label) for value, label in choices.choices}
    for name, choices in {
        "direction": Direction,
        "on_conflict": OnConflict,
        "on_drift": OnDrift,
        "initial": Initial,
        "write": WriteMode,
    }.items()
}


def told(changes: Iterable[DraftChange]) -> list[dict[str, Any]]:
    """Changes as the table of differences shows them."""
    return [_change(change) for change in changes]


def _change(change: DraftChange) -> dict[str, Any]:
    lines = [
        {"name": NAMES.get(name, name.replace("_", " ").capitalize()), "before": said(name, change.before.get(name)),
         "after": said(name, change.after.get(name))}
        for name in change.after
    ]  # fmt: skip
    return {"label": change.label, "what": change.what, "lines": lines}


def said(name: str, value: Any) -> Any:
    """A setting's value in the words of its choices."""
    if name in CHOICES:
        return CHOICES[name].get(str(value), value)
    if name in _LISTS:
        return "; ".join(map(_LISTS[name], value or ()))
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')}: {item}" for key, item in value.items())
    return value


def _criteria(one: dict[str, Any]) -> str:
    side = "Salesforce" if one["side"] == "sf" else "QuickBooks"
    rules = "; ".join(map(in_words, specs.rules_of(one["rules"])))
    return f"{one['name']} ({side}): {rules}{'' if one['enabled'] else ' (off)'}"


def _rule(one: dict[str, Any]) -> str:
    return in_words(specs.rules_of([one])[0])


def _value_map(one: dict[str, Any]) -> str:
    return f"{one['name']}: " + ", ".join(f"{sf} = {qbo}" for sf, qbo in one["entries"])


_LISTS = {"criteria": _criteria, "sf_filter": _rule, "qbo_filter": _rule, "value_maps": _value_map}
