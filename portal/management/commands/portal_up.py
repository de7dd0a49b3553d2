"""`manage.py portal_up`: everything on this machine under one supervisor. `make run` calls it."""

from __future__ import annotations

import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.local.failure import LocalProblem
from portal.local.installation import Installation
from portal.local.processes import die_with_parent
from portal.local.programs import Plan


class Command(BaseCommand):
    help = (
        "Starts PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL are set), the simulator with demo data, web, "
        "workers and beat; prints the address and the demo sign-in. Ctrl-C ends all of it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="do not prepare the demo company")
        parser.add_argument("--reload", action="store_true", help="restart the web server when code changes")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError(
                "portal_up is for development: set DEBUG=1, or use docker/compose.yaml for production."
            )
        if os.environ.get("MAKELEVEL"):
            die_with_parent(signal.SIGTERM)  # make does not pass on every signal that ends it
        try:
            Installation(_plan(options)).run()
        except LocalProblem as problem:
            raise CommandError(str(problem)) from None


def _plan(options: dict[str, Any]) -> Plan:
    return Plan(
        root=settings.BASE_DIR,
        data_dir=settings.DATA_DIR,
        port=settings.PORT,
        salesforce_port=settings.SIM_SALESFORCE_PORT,
        quickbooks_port=settings.SIM_QUICKBOOKS_PORT,
        seed=settings.SIM_SEED,
        base_url=settings.BASE_URL,
        demo=not options["no_demo"],
        reload=options["reload"],
    )
