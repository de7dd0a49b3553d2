"""The functions of the language as a page shows them."""

from __future__ import annotations

from syncapp.engine.formula.functions import FUNCTIONS


def functions_markdown() -> str:
    """A table for each group of functions: how each is written, what it gives, an example with its result."""
    groups = dict.fromkeys(function.group for function in FUNCTIONS.values())
    return "\n\n".join(_table(group) for group in groups)


def _table(group: str) -> str:
    rows = [
        f"| `{_cell(one.signature)}` | {_cell(one.help)} | `{_cell(one.example[0])}` gives {_result(one.example[1])} |"
        for one in FUNCTIONS.values()
        if one.group == group
    ]
    return "\n".join([f"| {group} | | |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _result(text: str) -> str:
    return f"`{text}`"
