"""Which database alias a table lives in."""

from __future__ import annotations

from typing import Any


class OneSchema:
    """Both aliases are the same database: migrate it once, and allow relations across the two connections."""

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        return db == "default"

    def allow_relation(self, _first: Any, _second: Any, **_hints: Any) -> bool:
        return True
