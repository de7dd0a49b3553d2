"""Duplicate rules of an org: DUPLICATES_DETECTED (reference/salesforce.md 4.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import Refused

if TYPE_CHECKING:
    from .changes import Change
    from .orgs import DuplicateRule
    from .records import Records

_SHOWN = 5


def check_duplicates(records: Records, change: Change) -> None:
    """Raises Refused when a rule finds the record again elsewhere; `alert` rules let it pass by header."""
    for rule in records.org.settings.duplicate_rules:
        if rule.object != change.entity.name:
            continue
        found = _matches(records, change, rule)
        if found and not (rule.mode == "alert" and change.actor.allow_duplicates):
            raise _detected(rule, change.entity.name, found)


def _matches(records: Records, change: Change, rule: DuplicateRule) -> list[str]:
    values = [change.value(name) for name in rule.fields]
    if any(value is None for value in values) or not any(change.moved(name) for name in rule.fields):
        return []
    alike = " AND ".join(f'"{name}" = ?' for name in rule.fields)
    where = f'{alike} AND "Id" <> ? AND "IsDeleted" = 0 LIMIT {_SHOWN}'
    return [str(row["Id"]) for row in records.rows(rule.object, where, *values, change.record_id)]


def _detected(rule: DuplicateRule, entity: str, found: list[str]) -> Refused:
    name = rule.name or f"Standard_{entity}_Duplicate_Rule"
    matched = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {"type": entity, "url": f"/services/data/v66.0/sobjects/{entity}/{record_id}"},
                "Id": record_id,
            },
        }
        for record_id in found
    ]
    result = {
        "allowSave": rule.mode == "alert",
        "duplicateRule": name,
        "duplicateRuleEntityType": entity,
        "errorMessage": rule.message,
        "matchResults": [
            {
                "entityType": entity,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": matched,
                "rule": rule.match_rule or f"Standard_{entity}_Match_Rule_v1_0",
                "size": len(found),
                "success": True,
            }
        ],
    }
    return Refused("DUPLICATES_DETECTED", rule.message, more={"duplicateResult": result})
