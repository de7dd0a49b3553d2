"""All functions of the formula language, by name."""

from __future__ import annotations

from difflib import get_close_matches

from syncapp.engine.formula import date_functions, logic_functions, number_functions, text_functions
from syncapp.engine.formula.function import Function

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for module in (logic_functions, text_functions, number_functions, date_functions)
    for function in module.FUNCTIONS
}


def nearest(name: str) -> str:
    """The function that a misspelt name most likely means; empty where none is near."""
    return next(iter(get_close_matches(name.upper(), FUNCTIONS, 1)), "")
