"""`manage.py doctor`: checks an installation and says, for each thing that is wrong, what to do."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from portal.doctor import surroundings
from syncapp.services import doctor, questions  # noqa: F401 - registers its probes
from syncapp.services.checks import Check, Level

MARKS = {Level.GOOD: "ok  ", Level.WARN: "note", Level.BAD: "BAD "}


class Command(BaseCommand):
    help = (
        "Checks keys, addresses, database, broker, workers, beat, clock, mail and every live connection. "
        "Exit code 1 when something is broken."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--no-connections", action="store_true", help="do not call Salesforce and QuickBooks"
        )
        parser.add_argument(
            "--questions",
            action="store_true",
            help="also try to answer docs/open-questions.md with real connections",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            broken = self._report("Installation", [*surroundings(), *doctor.installation()])
        except OperationalError as error:
            raise CommandError(f"The database cannot be reached: {str(error).splitlines()[0]}") from None
        if not options["no_connections"]:
            for connection, checks in doctor.connections(ask_questions=options["questions"]):
                broken += self._report(f"{connection.company}: {connection}", checks)
        if broken:
            raise CommandError(f"{broken} things need attention.")

    def _report(self, title: str, checks: Iterable[Check]) -> int:
        """Print a block of checks; how many are bad."""
        checks = list(checks)
        self.stdout.write(f"\n{title}")
        for check in checks:
            self.stdout.write(
                f"  {MARKS[check.level]}  {check.title}{': ' if check.detail else ''}{check.detail}"
            )
            if check.fix and check.level is not Level.GOOD:
                self.stdout.write(f"        {check.fix}")
        return sum(check.level is Level.BAD for check in checks)
