"""Tree to plan: the SQL of a query and the way its rows become records."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from connectors.simulator.salesforce.catalog import Catalog, Entity
from connectors.simulator.salesforce.objects.fields import Field

from . import ast
from .conditions import Conditions
from .errors import SoqlError, malformed, no_such_child, no_such_column, no_such_object, pointed_at
from .functions import DRESSING, Compiled, Expressions, is_aggregate
from .literals import Clockwork
from .names import Names, Place, Step
from .plan import ChildPlan, Leaf, Node, Plan, Reader, SqlValue, Target

MAX_OFFSET = 2000
MAX_SUBQUERIES = 20
MAX_FIELDS_LIMIT = 200
MAX_DEPTH = 5
_ADDRESS_PARTS = (
    ("city", "City"), ("country", "Country"), ("geocodeAccuracy", "GeocodeAccuracy"),
    ("latitude", "Latitude"), ("longitude", "Longitude"), ("postalCode", "PostalCode"),
    ("state", "State"), ("street", "Street"),
)  # fmt: skip
_CODE_PARTS = (("countryCode", "CountryCode"), ("stateCode", "StateCode"))


def read_boolean(value: Any, _: tuple[Any, ...]) -> bool:
    return bool(value)


def read_formatted(value: Any, _: tuple[Any, ...]) -> Any:
    """FORMAT(): numbers as a person of the US locale would write them."""
    return (
        f"{value:,.2f}" if isinstance(value, float) else (f"{value:,}" if isinstance(value, int) else value)
    )


def address_reader(columns: dict[str, int]) -> Reader:
    """A compound address: an object with lower-case keys, or null when no part has a value."""

    def read(_: Any, row: tuple[Any, ...]) -> dict[str, Any] | None:
        found = {key: row[column] for key, column in columns.items()}
        return found if any(value is not None for value in found.values()) else None

    return read


@dataclass(slots=True)
class Compiler:
    """Compiles queries against the objects of one org."""

    catalog: Catalog
    clock: Clockwork
    user_id: str = ""
    _aliases: itertools.count[int] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._aliases = itertools.count()

    def compile(self, query: ast.Query, tooling: bool = False) -> Plan:
        """The plan of a whole query. Raises SoqlError."""
        entity = self.catalog.find(query.source.name)
        if entity is None or not entity.object.queryable or (entity.object.tooling and not tooling):
            raise no_such_object(query.text, query.source.at, query.source.name)
        return _One(self, query, entity, 0).plan()

    def next_alias(self) -> str:
        return f"q{next(self._aliases)}_"


class _One:
    """Compiles one query or subquery."""

    def __init__(self, compiler: Compiler, query: ast.Query, entity: Entity, depth: int) -> None:
        self.compiler = compiler
        self.query = query
        self.text = query.text
        self.entity = entity
        self.depth = depth
        prefix = compiler.next_alias()
        self.place = Place(entity, f"{prefix}0")
        self.names = Names(compiler.catalog, self.text, query.source, self.place, prefix)
        self.expressions = Expressions(self.names, self.text, compiler.clock.fiscal_start)
        self.parameters: list[SqlValue] = []
        self.conditions = Conditions(
            self.text, self.expressions, compiler.clock, self.parameters, self.semi_join_sql
        )
        self.columns: list[str] = []
        #: SQL of the expressions that are grouped by.
        self.grouped: set[str] = set()
        self.children: list[ChildPlan] = []

    # -- the whole ------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        query = self.query
        self.check_bounds()
        if "ALL ROWS" in query.extra:
            raise malformed(self.text, len(self.text), "ALL ROWS not allowed in this context")
        aggregated = query.grouping is not None or any(
            isinstance(item, ast.Selected) and is_aggregate(item.expression) for item in query.select
        )
        root: Node | None = None
        aggregates: list[tuple[str, int, Reader | None]] = []
        sets: list[tuple[str, list[str]]] = []
        if aggregated:
            aggregates, sets = self.aggregate_select()
        elif not query.counts_only:
            root = self.record_select()
        where = self.conditions.sql(query.where) if query.where is not None else ""
        where = self.with_scope(where)
        having = self.having(aggregated)
        return Plan(
            self.entity, self.columns, self.names.sql(), where, self.parameters, self.order(aggregated),
            query.limit, query.offset or 0, self.place.alias, root, self.children, aggregates, sets, having,
            query.counts_only, self.alive(), self.conditions.timeless,
        )  # fmt: skip

    def check_bounds(self) -> None:
        query = self.query
        if query.offset is not None and query.offset > MAX_OFFSET:
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        unbounded = [
            item for item in query.select if isinstance(item, ast.AllFields) and item.kind != "STANDARD"
        ]
        if unbounded and (query.limit is None or query.limit > MAX_FIELDS_LIMIT):
            raise malformed(
                self.text, unbounded[0].at, "The SOQL FIELDS function must have a LIMIT of at most 200"
            )
        if sum(isinstance(item, ast.Nested) for item in query.select) > MAX_SUBQUERIES:
            raise malformed(
                self.text, 0, "SOQL queries cannot have more than 20 parent-to-child relationships"
            )
        if query.having is not None and query.grouping is None:
            raise malformed(self.text, 0, "Having clause requires a GROUP BY clause")

    def alive(self) -> str:
        return f'{self.place.alias}."IsDeleted" = 0' if self.entity.bins else ""

    def with_scope(self, where: str) -> str:
        if self.query.scope in ("", "EVERYTHING") or "ownerid" not in self.entity.fields:
            return where
        self.parameters.append(self.compiler.user_id)
        mine = f'{self.place.alias}."OwnerId" = ?'
        return f"{where} AND {mine}" if where else mine

    # -- records --------------------------------------------------------------------------------------------

    def column(self, sql: str) -> int:
        self.columns.append(sql)
        return len(self.columns) - 1

    def record_select(self) -> Node:
        root = Node([self.target(self.place)])
        for item in self.query.select:
            if isinstance(item, ast.Nested):
                self.nest(root, item)
            elif isinstance(item, ast.AllFields):
                self.add_all(root, item)
            elif isinstance(item, ast.TypeOf):
                self.add_type_of(root, item)
            else:
                self.add_selected(root, item)
        return root

    def target(self, place: Place) -> Target:
        return Target(place.entity, self.column(f'{place.alias}."Id"'))

    def add_all(self, root: Node, item: ast.AllFields) -> None:
        for known in self.entity.object.fields:
            if item.kind == "ALL" or (item.kind == "CUSTOM") == known.custom:
                root.targets[0].members.setdefault(known.name, self.leaf(self.place, known))

    def add_selected(self, root: Node, item: ast.Selected) -> None:
        expression, read = item.expression, None
        if isinstance(expression, ast.Call):
            name = expression.name.upper()
            if name not in DRESSING or not isinstance(expression.arguments[0], ast.FieldPath):
                self.expressions.call(expression)  # says what is wrong with it, if anything is
                raise malformed(
                    self.text, expression.at, f"Function {expression.name} requires a GROUP BY clause"
                )
            expression = expression.arguments[0]
            read = read_formatted if name == "FORMAT" else None
        elif item.alias:
            raise malformed(self.text, expression.at, "only aggregate expressions use field aliasing")
        self.add_path(root, expression, item.alias, read)

    def add_path(self, root: Node, path: ast.FieldPath, alias: str = "", read: Reader | None = None) -> None:
        found = self.names.find(path)
        members = self.node_at(root, found.steps).targets[0].members
        name = alias or found.field.name
        if name in members and not found.steps and isinstance(members[name], Leaf) and not self.has_all():
            sentence = f"duplicate field selected: {name}"
            raise SoqlError("INVALID_FIELD", pointed_at(self.text, path.at, sentence))
        leaf = (
            self.leaf(found.place, found.field)
            if len(found.steps) == 0 or len(found.steps[-1].places) == 1
            else Leaf(self.column(found.sql))
        )
        if read is not None:
            leaf.read = read
        for group in self.leaf_groups(root, found.steps, members):
            group[name] = leaf

    def has_all(self) -> bool:
        return any(isinstance(item, ast.AllFields) for item in self.query.select)

    def leaf_groups(
        self, root: Node, steps: list[Step], members: dict[str, Leaf | Node]
    ) -> list[dict[str, Leaf | Node]]:
        """Where a field belongs: every target of a polymorphic relationship, else the one record."""
        if not steps or len(steps[-1].places) == 1:
            return [members]
        node = self.node_at(root, steps)
        return [target.members for target in node.targets]

    def node_at(self, root: Node, steps: list[Step]) -> Node:
        """The record at the end of the followed relationships, made on the way where it is new."""
        node = root
        for step in steps:
            members = node.targets[0].members
            known = members.get(step.name)
            if not isinstance(known, Node):
                known = Node([self.target(place) for place in step.places])
                members[step.name] = known
            node = known
        return node

    def leaf(self, place: Place, item: Field) -> Leaf:
        if item.type == "address":
            return Leaf(self.column("NULL"), address_reader(self.address_columns(place, item)), compound=True)
        column = self.column(f'{place.alias}."{item.name}"')
        return Leaf(column, read_boolean if item.type == "boolean" else None)

    def address_columns(self, place: Place, item: Field) -> dict[str, int]:
        prefix = item.name.removesuffix("Address")
        parts = [*_ADDRESS_PARTS, *_CODE_PARTS]
        return {
            key: self.column(f'{place.alias}."{prefix}{suffix}"')
            for key, suffix in parts
            if f"{prefix}{suffix}".lower() in place.entity.fields
        }

    def add_type_of(self, root: Node, item: ast.TypeOf) -> None:
        steps = self.names.follow(item.relation, self.names.without_alias(item.relation).names)
        node = self.node_at(root, steps)
        for target, place in zip(node.targets, steps[-1].places, strict=True):
            chosen = next(
                (
                    branch.paths
                    for branch in item.branches
                    if branch.entity.lower() == target.entity.name.lower()
                ),
                item.otherwise,
            )
            for path in chosen:
                known = target.entity.fields.get(path.names[-1].lower())
                if known is None or len(path.names) > 1:
                    raise no_such_column(self.text, path.at, str(path), target.entity.name)
                target.members[known.name] = self.leaf(place, known)

    # -- children -------------------------------------------------------------------------------------------

    def nest(self, root: Node, item: ast.Nested) -> None:
        if self.depth + 1 > MAX_DEPTH - 1:
            raise malformed(self.text, item.at, "SOQL queries cannot be nested more than five levels deep")
        name = item.query.source.name
        alias = self.query.source.alias.lower()
        if "." in name and name.split(".")[0].lower() in (alias, self.entity.name.lower()):
            name = name.split(".", 1)[1]
        relation = self.entity.children.get(name.lower())
        child = self.compiler.catalog.find(relation.entity) if relation else None
        if relation is None or child is None:
            raise no_such_child(self.text, item.query.source.at, name)
        one = _One(self.compiler, item.query, child, self.depth + 1)
        plan = one.plan()
        if plan.is_aggregate or plan.counts_only:
            raise malformed(self.text, item.at, "Aggregate expressions are not supported in subqueries")
        plan.columns.append(f'{plan.alias}."{relation.field.name}"')
        plan.limit, limit = None, plan.limit
        self.children.append(ChildPlan(relation.name, plan, relation.field.name, limit, plan.offset))
        plan.offset = 0
        root.targets[0].members[relation.name] = Leaf(-len(self.children))

    def semi_join_sql(self, test: ast.InQuery, parameters: list[SqlValue]) -> str:
        query = test.query
        entity = self.compiler.catalog.find(query.source.name)
        if entity is None:
            raise no_such_object(self.text, query.source.at, query.source.name)
        if len(query.select) != 1 or not isinstance(query.select[0], ast.Selected):
            raise malformed(self.text, test.at, "The inner select must return exactly one field")
        one = _One(self.compiler, query, entity, self.depth + 1)
        one.parameters = one.conditions.parameters = parameters
        inner = one.expressions.compile(query.select[0].expression)
        if inner.kind not in ("id", "reference"):
            sentence = f"The inner select field '{inner.name}' must be of type id or reference"
            raise malformed(self.text, test.at, sentence)
        parts = [f"{inner.sql} IS NOT NULL", one.alive()]
        if query.where is not None:
            parts.append(one.conditions.sql(query.where))
        self.conditions.timeless = self.conditions.timeless and one.conditions.timeless
        where = " AND ".join(part for part in parts if part)
        limit = f"{one.order(False)} LIMIT {query.limit}" if query.limit is not None else ""
        return f"SELECT {inner.sql} FROM {one.names.sql()} WHERE {where}{limit}"

    # -- aggregates -----------------------------------------------------------------------------------------

    def aggregate_select(self) -> tuple[list[tuple[str, int, Reader | None]], list[tuple[str, list[str]]]]:
        """The values of an aggregate row, and for each grouping set its GROUP BY with its own columns."""
        grouping = self.query.grouping or ast.Grouping(())
        groups = [self.expressions.compile(expression) for expression in grouping.expressions]
        for group, expression in zip(groups, grouping.expressions, strict=True):
            if not group.groupable:
                sentence = f"field '{group.name}' can not be grouped in a query call"
                raise malformed(self.text, expression.at, sentence)
        self.grouped = {group.sql for group in groups}
        keys = self.aggregate_keys(self.grouped)
        sets: list[tuple[str, list[str]]] = []
        for kept in grouping_sets(len(groups), grouping.kind):
            self.expressions.dropped = frozenset(
                group.sql for index, group in enumerate(groups) if index not in kept
            )
            columns = [self.expressions.compile(item.expression).sql for item in self.selected()]
            sets.append((", ".join(groups[index].sql for index in kept), columns))
        self.expressions.dropped = frozenset()
        self.columns = sets[0][1]
        return keys, sets

    def selected(self) -> list[ast.Selected]:
        found = []
        for item in self.query.select:
            if not isinstance(item, ast.Selected):
                raise malformed(
                    self.text, 0, "Grouped query cannot use child relationships in the SELECT list"
                )
            found.append(item)
        return found

    def aggregate_keys(self, grouped: set[str]) -> list[tuple[str, int, Reader | None]]:
        keys: list[tuple[str, int, Reader | None]] = []
        unnamed = itertools.count()
        for index, item in enumerate(self.selected()):
            compiled = self.expressions.compile(item.expression)
            if not compiled.aggregate and compiled.sql not in grouped:
                sentence = f"Field must be grouped or aggregated: {compiled.name}"
                raise malformed(self.text, item.expression.at, sentence)
            key = item.alias
            if not key and isinstance(item.expression, ast.Call):
                key = f"expr{next(unnamed)}"
            read = read_boolean if compiled.kind == "boolean" else None
            keys.append((key or compiled.name, index, read))
        return keys

    def having(self, aggregated: bool) -> str:
        if self.query.having is None or not aggregated:
            return ""
        self.conditions.in_having = True
        return self.conditions.sql(self.query.having)

    # -- order ----------------------------------------------------------------------------------------------

    def order(self, aggregated: bool) -> str:
        parts = [self.one_order(ordering, aggregated) for ordering in self.query.order]
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def one_order(self, ordering: ast.Ordering, aggregated: bool) -> str:
        compiled = self.order_expression(ordering.expression, aggregated)
        if compiled.aggregate != aggregated and (compiled.aggregate or compiled.sql not in self.grouped):
            sentence = f"Ordered field must be grouped or aggregated: {compiled.name}"
            raise malformed(self.text, ordering.expression.at, sentence)
        if not compiled.sortable:
            sentence = f"field '{compiled.name}' can not be sorted in a query call"
            raise malformed(self.text, ordering.expression.at, sentence)
        direction = "DESC" if ordering.descending else "ASC"
        nulls_first = ordering.nulls_first is not False
        if nulls_first != (not ordering.descending):
            # SQLite's own order puts nulls first only when ascending; saying it costs the use of an index.
            return f"{compiled.sql} {direction} NULLS {'FIRST' if nulls_first else 'LAST'}"
        return f"{compiled.sql} {direction}"

    def order_expression(self, expression: ast.Expression, aggregated: bool) -> Compiled:
        if aggregated and isinstance(expression, ast.FieldPath) and len(expression.names) == 1:
            for item in self.query.select:
                alias = item.alias if isinstance(item, ast.Selected) else ""
                if alias and alias.lower() == expression.names[0].lower():
                    return self.expressions.compile(item.expression)  # type: ignore[union-attr]
        return self.expressions.compile(expression)


def grouping_sets(count: int, kind: str) -> list[tuple[int, ...]]:
    """The index sets to group by: all; or for ROLLUP every prefix, for CUBE every subset."""
    whole = tuple(range(count))
    if kind == "ROLLUP":
        return [whole[:length] for length in range(count, -1, -1)]
    if kind == "CUBE":
        return [kept for length in range(count, -1, -1) for kept in itertools.combinations(whole, length)]
    return [whole]
