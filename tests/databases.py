"""The migrated database of a test process: cloned from one that the run migrates once."""

from __future__ import annotations

from typing import Any

from portal.local import testing

KEPT = ("django_migrations", "django_content_type", "auth_permission", "django_site")
"""What migrating filled: no test changes it."""
WIPE = f"""
do $$
declare
  name text;
  filled boolean;
begin
  for name in select quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where n.nspname = 'public' and c.relkind = 'r' and c.relname not in {KEPT}
  loop
    execute 'select exists (select from ' || name || ')' into filled;
    if filled and name = 'syncapp_auditevent' then
      truncate syncapp_auditevent;  -- its rows cannot be deleted
    elsif filled then
      execute 'delete from ' || name;  -- foreign keys are looked at when the transaction ends
    end if;
  end loop;
end $$
"""


def use_fresh() -> None:
    """Point both aliases to a fresh clone of a migrated database."""
    _migrate_template_once()
    testing.create_database(testing.worker_database(), testing.template_name())
    _use(testing.worker_database())


def _migrate_template_once() -> None:
    from django.core.management import call_command
    from django.db import connections

    with testing.one_at_a_time() as folder:
        done = folder / testing.MIGRATED
        if not done.exists():
            testing.create_database(testing.template_name())
            _use(testing.template_name())
            call_command("migrate", verbosity=0, interactive=False)
            connections.close_all()  # a database in use cannot be cloned
            done.touch()


def _use(name: str) -> None:
    from django.conf import settings
    from django.db import connections

    connections.close_all()
    for alias in connections:
        settings.DATABASES[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name
    connections.close_all()


def wipe(_case: Any = None) -> None:
    """Empty the database after a test that committed. Django's own way truncates a hundred tables and makes every
    content type and permission anew, which took longer than most tests."""
    from django.db import connections

    with connections["default"].cursor() as cursor:
        cursor.execute(WIPE)
