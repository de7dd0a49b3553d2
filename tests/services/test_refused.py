"""A refused write is not forgotten: the next try sends the same change (no lost update, G1)."""

from __future__ import annotations

import pytest

from syncapp.models import Problem
from tests.services.spine import a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


def test_a_change_that_was_refused_goes_out_when_it_is_tried_again() -> None:
    with a_spine() as spine:
        account = spine.account(Name="Blue Pine Catering", Phone="(555) 010-0000")
        spine.first_load()
        spine.edit_account(account, Phone="(555) 010-1111")
        refusal = {"action": "fault", "code": "6000", "message": "A business validation error has occurred"}
        spine.sim.quickbooks.plan({**refusal, "match": {"method": "POST", "path": "/customer$"}})
        spine.sync()
        assert Problem.all_companies.get(closed_at=None).code == "qbo.6000"

        spine.press(spine.link("Blue Pine Catering"), None)

        assert spine.customers()[0]["PrimaryPhone"]["FreeFormNumber"] == "(555) 010-1111"
        assert Problem.all_companies.filter(closed_at=None).count() == 0
