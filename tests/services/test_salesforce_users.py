"""The people of an org as a list: read by a button, again at night, kept where they cannot be read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.contracts import Priority
from syncapp.models import ReferenceEntry, ReferenceList
from syncapp.services import salesforce_users
from syncapp.services.clients import UsageMeter, client_for
from syncapp.services.field_lists import clock
from syncapp.tenancy import tenant
from tests.services.spine import a_spine

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


def test_owners_are_read_once_they_are_asked_for_and_again_at_night(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_spine() as spine, tenant(spine.company.pk):
        salesforce = spine.mapping.integration.salesforce
        client = client_for(salesforce, Priority.NORMAL, UsageMeter())
        salesforce_users.refresh_due(salesforce, client)
        assert not ReferenceList.objects.filter(entity="User").exists()  # nobody asked for them

        assert salesforce_users.refresh_now(salesforce) > 0
        kept = ReferenceList.objects.get(entity="User")
        names = set(ReferenceEntry.objects.filter(list=kept, active=True).values_list("name", flat=True))
        told = {row["Name"] for row in spine.rows("SELECT Name FROM User WHERE IsActive = true")}
        assert names == told

        tomorrow = clock.now() + timedelta(days=1)
        monkeypatch.setattr(salesforce_users.clock, "now", lambda: tomorrow)
        salesforce_users.refresh_due(salesforce, client)
        kept.refresh_from_db()
        assert kept.read_at == tomorrow
