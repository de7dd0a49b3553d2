"""Validation rules of an org: a SOQL condition that must not hold for a saved record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import Refused
from .soql.compile import Compiler
from .soql.literals import Clockwork
from .soql.parser import parse

if TYPE_CHECKING:
    from .changes import Change
    from .orgs import Org
    from .records import Records


def check_validation_rules(records: Records, change: Change) -> None:
    """Raises Refused FIELD_CUSTOM_VALIDATION_EXCEPTION with the rule's own text."""
    for rule in records.org.settings.validation_rules:
        if rule.object == change.entity.name and _holds(
            records.org, rule.object, rule.condition, change.record_id
        ):
            fields = (rule.field,) if rule.field else ()
            raise Refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields)


def _holds(org: Org, object_name: str, condition: str, record_id: str) -> bool:
    query = f"SELECT Id FROM {object_name} WHERE Id = '{record_id}' AND ({condition})"
    plan = Compiler(org.catalog, Clockwork(org.now(), org.zone, org.fiscal_start)).compile(parse(query))
    sql = f"SELECT 1 FROM {plan.source}{plan.filter(all_rows=True)} LIMIT 1"
    return org.world.store.row(sql, plan.parameters) is not None


def check_condition(org: Org, object_name: str, condition: str) -> None:
    """Raises SoqlError when the condition of a new rule is not SOQL for this object."""
    query = f"SELECT Id FROM {object_name} WHERE ({condition})"
    Compiler(org.catalog, Clockwork(org.now(), org.zone)).compile(parse(query))
