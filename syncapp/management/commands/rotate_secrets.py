"""Seal every stored secret with the newest key, so that an older key can be taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from syncapp.crypto import Sealed, SecretUnreadable, current_key_id


class Command(BaseCommand):
    help = (
        "Re-encrypts all stored secrets with the first key of FIELD_ENCRYPTION_KEYS. Put the new key first, run this, "
        "then take the old key away. --check only counts what still needs an older key."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true", help="count only, change nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        done = unreadable = 0
        for model, fields in sealed_models():
            for primary_key in _rows(model).values_list("pk", flat=True).iterator():
                try:
                    done += _rotate(model, primary_key, fields, check=options["check"])
                except SecretUnreadable:
                    unreadable += 1
                    self.stderr.write(
                        f"{model._meta.verbose_name} {primary_key} cannot be read with the keys given."
                    )
        verb = "need" if options["check"] else "were sealed with"
        self.stdout.write(f"{done} secrets {verb} the key {current_key_id()}.")
        if unreadable:
            raise CommandError(f"{unreadable} rows could not be read; they were left as they are.")


def sealed_models() -> Iterator[tuple[type[models.Model], list[Sealed]]]:
    """Every model that keeps secrets, with its sealed fields."""
    for model in apps.get_models():
        fields = [value for value in vars(model).values() if isinstance(value, Sealed)]
        if fields:
            yield model, fields


def _rows(model: type[models.Model]) -> models.Manager[Any]:
    manager: models.Manager[Any] = getattr(model, "all_companies", None) or model.objects  # type: ignore[attr-defined]
    return manager


def _rotate(model: type[models.Model], primary_key: Any, fields: list[Sealed], *, check: bool) -> int:
    """Seal one row's secrets anew; returns how many. The row is locked: a token may be refreshed meanwhile."""
    with transaction.atomic():
        row = _rows(model).select_for_update(of=("self",)).get(pk=primary_key)
        old = [field for field in fields if field.needs_rotation(row)]
        for field in old if not check else ():
            setattr(row, field.name, getattr(row, field.name))
        if old and not check:
            row.save(update_fields=[field.column for field in old])
    return len(old)
