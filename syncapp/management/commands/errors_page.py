"""`manage.py errors_page`: writes docs/errors.md from the registry of messages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from syncapp.messages import registry
from syncapp.messages.document import render_markdown


class Command(BaseCommand):
    help = "Writes docs/errors.md: every error with its cause and what to do, as the product says them."

    def handle(self, *_args: Any, **_options: Any) -> None:
        page = settings.BASE_DIR / "docs" / "errors.md"
        page.write_text(render_markdown(registry()), encoding="utf-8")
        self.stdout.write(f"wrote {page}")
