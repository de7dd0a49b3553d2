"""`manage.py verify_audit`: is every row of the audit trail as it was sealed?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from syncapp.models import Company
from syncapp.services import sealing


class Command(BaseCommand):
    help = "Check the chain of the audit trail, company by company; names the first row that is not as it was sealed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", type=int, help="number of the one company to check")

    def handle(self, *_: Any, **options: Any) -> None:
        chosen = options["company"]
        companies = Company.objects.filter(pk=chosen) if chosen else Company.objects.order_by("pk")
        broken = 0
        for company in companies:
            found = sealing.verify(company.pk)
            broken += found.broken is not None
            self.stdout.write(f"{company.pk} {company}: {_said(found)}")
        if broken:
            raise CommandError(f"The trail of {broken} compan{'y is' if broken == 1 else 'ies are'} broken.")


def _said(found: sealing.Verified) -> str:
    waiting = f", {found.waiting} not sealed yet" if found.waiting else ""
    if found.broken is not None:
        return f"BROKEN at row {found.broken}: it was changed, or is missing{waiting}"
    return f"{found.rows} rows as they were sealed{waiting}; head {found.head or 'none'}"
