"""What the inputs of a draft offer: the fields of both sides as last described, value maps, mappings, groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.contracts import FieldInfo, ObjectInfo
from syncapp.models import FieldList, Mapping, ValueMap
from syncapp.services import field_lists
from syncapp.services.field_lists import BothSides


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a picker."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Pickers:
    """All pickers of a draft. `read_at` is when the fields were asked for last, None when they never were."""

    sf: tuple[Choice, ...]
    sf_line: tuple[Choice, ...]
    """The fields of one line, where the mapping has lines and their object was described."""
    qbo: tuple[Choice, ...]
    value_maps: tuple[str, ...]
    mappings: tuple[Choice, ...]
    groups: tuple[str, ...]
    described: bool
    pending: bool
    """Whether a worker is describing an object of it just now."""
    lists: tuple[FieldList, ...]


def pickers_of(mapping: Mapping) -> Pickers:
    """The pickers of a mapping's draft; a few queries, no call."""
    sides = field_lists.known(mapping)
    integration = mapping.integration
    others = Mapping.objects.filter(integration_id=integration.pk).order_by("id")
    groups = mapping.rows.exclude(group="").order_by("group").values_list("group", flat=True).distinct()
    lists = list(
        FieldList.objects.filter(
            connection_id__in=[one for one in (integration.salesforce_id, integration.quickbooks_id) if one],
            object__in=[mapping.sf_object, mapping.qbo_entity],
        ).order_by("connection__side", "object")
    )
    return Pickers(
        sf=tuple(_salesforce(sides.sf, sides)),
        sf_line=tuple(_salesforce(sides.related.get(_line_object(mapping)), sides)),
        qbo=tuple(_quickbooks(sides.qbo)) if sides.qbo else (),
        value_maps=tuple(
            ValueMap.objects.filter(integration_id=integration.pk).values_list("name", flat=True)
        ),
        mappings=tuple(Choice(one.key, one.label) for one in others),
        groups=tuple(groups),
        described=sides.sf is not None and sides.qbo is not None,
        pending=any(one.read_at is None and not one.failure_code for one in lists),
        lists=tuple(lists),
    )


def _line_object(mapping: Mapping) -> str:
    options = (mapping.policies or {}).get("options") or {}
    return str((options.get("lines") or {}).get("sf_object") or "")


def _salesforce(info: ObjectInfo | None, sides: BothSides) -> Iterator[Choice]:
    """The object's own fields, then those behind its relationships."""
    if info is None:
        return
    for field in info.fields:
        yield Choice(field.name, about(field))
    for field in info.fields:
        target = sides.related.get(field.references[0]) if len(field.references) == 1 else None
        if target is not None and target.name != info.name:
            yield from _behind(field_lists.relation_of(field.name), target)


def _behind(relation: str, target: ObjectInfo) -> Iterator[Choice]:
    for field in target.fields:
        if not field.references:
            yield Choice(f"{relation}.{field.name}", f"{target.label}: {about(field)}")


def _quickbooks(info: ObjectInfo) -> Iterator[Choice]:
    for field in info.fields:
        yield Choice(field.name, about(field))


def about(field: FieldInfo) -> str:
    """What a picker says of a field: label, type, length, and what may be done with it."""
    parts = [field.label, field.type]
    if field.length:
        parts.append(f"at most {field.length}")
    if field.required:
        parts.append("required")
    if not field.createable and not field.updateable:
        parts.append("read only")
    elif not field.updateable:
        parts.append("only when created")
    if field.picklist:
        parts.append(_values(field.picklist))
    return ", ".join(parts)


def _values(picklist: tuple[str, ...]) -> str:
    shown = " / ".join(picklist[:6])
    return f"{shown} …" if len(picklist) > 6 else shown
