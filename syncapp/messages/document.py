"""The registry as a page of the documentation (docs/errors.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from syncapp.messages.words import BUTTONS, Message

AREAS = {
    "engine": "What Ledgerbridge decides",
    "qbo": "QuickBooks",
    "sf": "Salesforce",
    "oauth": "Sign-in",
    "connect": "Connecting",
    "connection": "Connections",
    "net": "Network",
    "limit": "Limits",
}


def render_markdown(messages: Mapping[str, Message]) -> str:
    """Every code with its words, grouped by area, each with an anchor that a problem can link to (`#qbo-6240`)."""
    areas: dict[str, list[str]] = {}
    for code in sorted(messages, key=_natural):
        areas.setdefault(code.partition(".")[0], []).append(_entry(code, messages[code]))
    known = [area for area in AREAS if area in areas]
    others = sorted(set(areas) - set(AREAS))
    parts = ["# Errors and what to do", ""]
    for area in (*known, *others):
        parts += [f"## {AREAS.get(area, area.capitalize())}", "", *areas[area]]
    return "\n".join(parts).rstrip() + "\n"


def anchor(code: str) -> str:
    """The anchor of a code on that page."""
    return code.replace(".", "-").replace("_", "-").casefold()


def _natural(code: str) -> tuple[str, int, str]:
    area, _, rest = code.partition(".")
    return area, int(rest) if rest.isdigit() else 0, rest


def _entry(code: str, message: Message) -> str:
    lines = [f'<a id="{anchor(code)}"></a>', f"### {in_own_words(message.title)}", "", f"`{code}`", ""]
    lines += [f"{in_own_words(text)}\n" for text in (message.what, message.todo) if in_own_words(text)]
    if message.button:
        lines.append(f"Button: **{BUTTONS[message.button]}**\n")
    return "\n".join(lines)


_GAPS = str.maketrans({"{": "*", "}": "*"})
_VENDORS_WORDS = re.compile(
    r"(?:(?:It says|Its answer|The vendor answered|Salesforce answered|A flow or trigger of your org failed|"
    r"A duplicate rule of your org stopped it|It waits for an approval|The sign-in ended): )?"
    r"(?:\{(?:message|detail|named|request)\} ?)+"
)
"""A vendor's text with what introduces it."""


def in_own_words(text: str, gap: str = "") -> str:
    """A text without the vendor's own words; gaps are shown as emphasised names, or all as `gap`."""
    ours = _VENDORS_WORDS.sub("", text)
    ours = re.sub(r"\{\w+\}", gap, ours) if gap else ours.translate(_GAPS)
    return " ".join(ours.split())
