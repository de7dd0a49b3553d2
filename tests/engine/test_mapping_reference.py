"""The reference page of mappings is what the language is."""

from __future__ import annotations

from pathlib import Path

from syncapp.engine.formula import FUNCTIONS
from syncapp.engine.formula.reference import functions_markdown

PAGE = Path(__file__).parents[2] / "docs" / "mapping-reference.md"


def test_the_mapping_reference_shows_every_function_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")  # `manage.py mapping_reference` writes it
    assert functions_markdown() in page
    assert all(f"`{function.signature}`" in page for function in FUNCTIONS.values())
