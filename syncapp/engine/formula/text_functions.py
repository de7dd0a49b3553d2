"""Functions of text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from syncapp.engine.formula.function import Function, Run, needs
from syncapp.engine.formula.limits import ARITHMETIC, MOST_EXPONENT, MOST_TEXT
from syncapp.engine.formula.values import Kind, Unsuitable, Value, as_text, as_whole, bounded, is_blank

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)


def _left(_run: Run, values: Sequence[Value]) -> Value:
    return as_text(values[0])[: max(as_whole(values[1]), 0)]


def _right(_run: Run, values: Sequence[Value]) -> Value:
    count = max(as_whole(values[1]), 0)
    return as_text(values[0])[-count:] if count else ""


def _mid(_run: Run, values: Sequence[Value]) -> Value:
    start = max(as_whole(values[1]), 1) - 1
    return as_text(values[0])[start : start + max(as_whole(values[2]), 0)]


def _len(_run: Run, values: Sequence[Value]) -> Value:
    return Decimal(len(as_text(values[0])))


def _trim(_run: Run, values: Sequence[Value]) -> Value:
    return as_text(values[0]).strip()


def _upper(_run: Run, values: Sequence[Value]) -> Value:
    return bounded(as_text(values[0]).upper())


def _lower(_run: Run, values: Sequence[Value]) -> Value:
    return bounded(as_text(values[0]).lower())


def _proper(_run: Run, values: Sequence[Value]) -> Value:
    return bounded(_WORD.sub(lambda word: word.group().capitalize(), as_text(values[0])))


def _substitute(_run: Run, values: Sequence[Value]) -> Value:
    text, old, new = map(as_text, values)
    if not old:
        return text
    # Counted before it is made: a short text with a long replacement may become very long.
    if len(text) + text.count(old) * (len(new) - len(old)) > MOST_TEXT:
        raise Unsuitable(f"The text becomes longer than {MOST_TEXT:,} characters.")
    return text.replace(old, new)


def _concat(_run: Run, values: Sequence[Value]) -> Value:
    parts = [as_text(value) for value in values]
    if sum(map(len, parts)) > MOST_TEXT:
        raise Unsuitable(f"The text becomes longer than {MOST_TEXT:,} characters.")
    return "".join(parts)


def _contains(_run: Run, values: Sequence[Value]) -> Value:
    return as_text(values[1]) in as_text(values[0])


def _begins(_run: Run, values: Sequence[Value]) -> Value:
    return as_text(values[0]).startswith(as_text(values[1]))


def _find(_run: Run, values: Sequence[Value]) -> Value:
    start = max(as_whole(values[2]), 1) - 1 if len(values) > 2 else 0
    return Decimal(as_text(values[1]).find(as_text(values[0]), start) + 1)


def _padding(values: Sequence[Value]) -> tuple[str, int, str]:
    text, length = as_text(values[0]), as_whole(values[1])
    if length > MOST_TEXT:
        raise Unsuitable(f"The text becomes longer than {MOST_TEXT:,} characters.")
    filler = as_text(values[2]) if len(values) > 2 else " "
    missing = max(length - len(text), 0)
    return text, length, (filler * (missing // len(filler) + 1))[:missing] if filler else ""


def _lpad(_run: Run, values: Sequence[Value]) -> Value:
    text, length, padding = _padding(values)
    return (padding + text) if len(text) <= length else text[: max(length, 0)]


def _rpad(_run: Run, values: Sequence[Value]) -> Value:
    text, length, padding = _padding(values)
    return (text + padding) if len(text) <= length else text[: max(length, 0)]


def _text(_run: Run, values: Sequence[Value]) -> Value:
    return as_text(values[0])


def _value(_run: Run, values: Sequence[Value]) -> Value:
    value = values[0]
    if is_blank(value) or isinstance(value, Decimal):
        return value if isinstance(value, Decimal) else None
    text = as_text(value).strip()
    if not _NUMBER.fullmatch(text) or len(text) > MOST_EXPONENT:
        raise Unsuitable(f"“{text[:40]}” is not a number.")
    return ARITHMETIC.plus(Decimal(text))


def _break(_run: Run, _values: Sequence[Value]) -> Value:
    return "\n"


def _is_number(_run: Run, values: Sequence[Value]) -> Value:
    return isinstance(values[0], Decimal) or bool(_NUMBER.fullmatch(as_text(values[0]).strip()))


_TEXT = needs("text", Kind.TEXT)
_COUNT = needs("number", Kind.NUMBER)

FUNCTIONS = (
    Function("LEFT", "Text", (_TEXT, _COUNT), Kind.TEXT, "The first characters of a text.",
             ('LEFT("Acme Boats", 4)', "Acme"), _left),
    Function("RIGHT", "Text", (_TEXT, _COUNT), Kind.TEXT, "The last characters of a text.",
             ('RIGHT("INV-1042", 4)', "1042"), _right),
    Function("MID", "Text", (_TEXT, needs("start", Kind.NUMBER), _COUNT), Kind.TEXT,
             "Characters from the middle of a text; the first one is number 1.",
             ('MID("INV-1042-US", 5, 4)', "1042"), _mid),
    Function("LEN", "Text", (_TEXT,), Kind.NUMBER, "How many characters a text has.", ('LEN("Acme")', "4"), _len),
    Function("TRIM", "Text", (_TEXT,), Kind.TEXT, "A text without blanks at its beginning and end.",
             ('TRIM("  Acme ")', "Acme"), _trim),
    Function("UPPER", "Text", (_TEXT,), Kind.TEXT, "A text in capital letters.",
             ('UPPER("Acme")', "ACME"), _upper, weight=2),
    Function("LOWER", "Text", (_TEXT,), Kind.TEXT, "A text in small letters.",
             ('LOWER("Acme")', "acme"), _lower, weight=2),
    Function("PROPER", "Text", (_TEXT,), Kind.TEXT, "Every word with a capital letter.",
             ('PROPER("ACME boats")', "Acme Boats"), _proper, weight=32),
    Function("SUBSTITUTE", "Text", (_TEXT, needs("old", Kind.TEXT), needs("new", Kind.TEXT)), Kind.TEXT,
             "A text with every occurrence of one part replaced by another.",
             ('SUBSTITUTE("A:B:C", ":", " -")', "A -B -C"), _substitute, weight=4),
    Function("CONCAT", "Text", (needs("text", Kind.TEXT, repeats=True),), Kind.TEXT,
             "Texts joined to one, as with &.", ('CONCAT("Acme", " ", "Boats")', "Acme Boats"), _concat),
    Function("CONTAINS", "Text", (_TEXT, needs("part", Kind.TEXT)), Kind.BOOL,
             "Whether a text contains another; capital and small letters differ.",
             ('CONTAINS("Acme Boats", "Boat")', "TRUE"), _contains),
    Function("BEGINS", "Text", (_TEXT, needs("part", Kind.TEXT)), Kind.BOOL,
             "Whether a text begins with another; capital and small letters differ.",
             ('BEGINS("Acme Boats", "Acme")', "TRUE"), _begins),
    Function("FIND", "Text", (needs("part", Kind.TEXT), _TEXT, needs("start", Kind.NUMBER, optional=True)),
             Kind.NUMBER, "Where a text stands in another, from 1; 0 where it does not.",
             ('FIND("-", "INV-1042")', "4"), _find),
    Function("LPAD", "Text", (_TEXT, needs("length", Kind.NUMBER), needs("filler", Kind.TEXT, optional=True)),
             Kind.TEXT, "A text filled up on the left to a length, and cut to it.",
             ('LPAD("42", 6, "0")', "000042"), _lpad),
    Function("RPAD", "Text", (_TEXT, needs("length", Kind.NUMBER), needs("filler", Kind.TEXT, optional=True)),
             Kind.TEXT, "A text filled up on the right to a length, and cut to it.",
             ('RPAD("AB", 4, ".")', "AB.."), _rpad),
    Function("TEXT", "Text", (needs("value", Kind.TEXT),), Kind.TEXT,
             "A number, date or picklist value as text.", ("TEXT(12.50)", "12.5"), _text),
    Function("VALUE", "Text", (_TEXT,), Kind.NUMBER, "The number that a text holds.",
             ('VALUE("12.50") + 1', "13.5"), _value),
    Function("ISNUMBER", "Text", (_TEXT,), Kind.BOOL, "Whether a text is a number.",
             ('ISNUMBER("12a")', "FALSE"), _is_number),
    Function("BR", "Text", (), Kind.TEXT, "A new line.", ('LEN("a" & BR() & "b")', "3"), _break),
)  # fmt: skip
