"""The XML spelling of an answer, for callers that do not accept JSON (quickbooks.md 2.1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_ATTRIBUTES = {
    "domain",
    "sparse",
    "status",
    "startPosition",
    "maxResults",
    "totalCount",
    "type",
    "code",
    "element",
}


def render(answer: dict[str, Any]) -> str:
    """`<IntuitResponse time="...">` with the members as elements, lists repeated, references as value and name."""
    time = answer.get("time", "")
    inner = "".join(_element(name, value) for name, value in answer.items() if name != "time")
    return (
        f'{_HEAD}<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time={quoteattr(str(time))}>'
        f"{inner}</IntuitResponse>"
    )


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if not isinstance(value, dict):
        return f"<{name}>{escape(_text(value))}</{name}>"
    if "value" in value and set(value) <= {"value", "name", "type"}:
        attributes = "".join(
            f" {key}={quoteattr(str(value[key]))}" for key in ("name", "type") if key in value
        )
        return f"<{name}{attributes}>{escape(_text(value['value']))}</{name}>"
    attributes = "".join(
        f" {key}={quoteattr(_text(item))}"
        for key, item in value.items()
        if key in _ATTRIBUTES and not isinstance(item, dict | list)
    )
    inner = "".join(
        _element(key, item)
        for key, item in value.items()
        if key not in _ATTRIBUTES or isinstance(item, dict | list)
    )
    return f"<{name}{attributes}>{inner}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else str(value)
