"""Versions of a mapping: compare any two, go back to one, carry a mapping over as a file, take the shipped recipe."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from syncapp.engine.lines import rule_of
from syncapp.engine.mapping import MappingSpec, OnConflict, ValueMap
from syncapp.models import Mapping, MappingVersion, ValueMapEntry
from syncapp.models import ValueMap as ValueMapRow
from syncapp.recipes import RECIPES, Recipe, Template, mark_of
from syncapp.services import audit, mappings, setup
from syncapp.services.errors import Refused
from syncapp.services.mappings import DraftChange
from syncapp.store import specs

FORMAT = "ledgerbridge-mapping"
MOST_BYTES = 1_000_000


def spec_of(mapping: Mapping, number: int) -> MappingSpec:
    """A version by its number; 0 is the draft. Raises Refused `mapping.no_version`."""
    if number == 0:
        return specs.draft_spec(mapping)
    row = MappingVersion.objects.filter(mapping=mapping, number=number).first()
    if row is None:
        raise Refused("mapping.no_version", number=number)
    return specs.spec_of(row)


def differences(before: MappingSpec, after: MappingSpec) -> list[DraftChange]:
    """What `after` has otherwise, row by row."""
    return mappings.changes_between(specs.to_json(before), specs.to_json(after))


def roll_back(mapping: Mapping, number: int, person: Any | None) -> MappingVersion:
    """Publish an older version anew, under the next number; the draft becomes it. Raises Refused."""
    older = spec_of(mapping, number)
    with transaction.atomic():
        take_over(mapping, older)
        audit.decided("mapping.rolled_back", person, cause=mapping.label, after={"version": number})
        return mappings.publish(mapping, person, f"Back to version {number}")


def take_over(mapping: Mapping, spec: MappingSpec) -> None:
    """Make the draft what `spec` says; value maps that are missing here are made, existing ones stay as they are."""
    with transaction.atomic():
        for value_map in spec.value_maps:
            _keep_map(mapping, value_map)
        mappings.rows_from_recipe(mapping, spec)
        mappings.mark_changed(mapping)


def _keep_map(mapping: Mapping, value_map: ValueMap) -> None:
    row, made = ValueMapRow.objects.get_or_create(
        integration_id=mapping.integration_id,
        name=value_map.name,
        defaults={
            "unknown": value_map.unknown,
            "default_sf": value_map.default_sf,
            "default_qbo": value_map.default_qbo,
        },
    )
    if made:
        ValueMapEntry.objects.bulk_create(
            ValueMapEntry(
                company_id=mapping.company_id, value_map=row, position=place, sf_value=sf, qbo_value=qbo
            )
            for place, (sf, qbo) in enumerate(value_map.entries, start=1)
        )


# --- as a file ---


def exported(mapping: Mapping) -> str:
    """The draft as a file: fields, criteria, rules and value maps. Nothing of a connection, no secret, no record."""
    data = {"format": FORMAT, "version": 1, "mapping": specs.to_json(specs.draft_spec(mapping))}
    return json.dumps(data, indent=2, ensure_ascii=False)


def imported(mapping: Mapping, content: bytes) -> MappingSpec:
    """What a file says, for this mapping. Raises Refused: `mapping.not_a_file`, `mapping.other_objects`."""
    data = _read(content)
    if (data.get("sf_object"), data.get("qbo_entity")) != (mapping.sf_object, mapping.qbo_entity):
        raise Refused(
            "mapping.other_objects",
            found=f"{data.get('sf_object')} and {data.get('qbo_entity')}",
            wanted=f"{mapping.sf_object} and {mapping.qbo_entity}",
        )
    own = {"key": mapping.key, "label": mapping.label, "external_id_field": mapping.external_id_field}
    try:
        spec = specs.from_json({**data, **own}, number=mapping.published_number + 1)
        # Written out and read again: whatever the file holds beside what we know is left behind here.
        found = specs.from_json(specs.to_json(spec), number=spec.version)
        rule_of(found)  # which of its lines: criteria too
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refused("mapping.not_a_file", message=str(error)[:200]) from error
    return found


def _read(content: bytes) -> dict[str, Any]:
    if len(content) > MOST_BYTES:
        raise Refused("mapping.not_a_file", message="It is larger than one megabyte.")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refused("mapping.not_a_file", message="It is not JSON.") from error
    if (
        not isinstance(data, dict)
        or data.get("format") != FORMAT
        or not isinstance(data.get("mapping"), dict)
    ):
        raise Refused("mapping.not_a_file", message="It was not exported from a mapping.")
    found: dict[str, Any] = data["mapping"]
    return found


# --- the shipped recipe ---


def recipe_of(mapping: Mapping) -> Recipe | None:
    """The recipe that a mapping came from, if it is still shipped."""
    return RECIPES.get(mapping.recipe or mapping.key)


def newer_shipped(mapping: Mapping) -> bool:
    """Whether this release ships another recipe than the one that filled the mapping."""
    recipe = recipe_of(mapping)
    return bool(recipe and mapping.recipe_mark and mark_of(recipe) != mapping.recipe_mark)


def shipped(mapping: Mapping) -> MappingSpec:
    """What the shipped recipe makes for this pair of orgs, which are described now. Raises Refused."""
    recipe = recipe_of(mapping)
    if recipe is None:
        raise Refused("mapping.no_recipe", label=mapping.label)
    integration = mapping.integration
    template = Template(integration.template or Template.BIDIRECTIONAL)
    winner = OnConflict(integration.winner or OnConflict.ASK)
    for found, prepared in setup.prepared_for(integration, template, winner, [recipe]):
        if found.key == recipe.key:
            return prepared.spec
    raise Refused("mapping.no_recipe", label=mapping.label)


def back_to_default(mapping: Mapping, person: Any | None) -> None:
    """Make the draft what the shipped recipe says; what runs stays until it is published. Raises Refused."""
    spec = shipped(mapping)
    with transaction.atomic():
        take_over(mapping, spec)
        remember_recipe(mapping)
        audit.decided("mapping.default", person, cause=mapping.label)


def remember_recipe(mapping: Mapping) -> None:
    """The draft is what the recipe says now."""
    recipe = recipe_of(mapping)
    if recipe is not None:
        mapping.recipe_mark = mark_of(recipe)
        mapping.save(update_fields=["recipe_mark"])


def keep_own(mapping: Mapping, person: Any | None) -> None:
    """A person has seen the newer recipe and wants none of it: it is not offered again."""
    remember_recipe(mapping)
    audit.decided("mapping.kept_own", person, cause=mapping.label)
