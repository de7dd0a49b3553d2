"""What a formula may cost. Nothing here depends on a clock, so that a formula means the same on every machine."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, DivisionByZero, InvalidOperation, Overflow

MOST_CHARACTERS = 4_000
MOST_TOKENS = 1_000
MOST_DEPTH = 60
MOST_TEXT = 32_000
MOST_EXPONENT = 64
DIGITS = 34
MOST_WORK = 200_000
"""Steps of one evaluation: one for each operation, and one for each 8 characters that it goes through."""

ARITHMETIC = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_UP,
    Emin=-MOST_EXPONENT,
    Emax=MOST_EXPONENT,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""Decimal arithmetic of formulas. Read only: operations go through its methods, which take no thread's context."""
