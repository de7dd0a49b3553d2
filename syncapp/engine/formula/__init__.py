"""Salesforce-style formulas: a small language without loops, on decimals, with limits on size and work.

`compile_formula` parses and checks a text once; the `Formula` is then evaluated record by record. Whatever is wrong,
nothing but FormulaError comes out, with a sentence for a person and the place in the text.
"""

from __future__ import annotations

from syncapp.engine.formula.compile import Formula, check, compile_formula
from syncapp.engine.formula.errors import FormulaError
from syncapp.engine.formula.function import NOWHERE, Environment, NoSuchList, NotFound
from syncapp.engine.formula.functions import FUNCTIONS
from syncapp.engine.formula.parser import parse, print_tree
from syncapp.engine.formula.values import KIND_WORDS, Kind, Value

__all__ = [
    "FUNCTIONS", "KIND_WORDS", "NOWHERE", "Environment", "Formula", "FormulaError", "Kind", "NoSuchList", "NotFound",
    "Value", "check", "compile_formula", "parse", "print_tree",
]  # fmt: skip
