"""The audit rows of one write: one for each remote record that it wrote, a document's lines and a product's price among
them. Those of one write bear the same intent and follow one another by `part`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.contracts import Operation, Write, WriteResult, WriteStatus
from connectors.salesforce.writes import parts_of
from syncapp.engine.compiled import CompiledRow, compile_spec
from syncapp.engine.lines import ID, SAME, CompiledLines, Line
from syncapp.ids import uuid7
from syncapp.services.audit import OURSELVES
from syncapp.services.closing import Place
from syncapp.store.intents import Intent


@dataclass(frozen=True, slots=True)
class Written:
    """One remote record with what the write made of it: label -> value."""

    object: str
    id: str
    operation: Operation
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


def of(place: Place, intent: Intent, result: WriteResult, at: datetime) -> list[dict[str, Any]]:
    """The rows of what was carried out of this write, the record itself before its child rows. Of a write that was
    refused in part these are the rows that were taken nonetheless."""
    return [
        {
            "id": uuid7(),
            "company_id": place.company_id,
            "intent_id": intent.id,
            "part": part,
            "link_id": intent.link_id,
            "action": written.operation.value,
            "side": intent.side.value,
            "object": written.object,
            "remote_id": written.id,
            "actor": OURSELVES,
            "cause": intent.cause,
            "before": written.before,
            "after": written.after,
            "guard": intent.guard,
            "request_id": result.request_id,
            "at": at,
            "chain": "",
        }
        for part, written in enumerate(_written(place, intent, result))
    ]


def _written(place: Place, intent: Intent, result: WriteResult) -> Iterator[Written]:
    id_ = intent.remote_id or result.id
    if result.rows:
        yield from _row_by_row(place, intent, result)
    elif result.status is WriteStatus.APPLIED:
        yield Written(intent.object, id_, intent.operation, *_values(intent.changes))


def _values(changes: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What fields held before and hold now, by their labels."""
    found = list(changes)
    before = {change["label"]: change["before"] for change in found if change["before"] is not None}
    return before, {change["label"]: change["after"] for change in found}


def _row_by_row(place: Place, intent: Intent, result: WriteResult) -> Iterator[Written]:
    write = intent.as_write()
    said = _Said(compile_spec(place.spec).by_key, intent.changes)
    named = list(_named(write))
    values = said.of_children(named)
    parts = parts_of(write)
    if len(parts) > len(named):
        values = [_values(said.own), *values]
    for part, value, one in zip(parts, values, result.rows, strict=True):
        if one.status is WriteStatus.APPLIED:
            yield Written(part.object, part.id or one.id, part.operation, *value)


def _named(write: Write) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The child rows of a body with the name of their relationship, in the order of the wire."""
    for name, part in write.body.items():
        if isinstance(part, Mapping) and isinstance(part.get("records"), list):
            yield from ((name, row) for row in part["records"])


class _Said:
    """The changes of a write, told apart by the record that bears them."""

    def __init__(self, rows: Mapping[str, CompiledRow], changes: Sequence[Mapping[str, Any]]) -> None:
        self.own: list[Mapping[str, Any]] = []
        self._lines: dict[str, tuple[CompiledLines, Iterator[Line], dict[str, Line]]] = {}
        self._picked: dict[str, list[Mapping[str, Any]]] = {}
        for change in changes:
            row = rows.get(change["key"])
            if row is not None and row.child is not None:
                self._keep_lines(row.child, change)
            elif row is not None and row.picked is not None:
                self._picked.setdefault(row.picked.relation, []).append(change)
            else:
                self.own.append(change)

    def _keep_lines(self, child: CompiledLines, change: Mapping[str, Any]) -> None:
        sent = (line for line in change["after"] or () if not line.get(SAME))
        before = {str(line[ID]): line for line in change["before"] or () if line.get(ID)}
        self._lines[child.relation] = child, sent, before

    def of_children(
        self, named: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Before and after of each of these child rows."""
        return [self._of_child(name, row) for name, row in named]

    def _of_child(self, name: str, row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        if name not in self._lines:
            return _values(self._picked.get(name, ()))
        child, sent, before = self._lines[name]
        line = next(sent, {})
        gone = bool(row["attributes"].get("delete"))
        return _labelled(child, before.get(str(row.get("Id")), {})), {} if gone else _labelled(child, line)


def _labelled(child: CompiledLines, line: Line) -> dict[str, Any]:
    """A line's values in Salesforce by the labels of their rows."""
    return {
        row.spec.label: line[row.key]
        for row in child.rows
        if row.spec.sf_path and line.get(row.key) is not None
    }
