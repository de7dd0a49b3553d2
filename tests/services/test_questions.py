"""The doctor's questions to a vendor, asked to the simulator: they read only, and they can be answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contracts import Side
from syncapp.models import Connection
from syncapp.services import doctor, questions
from syncapp.services.checks import Check, Level
from syncapp.tenancy import tenant
from tests.services.spine import Spine, a_spine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def spine() -> Iterator[Spine]:
    with a_spine() as made:
        yield made


def ask(spine: Spine, answer: doctor.Answer, side: Side) -> Check:
    with tenant(spine.company.pk):
        return answer(Connection.objects.get(side=side))


def test_a_deactivated_customer_is_looked_for_in_the_change_feed(spine: Spine) -> None:
    assert "nothing was deactivated" in ask(spine, questions.deactivated_in_changes, Side.QUICKBOOKS).detail
    made = spine.customer(DisplayName="Gone Pine")
    spine.edit_customer(made["DisplayName"], Active=False)
    assert ask(spine, questions.deactivated_in_changes, Side.QUICKBOOKS).level is Level.GOOD


def test_every_question_is_answered_and_writes_nothing(spine: Spine) -> None:
    mark = spine.mark()
    found = {probe.question: ask(spine, probe.answer, probe.side) for probe in doctor.PROBES}
    assert {check.level for check in found.values()} <= {Level.GOOD, Level.WARN}
    assert found["How many values may one `IN` list hold?"].level is Level.GOOD
    assert found["How long may the address of a query inside a composite be?"].level is Level.GOOD
    assert spine.writes(mark) == []


def test_the_simulator_is_not_asked_what_it_cannot_know(spine: Spine) -> None:
    asked = [check.key for _, checks in doctor.connections(ask_questions=True) for check in checks]
    assert asked
    assert not [key for key in asked if key.startswith("probe.")]
