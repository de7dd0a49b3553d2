"""An operator changes the key that seals secrets."""

from __future__ import annotations

import base64
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from syncapp.models import AppCredentials, Connection
from tests.services.builders import a_company, a_connection, an_app

pytestmark = pytest.mark.django_db

NEW = {"new": base64.b64encode(b"n" * 32).decode()}


def rotate(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_secrets", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_every_secret_is_sealed_anew_and_the_old_key_can_go(settings: Any) -> None:
    connection, app = a_connection(a_company(), "sf"), an_app("sf")
    settings.FIELD_ENCRYPTION_KEYS = NEW | settings.FIELD_ENCRYPTION_KEYS
    assert rotate("--check") == "3 secrets need the key new.\n"
    assert rotate() == "3 secrets were sealed with the key new.\n"
    assert rotate() == "0 secrets were sealed with the key new.\n"
    settings.FIELD_ENCRYPTION_KEYS = NEW
    stored = Connection.all_companies.get(pk=connection.pk)
    assert (stored.access_token, stored.refresh_token) == ("access_token-1", "refresh_token-1")
    assert AppCredentials.objects.get(pk=app.pk).client_secret == "app-secret"


def test_a_row_that_cannot_be_read_is_left_alone_and_named(settings: Any) -> None:
    connection = a_connection(a_company(), "sf")
    settings.FIELD_ENCRYPTION_KEYS = NEW
    with pytest.raises(CommandError, match="1 rows could not be read"):
        rotate()
    assert (
        Connection.all_companies.get(pk=connection.pk).access_token_sealed == connection.access_token_sealed
    )
