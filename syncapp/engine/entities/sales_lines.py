"""The `Line` array of QuickBooks sales documents (quickbooks.md 3.6): which lines there are and how each is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.contracts import Body
from syncapp.engine.entities.traits import LinesTraits, RawLine, Written
from syncapp.engine.lines import DISCOUNT, GROUP, ID, ITEM, KIND, MORE, SHIPPING, TEXT, Line
from syncapp.engine.paths import put

SHIPPING_ITEM = "SHIPPING_ITEM_ID"
READ_ONLY = frozenset({"Id", "LineNum", "DetailType"})
READ_ONLY_DETAIL = frozenset({"ItemAccountRef", "TaxClassificationRef", "TaxInclusiveAmt"})
COUNTED = (ITEM, TEXT, GROUP)
"""Kinds in the order in which they stand; QuickBooks puts the discount behind them and shipping last."""


def read(body: Body, written: frozenset[tuple[str, ...]]) -> Iterator[RawLine]:
    """The lines of a document without what QuickBooks adds by itself (subtotals, tax)."""
    found = [line for raw in body.get("Line") or () if (line := _line(raw, written)) is not None]
    for kinds in (COUNTED, (DISCOUNT,), (SHIPPING,)):
        yield from (line for line in found if line.kind in kinds)


def _line(raw: Body, written: frozenset[tuple[str, ...]]) -> RawLine | None:
    kind, id_ = _kind(raw), str(raw.get("Id") or "")
    if kind == ITEM:
        return RawLine(kind, id_, raw, _rest(raw, written))
    if kind == TEXT:
        return RawLine(kind, id_, {"Description": raw.get("Description")}, {})
    if kind in (DISCOUNT, SHIPPING):
        flat = {"Amount": raw.get("Amount"), "LineNum": raw.get("LineNum")}
        return RawLine(kind, id_ or kind, flat, _rest(raw, frozenset({("Amount",)})))
    if kind == GROUP:
        return RawLine(kind, id_, _bundle(raw), _rest(raw, frozenset()))
    return None


def _bundle(raw: Body) -> dict[str, Any]:
    """A bundle as one line: its name and quantity, and what its parts come to together."""
    detail = raw.get("GroupLineDetail") or {}
    parts = [line for line in detail.get("Line") or () if _kind(line) == ITEM]
    # Bodies that an earlier release stored hold their numbers as texts.
    amount = sum((Decimal(str(part.get("Amount") or 0)) for part in parts), Decimal(0))
    named = {
        "ItemRef": {"name": (detail.get("GroupItemRef") or {}).get("name")},
        "Qty": detail.get("Quantity"),
    }
    return {
        "Amount": amount,
        "LineNum": raw.get("LineNum"),
        "Description": raw.get("Description"),
        "SalesItemLineDetail": named,
    }


def _kind(raw: Body) -> str:
    detail = raw.get("SalesItemLineDetail") or {}
    if (detail.get("ItemRef") or {}).get("value") == SHIPPING_ITEM:
        return SHIPPING
    kinds = {
        "SalesItemLineDetail": ITEM,
        "DescriptionOnly": TEXT,
        "DiscountLineDetail": DISCOUNT,
        "GroupLineDetail": GROUP,
    }
    return kinds.get(str(raw.get("DetailType")), "")


def _rest(raw: Body, written: frozenset[tuple[str, ...]]) -> dict[str, Any]:
    """What of a line no row writes: it is sent along when the array is written anew."""
    kept: dict[str, Any] = {name: deepcopy(value) for name, value in raw.items() if name not in READ_ONLY}
    for detail in [
        value for name, value in kept.items() if name.endswith("Detail") and isinstance(value, dict)
    ]:
        for name in READ_ONLY_DETAIL & detail.keys():
            del detail[name]
    for path in written:
        part: Any = kept
        for member in path[:-1]:
            part = part.get(member) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part.pop(path[-1], None)
            if not part and len(path) > 1:
                kept_parent = _parent(kept, path[:-1])
                kept_parent.pop(path[-2], None)
    return kept


def _parent(body: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for member in path[:-1]:
        body = body.get(member) or {}
    return body


def write(line: Line, values: Iterable[Written]) -> dict[str, Any]:
    """One canonical line as QuickBooks takes it."""
    kind = line.get(KIND, ITEM)
    known = {"Id": line[ID]} if str(line.get(ID) or "").isdigit() else {}
    more = deepcopy(dict(line.get(MORE) or {}))
    if kind == TEXT:
        text = line.get("description")
        return {**known, "DetailType": "DescriptionOnly", **({"Description": text} if text else {})}
    if kind == GROUP:
        return {**known, **more, "DetailType": "GroupLineDetail"}
    if kind == DISCOUNT:
        detail = {**more.get("DiscountLineDetail", {}), "PercentBased": False}
        detail.pop("DiscountPercent", None)
        return {
            **known,
            "Amount": line["amount"],
            "DetailType": "DiscountLineDetail",
            "DiscountLineDetail": detail,
        }
    if kind == SHIPPING:
        detail = {**more.get("SalesItemLineDetail", {}), "ItemRef": {"value": SHIPPING_ITEM}}
        return {
            **known,
            "Amount": line["amount"],
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": detail,
        }
    return {**known, **_item(line, values, more), "DetailType": "SalesItemLineDetail"}


def _item(line: Line, values: Iterable[Written], body: dict[str, Any]) -> dict[str, Any]:
    for members, value, _reference in values:
        if value is not None:
            put(body, members, value.isoformat() if isinstance(value, date) else value)
    if line.get("gross") is not None:
        put(body, ("SalesItemLineDetail", "TaxInclusiveAmt"), line["gross"])
    body.setdefault("SalesItemLineDetail", {})
    return body


def line_detail(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The detail of a sold line; empty for others."""
    return body.get("SalesItemLineDetail") or {}


SALES_LINES = LinesTraits(read=read, write=write, sold=True)
