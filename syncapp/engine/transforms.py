"""Named pure functions a mapping row may pass its value through, with what the mapping pages say about each.

A row names one or several, joined by `|` (`strip_deleted|truncate`). Each may clean what is read from QuickBooks or
shape what is written to one side; one that has no way back says so, and such a row flows one way only (section 2.6).
The equality of two sides allows for them: two values agree when writing one over would leave the other as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.contracts import Side
from syncapp.engine.mapping import FieldSpec

Shaper = Callable[[str, FieldSpec], str]

DELETED_SUFFIX = " (deleted)"
STREET_LINES = ("Line1", "Line2", "Line3", "Line4", "Line5")


class UnknownTransform(ValueError):
    """A mapping row names a transform that does not exist; the argument is its name."""


@dataclass(frozen=True, slots=True)
class Transform:
    """One named function. `label` and `help` are for mapping pages; `only_to` is the one side it can serve, where it
    has no inverse; `lines` marks the transform that spreads text over the lines of a QuickBooks address,
    `blank_is_zero` the one to which an empty amount is 0."""

    name: str
    label: str
    help: str
    clean_qbo: Callable[[str], str] | None = None
    to_sf: Shaper | None = None
    to_qbo: Shaper | None = None
    only_to: Side | None = None
    lines: bool = False
    blank_is_zero: bool = False


def strip_deleted(name: str) -> str:
    """A QuickBooks name without the suffix that deactivation appends (quickbooks.md 3.1.5), however often it did."""
    while name.endswith(DELETED_SUFFIX):
        name = name[: -len(DELETED_SUFFIX)]
    return name


def join_lines(lines: list[Any]) -> str:
    """The text of address lines: empty ones left out, one line each."""
    return "\n".join(text for line in lines if line and (text := str(line).strip()))


def split_lines(text: str) -> list[str]:
    """The lines of a street as QuickBooks holds it: at most five; what is over is joined into the fifth."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    most = len(STREET_LINES)
    return lines if len(lines) <= most else [*lines[: most - 1], ", ".join(lines[most - 1 :])]


def _as_lines(text: str, _row: FieldSpec) -> str:
    return "\n".join(split_lines(text))


def _cut_for_sf(text: str, row: FieldSpec) -> str:
    return text[: row.sf_length].rstrip() if row.sf_length else text


def _cut_for_qbo(text: str, row: FieldSpec) -> str:
    return text[: row.qbo_length].rstrip() if row.qbo_length else text


def _upper(text: str, _row: FieldSpec) -> str:
    return text.upper()


def _one_line(text: str, _row: FieldSpec) -> str:
    return ", ".join(line.strip() for line in text.splitlines() if line.strip())


def _dash_for_colon(text: str, _row: FieldSpec) -> str:
    return text.replace(":", " -")


TRANSFORMS: dict[str, Transform] = {
    transform.name: transform
    for transform in (
        Transform(
            "street_lines",
            "Street to address lines",
            "Salesforce keeps a street as one text of several lines, QuickBooks as up to five lines.",
            to_qbo=_as_lines,
            lines=True,
        ),
        Transform(
            "strip_deleted",
            "Without “(deleted)”",
            "QuickBooks adds “(deleted)” to the name of an inactive record. It is left out when read.",
            clean_qbo=strip_deleted,
        ),
        Transform(
            "truncate",
            "Cut to fit",
            "Text that is longer than the other side allows is cut instead of refused.",
            to_sf=_cut_for_sf,
            to_qbo=_cut_for_qbo,
        ),
        Transform(
            "dash_for_colon",
            "Dash for colon",
            "QuickBooks does not allow a colon in names. It is written as a dash.",
            to_qbo=_dash_for_colon,
        ),
        Transform(
            "blank_is_zero",
            "Empty is 0",
            "An empty amount counts as 0: nothing is written only to say so.",
            blank_is_zero=True,
        ),
        Transform("upper", "Capital letters", "Written in capital letters.", to_sf=_upper, to_qbo=_upper),
        Transform(
            "one_line",
            "One line",
            "Several lines are joined with commas. Flows to QuickBooks only.",
            to_qbo=_one_line,
            only_to=Side.QUICKBOOKS,
        ),
    )
}


def chain(names: str) -> tuple[Transform, ...]:
    """The transforms that a row names, in order. Raises UnknownTransform."""
    found = []
    for name in filter(None, (part.strip() for part in names.split("|"))):
        if name not in TRANSFORMS:
            raise UnknownTransform(name)
        found.append(TRANSFORMS[name])
    return tuple(found)
