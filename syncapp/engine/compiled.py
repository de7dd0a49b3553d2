"""A mapping made ready for use: paths parsed, readers and renderers built once, rows sorted into merge units.

`compile_spec` is cheap after the first call for a spec: services hold one `MappingSpec` per slice and pass it along.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.contracts import Body, Side
from syncapp.engine.computed import UnknownValueMap, formula_reader
from syncapp.engine.entities import EntityTraits, traits
from syncapp.engine.filters import fields_read
from syncapp.engine.lines import CHILD, CompiledLines, PickedChild, line_references, picked, rule_of
from syncapp.engine.mapping import (
    Direction,
    FieldSpec,
    Initial,
    MappingSpec,
    OnConflict,
    OnDrift,
    ValueMap,
    ValueType,
)
from syncapp.engine.paths import Reader, reader, reference_path, split
from syncapp.engine.records import Comparer, comparer, normaliser, read_text
from syncapp.engine.rendering import Renderer, renderer
from syncapp.engine.tags import stripped
from syncapp.engine.transforms import STREET_LINES, Transform, chain, join_lines

CACHE_SIZE = 64


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRow:
    """One row with its readers (raw body to canonical value), renderers and the members of its target paths."""

    spec: FieldSpec
    key: str
    read_sf: Reader
    read_qbo: Reader
    to_sf: Renderer | None
    to_qbo: Renderer | None
    same: Comparer
    sf_members: tuple[str, ...]
    qbo_members: tuple[str, ...]
    lines: bool
    reference: bool
    external: bool = False
    """The row that keeps the QuickBooks id in the Salesforce external id field (W6)."""
    child: CompiledLines | None = None
    """What a lines row holds: child rows with rows of their own."""
    picked: PickedChild | None = None
    formula_reads: tuple[str, ...] = ()
    """What its formula reads; for a field of a child row, all that choosing the row takes."""
    """The child row in Salesforce that this row reads and writes a field of."""

    def read(self, side: Side) -> Reader:
        return self.read_sf if side is Side.SALESFORCE else self.read_qbo

    def reads(self, side: Side) -> tuple[str, ...]:
        """The paths of `side`'s records that this row reads."""
        if self.spec.formula and self.spec.source is side:
            return self.formula_reads
        if side is Side.SALESFORCE and self.child is not None:
            return (*self.child.own_fields(), *self.child.fields_to_read())
        if side is Side.SALESFORCE and self.picked is not None:
            return self.picked.fields_to_read()
        path = self.spec.sf_path if side is Side.SALESFORCE else self.spec.qbo_path
        return (path,) if path else ()

    def members(self, side: Side) -> tuple[str, ...]:
        return self.sf_members if side is Side.SALESFORCE else self.qbo_members

    def render(self, target: Side, value: Any) -> Any:
        """The value as `target` shall hold it (not for references)."""
        render = self.to_sf if target is Side.SALESFORCE else self.to_qbo
        return value if render is None else render(value)

    def length(self, side: Side) -> int | None:
        return self.spec.sf_length if side is Side.SALESFORCE else self.spec.qbo_length


@dataclass(frozen=True, slots=True, eq=False)
class CompiledUnit:
    """One merge unit: a row or a group of rows that is decided and written as one. The first row's policies rule."""

    name: str
    rows: tuple[CompiledRow, ...]
    policy: FieldSpec
    keys: tuple[str, ...]

    @property
    def label(self) -> str:
        """The unit's name for people: the row's label, or the group's (`billing_address`: Billing address)."""
        group = self.policy.group
        return group.replace("_", " ").capitalize() if group else self.policy.label

    def allows(self, target: Side) -> bool:
        return self.policy.direction.allows(target)


@dataclass(frozen=True, eq=False)
class CompiledSpec:
    """A mapping with everything that its rows need at hand."""

    spec: MappingSpec
    rows: tuple[CompiledRow, ...]
    units: tuple[CompiledUnit, ...]
    by_key: dict[str, CompiledRow]
    by_unit: dict[str, CompiledUnit]
    sf_traits: EntityTraits
    qbo_traits: EntityTraits

    def traits(self, side: Side) -> EntityTraits:
        return self.sf_traits if side is Side.SALESFORCE else self.qbo_traits

    @cached_property
    def sf_readers(self) -> tuple[tuple[str, Reader], ...]:
        return tuple((row.key, row.read_sf) for row in self.rows)

    @cached_property
    def qbo_readers(self) -> tuple[tuple[str, Reader], ...]:
        return tuple((row.key, row.read_qbo) for row in self.rows)

    def readers(self, side: Side) -> tuple[tuple[str, Reader], ...]:
        return self.sf_readers if side is Side.SALESFORCE else self.qbo_readers

    @cached_property
    def references(self) -> tuple[CompiledRow, ...]:
        return tuple(row for row in self.rows if row.reference and row.spec.refers_to)

    @cached_property
    def line_rows(self) -> tuple[CompiledRow, ...]:
        """The rows that hold lines."""
        return tuple(row for row in self.rows if row.child is not None)

    def referred(self, projection: Mapping[str, Any]) -> Iterator[tuple[CompiledRow, Any]]:
        """Every reference to a record that a projection holds, also in its lines: (row, that side's id)."""
        for row in self.references:
            value = projection.get(row.key)
            if value and not str(value).startswith("@"):
                yield row, value
        for lines in self.line_rows:
            for row in lines.child.references if lines.child is not None else ():
                if row.spec.refers_to:
                    for value in line_references(projection.get(lines.key), row):
                        yield row, value

    @cached_property
    def lookups(self) -> frozenset[str]:
        """The QuickBooks lists that decisions of this mapping look names up in. The rates of a tax code are a list of
        their own: without them nothing is taken out of gross prices, and no tax is forecast."""
        named = {row.lookup for row in self.spec.fields if row.lookup} | self.qbo_traits.lists
        return frozenset(named | ({"TaxRate"} if "TaxCode" in named else set()))

    @cached_property
    def parsed(self) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
        """Rows whose JSON form differs from the canonical one, with the function back."""
        return _parsers(self.rows)

    @cached_property
    def writes_children(self) -> bool:
        """Whether child rows in Salesforce are written: which there are must be known then."""
        return any(
            (row.child or row.picked) and row.spec.direction.allows(Side.SALESFORCE) for row in self.rows
        )

    def flows_to(self, target: Side) -> bool:
        """Whether any row may be written to `target`."""
        return any(unit.allows(target) for unit in self.units)


def _parsers(rows: Iterable[CompiledRow]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    kinds = (ValueType.DECIMAL, ValueType.DATE, ValueType.DATETIME)
    found: list[tuple[str, Callable[[Any], Any]]] = []
    for row in rows:
        if row.child is not None:
            found.append((row.key, _lines_parser(row.child)))
        elif row.spec.type in kinds:
            found.append((row.key, normaliser(row.spec.type, row.spec.places)))
    return tuple(found)


def _lines_parser(child: CompiledLines) -> Callable[[Any], Any]:
    parsers = _parsers(child.rows)

    def parse(lines: Any) -> Any:
        return [line | {key: parse_(line[key]) for key, parse_ in parsers if key in line} for line in lines]

    return parse


_cache: OrderedDict[int, CompiledSpec] = OrderedDict()


def compile_spec(spec: MappingSpec) -> CompiledSpec:
    """The compiled form of a spec; remembered by identity while the spec is in use.

    Raises UnknownTransform or UnknownValueMap, which publishing has ruled out.
    """
    found = _cache.get(id(spec))
    if found is not None and found.spec is spec:
        return found
    made = _compile(spec)
    _cache[id(spec)] = made
    while len(_cache) > CACHE_SIZE:
        _cache.popitem(last=False)
    return made


def _compile(spec: MappingSpec) -> CompiledSpec:
    qbo_traits = traits(Side.QUICKBOOKS, spec.qbo_entity)
    rows = tuple(
        _compile_lines(row, spec, qbo_traits)
        if row.type is ValueType.LINES
        else _compile_row(row, spec, qbo_traits)
        for row in _all_rows(spec)
    )
    by_key = {row.key: row for row in rows}
    units = _units(rows)
    return CompiledSpec(
        spec=spec,
        rows=rows,
        units=units,
        by_key=by_key,
        by_unit={unit.name: unit for unit in units},
        sf_traits=traits(Side.SALESFORCE, spec.sf_object),
        qbo_traits=qbo_traits,
    )


EXTERNAL_ID = "external_id"
"""Key and unit of the row that every mapping with an external id field has beside its own rows."""


def _all_rows(spec: MappingSpec) -> tuple[FieldSpec, ...]:
    if not spec.external_id_field:
        return spec.header
    row = FieldSpec(
        key=EXTERNAL_ID,
        label="QuickBooks id",
        sf_path=spec.external_id_field,
        qbo_path="Id",
        direction=Direction.TO_SF,
        on_conflict=OnConflict.QBO,
        on_drift=OnDrift.OVERWRITE,
        initial=Initial.QBO,
    )
    return (*spec.header, row)


def _units(rows: tuple[CompiledRow, ...]) -> tuple[CompiledUnit, ...]:
    members: dict[str, list[CompiledRow]] = {}
    for row in rows:
        members.setdefault(row.spec.unit, []).append(row)
    return tuple(
        CompiledUnit(name, tuple(found), found[0].spec, tuple(row.key for row in found))
        for name, found in members.items()
    )


def name_suffix(spec: MappingSpec) -> str:
    """The suffix that this mapping's rule puts behind a name that QuickBooks already has, the entity's own word where
    none was chosen; empty without such a rule."""
    if spec.policies.name_clash != "suffix":
        return ""
    return str(spec.options.get("name_suffix") or "") or usual_suffix(spec.qbo_entity)


def usual_suffix(qbo_entity: str) -> str:
    """What goes behind a name that is taken, where nobody chose anything: ` (Customer)`."""
    return f" ({qbo_entity})"


def _cleaners(row: FieldSpec, spec: MappingSpec, qbo_traits: EntityTraits) -> list[Callable[[str], str]]:
    """What is taken off a text of QuickBooks beside what the row's transforms take off: suffixes and tags of ours."""
    if row.part:
        return []
    suffix = name_suffix(spec) if row.qbo_path == qbo_traits.name_path else ""
    cleaners: list[Callable[[str], str]] = [lambda name: name.removesuffix(suffix)] if suffix else []
    if qbo_traits.document is not None and row.qbo_path == qbo_traits.document.tag:
        cleaners.append(stripped)
    return cleaners


def _value_map(row: FieldSpec, maps: Mapping[str, ValueMap]) -> ValueMap | None:
    if not row.value_map:
        return None
    if row.value_map not in maps:
        raise UnknownValueMap(row.value_map)
    return maps[row.value_map]


def _compile_lines(row: FieldSpec, spec: MappingSpec, qbo_traits: EntityTraits) -> CompiledRow:
    """A lines row with the rows of one line. Raises ValueError where the entity has no lines."""
    if qbo_traits.lines is None:
        raise ValueError(f"{spec.qbo_entity} has no lines")
    rows = tuple(_compile_row(part, spec, qbo_traits) for part in spec.lines_of(row.key))
    child = CompiledLines(
        relation=row.sf_path,
        rows=rows,
        by_key={each.key: each for each in rows},
        rule=rule_of(spec),
        traits=qbo_traits.lines,
    )
    return CompiledRow(
        spec=row,
        key=row.key,
        read_sf=child.read_sf,
        read_qbo=child.read_qbo,
        to_sf=None,
        to_qbo=None,
        same=child.same,
        sf_members=(row.sf_path,),
        qbo_members=(row.qbo_path,),
        lines=False,
        reference=False,
        child=child,
    )


def _compile_row(row: FieldSpec, spec: MappingSpec, qbo_traits: EntityTraits) -> CompiledRow:
    cleaners = _cleaners(row, spec, qbo_traits)
    maps = {value_map.name: value_map for value_map in spec.value_maps}
    transforms = chain(row.transform)
    lines = any(transform.lines for transform in transforms)
    reference = row.type is ValueType.REFERENCE
    qbo_path = reference_path(row.qbo_path) if reference and row.qbo_path else row.qbo_path
    value_map = _value_map(row, maps)
    computed = None if row.part else qbo_traits.computed.get(row.qbo_path)
    child = picked(spec, row.sf_path)
    children = _children_read(row, spec)
    return CompiledRow(
        spec=row,
        key=row.key,
        read_sf=_value_reader(row, child.read)
        if child is not None
        else _beside_children(_sf_reader(row, maps), children),
        read_qbo=_value_reader(row, computed)
        if computed is not None
        else _qbo_reader(row, qbo_path, transforms, cleaners, maps, lines=lines),
        to_sf=None if reference else renderer(row, transforms, Side.SALESFORCE, value_map),
        to_qbo=None if reference else renderer(row, transforms, Side.QUICKBOOKS, value_map),
        same=_blank_is_zero(comparer(row.type))
        if any(one.blank_is_zero for one in transforms)
        else comparer(row.type),
        sf_members=split(row.sf_path) if row.sf_path else (),
        qbo_members=split(qbo_path) if qbo_path else (),
        lines=lines,
        reference=reference,
        external=row.key == EXTERNAL_ID,
        picked=child,
        formula_reads=_formula_reads(row, children),
    )


def _blank_is_zero(same: Comparer) -> Comparer:
    """The equality to which an empty amount is 0."""
    return lambda one, other: same(one or Decimal(0), other or Decimal(0))


def _children_read(row: FieldSpec, spec: MappingSpec) -> dict[str, PickedChild]:
    """The child rows that a formula reads fields of, by path: `{OpportunityContactRoles[].Contact.Email}`."""
    paths = fields_read(row.formula) if row.formula and row.source is Side.SALESFORCE else ()
    return {path: child for path in paths if (child := picked(spec, path)) is not None}


def _formula_reads(row: FieldSpec, children: Mapping[str, PickedChild]) -> tuple[str, ...]:
    if not row.formula:
        return ()
    found = [
        children[path].fields_to_read() if path in children else (path,) for path in fields_read(row.formula)
    ]
    return tuple(dict.fromkeys(path for paths in found for path in paths))


def _beside_children(read: Reader, children: Mapping[str, PickedChild]) -> Reader:
    """The reader over a body that has each child row where the formula's path looks for it."""
    if not children:
        return read
    chosen = {f"{child.relation}{CHILD}".removesuffix("."): child for child in children.values()}

    def read_all(body: Body) -> Any:
        return read({**body, **{name: child.of(body) for name, child in chosen.items()}})

    return read_all


def _computed_reader(row: FieldSpec, side: Side, maps: Mapping[str, ValueMap]) -> Reader:
    """The reader of a row that has no field on this side: its formula over this side's record, or its fixed value."""
    if row.formula and row.source is side:
        return formula_reader(row, maps)
    value = normaliser(row.type, row.places)(row.constant)

    def read(_body: Body) -> Any:
        return value

    return read


def _sf_reader(row: FieldSpec, maps: Mapping[str, ValueMap]) -> Reader:
    if not row.sf_path:
        return _computed_reader(row, Side.SALESFORCE, maps)
    return _value_reader(row, reader(row.sf_path))


def _qbo_reader(
    row: FieldSpec,
    path: str,
    transforms: tuple[Transform, ...],
    more: list[Callable[[str], str]],
    maps: Mapping[str, ValueMap],
    *,
    lines: bool,
) -> Reader:
    if not path:
        return _computed_reader(row, Side.QUICKBOOKS, maps)
    read = _value_reader(row, _lines_reader(path) if lines else reader(path))
    cleaners = [transform.clean_qbo for transform in transforms if transform.clean_qbo is not None]
    cleaners += more
    return _cleaned(read, cleaners) if cleaners else read


def _value_reader(row: FieldSpec, raw: Reader) -> Reader:
    normal = normaliser(row.type, row.places)
    if normal is not read_text:
        return lambda body: normal(raw(body))

    def read(body: Body) -> Any:
        value = raw(body)
        # The shortest way through for what nearly every value is: plain text or nothing.
        if value is None or value == "":
            return None
        return read_text(value)

    return read


def _lines_reader(path: str) -> Reader:
    parent = ".".join(split(path)[:-1])
    read_parent = reader(parent)

    def read(body: Body) -> Any:
        part = read_parent(body)
        return join_lines([part.get(line) for line in STREET_LINES]) if isinstance(part, Mapping) else None

    return read


def _cleaned(read: Reader, cleaners: list[Callable[[str], str]]) -> Reader:
    def cleaned(body: Body) -> Any:
        value = read(body)
        if not isinstance(value, str):
            return value
        for clean in cleaners:
            value = clean(value)
        return value or None

    return cleaned
