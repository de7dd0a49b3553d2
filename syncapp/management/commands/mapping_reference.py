"""Writes the functions of formulas into docs/mapping-reference.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from syncapp.engine.formula.reference import functions_markdown

BEGIN, END = "<!-- functions -->", "<!-- /functions -->"


def with_functions(page: str) -> str:
    """The page with the tables of functions as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{functions_markdown()}\n{END}{after}"


class Command(BaseCommand):
    help = "Write the functions of formulas into docs/mapping-reference.md."

    def handle(self, *_args: Any, **_options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "mapping-reference.md"
        path.write_text(with_functions(path.read_text(encoding="utf-8")), encoding="utf-8")
        self.stdout.write(f"wrote {path}")
