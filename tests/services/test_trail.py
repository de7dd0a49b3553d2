"""The check that stands behind every test with a spine: a write without its audit row and an audit row without its
write are both noticed."""

from __future__ import annotations

import time

import pytest

from syncapp.store import bulk
from tests.services import trail
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])
DIFFER = "The write log and the audit trail differ"


def a_pair_in_step(spine: Spine) -> None:
    """One account with its customer 1, made by us."""
    spine.account(Name="Blue Pine Catering", Phone="(555) 010-1111")
    spine.first_load()


def purge(statement: str) -> None:
    """Break the trail: it is append-only for everybody who does not say that they purge it."""
    bulk.execute(f"set app.purge_audit = 'on'; {statement}; reset app.purge_audit")


def with_a_trail_broken_by(statement: str) -> None:
    """A test's whole spine whose trail is broken behind its back."""
    with a_spine() as spine:
        a_pair_in_step(spine)
        purge(statement)


def test_a_write_without_its_audit_row_is_noticed() -> None:
    with pytest.raises(AssertionError, match=DIFFER) as noticed:
        with_a_trail_broken_by("delete from syncapp_auditevent where side = 'qbo' and intent_id is not null")

    assert "1 x ('qbo', 'Customer', '1', 'create'" in str(noticed.value)
    assert "is not in the trail" in str(noticed.value)


def test_an_audit_row_without_its_write_is_noticed() -> None:
    with pytest.raises(AssertionError, match=DIFFER) as noticed:
        with_a_trail_broken_by(
            "update syncapp_auditevent set remote_id = '4711' where side = 'qbo' and intent_id is not null"
        )

    assert "1 x ('qbo', 'Customer', '1', 'create'" in str(noticed.value)
    assert "1 x ('qbo', 'Customer', '4711', 'create'" in str(noticed.value)
    assert "is in the trail and was not written" in str(noticed.value)


@pytest.mark.trail_is_broken("it is what this test is about: the excuse is heard")
def test_a_test_that_says_why_may_leave_a_broken_trail() -> None:
    with a_spine() as spine:
        a_pair_in_step(spine)
        purge("delete from syncapp_auditevent where side = 'qbo' and intent_id is not null")

        assert trail.differences(spine.sim) != []


def test_the_look_costs_a_few_milliseconds() -> None:
    with a_spine() as spine:
        a_pair_in_step(spine)
        began = time.process_time()
        for _ in range(10):
            assert trail.differences(spine.sim) == []

    assert (time.process_time() - began) / 10 < 0.010
