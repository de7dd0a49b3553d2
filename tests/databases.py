"""The migrated database of a test process: cloned from one that the run migrates once."""

from __future__ import annotations

from portal.local import testing


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
