"""Prebuilt mappings as data, one file per pair of objects."""

from __future__ import annotations

from syncapp.recipes.account_customer import RECIPE as ACCOUNT_CUSTOMER
from syncapp.recipes.marks import mark_of
from syncapp.recipes.product_item import RECIPE as PRODUCT_ITEM
from syncapp.recipes.recipe import LeftOut, Prepared, Recipe, RecipeRow, Template, can_have, prepare

__all__ = [
    "RECIPES",
    "STARTERS",
    "LeftOut",
    "Prepared",
    "Recipe",
    "RecipeRow",
    "Template",
    "can_have",
    "get",
    "mark_of",
    "prepare",
]

RECIPES: dict[str, Recipe] = {recipe.key: recipe for recipe in (ACCOUNT_CUSTOMER, PRODUCT_ITEM)}
"""Every recipe, parents before what refers to them."""
STARTERS = (ACCOUNT_CUSTOMER.key,)
"""What a new integration keeps in step when nobody chooses."""


def get(key: str) -> Recipe:
    """The recipe of that key. Raises KeyError."""
    return RECIPES[key]
