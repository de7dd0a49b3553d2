"""The codes that the wire references list, read from their tables where those lie beside the checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.shared import reference

FOR_TEXT_ONLY = {3120, 3140, 3170, 3250, 3260}
"""Codes of QuickBooks Desktop, which product.md lists only because users quote them."""


def _between(file: str, start: str, end: str) -> str:
    return reference(file).read_text(encoding="utf-8").split(start)[1].split(end)[0]


def _first_cells(table: str) -> Iterator[str]:
    for line in table.splitlines():
        if line.startswith("| ") and line.count("|") > 2:
            yield line.split("|")[1]


def quickbooks_numbers() -> set[int]:
    """The codes of the table in quickbooks.md 8.2."""
    codes: set[int] = set()
    for cell in _first_cells(_between("quickbooks.md", "### 8.2 Table", "Table [doc {ERR}")):
        for low, high in re.findall(r"(\d{3,5})-(\d{3,5})", cell):
            codes.update(range(int(low), int(high) + 1, 10))
        codes.update(int(code) for code in re.findall(r"\b0*(\d{3,5})\b", cell))
    return codes


def salesforce_names() -> set[str]:
    """The error codes of the tables in salesforce.md 3.5 and 4.9."""
    tables = _between("salesforce.md", "### 3.5 Errors", "## 4. Writes")
    tables += _between("salesforce.md", "### 4.9 Error table", "Codes [doc]")
    cells = [cell.replace("_LOCATOR(_FORMAT)", "_LOCATOR_FORMAT") for cell in _first_cells(tables)]
    return {code for cell in cells for code in re.findall(r"\b[A-Z][A-Z]+(?:_[A-Z]+)+\b", cell)}


def quickbooks_codes() -> set[str]:
    return {f"qbo.{number}" for number in quickbooks_numbers()}


def salesforce_codes() -> set[str]:
    return {f"sf.{name}" for name in salesforce_names()}


def sign_in_codes() -> set[str]:
    """The errors of Salesforce's token endpoint (salesforce.md 1.7)."""
    cells = _first_cells(_between("salesforce.md", "### 1.7 Token-endpoint errors", "First row and"))
    return {f"oauth.{word}" for cell in cells for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", cell)}


def users_codes() -> set[str]:
    """The codes that users of such products quote (product.md 7)."""
    text = _between("product.md", "## 7. Common errors", "## 8. ")
    rows = [cell for cell in _first_cells(text) if "Desktop" not in cell and "[guess]" not in cell]
    numbers = {
        int(code)
        for cell in rows
        for code in re.findall(r"^ (\d{3,5})\b| / (\d{4})\b", cell)
        for code in code
        if code
    }
    names = {code for cell in rows for code in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", cell)}
    names_of_sign_in = {word for cell in rows for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", cell)} - {
        "doc_num"
    }
    return (
        {f"oauth.{word}" for word in names_of_sign_in}
        | {f"qbo.{number}" for number in numbers - FOR_TEXT_ONLY}
        | {f"sf.{name}" for name in names}
    )
