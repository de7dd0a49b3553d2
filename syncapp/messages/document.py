"""The registry as a page of the documentation (docs/errors.md)."""

from __future__ import annotations

from collections.abc import Mapping

from syncapp.messages.words import Message

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
    lines = [f'<a id="{anchor(code)}"></a>', f"### {_plain(message.title)}", "", f"`{code}`", ""]
    lines += [f"{_plain(text)}\n" for text in (message.what, message.todo) if _plain(text)]
    return "\n".join(lines)


_GAPS = str.maketrans({"{": "*", "}": "*"})


def _plain(text: str) -> str:
    """A text with its gaps shown as emphasised names; the vendor's own words are not repeated here."""
    for gap in ("{message}", "{detail}", "{named}"):
        text = text.replace(gap, "")
    return " ".join(text.translate(_GAPS).split())
