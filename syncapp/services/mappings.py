"""The draft of a mapping and its published versions: publish, compare, switch. `mapping_checks` says what is wrong.

The rows of a mapping are a draft that people edit; what runs is the last published version, which never changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from syncapp.engine.mapping import FieldSpec, MappingSpec
from syncapp.engine.match import match_rules
from syncapp.engine.ruled_rows import is_ruled, own_options
from syncapp.models import FieldMapping, Mapping, MappingCriteria, MappingVersion
from syncapp.services import audit, describing, modes
from syncapp.services.errors import Refused
from syncapp.services.mapping_checks import serious, validate
from syncapp.store import observations, passes, specs


@dataclass(frozen=True, slots=True)
class DraftChange:
    """One difference between the draft and what runs. `what` is added, removed or changed; for a changed row
    `before` and `after` hold only the settings that differ."""

    key: str
    label: str
    what: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def publish(mapping: Mapping, person: Any | None, note: str = "") -> MappingVersion:
    """Freeze the draft as the next version; it is used from the next decision on.

    Fields that changed have no known agreement any more: equal values are taken as agreed, unequal ones follow the
    row's rule for the first link (sync-semantics 2.7). Raises Refused `mapping.invalid` with every fault, or
    `mapping.unchanged` when the draft is what already runs.
    """
    with transaction.atomic():
        mapping = Mapping.objects.select_for_update().get(pk=mapping.pk)
        faults = serious(validate(mapping))
        if faults:
            raise Refused("mapping.invalid", faults=faults, count=len(faults), label=mapping.label)
        if mapping.published_number and not draft_differs(mapping):
            raise Refused("mapping.unchanged", label=mapping.label)
        return _freeze(mapping, person, note)


def _freeze(mapping: Mapping, person: Any | None, note: str) -> MappingVersion:
    number = mapping.published_number + 1
    version = MappingVersion.objects.create(
        mapping=mapping,
        number=number,
        spec=specs.to_json(specs.draft_spec(mapping)),
        note=note[:255],
        published_by=audit.name_of(person),
    )
    _forget_bodies(mapping)
    before = mapping.published_number
    scan_again = _forget_scans(mapping, before, specs.spec_of(version))
    mapping.published_number = number
    mapping.draft_changed_at = None
    mapping.save(update_fields=["published_number", "draft_changed_at"])
    describing.ask_for(mapping)
    audit.decided(
        "mapping.published",
        person,
        cause=note or mapping.label,
        before={"mapping": mapping.label, "version": before},
        after={"mapping": mapping.label, "version": number},
    )
    if scan_again:
        modes.scan_again(mapping, person)
    return version


def _forget_bodies(mapping: Mapping) -> None:
    """Bodies in hand hold the fields of the mappings that there were; a new version may read others."""
    integration = mapping.integration
    for connection_id, name in (
        (integration.salesforce_id, mapping.sf_object),
        (integration.quickbooks_id, mapping.qbo_entity),
    ):
        if connection_id is not None:
            observations.forget_bodies(connection_id, name)


def _forget_scans(mapping: Mapping, before: int, after: MappingSpec) -> bool:
    """Records are recognised by other keys now, or the go-live date moved: both sides are read again before anything is
    created (section 8). Returns whether it is so."""
    earlier = specs.version_spec(mapping, before) if before else None
    if earlier is None:
        return False
    moved = str(earlier.options.get("go_live") or "") != str(after.options.get("go_live") or "")
    if not moved and match_rules(earlier) == match_rules(after):
        return False
    passes.reset(mapping.pk)
    return True


def draft_differs(mapping: Mapping) -> bool:
    """Whether publishing would change what runs."""
    published = specs.published_spec(mapping)
    return published is None or specs.to_json(published) != specs.to_json(specs.draft_spec(mapping))


def draft_changes(mapping: Mapping) -> list[DraftChange]:
    """What publishing would change, row by row; empty for a mapping that was never published."""
    published = specs.published_spec(mapping)
    if published is None:
        return []
    return changes_between(specs.to_json(published), specs.to_json(specs.draft_spec(mapping)))


def changes_between(before: dict[str, Any], after: dict[str, Any]) -> list[DraftChange]:
    """What one version, as stored, has otherwise than another."""
    old = {row["key"]: row for row in before["fields"]}
    new = {row["key"]: row for row in after["fields"]}
    changes = [_row_change(key, old.get(key), new.get(key)) for key in {**old, **new}]
    if list(old) != list(new) and set(old) == set(new):
        changes.append(DraftChange("", "Order of the fields", "changed"))
    whole = {name: value for name, value in before.items() if name != "fields" and value != after[name]}
    if whole:
        changes.append(DraftChange("", "Settings", "changed", whole, {name: after[name] for name in whole}))
    return [change for change in changes if change is not None]


def _row_change(key: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> DraftChange | None:
    if old == new:
        return None
    if old is None or new is None:
        row = old or new or {}
        return DraftChange(key, row.get("label", key), "added" if old is None else "removed")
    differing = [name for name in new if new[name] != old.get(name)]
    return DraftChange(
        key,
        new["label"],
        "changed",
        {name: old.get(name) for name in differing},
        {name: new[name] for name in differing},
    )


def mark_changed(mapping: Mapping) -> None:
    """Remember that the draft was edited, or that the edit was taken back."""
    changed_at = timezone.now() if draft_differs(mapping) else None
    Mapping.objects.filter(pk=mapping.pk).update(draft_changed_at=changed_at)
    mapping.draft_changed_at = changed_at


def discard_draft(mapping: Mapping, person: Any | None) -> None:
    """Put the rows and settings back to the published version. Raises Refused `mapping.never_published`."""
    published = specs.published_spec(mapping)
    if published is None:
        raise Refused("mapping.never_published", label=mapping.label)
    with transaction.atomic():
        _write_rows(mapping, published.fields)
        _write_settings(mapping, published)
        audit.decided("mapping.draft_discarded", person, cause=mapping.label)


def rows_from_recipe(mapping: Mapping, spec: MappingSpec) -> None:
    """Fill the draft with a recipe's rows and settings, in place of what was there."""
    with transaction.atomic():
        _write_rows(mapping, spec.fields)
        _write_settings(mapping, spec)
        describing.ask_for(mapping)


def _write_rows(mapping: Mapping, rows: Iterable[FieldSpec]) -> None:
    mapping.rows.all().delete()
    FieldMapping.objects.bulk_create(
        FieldMapping(
            company_id=mapping.company_id, mapping=mapping, position=position, **specs.row_values(row)
        )
        for position, row in enumerate((row for row in rows if not is_ruled(row)), start=1)
    )


def _write_settings(mapping: Mapping, spec: MappingSpec) -> None:
    stored = specs.to_json(spec)
    policies = stored["policies"]
    mapping.external_id_field = spec.external_id_field
    mapping.create_in_qbo = policies.pop("create_in_qbo")
    mapping.create_in_sf = policies.pop("create_in_sf")
    mapping.sf_filter = stored["sf_filter"]
    mapping.qbo_filter = stored["qbo_filter"]
    options = own_options(spec)
    mapping.policies = {**policies, **({"options": options} if options else {})}
    mapping.draft_changed_at = None
    mapping.save()
    MappingCriteria.objects.filter(mapping=mapping).delete()
    MappingCriteria.objects.bulk_create(
        MappingCriteria(company_id=mapping.company_id, mapping=mapping, position=position, **one)
        for position, one in enumerate(stored["criteria"], start=1)
    )


def move_row(mapping: Mapping, row_id: int, step: int) -> None:
    """Move one row up (-1) or down (+1) among the rows of the draft; at either end it stays."""
    with transaction.atomic():
        rows = list(mapping.rows.select_for_update())
        place = next((index for index, row in enumerate(rows) if row.pk == row_id), None)
        if place is None or not 0 <= place + step < len(rows):
            return
        rows.insert(place + step, rows.pop(place))
        for position, row in enumerate(rows, start=1):
            row.position = position
        FieldMapping.objects.bulk_update(rows, ["position"])
    mark_changed(mapping)
