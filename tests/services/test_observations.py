"""What is known of a record never goes back to an older version (sync-semantics section 16)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.contracts import RecordState, RemoteRecord, Side, Token
from syncapp.models import Connection
from syncapp.store import observations
from syncapp.tenancy import tenant
from tests.services.builders import a_company, a_connection

pytestmark = pytest.mark.django_db

SECOND = datetime(2026, 3, 2, 15, 0, 8, tzinfo=UTC)


@pytest.fixture
def quickbooks() -> Connection:
    return a_connection(a_company(), "qbo")


def customer(sync_token: str, modified: datetime = SECOND) -> RemoteRecord:
    token = Token(sync_token, modified)
    return RemoteRecord(
        Side.QUICKBOOKS, "Customer", "2", token, RecordState.LIVE, {"Id": "2", "v": sync_token}
    )


def known(connection: Connection) -> tuple[str, bool]:
    """(version, whether its body is in hand)"""
    seen = observations.load(connection.pk, Side.QUICKBOOKS, "Customer", ["2"])["2"]
    return seen.token, seen.record is not None


def test_an_edit_within_the_second_of_our_write_outlives_the_answer_that_is_stored_after_it(
    quickbooks: Connection,
) -> None:
    """Capture read the edit before our own answer was recorded: both have one LastUpdatedTime."""
    with tenant(quickbooks.company_id):
        observations.note(quickbooks.company_id, quickbooks.pk, [customer("2")], "cdc", SECOND)

        observations.know(quickbooks.company_id, quickbooks.pk, [customer("1")], SECOND)

        assert known(quickbooks) == ("2", True)


def test_a_deletion_within_the_second_of_our_write_outlives_the_answer_that_is_stored_after_it(
    quickbooks: Connection,
) -> None:
    """Created by us and merged away at once; the answer was lost, and its repetition told of the creation later. What
    changes list of a deleted record has no version."""
    gone = RemoteRecord(Side.QUICKBOOKS, "Customer", "2", Token("", SECOND), RecordState.DELETED, {})
    with tenant(quickbooks.company_id):
        observations.note(quickbooks.company_id, quickbooks.pk, [gone], "cdc", SECOND)

        observations.know(quickbooks.company_id, quickbooks.pk, [customer("0")], SECOND)

        seen = observations.load(quickbooks.pk, Side.QUICKBOOKS, "Customer", ["2"])["2"]
        assert (seen.token, seen.state) == ("", RecordState.DELETED)


def test_an_older_reading_within_the_same_second_is_no_news(quickbooks: Connection) -> None:
    with tenant(quickbooks.company_id):
        observations.note(quickbooks.company_id, quickbooks.pk, [customer("10")], "cdc", SECOND)

        news = observations.note(quickbooks.company_id, quickbooks.pk, [customer("9")], "cdc", SECOND)

        assert (news, known(quickbooks)) == (set(), ("10", True))


def test_a_balance_that_moved_without_a_new_sync_token_is_news(quickbooks: Connection) -> None:
    with tenant(quickbooks.company_id):
        observations.note(quickbooks.company_id, quickbooks.pk, [customer("2")], "cdc", SECOND)
        later = customer("2", SECOND + timedelta(seconds=1))

        assert observations.note(quickbooks.company_id, quickbooks.pk, [later], "cdc", SECOND) == {"2"}


def test_numbers_of_a_body_in_hand_are_numbers_again_to_the_last_digit(quickbooks: Connection) -> None:
    """Criteria and formulas read bodies as they came: a text would be compared letter by letter."""
    body = {
        "Id": "2",
        "Balance": Decimal("40.0"),
        "Rate": Decimal("0.12345678901234567890123"),
        "Huge": Decimal("1E+2"),
        "Count": 3,
        "Active": True,
        "Notes": "40.0",
        "Line": [{"Amount": Decimal("-9.95"), "Text": None}],
    }
    with tenant(quickbooks.company_id):
        record = replace(customer("1"), body=body)
        observations.note(quickbooks.company_id, quickbooks.pk, [record], "cdc", SECOND)
        seen = observations.load(quickbooks.pk, Side.QUICKBOOKS, "Customer", ["2"])["2"]
    assert seen.record is not None
    assert seen.record.body == body
    kinds = {name: type(value) for name, value in seen.record.body.items()}
    assert (kinds["Balance"], kinds["Rate"], kinds["Notes"]) == (Decimal, Decimal, str)
