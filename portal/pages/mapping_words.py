"""Differences of mapping versions in the words of the forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncapp.engine.criteria_text import in_words
from syncapp.engine.filters import rules_of
from syncapp.models import Direction, Initial, OnConflict, OnDrift, WriteMode
from syncapp.services.mappings import DraftChange

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
    "filter": "Only these lines",
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
        {"name": NAMES.get(name, _plain(name)), "before": said(name, before), "after": said(name, after)}
        for name, before, after in _settings(change.before, change.after)
    ]
    return {"label": change.label, "what": change.what, "lines": lines}


def _settings(
    before: Mapping[str, Any], after: Mapping[str, Any], within: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Name, value before and value after of each setting that differs; those that lie in one another singly."""
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        nested = (name if name in OUTERMOST else "") or within
        if nested and (isinstance(old, dict) or isinstance(new, dict)):
            yield from _settings(old or {}, new or {}, nested)
        elif not within or old != new:
            yield name, old, new


OUTERMOST = frozenset({"options", "policies"})
"""Settings that hold settings."""


def _plain(name: str) -> str:
    return name.replace("_", " ").capitalize()


def said(name: str, value: Any) -> Any:
    """A setting's value in the words of its choices."""
    if name in CHOICES:
        return CHOICES[name].get(str(value), value)
    if name in _LISTS:
        return "; ".join(map(_LISTS[name], value or ()))
    if isinstance(value, list | tuple) and not any(isinstance(one, dict) for one in value):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')}: {item}" for key, item in value.items())
    return value


def _criteria(one: dict[str, Any]) -> str:
    side = "Salesforce" if one["side"] == "sf" else "QuickBooks"
    rules = "; ".join(map(in_words, rules_of(one["rules"])))
    return f"{one['name']} ({side}): {rules}{'' if one['enabled'] else ' (off)'}"


def _rule(one: dict[str, Any]) -> str:
    return in_words(rules_of([one])[0])


def _value_map(one: dict[str, Any]) -> str:
    return f"{one['name']}: " + ", ".join(f"{sf} = {qbo}" for sf, qbo in one["entries"])


_LISTS = {
    "criteria": _criteria,
    "sf_filter": _rule,
    "qbo_filter": _rule,
    "filter": _rule,
    "value_maps": _value_map,
}
