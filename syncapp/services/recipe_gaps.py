"""What an org lacks of the mapping that we ship for its objects: said on the mapping, so that nobody looks for it.

A bare org has no Generate field (a rule takes its place) and no fields for number, status and balance of a document
(they stay in the portal).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.contracts import ObjectInfo, Side
from syncapp.engine.filters import paths_in
from syncapp.engine.lines import CHILD
from syncapp.engine.mapping import MappingSpec
from syncapp.models import Mapping
from syncapp.recipes import RECIPES
from syncapp.recipes.documents import GENERATE
from syncapp.recipes.recipe import RecipeRow


@dataclass(frozen=True, slots=True)
class Gaps:
    """`conditions` are fields of the shipped filter that the org lacks, `rows` the labels of what it cannot show."""

    conditions: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()

    @property
    def by_rule(self) -> bool:
        """Whether documents are made by a rule, because no field says which record becomes one."""
        return GENERATE in self.conditions


def of(mapping: Mapping, spec: MappingSpec, sf: ObjectInfo | None) -> Gaps:
    """What the Salesforce object, as described last, lacks of the shipped mapping; nothing for one that was never
    described, and nothing that the mapping has got by another field."""
    recipe = RECIPES.get(mapping.recipe or mapping.key)
    if recipe is None or sf is None:
        return Gaps()
    names = {field.name.casefold() for field in sf.fields}
    filtered = set(paths_in(spec.filter_of(Side.SALESFORCE)))
    conditions = [
        path
        for path in dict.fromkeys(paths_in(recipe.sf_filter))
        if "." not in path and path.casefold() not in names and path not in filtered
    ]
    there = {row.key for row in spec.fields}
    rows = [row.spec.label for row in recipe.rows if row.spec.key not in there and _lacks(row, names)]
    return Gaps(tuple(conditions), tuple(rows))


def _lacks(row: RecipeRow, names: set[str]) -> bool:
    """Whether an own field that a row shows QuickBooks' values in is not there under any of its names."""
    paths: Sequence[str] = row.sf_choices or (row.spec.sf_path,)
    shown = row.spec.direction.allows(Side.SALESFORCE) and not row.spec.part
    own = any(path.endswith("__c") and "." not in path and CHILD not in path for path in paths)
    return shown and own and not any(path.casefold() in names for path in paths)
