"""A batch of documents whose answer was lost (C9): what is found is recorded; the same bytes go out again only if
nothing was; what stays unfound is planned anew after two looks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from connectors.contracts import BatchAnswer, Operation, Priority, Side, WriteResult, WriteStatus
from syncapp.engine import tags
from syncapp.engine.mapping import FieldSpec, MappingSpec
from syncapp.engine.timing import Timing
from syncapp.services import probing, recover
from syncapp.services.closing import Place
from syncapp.store.intents import Batch, Intent, digest
from syncapp.tenancy import tenant
from tests.builders import a_mapping

pytestmark = pytest.mark.django_db

SPEC = MappingSpec(
    key="opportunity_invoice",
    label="Opportunity and Invoice",
    version=1,
    sf_object="Opportunity",
    qbo_entity="Invoice",
    fields=(FieldSpec("number", "Number", "Name", "DocNumber"),),
)
NOW = datetime.now(UTC)


class Books:
    """A QuickBooks company that holds these invoices; counts what is asked and sent."""

    def __init__(self, *invoices: dict[str, Any]) -> None:
        self.invoices, self.asked, self.sent = invoices, list[str](), list[str]()

    def query(self, text: str) -> dict[str, Any]:
        self.asked.append(text)
        return {"QueryResponse": {"Invoice": list(self.invoices)}}

    def write(self, writes: Any, *, request_id: str, priority: Priority) -> BatchAnswer:
        self.sent.append(request_id)
        return BatchAnswer(tuple(WriteResult(one.ref, WriteStatus.APPLIED, f"1{one.ref}") for one in writes))


def body(customer: str, id_: UUID) -> dict[str, Any]:
    line = {"Amount": Decimal("40.00"), "DetailType": "SalesItemLineDetail"}
    return tags.put({"CustomerRef": {"value": customer}, "Line": [line]}, "PrivateNote", id_)


def intent(bid: str, customer: str) -> Intent:
    from connectors import jsonwire

    id_ = uuid4()
    return Intent(
        id=id_,
        link_id=uuid4(),
        side=Side.QUICKBOOKS,
        object="Invoice",
        remote_id="",
        operation=Operation.CREATE,
        body=jsonwire.encode(body(customer, id_)).decode(),
        bid=bid,
        units=[],
        source_base={},
        changes=[],
        expected_token="",
        external_field="",
        external_value="",
        guard="request id",
        run_id=None,
        cause="",
        mapping_version=1,
        attempts=1,
        first_sent_at=NOW - timedelta(minutes=5),
        state="unknown",
    )


def made(one: Intent, id_: str, customer: str) -> dict[str, Any]:
    """The invoice that this write made, as QuickBooks holds it."""
    stamp = (NOW - timedelta(minutes=4)).isoformat()
    meta = {"CreateTime": stamp, "LastUpdatedTime": stamp}
    return {"Id": id_, "SyncToken": "0", "MetaData": meta, **body(customer, one.id)}


@pytest.fixture
def place() -> Iterator[Place]:
    mapping = a_mapping()
    with tenant(mapping.company_id):
        connection = mapping.integration.quickbooks
        sides = {Side.SALESFORCE: mapping.integration.salesforce, Side.QUICKBOOKS: connection}
        yield Place(mapping.company_id, mapping, SPEC, sides, Timing(), Priority.NORMAL)


def batch_of(place: Place, *intents: Intent, age: float = 300, probes: int = 0) -> Batch:
    first = NOW - timedelta(seconds=age)
    return Batch(
        uuid4(),
        place.connections[Side.QUICKBOOKS].pk,
        Side.QUICKBOOKS,
        "r" * 32,
        1,
        first,
        list(intents),
        probes,
    )


def outcome(found: recover.Found | None) -> list[tuple[WriteStatus, str]]:
    assert found is not None
    return [(result.status, result.id) for result in found.answer.results]


def test_one_question_answers_for_all_and_nothing_found_goes_out_again_as_it_was(place: Place) -> None:
    books, batch = Books(), batch_of(place, intent("0", "7"), intent("1", "8"))
    found = recover._find_out(place, batch, books)  # type: ignore[arg-type]

    assert outcome(found) == [(WriteStatus.APPLIED, "10"), (WriteStatus.APPLIED, "11")]
    assert books.sent == ["r" * 32]
    assert len(books.asked) == 1
    assert "CustomerRef IN ('7', '8')" in books.asked[0]


def test_an_old_request_id_is_not_trusted_before_two_looks(place: Place) -> None:
    books, batch = Books(), batch_of(place, intent("0", "7"), age=3600)

    assert recover._find_out(place, batch, books) is None  # type: ignore[arg-type]
    assert (books.sent, batch.probes) == ([], 1)
    assert recover._find_out(place, batch, books) is not None  # type: ignore[arg-type]
    assert books.sent == ["r" * 32]


def test_what_is_found_is_recorded_and_the_rest_is_planned_anew_after_two_looks(place: Place) -> None:
    first, second = intent("0", "7"), intent("1", "8")
    books = Books(made(first, "21", "7"))

    found = recover._find_out(place, batch_of(place, first, second), books)  # type: ignore[arg-type]
    assert outcome(found) == [(WriteStatus.APPLIED, "21"), (WriteStatus.UNKNOWN, "")]
    later = recover._find_out(place, batch_of(place, first, second, probes=1), books)  # type: ignore[arg-type]
    assert outcome(later) == [(WriteStatus.APPLIED, "21"), (WriteStatus.NOT_SENT, "")]
    assert books.sent == []


def test_two_that_fit_are_a_persons_to_tell_apart(place: Place) -> None:
    one = intent("0", "7")
    books = Books(made(one, "21", "7"), made(one, "22", "7"))
    found = recover._find_out(place, batch_of(place, one), books)  # type: ignore[arg-type]

    assert found is not None
    assert found.answer.results[0].failure is probing.SEVERAL
    assert books.sent == []


def test_two_bodies_that_differ_by_our_tag_alone_are_the_same(place: Place) -> None:
    del place
    assert digest(intent("0", "7").body) == digest(intent("0", "7").body)
