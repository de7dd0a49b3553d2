"""The sets to start from hold together, and those that only read QuickBooks cannot write to it."""

from __future__ import annotations

import pytest

from connectors.contracts import Side
from syncapp.engine.compiled import compile_spec
from syncapp.engine.merge import OPTIONAL
from syncapp.recipes import RECIPES, STARTERS, Template, prepare
from syncapp.recipes.sets import SETS, RecipeSet

EACH = pytest.mark.parametrize("chosen", SETS, ids=lambda one: one.key)


@EACH
def test_every_recipe_of_a_set_is_there_and_fits_its_direction(chosen: RecipeSet) -> None:
    assert set(chosen.recipes) <= RECIPES.keys()
    assert all(chosen.template in RECIPES[key].templates for key in chosen.recipes)
    assert set(STARTERS) <= set(chosen.recipes)
    assert len(chosen.switches_on) == len(chosen.recipes)


@EACH
def test_a_set_names_all_that_its_records_cannot_go_without(chosen: RecipeSet) -> None:
    rows = [row.spec for key in chosen.recipes for row in RECIPES[key].rows]
    needed = {row.refers_to for row in rows if row.refers_to and row.default != OPTIONAL}
    assert needed <= set(chosen.recipes)


@pytest.mark.parametrize(
    "chosen", [one for one in SETS if one.template is Template.QBO_TO_SF], ids=lambda one: one.key
)
def test_what_leads_to_salesforce_writes_nothing_to_quickbooks(chosen: RecipeSet) -> None:
    for key in chosen.recipes:
        spec = prepare(RECIPES[key], chosen.template, chosen.winner).spec
        assert not compile_spec(spec).flows_to(Side.QUICKBOOKS), key
        assert not spec.policies.create_in_qbo, key
