"""What a record tells of a write whose answer was lost: carried out, edited since, or not carried out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from connectors.contracts import Operation, RecordState, Side, Token
from connectors.contracts import RemoteRecord as Record
from syncapp.engine import tags
from syncapp.engine.entities.traits import DocumentProbe, lines_total, payment_total
from syncapp.engine.evidence import Evidence, documents_of, of_change
from tests.engine.builders import sf_record, spec

SENT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
INTENT = UUID("0190aaaa-0000-7000-8000-00112233aabb")
KEY = "800000112233aabb"
LINES = [{"Amount": Decimal("40.00"), "DetailType": "SalesItemLineDetail"}]


def change(key: str, after: Any) -> dict[str, Any]:
    return {"unit": key, "key": key, "before": None, "after": after}


@pytest.mark.parametrize(
    ("held", "evidence"),
    [
        ({"Name": "Acme", "Phone": "2"}, Evidence.APPLIED),
        ({"Name": "Acme", "Phone": "3"}, Evidence.CHANGED_SINCE),
        ({"Name": "Pine", "Phone": "1"}, Evidence.NOT_APPLIED),
    ],
)
def test_a_record_tells_by_its_values_whether_our_update_arrived(held, evidence):
    changes = [change("name", "Acme"), change("phone", "2")]
    assert of_change(spec(), Side.SALESFORCE, Operation.UPDATE, changes, sf_record(held)) is evidence


def test_what_a_record_held_before_our_update_does_not_prove_that_it_arrived():
    changes = [{**change("name", "Acme"), "before": "Acme"}, change("phone", "2")]
    untouched, edited = sf_record({"Name": "Acme", "Phone": "1"}), sf_record({"Name": "Pine", "Phone": "2"})

    assert of_change(spec(), Side.SALESFORCE, Operation.UPDATE, changes, untouched) is Evidence.NOT_APPLIED
    assert of_change(spec(), Side.SALESFORCE, Operation.UPDATE, changes, edited) is Evidence.CHANGED_SINCE


@pytest.mark.parametrize(
    ("operation", "state", "evidence"),
    [
        (Operation.VOID, RecordState.VOIDED, Evidence.APPLIED),
        (Operation.VOID, RecordState.LIVE, Evidence.NOT_APPLIED),
        (Operation.DELETE, RecordState.DELETED, Evidence.APPLIED),
        (Operation.DEACTIVATE, RecordState.INACTIVE, Evidence.APPLIED),
        (Operation.DEACTIVATE, RecordState.LIVE, Evidence.NOT_APPLIED),
    ],
)
def test_a_state_tells_by_itself_whether_it_was_reached(operation, state, evidence):
    record = sf_record({"Name": "Acme"}, state=state)
    assert of_change(spec(), Side.SALESFORCE, operation, [change("state", False)], record) is evidence


def document(id_: str = "9", *, age: float = -30, **body: Any) -> Record:
    created = (SENT - timedelta(seconds=age)).isoformat()
    return Record(
        Side.QUICKBOOKS,
        "Invoice",
        id_,
        Token("0", SENT),
        RecordState.LIVE,
        {"CustomerRef": {"value": "7"}, "Line": LINES, "MetaData": {"CreateTime": created}, **body},
    )


def found(records: list[Record], **sent: Any) -> list[str]:
    body = {"CustomerRef": {"value": "7"}, "Line": LINES, **sent}
    return [record.id for record in documents_of(DocumentProbe(), KEY, body, SENT, records)]


def test_the_tag_names_the_document_among_others_of_the_customer():
    sent = tags.put({"PrivateNote": "Deck"}, "PrivateNote", INTENT)
    assert sent == {"PrivateNote": f"Deck\nSFSYNC:{KEY}"}
    ours, other = document("1", **sent), document("2", PrivateNote="Deck")
    assert found([other, ours], **sent) == ["1"]
    assert found([other], **sent) == []


def test_a_copy_of_our_document_for_another_customer_or_total_is_not_ours():
    sent = tags.put({}, "PrivateNote", INTENT)
    copies = [
        document("1", **sent, CustomerRef={"value": "8"}),
        document("2", **sent, Line=[{"Amount": Decimal("41.00"), "DetailType": "SalesItemLineDetail"}]),
        document("3", age=600, **sent),
    ]
    assert found(copies, **sent) == []


def test_without_a_tag_the_number_decides_and_without_a_number_all_that_fit_are_named():
    records = [document("1", DocNumber="1001"), document("2", DocNumber="1002")]
    assert found(records, DocNumber="1002") == ["2"]
    assert found(records) == ["1", "2"]


def test_a_note_keeps_its_words_and_loses_only_our_tag():
    assert tags.stripped(f"Deck\nSFSYNC:{KEY}") == "Deck"
    assert tags.stripped("Deck SFSYNC: is our tag") == "Deck SFSYNC: is our tag"
    long = "x" * tags.NOTE_LIMIT
    assert tags.put({"PrivateNote": long}, "PrivateNote", INTENT) == {"PrivateNote": long}
    assert tags.without('{"PrivateNote":"Deck\\nSFSYNC:800000112233aabb"}') == '{"PrivateNote":"Deck"}'


def test_totals_compare_what_was_sent_with_what_the_server_added_to():
    stored = [*LINES, {"Amount": Decimal("40.00"), "DetailType": "SubTotalLineDetail"}]
    assert lines_total({"Line": LINES}) == lines_total({"Line": stored}) == Decimal("40.00")
    assert lines_total({"Line": [{"DetailType": "GroupLineDetail"}]}) is None
    assert payment_total({"TotalAmt": Decimal(5)}) == Decimal(5)
