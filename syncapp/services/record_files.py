"""Records by hand: those of a mapping that are pending go out as a file; a file of ids comes in as a plan.

A file only chooses the records. The plan is made, looked at and applied like every other preview, and it keeps the
lines that no record came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contracts import Priority, Side
from connectors.errors import ConnectorError
from syncapp.models import CLOSED_LIFECYCLES, Mapping, RecordLink, Run
from syncapp.services import id_files, locating, records, runs
from syncapp.services.clients import UsageMeter, client_for, flush
from syncapp.services.errors import Refused
from syncapp.services.id_files import Named, Unusable
from syncapp.services.locating import Wanted
from syncapp.services.records import RecordRow
from syncapp.services.watched import connection_of
from syncapp.store import runs as run_rows
from syncapp.store.links import name_key

PENDING = ("queued", "syncing", "waiting", "needs_attention", "conflict", "changed", "not_synced")
"""The states in which a record is not where it belongs yet."""


# --- out -------------------------------------------------------------------------------------------------------------


def pending(mapping: Mapping) -> Iterator[RecordRow]:
    """The records of a mapping that are not in sync yet, state by state; page by page, however many there are."""
    for state in PENDING:
        before = ""
        while True:
            page = records.page(state=state, mapping=mapping.pk, before=before)
            yield from page.rows
            before = page.older
            if not before:
                break


def pending_count(counts: dict[str, int]) -> int:
    """How many of these figures (`records.counts`) are pending."""
    return sum(counts[state] for state in PENDING)


# --- in --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FromFile:
    """What came of a file: the plan (None where no line names a record), and the lines that are not in it."""

    run: Run | None
    lines: int
    unusable: tuple[Unusable, ...]


def preview(mapping: Mapping, direction: str, content: bytes, name: str, person: Any | None) -> FromFile:
    """Plan what a press on the records of this file would do; nothing is written.

    Records that nobody has noticed yet are read, in as few calls as the wire allows, and those calls count in the run.
    Not inside a transaction. Raises Refused: `mapping.not_published`, `file.…`, `connect.unreachable`.
    """
    if not mapping.published_number:
        raise Refused("mapping.not_published", label=mapping.label)
    file = id_files.parse(content)
    search = _Search(mapping)
    links, unusable = search.find(file.named)
    unusable = sorted((*file.unusable, *unusable), key=lambda one: one.line)
    if not links:
        return FromFile(None, file.lines, tuple(unusable))
    told = {
        "name": name[:120],
        "lines": file.lines,
        "unusable": [[one.line, one.text, one.code, one.values] for one in unusable],
    }
    run = runs.preview_links(
        [link.pk for link in links],
        direction=direction,
        person=person,
        cause=f"File {name}"[:120],
        source=told,
    )
    run_rows.add_calls(run.pk, *search.calls)
    return FromFile(run, file.lines, tuple(unusable))


def of_run(run: Run) -> FromFile | None:
    """What a plan keeps of the file that it was made from; None where it was made otherwise."""
    told = run.scope.get("file")
    if not told:
        return None
    return FromFile(run, told["lines"], tuple(Unusable(*one) for one in told["unusable"]))


class _Search:
    """The records that the lines of a file name."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.calls = (0, 0)

    def find(self, named: Sequence[Named]) -> tuple[list[RecordLink], list[Unusable]]:
        """Each record once, and the lines that name none, two, or one that an earlier line names already."""
        answers = {
            **self._by_name([one for one in named if one.side is None]),
            **self._by_id([one for one in named if one.side is Side.SALESFORCE], Side.SALESFORCE),
            **self._by_id([one for one in named if one.side is Side.QUICKBOOKS], Side.QUICKBOOKS),
        }
        seen: dict[Any, int] = {}
        links: list[RecordLink] = []
        unusable: list[Unusable] = []
        for one in named:
            answer = _agreeing(one, answers[one])
            if isinstance(answer, Refused):
                unusable.append(Unusable(one.line, one.text[:80], answer.code, answer.values))
            elif answer.pk in seen:
                values = {"name": str(answer), "line": seen[answer.pk]}
                unusable.append(Unusable(one.line, one.text[:80], "file.twice", values))
            else:
                seen[answer.pk] = one.line
                links.append(answer)
        return links, unusable

    def _by_id(self, named: Sequence[Named], side: Side) -> dict[Named, RecordLink | Refused]:
        if not named:
            return {}
        wanted = {one: Wanted(side, one.id, self.mapping.qbo_entity) for one in named}
        connection, meter = connection_of(self.mapping, side), UsageMeter()
        try:
            client = client_for(connection, Priority.INTERACTIVE, meter)
            found = locating.locate_all([self.mapping], list(dict.fromkeys(wanted.values())), client)
        except ConnectorError as error:
            raise Refused("connect.unreachable", detail=error.failure.message) from error
        finally:
            calls, metered = flush(connection, meter)
            self.calls = (self.calls[0] + calls, self.calls[1] + metered)
        return {one: found[each] for one, each in wanted.items()}

    def _by_name(self, named: Sequence[Named]) -> dict[Named, RecordLink | Refused]:
        """Names are looked for among the records that are known: a side cannot be asked for thousands of them."""
        keys = {one: name_key(one.id) for one in named}
        rows = RecordLink.objects.filter(mapping=self.mapping, name_key__in=set(keys.values()))
        held: dict[str, list[RecordLink]] = {}
        for row in rows.exclude(lifecycle__in=CLOSED_LIFECYCLES):
            held.setdefault(row.name_key, []).append(row)
        return {one: _only(one, held.get(key, [])) for one, key in keys.items()}


def _only(named: Named, found: Sequence[RecordLink]) -> RecordLink | Refused:
    if not found:
        return Refused("file.no_such_name", name=named.text[:80])
    if len(found) > 1:
        return Refused("file.several", name=named.text[:80], count=len(found))
    return found[0]


def _agreeing(named: Named, found: RecordLink | Refused) -> RecordLink | Refused:
    """A line that gives ids of both sides must mean one pair."""
    if isinstance(found, Refused) or not named.partner or not found.qbo_id or found.qbo_id == named.partner:
        return found
    return Refused("file.two_records", id=named.id, linked=found.qbo_id, given=named.partner[:40])
