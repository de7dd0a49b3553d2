"""`/search` (a basic SOSL FIND) and `/parameterizedSearch` (reference/salesforce.md 2.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.errors import Refused, not_found
from connectors.simulator.salesforce.rest.call import Answer, Call
from connectors.simulator.salesforce.rest.queries import run_query

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity
    from connectors.simulator.salesforce.rest.engine import Engine

MAX_RESULTS = 2000
_FIND = re.compile(
    r"\s*FIND\s*\{(?P<words>(?:[^{}\\]|\\.)*)\}"
    r"(?:\s+IN\s+(?P<scope>ALL|NAME|EMAIL|PHONE|SIDEBAR)\s+FIELDS)?"
    r"(?:\s+RETURNING\s+(?P<returning>.*?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_RETURNED = re.compile(r"(?P<object>\w+)\s*(?:\((?P<inside>.*)\))?", re.DOTALL)
_DEFAULT_OBJECTS = ("Account", "Contact", "Opportunity", "Lead", "Case", "Product2")


def add_routes(engine: Engine) -> None:
    engine.route("GET", "/search", search)
    engine.route("GET POST", "/parameterizedSearch", parameterized)


def search(call: Call) -> Answer:
    text = call.query("q")
    if "{" not in text:
        raise Refused("MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces.")
    match = _FIND.fullmatch(text)
    if match is None:
        raise Refused("MALFORMED_SEARCH", "unexpected token in the search")
    words = _words(match["words"])
    returned = (
        _split(match["returning"]) if match["returning"] else [f"{name}(Id)" for name in _DEFAULT_OBJECTS]
    )
    limit = int(match["limit"] or MAX_RESULTS)
    found: list[Any] = []
    for piece in returned:
        found += _one(call, piece, words, (match["scope"] or "ALL").upper())
    return Answer({"searchRecords": found[:limit]})


def parameterized(call: Call) -> Answer:
    body = call.object_body() if call.request.method == "POST" else _from_query(call)
    words = _words(str(body.get("q", "")))
    scope = str(body.get("in", "ALL")).upper()
    wanted = body.get("sobjects") or [{"name": name} for name in _DEFAULT_OBJECTS]
    general = body.get("fields") or ["Id"]
    found: list[Any] = []
    for one in wanted:
        fields = ", ".join(str(name) for name in one.get("fields") or general)
        tail = f" WHERE {one['where']}" if one.get("where") else ""
        tail += f" ORDER BY {one['orderBy']}" if one.get("orderBy") else ""
        tail += f" LIMIT {int(one['limit'])}" if str(one.get("limit") or "").isdigit() else ""
        found += _one(call, f"{one.get('name')}({fields}{tail})", words, scope)
    limit = str(body.get("overallLimit") or MAX_RESULTS)
    return Answer({"searchRecords": found[: int(limit) if limit.isdigit() else MAX_RESULTS]})


def _from_query(call: Call) -> dict[str, Any]:
    names = [one for one in call.query("sobject").split(",") if one]
    shared = [one for one in call.query("fields").split(",") if one]
    objects = [
        {
            "name": name,
            "fields": [one for one in call.query(f"{name}.fields").split(",") if one] or shared,
            "where": call.query(f"{name}.where"),
            "limit": call.query(f"{name}.limit"),
        }
        for name in names
    ]
    return {
        "q": call.query("q"), "in": call.query("in", "ALL"), "sobjects": objects, "fields": shared,
        "overallLimit": call.query("overallLimit"),
    }  # fmt: skip


def _words(text: str) -> list[str]:
    """The words that all must match, as LIKE patterns of a SOQL text."""
    plain = re.sub(r"\\(.)", r"\1", text).strip()
    if len(plain.replace("*", "").replace("?", "")) < 2:
        raise Refused("MALFORMED_SEARCH", "Search term must be longer than one character: " + plain)
    pieces = re.findall(r'"[^"]*"|\S+', plain)
    return [piece.strip('"') for piece in pieces if piece.upper() not in ("AND", "OR") and piece.strip('"')]


def _split(returning: str) -> list[str]:
    """`Account(Id, Name), Contact` at the commas outside parentheses."""
    pieces, depth, current = [], 0, ""
    for char in returning:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            pieces.append(current)
            current = ""
        else:
            current += char
    return [piece.strip() for piece in [*pieces, current] if piece.strip()]


def _one(call: Call, piece: str, words: list[str], scope: str) -> list[Any]:
    match = _RETURNED.fullmatch(piece)
    if match is None:
        raise Refused("MALFORMED_SEARCH", f"unexpected token: {piece}")
    entity = call.org.catalog.find(match["object"])
    if entity is None or not entity.object.searchable:
        raise not_found()
    inside = (match["inside"] or "Id").strip()
    fields, where, tail = re.fullmatch(
        r"(.*?)(?:\s+WHERE\s+(.*?))?((?:\s+ORDER\s+BY\s+.*?)?(?:\s+LIMIT\s+\d+)?(?:\s+OFFSET\s+\d+)?)",
        inside, re.IGNORECASE | re.DOTALL,
    ).groups()  # type: ignore[union-attr]  # fmt: skip
    condition = _condition(entity, words, scope)
    if condition is None:
        return []
    soql = f"SELECT {fields or 'Id'} FROM {entity.name} WHERE {condition}{f' AND ({where})' if where else ''}{tail}"
    records: list[Any] = run_query(call, soql, all_rows=False)["records"]
    return records


def _condition(entity: Entity, words: list[str], scope: str) -> str | None:
    kinds = {"EMAIL": ("email",), "PHONE": ("phone",)}.get(scope, ("email", "phone", "string", "url"))
    names = [
        one.name
        for one in entity.object.fields
        if one.filterable and one.type in kinds and (scope != "NAME" or one.name_field) and one.length <= 376
    ]
    if not names:
        return None
    every = []
    for word in words:
        escaped = word.replace("\\", "\\\\").replace("'", "\\'").replace("%", "\\%").replace("_", "\\_")
        pattern = escaped.replace("*", "%").replace("?", "_")
        every.append("(" + " OR ".join(f"{name} LIKE '%{pattern}%'" for name in names) + ")")
    return " AND ".join(every)
