"""`manage.py demo`: the demo company with its simulator connections and the person who signs in to it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.local.secrets import write_private
from portal.people.models import Membership, Role, User
from syncapp.services.demo import ensure_demo

EMAIL = "demo@example.com"
PASSWORD = "ledgerbridge"  # noqa: S105 # nosec B105 - loopback only, and printed


class Command(BaseCommand):
    help = "Makes sure that the demo company is there (simulator connections, first sync done) and prints its sign-in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, help="also write the sign-in to this file, as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.SIMULATOR_ENABLED:
            raise CommandError(
                "The demo company lives on the simulator, which this installation does not allow."
            )
        person = _ensure_person()
        company = ensure_demo()
        Membership.all_companies.get_or_create(company=company, user=person, defaults={"role": Role.OWNER})
        if options["output"]:
            write_private(options["output"], json.dumps({"email": EMAIL, "password": PASSWORD}))
        self.stdout.write(f"{company}: sign in as {EMAIL}")


def _ensure_person() -> User:
    person, made = User.objects.get_or_create(email=EMAIL, defaults={"first_name": "Demo person"})
    if made:
        person.set_password(PASSWORD)
        person.save()
    EmailAddress.objects.get_or_create(user=person, email=EMAIL, defaults={"verified": True, "primary": True})
    return person
