"""From the names in a query to columns: relationships become joins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.simulator.salesforce.catalog import Catalog, Entity
from connectors.simulator.salesforce.objects.fields import Field, string

from . import ast
from .errors import malformed, no_such_column, no_such_relation

MAX_LEVELS = 5
MAX_RELATIONS = 55
#: What every polymorphic relationship (Who, What, Owner with several kinds) offers: the Name object.
_NAME_FIELDS = ("Name", "FirstName", "LastName", "Email", "Phone", "Title", "Username", "Alias", "IsActive")


@dataclass(slots=True)
class Place:
    """A record of the FROM clause or of a join: which object, under which SQL alias."""

    entity: Entity
    alias: str


@dataclass(slots=True)
class Step:
    """A relationship that was followed: its name on the wire and the places it may lead to."""

    name: str
    places: list[Place]


@dataclass(slots=True)
class Found:
    """A resolved field: its definition, the SQL that reads it, and the relationships followed to it."""

    field: Field
    sql: str
    steps: list[Step]
    place: Place


@dataclass(slots=True)
class Names:
    """The FROM clause of one (sub)query: its object, and the joins that its paths needed."""

    catalog: Catalog
    text: str
    source: ast.Source
    root: Place
    prefix: str
    joins: list[str] = field(default_factory=list)
    _followed: dict[tuple[str, str], Step] = field(default_factory=dict)

    def sql(self) -> str:
        """The FROM clause."""
        return f'"{self.root.entity.table}" AS {self.root.alias}' + "".join(self.joins)

    def without_alias(self, path: ast.FieldPath) -> ast.FieldPath:
        """The path without the object's own name or alias in front."""
        if len(path.names) < 2:
            return path
        first = path.names[0].lower()
        own = first in (self.source.alias.lower(), self.root.entity.name.lower())
        if own and first not in self.root.entity.parents:
            return ast.FieldPath(path.names[1:], path.offsets[1], path.offsets[1:])
        return path

    def find(self, path: ast.FieldPath) -> Found:
        """The field that a path names. Raises SoqlError INVALID_FIELD."""
        path = self.without_alias(path)
        steps = self.follow(path, path.names[:-1])
        name, at = path.names[-1], path.offsets[-1] if path.offsets else path.at
        places = steps[-1].places if steps else [self.root]
        if len(places) > 1:
            return self._of_name(name, at, places, steps)
        place = places[0]
        found = place.entity.fields.get(name.lower())
        if found is None:
            raise no_such_column(self.text, at, name, place.entity.name)
        return Found(found, f'{place.alias}."{found.name}"', steps, place)

    def follow(self, path: ast.FieldPath, names: tuple[str, ...]) -> list[Step]:
        """Follow relationships from the queried object, joining what is not joined yet."""
        if len(names) > MAX_LEVELS:
            sentence = "SOQL relationship queries cannot exceed five levels of child-to-parent relationships"
            raise malformed(self.text, path.at, sentence)
        steps: list[Step] = []
        places = [self.root]
        for name, at in zip(names, path.offsets, strict=False):
            step = self._step(places, name, at)
            steps.append(step)
            places = step.places
        return steps

    def _step(self, places: list[Place], name: str, at: int) -> Step:
        if len(places) > 1:
            raise no_such_relation(self.text, at, name)
        place = places[0]
        link = place.entity.parents.get(name.lower())
        offered = link is not None and any(self.catalog.find(target) for target in link.references)
        if link is None or not link.relationship or not offered:
            raise no_such_relation(self.text, at, name)
        key = (place.alias, link.name)
        if key not in self._followed:
            if len(self._followed) >= MAX_RELATIONS:
                raise malformed(
                    self.text, at, "SOQL queries cannot have more than 55 child-to-parent relationships"
                )
            self._followed[key] = Step(link.relationship, list(self._join(place, link)))
        return self._followed[key]

    def _join(self, place: Place, link: Field) -> Iterator[Place]:
        for target in link.references:
            entity = self.catalog.find(target)
            if entity is None:
                continue
            alias = f"{self.prefix}{len(self.joins) + 1}"
            self.joins.append(
                f' LEFT JOIN "{entity.table}" AS {alias} ON {alias}."Id" = {place.alias}."{link.name}"'
            )
            yield Place(entity, alias)

    def _of_name(self, name: str, at: int, places: list[Place], steps: list[Step]) -> Found:
        """A field of the Name object: read from whichever record the reference leads to."""
        lowered = name.lower()
        if lowered == "type":
            cases = " ".join(f"WHEN {p.alias}.\"Id\" IS NOT NULL THEN '{p.entity.name}'" for p in places)
            return Found(string("Type", "Type", 40), f"CASE {cases} END", steps, places[0])
        known = next(
            (item for item in _NAME_FIELDS if item.lower() == lowered), "Id" if lowered == "id" else None
        )
        columns = [f'{place.alias}."{known}"' for place in places if lowered in place.entity.fields]
        if known is None or not columns:
            raise no_such_column(self.text, at, name, "Name")
        owner = next(place for place in places if lowered in place.entity.fields)
        sql = columns[0] if len(columns) == 1 else f"coalesce({', '.join(columns)})"
        return Found(owner.entity.fields[lowered], sql, steps, owner)
