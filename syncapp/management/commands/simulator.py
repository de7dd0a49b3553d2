"""`python manage.py simulator`: stand-ins of Salesforce and QuickBooks Online on loopback (DESIGN section 6)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from connectors.simulator.main import add_arguments, options_from, run


class Command(BaseCommand):
    """Serve both stand-ins until SIGTERM or Ctrl-C. Needs neither the database nor the portal."""

    help = "Serve stand-ins of Salesforce and QuickBooks Online on loopback."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        status = run(options_from(options), announce=self.stdout.write)
        if status:
            sys.exit(status)
