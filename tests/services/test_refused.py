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


def test_trying_again_looks_at_what_a_person_has_corrected_meanwhile() -> None:
    with a_spine() as spine:
        spine.vendor(DisplayName="Robertson & Associates")
        account = spine.account(Name="Robertson & Associates")
        spine.first_load()
        assert spine.link("Robertson & Associates").attention == "data_error"
        spine.edit_account(account, Name="Robertson & Associates (client)")

        spine.press(spine.link("Robertson & Associates"), None)

        assert [row["DisplayName"] for row in spine.customers()] == ["Robertson & Associates (client)"]
        assert spine.link("Robertson & Associates (client)").attention == "none"
        assert Problem.all_companies.filter(closed_at=None).count() == 0
