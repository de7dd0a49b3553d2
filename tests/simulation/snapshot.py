"""The rows of a prepared installation, put back before every seed."""

from __future__ import annotations

from django.db import connection, transaction

KEPT = "simulation_kept_"
TABLES = """
select tablename from pg_tables where schemaname = 'public' and tablename not like 'simulation_kept_%'
  and tablename not in ('django_migrations', 'django_content_type', 'auth_permission') order by 1
"""


class Snapshot:
    """What the tables hold now."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
            self.tables = [row[0] for row in cursor.fetchall()]
            self.full = [table for table in self.tables if self._keep(cursor, table)]
            cursor.execute("select sequencename, coalesce(last_value, 1), last_value is not null from pg_sequences"
                           " where schemaname = 'public'")  # fmt: skip
            self.sequences = [
                f"setval('{name}', {last}, {called})" for name, last, called in cursor.fetchall()
            ]

    @staticmethod
    def _keep(cursor: object, table: str) -> bool:
        run = cursor.execute  # type: ignore[attr-defined]
        run(f'drop table if exists "{KEPT}{table}"')
        run(f'select exists (select 1 from "{table}")')
        if not cursor.fetchone()[0]:  # type: ignore[attr-defined]
            return False
        run(f'create unlogged table "{KEPT}{table}" as table "{table}"')
        return True

    def restore(self) -> None:
        """Put everything back as it was."""
        deletes = [f'delete from "{table}"' for table in self.tables]
        inserts = [f'insert into "{table}" select * from "{KEPT}{table}"' for table in self.full]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set constraints all deferred; set local app.purge_audit = 'on'")
            cursor.execute("; ".join([*deletes, *inserts, f"select {', '.join(self.sequences)}"]))

    def forget(self) -> None:
        """Leave an empty database behind."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set constraints all deferred; set local app.purge_audit = 'on'")
            cursor.execute("; ".join(f'delete from "{table}"' for table in self.tables))
            for table in self.full:
                cursor.execute(f'drop table "{KEPT}{table}"')
