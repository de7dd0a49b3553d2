"""What a document is and comes to while it is on one side only: it counts in the reconciliation before it is sent, and
where it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.contracts import Side
from syncapp.engine.compiled import compile_spec
from syncapp.engine.decision import Decision, Projection
from syncapp.engine.lines import KIND
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.records import value_to_json

HEAD = ("customer", "account", "currency", "date", "doc_date", "doc_tax")
LINE = (KIND, "line_type", "amount")


def seen(spec: MappingSpec, remote_id: Callable[[Side], str], decision: Decision) -> dict[str, Any]:
    """By side, the head and the amounts of a document that has no counterpart; nothing of any other record.

    The keys are those of the bases, so that what is on one side is added up like what is on both.
    """
    held = [side for side in Side if remote_id(side)]
    if len(held) != 1 or not compile_spec(spec).line_rows:
        return {}
    [side] = held
    values = decision.sf_now if side is Side.SALESFORCE else decision.qbo_now
    return {side.value: _figures(spec, values)} if values else {}


def _figures(spec: MappingSpec, values: Projection) -> dict[str, Any]:
    head = {key: value_to_json(values[key]) for key in HEAD if values.get(key) is not None}
    rows = [row.key for row in compile_spec(spec).line_rows]
    lines = [line for key in rows for line in values.get(key) or ()]
    return {**head, "lines": [_line(line) for line in lines]}


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value_to_json(line[key]) for key in LINE if line.get(key) is not None}
