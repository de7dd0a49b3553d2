"""System checks: what `manage.py check` and every start of the program refuse or warn about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import connections

MINIMUM_POSTGRESQL = 15_00_00


@register(Tags.security)
def field_keys_exist(**_kwargs: Any) -> list[CheckMessage]:
    """Without a key no connection can be stored."""
    if settings.FIELD_ENCRYPTION_KEYS:
        return []
    return [
        CheckWarning(
            "FIELD_ENCRYPTION_KEYS is not set: connections to Salesforce and QuickBooks cannot be stored.",
            hint="`make run` makes a key for development; docs/operating.md says how to make one for production.",
            id="portal.W001",
        )
    ]


@register(Tags.database)
def database_is_fit(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """PostgreSQL 15 or later, and a role that cannot step over row-level security."""
    if not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("select current_setting('server_version_num')::int")
        (version,) = cursor.fetchone()
        cursor.execute("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
        (almighty,) = cursor.fetchone()
    return [*_version(version), *_role(almighty)]


def _version(version: int) -> list[CheckMessage]:
    if version >= MINIMUM_POSTGRESQL:
        return []
    return [Error(f"PostgreSQL 15 or later is needed; this server is {version // 10_000}.", id="portal.E001")]


def _role(almighty: bool) -> list[CheckMessage]:
    if not almighty:
        return []
    text = "The role in DATABASE_URL is a superuser or has BYPASSRLS: it ignores the walls between companies."
    hint = "create role app login nosuperuser nobypassrls password '...'; alter database ... owner to app;"
    if settings.DEVELOPMENT:
        return [CheckWarning(text, hint=hint, id="portal.W002")]
    return [Error(text, hint=hint, id="portal.E002")]
