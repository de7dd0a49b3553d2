"""Files for spreadsheets: written line by line, in an encoding that they recognise, with no cell that computes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

from django.http import StreamingHttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that a spreadsheet would compute rather than show."""


def download(rows: Iterable[Iterable[Any]], name: str) -> StreamingHttpResponse:
    """The answer that a browser saves under this name; headings are the first row."""
    response = StreamingHttpResponse(written(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def written(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    yield "\ufeff"  # without it some spreadsheets read the file in the machine's own encoding
    for row in rows:
        buffer = StringIO()
        csv.writer(buffer).writerow([harmless(cell) for cell in row])
        yield buffer.getvalue()


def harmless(cell: Any) -> Any:
    """An apostrophe makes text of what a spreadsheet would take for a formula; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
