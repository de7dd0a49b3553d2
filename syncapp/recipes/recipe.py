"""A prebuilt mapping as data, and how a template turns it into the rows of a company's mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from connectors.contracts import Condition, FieldInfo, ObjectInfo, Side
from syncapp.engine.entities import traits
from syncapp.engine.lines import CHILD
from syncapp.engine.mapping import (
    Criterion,
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
    fallback: Any = None
    """The constant that takes the place of a Salesforce field which an org lacks."""
    first_of: tuple[str, ...] = ()
    """Salesforce fields whose first filled one is taken; those that an org lacks are left out."""


ALL_TEMPLATES = frozenset(Template)
WRITING = frozenset({Template.BIDIRECTIONAL, Template.SF_TO_QBO})
"""Templates that write to QuickBooks."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A prebuilt mapping of one pair of objects. `external_id_fields` are names for the Salesforce external id field:
    the first that an org has as an external id is used.

    Filters keep the conditions whose field an org has; without a field of `needs` the org cannot have the mapping.
    `policies` override those of the template. In `options`, `$name` stands for a fact of the two orgs
    (`services.setup`). `beside` and `beside_qbo` are conditions on either side's records that other mappings get when
    this one is chosen too.
    """

    key: str
    label: str
    summary: str
    sf_object: str
    qbo_entity: str
    rows: tuple[RecipeRow, ...]
    external_id_fields: tuple[str, ...] = ()
    templates: frozenset[Template] = ALL_TEMPLATES
    needs: tuple[str, ...] = ()
    sf_filter: tuple[Condition, ...] = ()
    qbo_filter: tuple[Criterion, ...] = ()
    policies: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, tuple[Condition, ...]] = field(default_factory=dict)
    beside_qbo: Mapping[str, tuple[Criterion, ...]] = field(default_factory=dict)
    instead_of: tuple[str, ...] = ()
    """Keys of recipes of the same pair, which it takes the place of."""
    parents: Mapping[str, str] = field(default_factory=dict)
    """The objects that relationships of its Salesforce paths lead to (`Account.Name`: Account)."""

    @property
    def other_objects(self) -> tuple[str, ...]:
        """The Salesforce objects whose fields are read as part of its records: child rows and parents."""
        said = [self.options.get("lines") or {}, *(self.options.get("children") or {}).values()]
        children = [str(name) for one in said if (name := one.get("sf_object") or one.get("reads"))]
        beyond = [str(name) for one in said for name in (one.get("parents") or {}).values()]
        return tuple(dict.fromkeys((*children, *beyond, *self.parents.values())))

    def other_of(self, path: str, part: str) -> str:
        """The other object that a row's Salesforce path belongs to; empty for the record itself."""
        if not part and CHILD not in path and "." in path:
            return self.parents.get(path.partition(".")[0], "")
        if part:
            return str((self.options.get("lines") or {}).get("sf_object") or "")
        relation, mark, _ = path.partition(CHILD)
        child = (self.options.get("children") or {}).get(relation) or {}
        return self._object_of_child(child, path) if mark else ""

    @staticmethod
    def _object_of_child(child: Mapping[str, Any], path: str) -> str:
        """The child's own object, or that of a parent which a path leads on to (`Roles[].Contact.Email`)."""
        parent, dot, _ = path.partition(CHILD)[2].partition(".")
        beyond = (child.get("parents") or {}).get(parent) if dot else ""
        return str(beyond or child.get("sf_object") or child.get("reads") or "")


@dataclass(frozen=True, slots=True)
class Org:
    """What is known of two orgs when a recipe is prepared: their objects as described, and facts by name."""

    sf: ObjectInfo | None = None
    qbo: ObjectInfo | None = None
    children: Mapping[str, ObjectInfo] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


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
    *,
    children: Mapping[str, ObjectInfo] | None = None,
    facts: Mapping[str, Any] | None = None,
    beside: Iterable[Recipe] = (),
) -> Prepared:
    """The mapping that a recipe makes of a template and who wins, for two described orgs.

    `winner` decides conflicts of rows that flow both ways, and with it which value a first link takes. Without a
    description (None) a side is taken to have every standard field, and none that a customer would have to add.
    `beside` are the other recipes that are chosen with it.
    """
    org = Org(sf, qbo, children or {}, facts or {})
    found = [_row_for(recipe, row, org, template) for row in recipe.rows]
    left_out = tuple(result for result in found if isinstance(result, LeftOut))
    rows = tuple(
        _filled(_with_template(row, result, template, winner), org.facts)
        for row, result in zip(recipe.rows, found, strict=True)
        if isinstance(result, FieldSpec)
    )
    added = [condition for other in beside for condition in other.beside.get(recipe.key, ())]
    spec = MappingSpec(
        key=recipe.key,
        label=recipe.label,
        version=0,
        sf_object=recipe.sf_object,
        qbo_entity=recipe.qbo_entity,
        fields=_with_lines(rows),
        sf_filter=_conditions((*recipe.sf_filter, *added), sf),
        qbo_filter=(*recipe.qbo_filter, *_beside_qbo(recipe, beside)),
        policies=replace(policies_for(template), **recipe.policies),
        external_id_field=_external_id_field(recipe, sf),
        options=_options(recipe, org),
    )
    return Prepared(spec, left_out)


def _beside_qbo(recipe: Recipe, beside: Iterable[Recipe]) -> tuple[Criterion, ...]:
    return tuple(rule for other in beside for rule in other.beside_qbo.get(recipe.key, ()))


def _with_lines(rows: tuple[FieldSpec, ...]) -> tuple[FieldSpec, ...]:
    """Rows of lines only where their lines row is there too."""
    keys = {row.key for row in rows if row.type is ValueType.LINES}
    return tuple(row for row in rows if not row.part or row.part in keys)


def _conditions(conditions: Iterable[Condition], sf: ObjectInfo | None) -> tuple[Condition, ...]:
    """The conditions whose field the org has; those on a parent's field are taken to be there."""
    names = {info.name.casefold() for info in sf.fields} if sf is not None else set()
    return tuple(
        condition
        for condition in conditions
        if "." in condition.path
        or condition.path.casefold() in names
        or (sf is None and not condition.path.endswith("__c"))
    )


def _options(recipe: Recipe, org: Org) -> dict[str, Any]:
    """The recipe's options for this org: without the fields that it lacks."""
    options: dict[str, Any] = filled(recipe.options, org.facts)
    rule = options.get("lines")
    if rule and rule.get("single"):
        names = {info.name for info in org.sf.fields} if org.sf is not None else {"Amount", "Name"}
        single = {role: path for role, path in rule["single"].items() if role == "item" or path in names}
        options["lines"] = {**rule, "single": single}
    if "price_books" in options:
        options["price_books"] = [book for book in options["price_books"] if book]
    return options


def can_have(recipe: Recipe, template: Template, sf: ObjectInfo | None) -> bool:
    """Whether this template and org can have the mapping at all."""
    if template not in recipe.templates or sf is None:
        return False
    names = {info.name.casefold() for info in sf.fields}
    return all(name.casefold() in names for name in recipe.needs)


def filled(value: Any, facts: Mapping[str, Any]) -> Any:
    """A value of a recipe with the facts of these orgs in the place of `$name`; what is not known is left empty."""
    if isinstance(value, str) and value.startswith("$"):
        return facts.get(value[1:], "")
    if isinstance(value, Mapping):
        return {key: filled(each, facts) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [filled(each, facts) for each in value]
    return value


def _filled(spec: FieldSpec, facts: Mapping[str, Any]) -> FieldSpec:
    if str(spec.default or "").startswith("$") or str(spec.constant or "").startswith("$"):
        return replace(
            spec, default=filled(spec.default, facts) or None, constant=filled(spec.constant, facts) or None
        )
    return spec


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


def _row_for(recipe: Recipe, row: RecipeRow, org: Org, template: Template) -> FieldSpec | LeftOut:
    if row.fixed and row.spec.direction is Direction.TO_QBO and template is Template.QBO_TO_SF:
        return LeftOut(row.spec.key, row.spec.label, Side.QUICKBOOKS, row.spec.qbo_path, "template")
    spec = _sf_field_for(recipe, row, org)
    if isinstance(spec, LeftOut):
        return spec
    if spec.constant is not None and not spec.sf_path and template is Template.QBO_TO_SF:
        return LeftOut(row.spec.key, row.spec.label, Side.QUICKBOOKS, row.spec.qbo_path, "template")
    return _qbo_field_for(recipe, row, spec, org.qbo)


def _sf_field_for(recipe: Recipe, row: RecipeRow, org: Org) -> FieldSpec | LeftOut:
    if row.first_of:
        return _first_filled(recipe, row, org)
    if row.spec.type is ValueType.LINES or not (row.spec.sf_path or row.sf_choices):
        return row.spec
    names = (
        (f"{row.instead_of}Code", row.instead_of) if row.instead_of else row.sf_choices or (row.spec.sf_path,)
    )
    other = recipe.other_of(names[0], row.spec.part)
    info_of = org.children.get(other) if other else org.sf
    if info_of is None:
        custom = names[0].endswith("__c") or "__r" in names[0] or row.needs_currencies
        return _missing_sf(row, names[0]) if custom else row.spec
    fields = {info.name.casefold(): info for info in info_of.fields}
    found = next((name for name in names if _member(name).casefold() in fields), None)
    if found is None or not _leads_on(recipe, found, row.spec.part, org):
        return _missing_sf(row, names[-1] if row.instead_of else names[0])
    prefix = found[: len(found) - len(_member(found))]
    return _as_described(row.spec, fields[_member(found).casefold()], prefix)


def _leads_on(recipe: Recipe, path: str, part: str, org: Org) -> bool:
    """Whether this org has the lookups that a path goes over: on the record, or on its child row."""
    relation, mark, beyond = path.rpartition(CHILD)
    parent, dot, _ = beyond.partition(".")
    if part or not dot:
        return True
    child = (recipe.options.get("children") or {}).get(relation) or {}
    info = org.children.get(str(child.get("sf_object") or child.get("reads") or "")) if mark else org.sf
    lookup = f"{parent.removesuffix('__r')}__c" if parent.endswith("__r") else f"{parent}Id"
    if info is None:
        return not mark and not lookup.endswith("__c")
    return any(one.name.casefold() == lookup.casefold() for one in info.fields)


def _first_filled(recipe: Recipe, row: RecipeRow, org: Org) -> FieldSpec | LeftOut:
    """The row over those of its fields that this org has: one as it is, several by a formula."""
    alone = [
        _sf_field_for(recipe, replace(row, first_of=(), spec=replace(row.spec, sf_path=path)), org)
        for path in row.first_of
    ]
    there = [spec for spec in alone if isinstance(spec, FieldSpec)]
    if len(there) < 2:
        return there[0] if there else alone[-1]
    paths = [f"{{{spec.sf_path}}}" for spec in there]
    text = paths[-1]
    for path in reversed(paths[:-1]):
        text = f"BLANKVALUE({path}, {text})"
    return replace(row.spec, sf_path="", formula=text)


def _member(path: str) -> str:
    """The field's own name in a path through a child or a parent."""
    return path.rpartition(CHILD)[2].rpartition(".")[2]


def _missing_sf(row: RecipeRow, name: str) -> FieldSpec | LeftOut:
    if row.fallback is not None:
        return replace(row.spec, sf_path="", constant=row.fallback, direction=Direction.TO_QBO)
    return _missing(row, Side.SALESFORCE, name)


def _as_described(spec: FieldSpec, info: FieldInfo, prefix: str = "") -> FieldSpec:
    """The row with this org's field, length and scale; what the connected user may not write flows the other way."""
    scale = info.scale if _shows_scale(spec) and info.scale is not None else spec.places
    made = replace(
        spec, sf_path=f"{prefix}{info.name}", sf_length=info.length or spec.sf_length, places=scale
    )
    if not info.updateable and spec.write is not WriteMode.ON_CREATE and spec.direction is Direction.BOTH:
        return replace(made, direction=Direction.TO_QBO)
    return made


def _shows_scale(spec: FieldSpec) -> bool:
    """A line's price and quantity keep the decimals of the mapping: what a field shows is not all that it holds."""
    return spec.type is ValueType.DECIMAL and not spec.part


def _qbo_field_for(
    recipe: Recipe, row: RecipeRow, spec: FieldSpec, qbo: ObjectInfo | None
) -> FieldSpec | LeftOut:
    if qbo is None or spec.part or not spec.qbo_path or _has_path(qbo.fields, spec.qbo_path):
        return spec
    if spec.qbo_path in traits(Side.QUICKBOOKS, recipe.qbo_entity).computed:
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
