"""The rows of a prepared installation, put back before every seed."""

from __future__ import annotations

from django.db import connection, transaction

TABLES = """
select tablename from pg_tables where schemaname = 'public' and tablename not like 'simulation_kept_%'
  and tablename not in ('django_migrations', 'django_content_type', 'auth_permission') order by 1
"""


class Snapshot:
    """What the tables hold now, kept in tables of their own whose names begin with `prefix`."""

    def __init__(self, prefix: str = "simulation_kept_") -> None:
        self.prefix = prefix
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
            self.tables = [row[0] for row in cursor.fetchall()]
            self.full = [table for table in self.tables if self._keep(cursor, table)]
            cursor.execute("select sequencename, coalesce(last_value, 1), last_value is not null from pg_sequences"
                           " where schemaname = 'public'")  # fmt: skip
            self.sequences = [
                f"setval('{name}', {last}, {called})" for name, last, called in cursor.fetchall()
            ]

    def _keep(self, cursor: object, table: str) -> bool:
        run = cursor.execute  # type: ignore[attr-defined]
        run(f'drop table if exists "{self.prefix}{table}"')
        run(f'select exists (select 1 from "{table}")')
        if not cursor.fetchone()[0]:  # type: ignore[attr-defined]
            return False
        run(f'create unlogged table "{self.prefix}{table}" as table "{table}"')
        return True

    def restore(self) -> None:
        """Put everything back as it was."""
        deletes = [f'delete from "{table}"' for table in self.tables]
        inserts = [f'insert into "{table}" select * from "{self.prefix}{table}"' for table in self.full]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set constraints all deferred; set local app.purge_audit = 'on'")
            cursor.execute("; ".join([*deletes, *inserts, f"select {', '.join(self.sequences)}"]))

    def clear(self) -> None:
        """Leave empty tables behind."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set constraints all deferred; set local app.purge_audit = 'on'")
            cursor.execute("; ".join(f'delete from "{table}"' for table in self.tables))

    def forget(self) -> None:
        """Leave an empty database behind, without what was kept."""
        self.clear()
        with transaction.atomic(), connection.cursor() as cursor:
            for table in self.full:
                cursor.execute(f'drop table "{self.prefix}{table}"')
