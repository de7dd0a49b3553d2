"""`manage.py restored`: the database was restored from a backup, so nothing is written before both sides were read."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from syncapp.models import Integration
from syncapp.services import restoring
from syncapp.tenancy import tenant


class Command(BaseCommand):
    help = "After restoring a backup, before the workers start: every pair reads both sides anew and writes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", type=int, help="number of the one company to treat so")

    def handle(self, *_: Any, **options: Any) -> None:
        pairs = Integration.all_companies.filter(switched_on_at__isnull=False).order_by("pk")
        if options["company"]:
            pairs = pairs.filter(company_id=options["company"])
        for integration in pairs:
            with tenant(integration.company_id):
                restoring.begin(integration)
            self.stdout.write(
                f"{integration.company_id} {integration}: reads both sides, writes nothing until Go live"
            )
