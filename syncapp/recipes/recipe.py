"""A prebuilt mapping as data, and how a template turns it into the rows of a company's mapping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from connectors.contracts import FieldInfo, ObjectInfo, Side
from syncapp.engine.mapping import (
    Direction,
    FieldSpec,
    Initial,
    MappingPolicies,
    MappingSpec,
    OnConflict,
    ValueType,
    WriteMode,
)


class Template(StrEnum):
    """The three ways a person may start with."""

    BIDIRECTIONAL = "bidirectional"
    SF_TO_QBO = "sf_to_qbo"
    QBO_TO_SF = "qbo_to_sf"


@dataclass(frozen=True, slots=True)
class RecipeRow:
    """One row of a recipe.

    Rows whose spec is one-way keep direction and policies under the two-way template, `fixed` ones under every
    template, but are left out where the template never writes to QuickBooks. `sf_choices` are the names under which
    orgs keep the Salesforce field; `instead_of` is the plain field that a `…Code` field replaces where the org has
    state and country picklists; `needs_currencies` rows exist only in orgs with several currencies.
    """

    spec: FieldSpec
    fixed: bool = False
    sf_choices: tuple[str, ...] = ()
    instead_of: str = ""
    needs_currencies: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """A prebuilt mapping of one pair of objects. `external_id_fields` are names for the Salesforce external id field:
    the first that an org has as an external id is used."""

    key: str
    label: str
    summary: str
    sf_object: str
    qbo_entity: str
    rows: tuple[RecipeRow, ...]
    external_id_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that this pair of orgs cannot have: which field is missing or closed, and on which side."""

    key: str
    label: str
    side: Side
    field: str
    reason: str
    """missing: the side has no such field, or the connected user may not see it. template: it would write to
    QuickBooks, which the chosen template does not."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a recipe came to for one pair of orgs."""

    spec: MappingSpec
    left_out: tuple[LeftOut, ...] = field(default_factory=tuple)


def prepare(
    recipe: Recipe,
    template: Template,
    winner: OnConflict,
    sf: ObjectInfo | None = None,
    qbo: ObjectInfo | None = None,
) -> Prepared:
    """The mapping that a recipe makes of a template and who wins, for two described orgs.

    `winner` decides conflicts of rows that flow both ways, and with it which value a first link takes. Without a
    description (None) a side is taken to have every standard field, and none that a customer would have to add.
    """
    found = [_row_for(row, sf, qbo, template) for row in recipe.rows]
    left_out = tuple(result for result in found if isinstance(result, LeftOut))
    rows = tuple(
        _with_template(row, result, template, winner)
        for row, result in zip(recipe.rows, found, strict=True)
        if isinstance(result, FieldSpec)
    )
    spec = MappingSpec(
        key=recipe.key,
        label=recipe.label,
        version=0,
        sf_object=recipe.sf_object,
        qbo_entity=recipe.qbo_entity,
        fields=rows,
        policies=policies_for(template),
        external_id_field=_external_id_field(recipe, sf),
    )
    return Prepared(spec, left_out)


def policies_for(template: Template) -> MappingPolicies:
    """Where new records may be made: only on sides that the template writes to (section 8)."""
    return MappingPolicies(
        create_in_qbo=template is not Template.QBO_TO_SF, create_in_sf=template is not Template.SF_TO_QBO
    )


def _with_template(row: RecipeRow, spec: FieldSpec, template: Template, winner: OnConflict) -> FieldSpec:
    if row.fixed:
        return spec
    if template is Template.SF_TO_QBO:
        return replace(spec, direction=Direction.TO_QBO, on_conflict=OnConflict.SF, initial=Initial.SF)
    if template is Template.QBO_TO_SF:
        return replace(spec, direction=Direction.TO_SF, on_conflict=OnConflict.QBO, initial=Initial.QBO)
    if spec.direction is not Direction.BOTH:
        return spec
    return replace(spec, on_conflict=winner, initial=_first(winner))


def _first(winner: OnConflict) -> Initial:
    """What a first link does with unequal values: the winner's; without a fixed winner only what is empty is filled."""
    return {OnConflict.SF: Initial.SF, OnConflict.QBO: Initial.QBO}.get(winner, Initial.FILL_EMPTY)


def _row_for(
    row: RecipeRow, sf: ObjectInfo | None, qbo: ObjectInfo | None, template: Template
) -> FieldSpec | LeftOut:
    if row.fixed and row.spec.direction is Direction.TO_QBO and template is Template.QBO_TO_SF:
        return LeftOut(row.spec.key, row.spec.label, Side.QUICKBOOKS, row.spec.qbo_path, "template")
    spec = _sf_field_for(row, sf)
    if isinstance(spec, LeftOut):
        return spec
    return _qbo_field_for(row, spec, qbo)


def _sf_field_for(row: RecipeRow, sf: ObjectInfo | None) -> FieldSpec | LeftOut:
    names = (
        (f"{row.instead_of}Code", row.instead_of) if row.instead_of else row.sf_choices or (row.spec.sf_path,)
    )
    if sf is None:
        custom = names[0].endswith("__c") or row.needs_currencies
        return _missing(row, Side.SALESFORCE, names[0]) if custom else row.spec
    fields = {info.name.casefold(): info for info in sf.fields}
    info = next((fields[name.casefold()] for name in names if name.casefold() in fields), None)
    if info is None:
        return _missing(row, Side.SALESFORCE, names[-1] if row.instead_of else names[0])
    return _as_described(row.spec, info)


def _as_described(spec: FieldSpec, info: FieldInfo) -> FieldSpec:
    """The row with this org's field, length and scale; what the connected user may not write flows the other way."""
    scale = info.scale if spec.type is ValueType.DECIMAL and info.scale is not None else spec.places
    made = replace(spec, sf_path=info.name, sf_length=info.length or spec.sf_length, places=scale)
    if not info.updateable and spec.write is not WriteMode.ON_CREATE and spec.direction is Direction.BOTH:
        return replace(made, direction=Direction.TO_QBO)
    return made


def _qbo_field_for(row: RecipeRow, spec: FieldSpec, qbo: ObjectInfo | None) -> FieldSpec | LeftOut:
    if qbo is None or _has_path(qbo.fields, spec.qbo_path):
        return spec
    return _missing(row, Side.QUICKBOOKS, spec.qbo_path)


def _has_path(fields: Iterable[FieldInfo], path: str) -> bool:
    """Whether a described entity has a path, named whole, by its outermost member, or as a reference."""
    names = {info.name for info in fields}
    head = path.split(".", 1)[0]
    return path in names or head in names or any(name.startswith(f"{head}.") for name in names)


def _missing(row: RecipeRow, side: Side, name: str) -> LeftOut:
    return LeftOut(row.spec.key, row.spec.label, side, name, "missing")


def _external_id_field(recipe: Recipe, sf: ObjectInfo | None) -> str:
    usable = {info.name for info in sf.fields if info.external_id and info.updateable} if sf else set()
    return next((name for name in recipe.external_id_fields if name in usable), "")
