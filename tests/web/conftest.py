"""A mapping and a browser of its company's administrator; a file that needs others has its own."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.people.models import Role
from syncapp.models import Mapping
from tests.builders import a_mapping
from tests.web.builders import a_browser


@pytest.fixture
def mapping() -> Mapping:
    return a_mapping()


@pytest.fixture
def browser(mapping: Mapping) -> Client:
    return a_browser(Role.ADMIN, mapping.company)
