"""A process of its own with the tests' servers and an empty database, for the commands of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def prepared() -> Iterator[None]:
    """Django is ready and a migrated, empty database is in place; servers that were started end with the block."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from portal.local import testing

    testing.ensure_servers()
    try:
        import django

        django.setup()
        _be_quiet()
        from tests import databases

        databases.use_fresh()
        yield
        from django.db import connections

        connections.close_all()
    finally:
        testing.pytest_unconfigure()


def _be_quiet() -> None:
    import logging

    import structlog

    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
