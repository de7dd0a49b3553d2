"""Files that name records, as people make them in a spreadsheet: ids of either side, or names, one record in a line.

Every line comes out again, as a record that it names or with the reason why it names none: nothing is lost.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from connectors.contracts import Side
from connectors.salesforce.ids import to_18
from syncapp.services.errors import Refused
from syncapp.services.locating import side_of

MOST_LINES = 5000
MOST_BYTES = 2_000_000
SF_ID, QBO_ID, ANY_ID, NAME = "sf", "qbo", "id", "name"
HEADINGS = {
    **dict.fromkeys(("salesforce id", "sf id", "salesforceid", "account id", "opportunity id", "product id"), SF_ID),
    **dict.fromkeys(("quickbooks id", "qbo id", "qb id", "quickbooksid", "customer id", "invoice id"), QBO_ID),
    **dict.fromkeys(("id", "record id"), ANY_ID),
    **dict.fromkeys(("name", "record", "account name", "display name", "customer"), NAME),
}  # fmt: skip
"""What people and both systems' exports call the columns; others are left aside."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Named:
    """One line that names a record: by an id of a side, else by its name. `partner` is the QuickBooks id that the line
    gives as well."""

    line: int
    text: str
    side: Side | None
    id: str
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """One line that no record comes from, and why, as a code of the messages with its values."""

    line: int
    text: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdFile:
    """A file as it was understood."""

    named: tuple[Named, ...]
    unusable: tuple[Unusable, ...]
    lines: int


def parse(content: bytes) -> IdFile:
    """Understand a file. Without a heading that is known, the first column is taken, and each value's form tells what
    it is. Blank lines do not count.

    Raises Refused: `file.empty`, `file.too_large`, `file.not_text`, `file.broken`.
    """
    rows = list(_rows(_text(content)))
    if not rows:
        raise Refused("file.empty")
    columns = _columns(rows[0][1])
    if columns:
        rows = rows[1:]
        if not rows:
            raise Refused("file.empty")
    if len(rows) > MOST_LINES:
        raise Refused("file.too_large", most=MOST_LINES, lines=len(rows))
    understood = [_line(line, cells, columns or {ANY_ID: 0}) for line, cells in rows]
    return IdFile(
        tuple(one for one in understood if isinstance(one, Named)),
        tuple(one for one in understood if isinstance(one, Unusable)),
        len(rows),
    )


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise Refused("file.too_large", most=MOST_LINES, lines="more")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused("file.not_text") from error
    if "\0" in text:  # a workbook, not its text
        raise Refused("file.not_text")
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that hold something, with the number that an editor shows for their beginning."""
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, [_plain(cell) for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Refused("file.broken", line=begins, detail=str(error)) from error


def _plain(cell: str) -> str:
    """A cell as it was meant: without the apostrophe that our own files put before what a spreadsheet would compute."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _columns(heading: Sequence[str]) -> dict[str, int]:
    """Which column holds what; the first of its kind counts. Empty where no heading is known."""
    found: dict[str, int] = {}
    for place, cell in enumerate(heading):
        kind = HEADINGS.get(" ".join(cell.casefold().replace("_", " ").split()))
        if kind is not None:
            found.setdefault(kind, place)
    return found


def _line(line: int, cells: Sequence[str], columns: dict[str, int]) -> Named | Unusable:
    """What one line names: an id of Salesforce before one of QuickBooks before a name."""
    value = {kind: cells[place] if place < len(cells) else "" for kind, place in columns.items()}
    text = next((value[kind] for kind in (SF_ID, ANY_ID, QBO_ID, NAME) if value.get(kind)), "")
    if not text:
        return Unusable(line, " ".join(cells)[:80], "file.no_value")
    if value.get(SF_ID):
        if side_of(text, Side.SALESFORCE) is not Side.SALESFORCE:
            return Unusable(line, text[:80], "locate.no_id", {"id": text[:80]})
        return Named(line, text, Side.SALESFORCE, to_18(text), partner=value.get(QBO_ID, ""))
    if value.get(ANY_ID):
        side = side_of(text, None)
        if side is not None:
            return Named(line, text, side, to_18(text) if side is Side.SALESFORCE else text)
        return Named(line, text, None, text)
    if value.get(QBO_ID):
        if side_of(text, Side.QUICKBOOKS) is not Side.QUICKBOOKS:
            return Unusable(line, text[:80], "locate.no_id", {"id": text[:80]})
        return Named(line, text, Side.QUICKBOOKS, text)
    return Named(line, text, None, text)
