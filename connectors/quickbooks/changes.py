"""Change data capture, and what to do where it ends (reference quickbooks.md 5.2; sync-semantics section 16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from connectors.contracts import ChangePage, RemoteRecord, Watch
from connectors.errors import ConnectorError, FailureKind
from connectors.quickbooks import query
from connectors.quickbooks.entities import Entity, entity
from connectors.quickbooks.records import envelope_time, instant, record

CDC_LIMIT = 1000
LOOK_BACK = timedelta(days=30)
MARGIN = timedelta(hours=12)
"""Capture is not asked so near to its limit that the vendor's clock could decide."""
STAMP = "MetaData.LastUpdatedTime"


class Reader(Protocol):
    """The two calls that change capture is made of; each is one metered read."""

    def cdc(self, entities: Sequence[str], since: datetime) -> Mapping[str, Any]: ...

    def query(self, text: str) -> Mapping[str, Any]: ...


def pages(reader: Reader, watches: Sequence[Watch], now: datetime) -> Iterator[ChangePage]:
    """Everything that changed for these watches: one CDC call for all, and more only where its list was cut."""
    fresh = [w for w in watches if entity(w.object).cdc and now - w.since < LOOK_BACK - MARGIN]
    yield from _captured(reader, fresh)
    for watch in watches:
        if watch not in fresh:
            yield from _queried(reader, watch, None, gap=entity(watch.object).cdc)


def _captured(reader: Reader, watches: Sequence[Watch]) -> Iterator[ChangePage]:
    if not watches:
        return
    since = min(watch.since for watch in watches)
    try:
        answer = reader.cdc([entity(watch.object).name for watch in watches], since)
    except ConnectorError as error:
        if not _too_old(error):
            raise
        for watch in watches:
            yield from _queried(reader, watch, None, gap=True)
        return
    blocks = _blocks(answer)
    if len(watches) > 1 and sum(len(rows) for rows in blocks.values()) >= CDC_LIMIT:
        for watch in watches:
            yield from _captured(reader, [watch])
        return
    started = _started(answer)
    for watch in watches:
        known = entity(watch.object)
        records = [record(known, row, started) for row in blocks.get(known.name, ())]
        if len(records) >= CDC_LIMIT:
            yield ChangePage(watch.object, records, started, last=False, gap=True)
            yield from _queried(reader, watch, started, gap=True)
        else:
            yield ChangePage(watch.object, records, started)


def _too_old(error: ConnectorError) -> bool:
    """Refused for its date: the code is not known, the words name the parameter (sync-semantics section 16)."""
    text = f"{error.failure.message} {error.failure.detail}".lower()
    return (
        error.failure.kind in {FailureKind.DATA, FailureKind.BUG, FailureKind.CONFIG}
        and "changedsince" in text
    )


def _blocks(answer: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of each entity; blocks come in any order, `{}` where nothing changed."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for response in answer.get("CDCResponse") or ():
        for block in response.get("QueryResponse") or ():
            for name, rows in block.items():
                if isinstance(rows, list):
                    found.setdefault(name, []).extend(rows)
    return found


def _queried(reader: Reader, watch: Watch, started: datetime | None, *, gap: bool) -> Iterator[ChangePage]:
    """The living records stamped since, by windows that begin where the last one ended: offsets would slide while the
    set changes. Rows on a window's edge come twice."""
    known, low, start = entity(watch.object), watch.since, 1
    while True:
        answer = reader.query(_window(known, low, start))
        started = started or _started(answer)
        rows: list[Mapping[str, Any]] = (answer.get("QueryResponse") or {}).get(known.name) or []
        records: list[RemoteRecord] = [record(known, row, started) for row in rows]
        last = len(rows) < query.PAGE
        yield ChangePage(watch.object, records, started, last=last, gap=gap)
        if last:
            return
        newest = instant(rows[-1]["MetaData"]["LastUpdatedTime"])
        low, start = (newest, 1) if newest > low else (low, start + query.PAGE)


def _window(known: Entity, low: datetime, start: int) -> str:
    where = [query.at_or_after(STAMP, low)]
    if known.active:
        where.append(query.ALL_STATES)
    return query.select(known.name, where=where, order_by=STAMP, start=start, limit=query.PAGE)


def _started(answer: Mapping[str, Any]) -> datetime:
    when = envelope_time(answer)
    if when is None:
        raise ValueError("the answer names no time")
    return when
