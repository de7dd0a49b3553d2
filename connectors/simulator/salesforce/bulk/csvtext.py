"""The CSV dialects of the Bulk API: delimiters, line ends, quoting."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "TAB": "\t", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}
#: What clears a field; an empty cell leaves it alone.
NULL = "#N/A"


class BadCsv(Exception):
    """The upload is not CSV of this job's dialect; the text says why."""


def parsed(text: str, delimiter: str, line_ending: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows; without a `line_ending` either kind will do. Raises BadCsv."""
    text = text.removeprefix("\ufeff")
    if line_ending and _ends_otherwise(text, line_ending):
        raise BadCsv(f"LineEnding is invalid on user data. Current LineEnding setting is {line_ending}")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter], strict=True))
    except csv.Error as error:
        raise BadCsv(f"Failed to parse CSV. {error}") from error
    rows = [row for row in rows if row]
    if not rows:
        raise BadCsv("Unable to read CSV header: the upload is empty")
    return [name.strip() for name in rows[0]], rows[1:]


def _ends_otherwise(text: str, line_ending: str) -> bool:
    """Whether the header's line ends in another way than the job says."""
    header, end, _ = text.partition("\n")
    if not end or header.count('"') % 2:  # one line only, or a line break inside quotes: nothing can be told
        return False
    return header.endswith("\r") != (line_ending == "CRLF")


def written(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    delimiter: str = "COMMA",
    line_ending: str = "LF",
) -> str:
    """CSV in which every value is quoted, as results are."""
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=DELIMITERS[delimiter], lineterminator=LINE_ENDS[line_ending], quoting=csv.QUOTE_ALL
    )
    writer.writerow(header)
    writer.writerows([cell_text(cell) for cell in row] for row in rows)
    return out.getvalue()


def cell_text(value: Any) -> str:
    """A value as a cell: null is empty, booleans are words, whole amounts have one decimal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
