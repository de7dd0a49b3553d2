"""Mappings between rows and engine values: the stored JSON of a published version <-> `MappingSpec`.

A published version never changes, so its value is built once per process. The mode is the person's switch on the
mapping and takes effect without publishing: it is read from the mapping's row each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields as dataclass_fields
from enum import Enum
from typing import Any

from connectors.contracts import Group, Side
from syncapp.engine.filters import rules_of
from syncapp.engine.mapping import (
    Criteria,
    Criterion,
    Direction,
    FieldSpec,
    FormulaTest,
    Initial,
    MappingPolicies,
    MappingSpec,
    Mode,
    OnConflict,
    OnDrift,
    ValueMap,
    ValueType,
    WriteMode,
)
from syncapp.engine.naming import value_maps_named
from syncapp.engine.ruled_rows import HOME, with_home_currency, with_ruled_rows
from syncapp.models import FieldMapping, MappingCriteria, MappingVersion
from syncapp.models import Mapping as MappingRow
from syncapp.models import ValueMap as ValueMapRow

_ENUMS: dict[str, type[Enum]] = {
    "type": ValueType,
    "direction": Direction,
    "on_conflict": OnConflict,
    "on_drift": OnDrift,
    "initial": Initial,
    "write": WriteMode,
}
_FIELD_NAMES = tuple(f.name for f in dataclass_fields(FieldSpec))
_POLICY_NAMES = frozenset(f.name for f in dataclass_fields(MappingPolicies))
_COLUMN_POLICIES = ("create_in_qbo", "create_in_sf")


def to_json(spec: MappingSpec) -> dict[str, Any]:
    """Everything of a mapping that publishing freezes, as JSON. Mode and number are columns of their rows."""
    return {
        "key": spec.key,
        "label": spec.label,
        "sf_object": spec.sf_object,
        "qbo_entity": spec.qbo_entity,
        "external_id_field": spec.external_id_field,
        "fields": [{name: _plain(getattr(row, name)) for name in _FIELD_NAMES} for row in spec.fields],
        "sf_filter": rules_json(spec.sf_filter),
        "qbo_filter": rules_json(spec.qbo_filter),
        "policies": {name: _listed(getattr(spec.policies, name)) for name in sorted(_POLICY_NAMES)},
        "criteria": [_criteria_json(one) for one in spec.criteria],
        "options": dict(spec.options),
        "value_maps": [_value_map_json(one) for one in spec.value_maps],
    }


def from_json(data: Mapping[str, Any], *, number: int, mode: Mode = Mode.CHANGES) -> MappingSpec:
    """The engine's value of a stored spec. Unknown names are left out: an older release may have written them."""
    policies = _policies(data.get("policies", {}))
    return MappingSpec(
        key=data["key"],
        label=data["label"],
        version=number,
        sf_object=data["sf_object"],
        qbo_entity=data["qbo_entity"],
        fields=tuple(_field(row) for row in data["fields"]),
        mode=mode,
        sf_filter=rules_of(data.get("sf_filter", ())),
        qbo_filter=rules_of(data.get("qbo_filter", ())),
        policies=MappingPolicies(**policies),
        external_id_field=data.get("external_id_field", ""),
        criteria=tuple(_criteria(one) for one in data.get("criteria", ())),
        options=dict(data.get("options", {})),
        value_maps=tuple(_value_map(one) for one in data.get("value_maps", ())),
    )


def spec_of(version: MappingVersion, mode: Mode = Mode.CHANGES) -> MappingSpec:
    """The engine's value of a published version; built once per process, version and mode, so that the same version
    is the same object each time (the engine remembers compiled specs by identity)."""
    key = (version.mapping_id, version.number, mode)
    return _specs.get(key) or _remember(key, from_json(version.spec, number=version.number, mode=mode))


def published_spec(mapping: MappingRow) -> MappingSpec | None:
    """What runs now: the published version with the mapping's present mode. None before the first publishing.

    At most one query, none once the version is known to this process.
    """
    if not mapping.published_number:
        return None
    mode = Mode(mapping.mode)
    known = _specs.get((mapping.pk, mapping.published_number, mode))
    if known is not None:
        return known
    return spec_of(
        MappingVersion.all_companies.get(mapping_id=mapping.pk, number=mapping.published_number), mode
    )


def known_spec(mapping_id: int, number: int, mode: str) -> MappingSpec | None:
    """A published version that this process has built before, without a query."""
    return _specs.get((mapping_id, number, Mode(mode)))


def version_spec(mapping: MappingRow, number: int) -> MappingSpec | None:
    """An older published version, as it was; None where it is gone."""
    mode = Mode(mapping.mode)
    known = _specs.get((mapping.pk, number, mode))
    if known is not None:
        return known
    row = MappingVersion.all_companies.filter(mapping_id=mapping.pk, number=number).first()
    return spec_of(row, mode) if row is not None else None


def draft_spec(mapping: MappingRow, rows: Iterable[FieldMapping] | None = None) -> MappingSpec:
    """What publishing would freeze: the enabled rows in their order, those that the mapping's rules make behind them,
    its filters and policies."""
    rows = mapping.rows.all() if rows is None else rows
    fields = tuple(_field({name: getattr(row, name) for name in _FIELD_NAMES}) for row in rows if row.enabled)
    policies = _policies(mapping.policies)
    policies |= {name: getattr(mapping, name) for name in _COLUMN_POLICIES}
    spec = MappingSpec(
        key=mapping.key,
        label=mapping.label,
        version=mapping.published_number + 1,
        sf_object=mapping.sf_object,
        qbo_entity=mapping.qbo_entity,
        fields=fields,
        mode=Mode(mapping.mode),
        sf_filter=rules_of(mapping.sf_filter),
        qbo_filter=rules_of(mapping.qbo_filter),
        policies=MappingPolicies(**policies),
        external_id_field=mapping.external_id_field,
        criteria=tuple(
            _criteria({"name": one.name, "side": one.side, "rules": one.rules, "enabled": one.enabled})
            for one in MappingCriteria.all_companies.filter(mapping_id=mapping.pk)
        ),
        options=dict(mapping.policies.get("options", {})),
        value_maps=_value_maps(mapping, value_maps_named(fields)),
    )
    if (spec.options.get("rules") or {}).get("currency") == HOME:
        spec = with_home_currency(spec, _home_currency(mapping))
    return with_ruled_rows(spec)


def _home_currency(mapping: MappingRow) -> str:
    """The currency of the QuickBooks company; before it was asked for, the one that people say they keep books in."""
    quickbooks = mapping.integration.quickbooks
    said = quickbooks.facts.get("currency") if quickbooks is not None else ""
    return str(said or mapping.company.currency)


def _policies(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The policies among stored values; lists are tuples to the engine."""
    known = {name: value for name, value in stored.items() if name in _POLICY_NAMES}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}


def row_values(spec: FieldSpec) -> dict[str, Any]:
    """The columns of the draft row that stands for this field, without mapping and position."""
    return {name: _plain(getattr(spec, name)) for name in _FIELD_NAMES}


def _value_maps(mapping: MappingRow, names: frozenset[str]) -> tuple[ValueMap, ...]:
    """The integration's value maps of these names; two queries where there are any."""
    if not names:
        return ()
    found = ValueMapRow.all_companies.filter(integration_id=mapping.integration_id, name__in=names)
    return tuple(value_map_of(row) for row in found.order_by("name").prefetch_related("entries"))


def value_map_of(row: ValueMapRow) -> ValueMap:
    """The engine's value of a stored value map."""
    return ValueMap(
        name=row.name,
        entries=tuple((entry.sf_value, entry.qbo_value) for entry in row.entries.all()),
        unknown=row.unknown,
        default_sf=row.default_sf,
        default_qbo=row.default_qbo,
    )


def _value_map_json(one: ValueMap) -> dict[str, Any]:
    return {
        "name": one.name,
        "entries": [list(pair) for pair in one.entries],
        "unknown": one.unknown,
        "default_sf": one.default_sf,
        "default_qbo": one.default_qbo,
    }


def _value_map(data: Mapping[str, Any]) -> ValueMap:
    return ValueMap(**{**data, "entries": tuple((sf, qbo) for sf, qbo in data["entries"])})


_Key = tuple[int, int, Mode]
_specs: dict[_Key, MappingSpec] = {}
_MOST_SPECS = 512


def _remember(key: _Key, spec: MappingSpec) -> MappingSpec:
    if len(_specs) >= _MOST_SPECS:
        _specs.clear()
    return _specs.setdefault(key, spec)


def _field(values: Mapping[str, Any]) -> FieldSpec:
    known: dict[str, Any] = {name: values[name] for name in _FIELD_NAMES if name in values}
    for name, enum in _ENUMS.items():
        if name in known:
            known[name] = enum(known[name])
    if values.get("create_only"):  # what versions of the first release say
        known["write"] = WriteMode.ON_CREATE
    return FieldSpec(**known)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def rules_json(rules: Iterable[Criterion]) -> list[dict[str, Any]]:
    """Criteria as the JSON of a filter's column."""
    return [_rule_json(rule) for rule in rules]


def _rule_json(rule: Criterion) -> dict[str, Any]:
    if isinstance(rule, Group):
        return {"joined": rule.joined, "members": rules_json(rule.members)}
    if isinstance(rule, FormulaTest):
        return {"formula": rule.formula}
    return {"path": rule.path, "operator": rule.operator, "value": rule.value}


def _criteria_json(one: Criteria) -> dict[str, Any]:
    return {
        "name": one.name,
        "side": one.side.value,
        "rules": rules_json(one.members),
        "enabled": one.enabled,
    }


def _criteria(data: Mapping[str, Any]) -> Criteria:
    return Criteria(data["name"], Side(data["side"]), rules_of(data["rules"]), data.get("enabled", True))
