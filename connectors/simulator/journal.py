"""The write log: every accepted write with its before and after, append-only, read at `GET /_sim/log`."""

from __future__ import annotations

from datetime import datetime

from connectors.simulator.jsontext import packed, unpacked
from connectors.simulator.store import Column, Store, Table

_TABLE = Table(
    "sim_log",
    (
        Column("seq", "INTEGER"),
        Column("side"),
        Column("scope"),
        Column("time"),
        Column("object"),
        Column("operation"),
        Column("id"),
        Column("request_id"),
        Column("before", "BLOB"),
        Column("after", "BLOB"),
    ),
    ("seq",),
    indexes=(("side", "seq"),),
)


class Journal:
    """One stand-in's part of the write log. Bodies are kept as the JSON texts they were on the wire."""

    def __init__(self, store: Store, side: str) -> None:
        self._store = store
        self._side = side
        store.define(_TABLE)

    def append(
        self,
        *,
        scope: str,
        time: datetime,
        object_name: str,
        operation: str,
        record_id: str,
        request_id: str = "",
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        """Write down one accepted write. `scope` is the realm or org; `before`/`after` are JSON texts or None."""
        self._store.write(
            "INSERT INTO sim_log (seq, side, scope, time, object, operation, id, request_id, before, after)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._store.next_number("log"),
                self._side,
                scope,
                time.isoformat(),
                object_name,
                operation,
                record_id,
                request_id,
                _kept(before),
                _kept(after),
            ),
        )

    def entries(self, after: int = 0, scope: str = "", limit: int = -1) -> str:
        """The JSON answer of `GET /_sim/log`: entries with `seq` above `after`, oldest first."""
        rows = self._store.rows(
            "SELECT json_object('seq', seq, 'time', time, 'scope', scope, 'object', object,"
            " 'operation', operation, 'id', id, 'request_id', request_id), before, after FROM sim_log"
            " WHERE side = ? AND seq > ? AND (? = '' OR scope = ?) ORDER BY seq LIMIT ?",
            (self._side, after, scope, scope, limit),
        )
        entries = (f'{head[:-1]},"before":{_shown(old)},"after":{_shown(new)}}}' for head, old, new in rows)
        return '{"entries":[' + ",".join(entries) + "]}"

    def clear(self) -> None:
        """Forget this side's entries; numbers go on rising."""
        self._store.write("DELETE FROM sim_log WHERE side = ?", (self._side,))


def _kept(body: str | None) -> bytes | None:
    return None if body is None else packed(body)


def _shown(body: bytes | None) -> str:
    return "null" if body is None else unpacked(body)
