"""Prebuilt mappings as data, one file per pair of objects."""

from __future__ import annotations

from syncapp.recipes.account_customer import RECIPE as ACCOUNT_CUSTOMER
from syncapp.recipes.recipe import LeftOut, Prepared, Recipe, RecipeRow, Template, prepare

__all__ = ["RECIPES", "LeftOut", "Prepared", "Recipe", "RecipeRow", "Template", "get", "prepare"]

RECIPES: dict[str, Recipe] = {recipe.key: recipe for recipe in (ACCOUNT_CUSTOMER,)}


def get(key: str) -> Recipe:
    """The recipe of that key. Raises KeyError."""
    return RECIPES[key]
